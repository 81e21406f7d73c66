use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

fn parse(text: &str) -> Result<EndpointUrl, InvalidEndpointUrl> {
    EndpointUrl::parse(text, false)
}

#[test]
fn a_url_is_kept_in_normal_form() {
    for (text, normal) in [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        (
            "HTTPS://Hooks.Example.COM:443/A/../b?q=%7e#".trim_end_matches('#'),
            "https://hooks.example.com/b?q=%7e",
        ),
        (
            "https://hooks.example.com:8443/a b".split(' ').next().unwrap(),
            "https://hooks.example.com:8443/a",
        ),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://hooks。example.com/", "https://hooks.example.com/"),
        ("https://a_b.example.com/{x}|^", "https://a_b.example.com/%7Bx%7D|^"),
        ("https://[2606:4700:0::1111]/", "https://[2606:4700::1111]/"),
        ("https://1.1.1.1", "https://1.1.1.1/"),
    ] {
        let url = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(url.as_str(), normal);
        assert_eq!(url.uri().to_string(), normal);
        assert_eq!(EndpointUrl::stored(url.as_str()), Ok(url));
    }
}

#[test]
fn numeric_spellings_become_the_address_they_mean() {
    let loopback = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "0x7F.0.0.0x1",
    ] {
        let url =
            parse(&format!("https://{host}/")).unwrap_or_else(|error| panic!("{host}: {error}"));
        assert_eq!(url.ip_literal(), loopback, "{host}");
        assert_eq!(url.as_str(), "https://127.0.0.1/");
    }
    let mapped = parse("https://[::ffff:127.0.0.1]/").unwrap();
    assert_eq!(mapped.ip_literal(), Some("::ffff:127.0.0.1".parse().unwrap()));
}

#[test]
fn its_parts_can_be_asked_for() {
    let url = EndpointUrl::parse("http://[::1]:8080/a?b", true).unwrap();
    assert_eq!(url.host(), &Host::<String>::Ipv6(Ipv6Addr::LOCALHOST));
    assert_eq!((url.port(), url.is_tls()), (8080, false));
    assert_eq!(url.ip_literal(), Some(Ipv6Addr::LOCALHOST.into()));
    assert_eq!(url.origin(), "http://[::1]:8080");
    let url = parse("https://hooks.example.com/a?b").unwrap();
    assert_eq!(url.host(), &Host::Domain("hooks.example.com".to_owned()));
    assert_eq!((url.port(), url.is_tls(), url.ip_literal()), (443, true, None));
    assert_eq!(url.origin(), "https://hooks.example.com:443");
}

#[test]
fn debug_shows_the_origin_and_never_path_or_query() {
    let url = parse("https://hooks.example.com/token/s3cret?key=s3cret").unwrap();
    assert_eq!(format!("{url:?}"), "EndpointUrl(\"https://hooks.example.com:443\")");
}

#[test]
fn http_needs_permission_and_other_schemes_never_get_it() {
    assert_eq!(parse("http://example.com/"), Err(InvalidEndpointUrl::Http));
    assert!(EndpointUrl::parse("http://example.com/", true).is_ok());
    for text in [
        "",
        "example.com",
        "//example.com/",
        "/hook",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https:example.com",
        "https:/example.com",
        "javascript:alert(1)",
        "wss://example.com/",
        "gopher://example.com:70/",
        "https;//example.com",
        "data:text/plain,a://b.example",
    ] {
        assert_eq!(EndpointUrl::parse(text, true), Err(InvalidEndpointUrl::Scheme), "{text}");
    }
}

#[test]
fn what_is_not_allowed_is_refused_with_its_own_reason() {
    use InvalidEndpointUrl as Invalid;
    let long_label = format!("https://{}.example.com/", "a".repeat(64));
    let long_name = format!("https://{}com/", "a.".repeat(126));
    for (text, reason) in [
        ("https://user@example.com/", Invalid::UserInfo),
        ("https://user:password@example.com/", Invalid::UserInfo),
        ("https://@example.com/", Invalid::UserInfo),
        ("https://a.example@b.example/", Invalid::UserInfo),
        ("https://example.com/#part", Invalid::Fragment),
        ("https://example.com/#", Invalid::Fragment),
        ("https://example.com:0/", Invalid::Port),
        ("https://example.com:65536/", Invalid::Port),
        ("https://example.com:-1/", Invalid::Port),
        ("https://localhost/", Invalid::SingleLabel),
        ("https://LOCALHOST:8443/", Invalid::SingleLabel),
        ("https://receiver/", Invalid::SingleLabel),
        ("https://printer.local/", Invalid::PrivateName),
        ("https://metadata.google.internal/", Invalid::PrivateName),
        ("https://app.LocalHost/", Invalid::PrivateName),
        ("https://example.com./", Invalid::TrailingDot),
        ("https://localhost./", Invalid::TrailingDot),
        ("https://printer.local./", Invalid::TrailingDot),
        ("https://example.com。/", Invalid::TrailingDot),
        ("https:///", Invalid::NoHost),
        ("https://", Invalid::NoHost),
        ("https:///example.com/", Invalid::NoHost),
        ("https://?a", Invalid::NoHost),
        ("https://:443/", Invalid::NoHost),
        ("https://%31%32%37.0.0.1/", Invalid::EncodedHost),
        ("https://example%2ecom/", Invalid::EncodedHost),
        ("https://[fe80::1%25eth0]/", Invalid::EncodedHost),
        ("https://a..example.com/", Invalid::Name),
        ("https://.example.com/", Invalid::Name),
        ("https://*.example.com/", Invalid::Name),
        ("https://a!b.example.com/", Invalid::Name),
        (&long_label, Invalid::Name),
        (&long_name, Invalid::Name),
        ("https://256.256.256.256/", Invalid::Malformed),
        ("https://1.2.3.4.5/", Invalid::Malformed),
        ("https://[::1/", Invalid::Malformed),
        ("https://[example.com]/", Invalid::Malformed),
        ("https://exa<mple.com/", Invalid::Malformed),
    ] {
        assert_eq!(parse(text), Err(reason), "{text}");
    }
}

#[test]
fn characters_that_parsers_strip_or_repair_are_refused() {
    for text in [
        "https:\\\\example.com\\",
        "https://example.com\\@127.0.0.1/",
        "https://exam\tple.com/",
        "https://example.com/\n",
        "\rhttps://example.com/",
        " https://example.com/",
        "https://example.com/ ",
        "https://example.com/a b",
        "https://example.com/\u{0}",
        "https://example.com/\u{7f}",
        "https://example.com/\u{a0}",
        "https://example\u{3000}.com/",
        "https://example.com/\u{2028}",
    ] {
        assert_eq!(parse(text), Err(InvalidEndpointUrl::Character), "{text:?}");
    }
}

#[test]
fn the_length_is_limited_as_given_and_in_normal_form() {
    let url = |path: &str| parse(&format!("https://example.com/{path}"));
    let room = URL_BYTES_MAX - "https://example.com/".len();
    assert!(url(&"a".repeat(room)).is_ok());
    assert_eq!(url(&"a".repeat(room + 1)), Err(InvalidEndpointUrl::TooLong));
    assert_eq!(url(&"ü".repeat(room / 2)), Err(InvalidEndpointUrl::TooLong));
}

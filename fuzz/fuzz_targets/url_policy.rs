//! Whatever text is registered as a URL: it is refused, or its normal form means the same to
//! everybody who reads it.

#![no_main]

use std::net::SocketAddr;

use bookora_webhooks::domain::address::AddressPolicy;
use bookora_webhooks::domain::endpoint_url::{EndpointUrl, Host, URL_BYTES_MAX};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = EndpointUrl::stored(text);
    let Ok(url) = EndpointUrl::parse(text, true) else {
        assert!(EndpointUrl::parse(text, false).is_err(), "https alone allows no more");
        return;
    };
    assert_eq!(EndpointUrl::parse(text, false).is_ok(), url.is_tls());
    let normal = url.as_str();
    assert!(normal.len() <= URL_BYTES_MAX);
    assert_eq!(EndpointUrl::parse(normal, true), Ok(url.clone()), "the normal form stays");
    assert_eq!(EndpointUrl::stored(normal), Ok(url.clone()));

    // The client reads the same host and port.
    let uri = url.uri();
    let host = uri.host().expect("a host").trim_start_matches('[').trim_end_matches(']');
    match url.host() {
        Host::Domain(name) => {
            assert_eq!(host, name);
            assert!(host.parse::<std::net::IpAddr>().is_err(), "a name is no address: {host}");
            assert!(name.contains('.') && !name.ends_with('.'), "{name}");
            let last = name.rsplit('.').next();
            assert!(!["local", "internal", "localhost"].map(Some).contains(&last), "{name}");
        }
        Host::Ipv4(ip) => assert_eq!(host.parse(), Ok(*ip)),
        Host::Ipv6(ip) => assert_eq!(host.parse(), Ok(*ip)),
    }
    let default = if url.is_tls() { 443 } else { 80 };
    assert_eq!(uri.port_u16().unwrap_or(default), url.port());
    assert_ne!(url.port(), 0);
    assert!(!uri.authority().expect("an authority").as_str().contains('@'));
    if let Some(ip) = url.ip_literal() {
        let _ = AddressPolicy::default().check(SocketAddr::new(ip, url.port()));
    }
});

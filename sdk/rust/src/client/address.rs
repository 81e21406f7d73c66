//! Where the service is: a scheme, a host, a port, and nothing else.

use std::net::IpAddr;

use http::Uri;
use http::uri::Authority;

use super::ConfigError;

/// The longest address that is shown in an error; more helps nobody.
const SHOWN_CHARS_MAX: usize = 100;

/// An address that was understood.
#[derive(Clone, Debug)]
pub struct Address {
    /// `https://host:port` or `http://host:port`.
    pub uri: Uri,
    pub is_tls: bool,
    pub is_loopback: bool,
}

impl Address {
    /// Reads `https://host:port`, `host:port` (TLS as well) or `http://host:port`; the port is 443
    /// or 80 where it is left out.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let refused = || ConfigError::Address(text.chars().take(SHOWN_CHARS_MAX).collect());
        let (is_tls, authority) = match text.split_once("://") {
            None => (true, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some(_) => return Err(refused()),
        };
        let authority: Authority = authority.parse().map_err(|_| refused())?;
        let host = authority.host();
        let port = authority.as_str().strip_prefix(host).ok_or_else(refused)?;
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => {
                if is_tls {
                    443
                } else {
                    80
                }
            }
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse::<u16>().map_err(|_| refused())?
            }
            // What is before the host: a user's name.
            _ => return Err(refused()),
        };
        if host.is_empty() || port == 0 {
            return Err(refused());
        }
        let scheme = if is_tls { "https" } else { "http" };
        let uri = format!("{scheme}://{host}:{port}").parse().map_err(|_| refused())?;
        Ok(Self { uri, is_tls, is_loopback: is_loopback(host) })
    }
}

/// `localhost`, 127.0.0.0/8 or `::1`: what is sent there does not leave the machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_a_host_and_a_port_are_an_address() {
        for (text, uri, is_tls, is_loopback) in [
            ("https://hooks.example:8443", "https://hooks.example:8443/", true, false),
            ("hooks.example:8443", "https://hooks.example:8443/", true, false),
            ("hooks.example", "https://hooks.example:443/", true, false),
            ("HTTP://hooks.example", "http://hooks.example:80/", false, false),
            ("http://127.0.0.1:50051", "http://127.0.0.1:50051/", false, true),
            ("http://127.9.9.9:1", "http://127.9.9.9:1/", false, true),
            ("http://LocalHost:1", "http://LocalHost:1/", false, true),
            ("http://[::1]:50051", "http://[::1]:50051/", false, true),
            ("[2001:db8::1]", "https://[2001:db8::1]:443/", true, false),
            ("http://127.0.0.1.example:1", "http://127.0.0.1.example:1/", false, false),
        ] {
            let address = Address::parse(text).expect(text);
            let found = (address.uri.to_string(), address.is_tls, address.is_loopback);
            assert_eq!(found, (uri.to_owned(), is_tls, is_loopback), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_and_what_is_allowed_is_said() {
        for text in [
            "",
            "https://",
            ":443",
            "https://:443",
            "grpc://hooks.example:1",
            "unix:/run/hooks",
            "https://hooks.example/",
            "https://hooks.example/v1",
            "https://hooks.example?x=1",
            "https://hooks.example#x",
            "https://user@hooks.example",
            "https://a:b@hooks.example:1",
            "hooks.example:",
            "hooks.example:0",
            "hooks.example:65536",
            "hooks.example:+1",
            "hooks.example:port",
            "https://https://hooks.example",
            "hooks example",
            "::1",
            " a:1",
        ] {
            let error = Address::parse(text).expect_err(text);
            assert!(error.to_string().contains("https://host:port"), "{text}: {error}");
        }
    }
}

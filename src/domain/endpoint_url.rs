//! The URL of an endpoint: parsed once, by the WHATWG URL Standard, into the normal form that is
//! stored and sent to.
//!
//! Parsers that read one spelling differently are how a forbidden host slips past a check, so
//! spellings that need repair (a backslash, a missing slash, an escaped host) are refused, and
//! everything asks the parsed host. Whether a host's addresses may be connected to is left to
//! [`super::address`]: a number such as `2130706433` or `0x7f.1` becomes the IP address it means.

use std::fmt;
use std::net::IpAddr;

pub use url::Host;
use url::Url;

/// Longest URL, in bytes, as given and in normal form: what stores and receivers commonly take.
pub const URL_BYTES_MAX: usize = 2_048;
/// Longest host name in bytes, and the longest of its labels (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// Last labels of names that lead into the service's own network: mDNS (RFC 6762), private use
/// (ICANN, 2024) and loopback (RFC 6761).
const PRIVATE_SUFFIXES: [&str; 3] = ["local", "internal", "localhost"];

/// Where an endpoint's events are sent. `Debug` and [`EndpointUrl::origin`] leave out path and
/// query, which may hold a receiver's credentials: the whole URL does not belong in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    url: Url,
    uri: http::Uri,
    host: Host,
    port: u16,
}

/// Why a text is no URL of an endpoint, and what is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpointUrl {
    /// Longer than [`URL_BYTES_MAX`].
    #[error("must be at most {URL_BYTES_MAX} bytes")]
    TooLong,
    /// A character that parsers strip or repair.
    #[error("must not contain spaces, tabs, line breaks, other control characters or backslashes")]
    Character,
    /// Plain `http`, which the operator did not allow.
    #[error("must begin with https://; plain http:// needs a service started with --allow-http")]
    Http,
    /// Another scheme, none, or not both slashes after it.
    #[error("must be an absolute URL that begins with https://")]
    Scheme,
    /// Nothing where the host belongs.
    #[error("must have a host, as in https://hooks.example.com/bookora")]
    NoHost,
    /// A user name or a password.
    #[error("must not contain a user name or a password; give credentials as a header")]
    UserInfo,
    /// A `#`.
    #[error("must not contain a fragment (#…): it would never be sent")]
    Fragment,
    /// `%` in the host.
    #[error("must not percent-encode the host")]
    EncodedHost,
    /// The URL Standard's parser refuses it.
    #[error("must be a valid URL, as in https://hooks.example.com/bookora")]
    Malformed,
    /// Port 0.
    #[error("must have a port of 1-65535, or none")]
    Port,
    /// A name of one label, such as `localhost`.
    #[error(
        "must have a host name of at least two labels, as in hooks.example.com, or an IP address; for this machine use 127.0.0.1"
    )]
    SingleLabel,
    /// A name under a suffix that is never public.
    #[error("must not have a host name under .local, .internal or .localhost")]
    PrivateName,
    /// A name that ends in a dot.
    #[error("must have a host name without a trailing dot")]
    TrailingDot,
    /// A name that cannot be in the DNS.
    #[error(
        "must have a host name of at most 253 bytes, in labels of 1-63 letters, digits, - and _"
    )]
    Name,
}

impl EndpointUrl {
    /// Reads a URL that a caller brought. `allow_http` also lets plain `http` through.
    ///
    /// # Errors
    /// [`InvalidEndpointUrl`] says what is allowed.
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, InvalidEndpointUrl> {
        let written = written_authority(text)?;
        check_authority(written)?;
        let parsed = Self::stored(text)?;
        if parsed.url.scheme() == "http" && !allow_http {
            return Err(InvalidEndpointUrl::Http);
        }
        if parsed.url.fragment().is_some() {
            return Err(InvalidEndpointUrl::Fragment);
        }
        if parsed.port == 0 {
            return Err(InvalidEndpointUrl::Port);
        }
        if parsed.as_str().len() > URL_BYTES_MAX {
            return Err(InvalidEndpointUrl::TooLong);
        }
        match &parsed.host {
            Host::Domain(name) => check_name(name).map(|()| parsed),
            Host::Ipv4(_) | Host::Ipv6(_) => Ok(parsed),
        }
    }

    /// Reads back a URL that [`EndpointUrl::parse`] took before it was stored; what is allowed
    /// may have changed since, and is not asked.
    ///
    /// # Errors
    /// [`InvalidEndpointUrl`] where it is no `http` or `https` URL at all.
    pub fn stored(text: &str) -> Result<Self, InvalidEndpointUrl> {
        let url = Url::parse(text).map_err(|error| match error {
            url::ParseError::EmptyHost => InvalidEndpointUrl::NoHost,
            url::ParseError::InvalidPort => InvalidEndpointUrl::Port,
            url::ParseError::RelativeUrlWithoutBase => InvalidEndpointUrl::Scheme,
            _ => InvalidEndpointUrl::Malformed,
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidEndpointUrl::Scheme);
        }
        let uri = url.as_str().parse().map_err(|_| InvalidEndpointUrl::Malformed)?;
        let host = url.host().ok_or(InvalidEndpointUrl::NoHost)?.to_owned();
        let port = url.port_or_known_default().ok_or(InvalidEndpointUrl::Port)?;
        Ok(Self { url, uri, host, port })
    }

    /// The URL in normal form, for the store and the endpoint's owner; not for a log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The same URL as the HTTP client takes it.
    #[must_use]
    pub fn uri(&self) -> &http::Uri {
        &self.uri
    }

    /// The host: a name in lowercase ASCII (IDNA), or an IP address.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, or the scheme's own where none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the request goes over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host's address, where it is written as one and no resolver is asked.
    #[must_use]
    pub fn ip_literal(&self) -> Option<IpAddr> {
        match self.host {
            Host::Domain(_) => None,
            Host::Ipv4(ip) => Some(ip.into()),
            Host::Ipv6(ip) => Some(ip.into()),
        }
    }

    /// `scheme://host:port`, always with the port: what a log may show.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}:{}", self.url.scheme(), self.host, self.port)
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("EndpointUrl").field(&self.origin()).finish()
    }
}

/// The text between `//` and the path, as it was written: what the parser would repair unseen.
fn written_authority(text: &str) -> Result<&str, InvalidEndpointUrl> {
    if text.len() > URL_BYTES_MAX {
        return Err(InvalidEndpointUrl::TooLong);
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(InvalidEndpointUrl::Character);
    }
    let (scheme, rest) = text.split_once("://").ok_or(InvalidEndpointUrl::Scheme)?;
    if !["http", "https"].iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed)) {
        return Err(InvalidEndpointUrl::Scheme);
    }
    Ok(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

fn check_authority(written: &str) -> Result<(), InvalidEndpointUrl> {
    if written.contains('@') {
        return Err(InvalidEndpointUrl::UserInfo);
    }
    if written.is_empty() {
        return Err(InvalidEndpointUrl::NoHost);
    }
    if written.contains('%') {
        return Err(InvalidEndpointUrl::EncodedHost);
    }
    Ok(())
}

/// Checks a name in its normal form. With a trailing dot it would be the same name to the
/// resolver but another one to certificates and to the list of suffixes: it is refused.
fn check_name(name: &str) -> Result<(), InvalidEndpointUrl> {
    let labels: Vec<&str> = name.split('.').collect();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.ends_with('.') {
        return Err(InvalidEndpointUrl::TrailingDot);
    }
    if labels.len() < 2 {
        return Err(InvalidEndpointUrl::SingleLabel);
    }
    if PRIVATE_SUFFIXES.iter().any(|suffix| labels.last() == Some(suffix)) {
        return Err(InvalidEndpointUrl::PrivateName);
    }
    let fits =
        |label: &&str| (1..=LABEL_BYTES_MAX).contains(&label.len()) && label.bytes().all(allowed);
    if name.len() > NAME_BYTES_MAX || !labels.iter().all(fits) {
        return Err(InvalidEndpointUrl::Name);
    }
    Ok(())
}

#[cfg(test)]
mod tests;

//! The headers that an endpoint's owner adds to every request, checked once: they can neither
//! break the request's framing nor stand in for what the service says and signs itself.

use std::fmt;

use http::{HeaderName, HeaderValue};

/// Most headers of one endpoint: room for credentials and routing, little next to a receiver's
/// usual limit of 100 lines.
pub const HEADERS_MAX: usize = 20;
/// Longest name, in bytes.
pub const HEADER_NAME_BYTES_MAX: usize = 64;
/// Longest value, in bytes: a signed token fits.
pub const HEADER_VALUE_BYTES_MAX: usize = 1_024;

/// Names that belong to the connection (RFC 9110, section 7.6.1), to the body or its negotiation,
/// to a proxy, or to what the service sets itself.
const RESERVED_NAMES: [&str; 17] = [
    "accept-encoding",
    "connection",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];
/// Beginnings of names that belong to the body, to the signature or to the service.
const RESERVED_PREFIXES: [&str; 3] = ["content-", "webhook-", "x-bookora-"];

/// The headers added to every request to an endpoint, in the order they were given. A value may
/// be a credential: `Debug` shows the names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EndpointHeaders(Vec<(HeaderName, HeaderValue)>);

/// A header that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("header {name:?} {problem}")]
pub struct InvalidHeader {
    /// The name as it was given, shortened to [`HEADER_NAME_BYTES_MAX`] bytes.
    pub name: String,
    /// What is wrong with it.
    pub problem: HeaderProblem,
}

/// Why a header is not allowed; the text goes on from its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// It would be the 21st; those after it are not looked at.
    #[error("is one too many: at most {HEADERS_MAX} headers are allowed")]
    TooMany,
    /// The name is no header name (RFC 9110, section 5.1), or too long.
    #[error("must have a name of 1-{HEADER_NAME_BYTES_MAX} letters, digits and !#$%&'*+-.^_`|~")]
    Name,
    /// The name belongs to the connection, the body, a proxy or the service.
    #[error(
        "is set by the service or belongs to the connection: choose a name other than Host, User-Agent, Content-*, X-Bookora-*, webhook-*, traceparent and the like"
    )]
    Reserved,
    /// The name was there before, in any case of its letters.
    #[error("is there twice: each name may be used once")]
    Duplicate,
    /// The value has characters that a header cannot carry safely, or is too long.
    #[error(
        "must have a value of at most {HEADER_VALUE_BYTES_MAX} visible ASCII characters, with spaces and tabs only between them"
    )]
    Value,
}

impl EndpointHeaders {
    /// Checks pairs of name and value.
    ///
    /// # Errors
    /// One [`InvalidHeader`] for each header that is not allowed.
    pub fn parse<'a>(
        pairs: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<InvalidHeader>> {
        let mut headers = Self::default();
        let mut invalid = Vec::new();
        for (index, (name, value)) in pairs.enumerate().take(HEADERS_MAX + 1) {
            let checked = if index < HEADERS_MAX {
                headers.check(name, value)
            } else {
                Err(HeaderProblem::TooMany)
            };
            match checked {
                Ok(header) => headers.0.push(header),
                Err(problem) => invalid.push(InvalidHeader { name: shortened(name), problem }),
            }
        }
        if invalid.is_empty() { Ok(headers) } else { Err(invalid) }
    }

    /// The headers, as the HTTP client takes them; the values are marked sensitive.
    pub fn iter(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.0.iter()
    }

    /// Names in lowercase, and values.
    ///
    /// # Panics
    /// Never: a checked value is ASCII.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("a checked value is ASCII")))
    }

    /// How many headers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn check(&self, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderProblem> {
        if name.len() > HEADER_NAME_BYTES_MAX {
            return Err(HeaderProblem::Name);
        }
        let name: HeaderName = name.parse().map_err(|_| HeaderProblem::Name)?;
        if is_reserved(name.as_str()) {
            return Err(HeaderProblem::Reserved);
        }
        if self.0.iter().any(|(taken, _)| *taken == name) {
            return Err(HeaderProblem::Duplicate);
        }
        Ok((name, checked_value(value)?))
    }
}

impl fmt::Debug for EndpointHeaders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.iter().map(|(name, _)| name.as_str())).finish()
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED_NAMES.contains(&name)
        || RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn checked_value(text: &str) -> Result<HeaderValue, HeaderProblem> {
    let is_blank = |byte: u8| matches!(byte, b' ' | b'\t');
    let visible_or_blank = text.bytes().all(|byte| byte.is_ascii_graphic() || is_blank(byte));
    let ends_visible =
        [text.bytes().next(), text.bytes().last()].into_iter().flatten().all(|end| !is_blank(end));
    if text.len() > HEADER_VALUE_BYTES_MAX || !visible_or_blank || !ends_visible {
        return Err(HeaderProblem::Value);
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| HeaderProblem::Value)?;
    // HTTP/2 then keeps it out of its compression table (RFC 7541, section 7.1.3).
    value.set_sensitive(true);
    Ok(value)
}

fn shortened(name: &str) -> String {
    name[..name.floor_char_boundary(HEADER_NAME_BYTES_MAX)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(name: &str, value: &str) -> Option<HeaderProblem> {
        let invalid = EndpointHeaders::parse([(name, value)].into_iter()).err()?;
        assert_eq!(invalid.len(), 1);
        Some(invalid[0].problem)
    }

    #[test]
    fn headers_keep_their_order_and_read_back() {
        let pairs = [("X-Tenant", "a b\tc"), ("Authorization", "Bearer abc=="), ("cookie", "")];
        let headers = EndpointHeaders::parse(pairs.into_iter()).unwrap();
        let read: Vec<_> = headers.pairs().collect();
        assert_eq!(
            read,
            [("x-tenant", "a b\tc"), ("authorization", "Bearer abc=="), ("cookie", "")]
        );
        assert_eq!(EndpointHeaders::parse(headers.pairs()), Ok(headers.clone()));
        assert_eq!(headers.len(), 3);
        assert!(headers.iter().all(|(_, value)| value.is_sensitive()));
    }

    #[test]
    fn debug_shows_names_and_never_values() {
        let headers = EndpointHeaders::parse([("Authorization", "s3cret")].into_iter()).unwrap();
        assert_eq!(format!("{headers:?}"), "{\"authorization\"}");
    }

    #[test]
    fn what_belongs_to_the_connection_the_body_or_the_service_is_refused() {
        for name in [
            "Connection",
            "Keep-Alive",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "Host",
            "Content-Length",
            "Content-Type",
            "content-encoding",
            "Accept-Encoding",
            "User-Agent",
            "Expect",
            "Proxy-Authorization",
            "Proxy-Authenticate",
            "TraceParent",
            "tracestate",
            "X-Bookora-Signature",
            "x-bookora-anything",
            "Webhook-Id",
            "webhook-anything",
        ] {
            assert_eq!(problem(name, "x"), Some(HeaderProblem::Reserved), "{name}");
        }
        for name in
            ["Authorization", "X-Bookora", "Webhook", "X-Content-Type", "Cookie", "Forwarded"]
        {
            assert_eq!(problem(name, "x"), None, "{name}");
        }
    }

    #[test]
    fn names_and_values_are_limited_to_what_a_header_carries() {
        let longest_name = "n".repeat(HEADER_NAME_BYTES_MAX);
        assert_eq!(problem(&longest_name, "x"), None);
        for name in ["", " ", "a b", "a:b", "a\r\nb", ":path", "ü", &format!("{longest_name}n")] {
            assert_eq!(problem(name, "x"), Some(HeaderProblem::Name), "{name}");
        }
        let longest_value = "v".repeat(HEADER_VALUE_BYTES_MAX);
        assert_eq!(problem("x-a", &longest_value), None);
        for value in [
            " a",
            "a ",
            "\ta",
            " ",
            "a\r\nb: c",
            "a\0",
            "\u{7f}",
            "ü",
            &format!("{longest_value}v"),
        ] {
            assert_eq!(problem("x-a", value), Some(HeaderProblem::Value), "{value:?}");
        }
    }

    #[test]
    fn every_header_that_is_not_allowed_is_named() {
        let pairs = [("x-a", "1"), ("X-A", "2"), ("host", "a"), ("x-b", "ü")];
        let invalid = EndpointHeaders::parse(pairs.into_iter()).unwrap_err();
        let told: Vec<_> =
            invalid.iter().map(|header| (header.name.as_str(), header.problem)).collect();
        assert_eq!(
            told,
            [
                ("X-A", HeaderProblem::Duplicate),
                ("host", HeaderProblem::Reserved),
                ("x-b", HeaderProblem::Value)
            ]
        );
        assert_eq!(
            invalid[0].to_string(),
            "header \"X-A\" is there twice: each name may be used once"
        );
    }

    #[test]
    fn the_twenty_first_header_is_one_too_many_and_ends_the_reading() {
        let names: Vec<String> = (0..1_000).map(|index| format!("x-{index}")).collect();
        let first = |count| names.iter().take(count).map(|name| (name.as_str(), "x"));
        assert_eq!(EndpointHeaders::parse(first(20)).map(|headers| headers.len()), Ok(20));
        let too_many = vec![InvalidHeader { name: "x-20".into(), problem: HeaderProblem::TooMany }];
        assert_eq!(EndpointHeaders::parse(first(1_000)), Err(too_many));
        let long_name = "é".repeat(1_000);
        let invalid = EndpointHeaders::parse([(long_name.as_str(), "x")].into_iter()).unwrap_err();
        assert_eq!(invalid[0].name, "é".repeat(32));
    }
}

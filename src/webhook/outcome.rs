//! How an attempt ended, told from what the HTTP client, the connector or the deadline said, with
//! a message for people: it names what to look at, and never the URL's path, a secret, the payload
//! or text that the receiver chose.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::time::Duration;

use http::StatusCode;
use http::response::Parts;
use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use super::opening::{ConnectError, Stage};
use super::response::{HEAD_BYTES_MAX, HEAD_LINES_MAX, INFORMATIONAL_MAX};
use crate::domain::attempt::{ERROR_MESSAGE_BYTES_MAX, Outcome};
use crate::domain::clock::Timestamp;

/// How an attempt ended, and why it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed, at most [`ERROR_MESSAGE_BYTES_MAX`] bytes; `None` on success.
    pub error_message: Option<String>,
}

impl Ending {
    /// A head arrived within the deadline.
    pub fn of_head(head: &Parts) -> Self {
        if head.headers.len() > HEAD_LINES_MAX {
            return failed(Outcome::Protocol, head_too_large());
        }
        if head.status.is_success() {
            return Self { outcome: Outcome::Succeeded, error_message: None };
        }
        failed(Outcome::HttpStatus, status_message(head.status))
    }

    /// The deadline passed, `allowed` after the start, while the connection was in `stage`.
    pub fn of_deadline(stage: Stage, allowed: Duration) -> Self {
        let missing = match stage {
            Stage::Resolving => "the host name was not resolved",
            Stage::Connecting => "no connection was made",
            Stage::Securing => "the TLS handshake was not finished",
            Stage::Idle | Stage::Open => "no response",
        };
        let tenths = (allowed.as_secs_f64() * 10.0).round() / 10.0;
        failed(Outcome::Timeout, format!("{missing} within {tenths} s"))
    }

    /// Informational heads came, and no end of them.
    pub fn of_flood() -> Self {
        let told = format!("more than {INFORMATIONAL_MAX} informational heads (1xx), no response");
        failed(Outcome::Protocol, told)
    }

    /// No head arrived.
    pub fn of_error(error: &(dyn Error + 'static)) -> Self {
        if let Some(error) = find::<ConnectError>(error) {
            return of_connect_error(error);
        }
        // A receiver of TLS 1.3 may refuse after its handshake is done.
        if let Some(error) = find::<rustls::Error>(error) {
            return failed(Outcome::Tls, tls_message(error));
        }
        if let Some(error) = find::<h2::Error>(error)
            && !error.is_io()
        {
            return of_h2_error(error);
        }
        if let Some(error) = find::<io::Error>(error) {
            return failed(Outcome::Connect, cut_message(error.kind()));
        }
        find::<hyper::Error>(error).map_or_else(of_closed, of_hyper_error)
    }
}

fn of_connect_error(error: &ConnectError) -> Ending {
    match error {
        ConnectError::Dns(source) => {
            failed(Outcome::Dns, format!("host name does not resolve: {source}"))
        }
        ConnectError::Blocked(forbidden) => failed(Outcome::Blocked, forbidden.to_string()),
        ConnectError::Connect(source) => failed(Outcome::Connect, source.kind().to_string()),
        ConnectError::Tls(source) => failed(
            Outcome::Tls,
            find::<rustls::Error>(source).map_or_else(
                || format!("connection cut during the TLS handshake: {}", source.kind()),
                tls_message,
            ),
        ),
        ConnectError::TooSlow => failed(Outcome::Timeout, error.to_string()),
    }
}

fn of_hyper_error(error: &hyper::Error) -> Ending {
    if error.is_timeout() {
        return failed(
            Outcome::Connect,
            "the HTTP/2 connection no longer answers pings".to_owned(),
        );
    }
    if error.is_parse_too_large() {
        return failed(Outcome::Protocol, head_too_large());
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return of_closed();
    }
    failed(Outcome::Protocol, format!("what was answered is not HTTP: {error}"))
}

fn of_h2_error(error: &h2::Error) -> Ending {
    let reason = error.reason().unwrap_or(h2::Reason::NO_ERROR);
    if !error.is_remote() {
        return failed(Outcome::Protocol, format!("what was answered is not HTTP/2: {reason}"));
    }
    let cut = if error.is_go_away() { "closed the connection" } else { "reset the request" };
    failed(Outcome::Connect, format!("the receiver {cut} before the response: {reason}"))
}

fn of_closed() -> Ending {
    failed(Outcome::Connect, "connection closed before the response".to_owned())
}

fn status_message(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("(not a registered status)");
    let not_followed = if status.is_redirection() { "; redirects are not followed" } else { "" };
    format!("the receiver answered {} {reason}{not_followed}", status.as_u16())
}

fn head_too_large() -> String {
    format!("response head larger than {} KiB or {HEAD_LINES_MAX} lines", HEAD_BYTES_MAX / 1024)
}

fn cut_message(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
            "connection closed before the response".to_owned()
        }
        kind => format!("{kind} before the response"),
    }
}

fn tls_message(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => certificate_message(error),
        rustls::Error::AlertReceived(alert) => {
            format!("the receiver ended the TLS handshake: alert {alert:?}")
        }
        rustls::Error::InvalidMessage(_) => "what was answered is not TLS".to_owned(),
        rustls::Error::PeerIncompatible(reason) => {
            format!("the receiver's TLS is too old or has nothing in common: {reason:?}")
        }
        other => format!("TLS failed: {other}"),
    }
}

fn certificate_message(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("certificate expired on {}", date(*not_after))
        }
        CertificateError::Expired => "certificate expired".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("certificate is not valid before {}", date(*not_before))
        }
        CertificateError::NotValidForNameContext { expected, .. } => {
            format!("certificate is not valid for {}", expected.to_str())
        }
        CertificateError::NotValidForName => "certificate is not valid for this host".to_owned(),
        CertificateError::UnknownIssuer => "certificate is not trusted: unknown issuer".to_owned(),
        other => format!("certificate is not trusted: {other}"),
    }
}

fn date(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_unix_millis(seconds.saturating_mul(1_000))
}

fn failed(outcome: Outcome, mut message: String) -> Ending {
    if message.contains('\0') {
        // A certificate's names may have it, and PostgreSQL does not store it.
        message = message.replace('\0', "\u{fffd}");
    }
    message.truncate(message.floor_char_boundary(ERROR_MESSAGE_BYTES_MAX));
    Ending { outcome, error_message: Some(message) }
}

/// The first error of this type among the error and its sources.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    successors(Some(error), |error| cause(*error)).find_map(|error| error.downcast_ref())
}

/// What caused an error; of an I/O error it is the error inside, whose `source` would skip it.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::AddressPolicy;

    fn told(error: ConnectError) -> (Outcome, String) {
        let ending = Ending::of_error(&io::Error::other(error));
        (ending.outcome, ending.error_message.unwrap())
    }

    #[test]
    fn a_message_has_no_character_that_a_database_does_not_store() {
        let ending = failed(Outcome::Tls, "for \0.example".to_owned());
        assert_eq!(ending.error_message.unwrap(), "for \u{fffd}.example");
    }

    #[test]
    fn the_deadline_names_what_was_waited_for() {
        let after = |stage, millis| {
            Ending::of_deadline(stage, Duration::from_millis(millis)).error_message.unwrap()
        };
        assert_eq!(after(Stage::Open, 4_999), "no response within 5 s");
        assert_eq!(after(Stage::Idle, 1_500), "no response within 1.5 s");
        assert_eq!(after(Stage::Resolving, 30_000), "the host name was not resolved within 30 s");
        assert_eq!(after(Stage::Connecting, 5_000), "no connection was made within 5 s");
    }

    #[test]
    fn the_cause_is_found_behind_whatever_wraps_it() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            told(ConnectError::Connect(refused)),
            (Outcome::Connect, "connection refused".into())
        );
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        assert_eq!(
            told(ConnectError::Tls(io::Error::other(expired))),
            (Outcome::Tls, "certificate expired".into())
        );
        let forbidden = AddressPolicy::default().check("10.0.0.1:443".parse().unwrap());
        assert_eq!(told(ConnectError::Blocked(forbidden.unwrap_err())).0, Outcome::Blocked);
        assert_eq!(told(ConnectError::TooSlow).0, Outcome::Timeout);
    }

    #[test]
    fn a_message_is_cut_to_its_limit_between_characters() {
        let (outcome, message) = told(ConnectError::Dns(io::Error::other("é".repeat(1_000))));
        assert_eq!(outcome, Outcome::Dns);
        assert!((ERROR_MESSAGE_BYTES_MAX - 1..=ERROR_MESSAGE_BYTES_MAX).contains(&message.len()));
    }

    #[test]
    fn an_unknown_error_is_a_closed_connection() {
        let ending = Ending::of_error(&std::fmt::Error);
        assert_eq!(ending, of_closed());
    }
}

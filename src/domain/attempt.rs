//! One HTTP request of a delivery and what came of it.

use std::time::Duration;

use super::clock::Timestamp;
use super::id::AttemptId;
use super::retry_after::{OBEYED_STATUSES, RetryAfter};

/// Longest part of a response body that is kept, in bytes: enough to see an error page's sentence.
pub const RESPONSE_BODY_BYTES_MAX: usize = 16 * 1024;
/// Most response headers that are kept.
pub const RESPONSE_HEADERS_MAX: usize = 64;
/// Most bytes of response headers (names and values together) that are kept.
pub const RESPONSE_HEADERS_BYTES_MAX: usize = 8 * 1024;
/// Longest error message that is kept, in bytes.
pub const ERROR_MESSAGE_BYTES_MAX: usize = 512;

/// How an attempt ended. Only [`Outcome::Succeeded`] acknowledges the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A 2xx head arrived within the deadline.
    Succeeded,
    /// A head with another status arrived; redirects count here, they are not followed.
    HttpStatus,
    /// The deadline passed.
    Timeout,
    /// The host's name did not resolve.
    Dns,
    /// No TCP connection could be made, or it was cut before the head.
    Connect,
    /// The TLS handshake failed or the certificate is not trusted.
    Tls,
    /// What arrived is not HTTP, or exceeds a limit.
    Protocol,
    /// The address guard forbids the endpoint's address; nothing was sent.
    Blocked,
}

impl Outcome {
    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::HttpStatus => "http_status",
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Blocked => "blocked",
        }
    }
}

/// Why an attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// It was due: the first attempt or a retry.
    Schedule,
    /// The delivery was resent or recovered: the first attempt after that, or a retry of it.
    Manual,
    /// The endpoint was tested with a sample; no delivery holds the attempt.
    Test,
}

/// One header of a response; a value that is not UTF-8 is kept with replacement characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHeader {
    /// The name in lowercase.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What the receiver answered, as far as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status, 100-999.
    pub status: u16,
    /// At most [`RESPONSE_HEADERS_MAX`] headers and [`RESPONSE_HEADERS_BYTES_MAX`] bytes of them.
    pub headers: Vec<ResponseHeader>,
    /// The first [`RESPONSE_BODY_BYTES_MAX`] bytes at most.
    pub body: Vec<u8>,
    /// Whether there was more of the body, or it did not arrive in time.
    pub body_truncated: bool,
    /// Its `Retry-After`, where it has exactly one that can be read. Kept for the verdict, not
    /// stored.
    pub retry_after: Option<RetryAfter>,
}

/// How long the parts of an attempt took; a part that was not reached or not needed (a pooled
/// connection resolves and connects nothing) is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From the start until the response's head, or until the attempt was given up.
    pub total: Duration,
    /// Resolving the host's name.
    pub dns: Option<Duration>,
    /// Making the TCP connection.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the request being handed to the connection until the response's head.
    pub first_byte: Option<Duration>,
}

/// What one POST came to: the answer of the layer that sends, without the delivery's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed, in words that name neither secrets nor payload; `None` on success.
    pub error_message: Option<String>,
    /// The address that was connected to, as `ip:port`.
    pub remote_address: Option<String>,
    /// What the receiver answered, where a head arrived.
    pub response: Option<Response>,
    /// How long it took.
    pub timing: Timing,
}

/// The status of a receiver that wants nothing more: 410 Gone (RFC 9110, section 15.5.11).
const STATUS_GONE: u16 = 410;

impl Exchange {
    /// Whether the receiver said that it is gone for good.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        let status = self.response.as_ref().map(|response| response.status);
        self.outcome == Outcome::HttpStatus && status == Some(STATUS_GONE)
    }

    /// How long the receiver asks to be left alone from `now` on: the `Retry-After` of a 429 or 503.
    #[must_use]
    pub fn asked_wait(&self, now: Timestamp) -> Option<Duration> {
        let response = self.response.as_ref()?;
        let is_obeyed = OBEYED_STATUSES.contains(&response.status);
        response.retry_after.filter(|_| is_obeyed).map(|asked| asked.wait(now))
    }
}

/// An attempt as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id.
    pub attempt_id: AttemptId,
    /// Its number within the delivery, from 1.
    pub number: u32,
    /// Why it was made.
    pub trigger: Trigger,
    /// When it began.
    pub start_time: Timestamp,
    /// What it came to.
    pub exchange: Exchange,
}

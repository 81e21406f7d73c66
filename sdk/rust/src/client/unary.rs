//! A unary call: within its deadline, and made again where that may help.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Collected, Full, LengthLimitError, Limited};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::{BoxError, Service};

use super::backoff::{Backoff, chance};
use super::calls::open;
use super::policy::{ATTEMPTS_MAX, WAIT_FIRST, WAIT_MAX};

/// The largest response that is taken: the service's have at most 4 MiB.
const RESPONSE_BYTES_MAX: usize = 8 * 1024 * 1024;
const TIMEOUT_HEADER: &str = "grpc-timeout";
/// Until when not to retry, for gRPC's own libraries (gRFC A6); negative: never.
const PUSHBACK_HEADER: &str = "grpc-retry-pushback-ms";

/// A response whose body has come.
type Complete = Response<Collected<Bytes>>;

/// A call, and what it needs to be made again. Its body is shared by all attempts, not copied.
pub struct Unary<S> {
    connection: S,
    head: Parts,
    body: Bytes,
    deadline: Instant,
    is_retried: bool,
}

impl<S> Unary<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone,
    S::Error: Into<BoxError>,
{
    /// `timeout` is the call's, unless the caller has set another.
    pub async fn new(
        connection: S,
        request: Request<Body>,
        timeout: Duration,
        is_retried: bool,
    ) -> Result<Self, Status> {
        let (head, body) = request.into_parts();
        let timeout = head.headers.get(TIMEOUT_HEADER).and_then(read_timeout).unwrap_or(timeout);
        let deadline = now() + timeout;
        // The clients bound it when they write it.
        let body = body.collect().await?.to_bytes();
        Ok(Self { connection, head, body, deadline, is_retried })
    }

    /// Calls until there is an answer, or no time left.
    pub async fn call(mut self) -> Result<Response<Body>, Status> {
        let answer = tokio::time::timeout_at(self.deadline, self.attempts()).await;
        let answer = answer.unwrap_or_else(|_| {
            Err(Status::deadline_exceeded("the call's deadline has passed without an answer"))
        });
        Ok(answer?.map(Body::new))
    }

    async fn attempts(&mut self) -> Result<Complete, Status> {
        let mut backoff = Backoff::new(WAIT_FIRST, WAIT_MAX);
        let mut attempt = 1;
        loop {
            let answer = self.attempt().await;
            let is_last = !self.is_retried || attempt == ATTEMPTS_MAX;
            let wait = match failure(&answer) {
                Some(status) if !is_last => wait(&status, &mut backoff),
                _ => None,
            };
            match wait {
                // What is known already is better than that the deadline passed.
                Some(wait) if now() + wait < self.deadline => tokio::time::sleep(wait).await,
                _ => return answer,
            }
            attempt += 1;
        }
    }

    async fn attempt(&mut self) -> Result<Complete, Status> {
        let body = Body::new(Full::new(self.body.clone()));
        let mut request = Request::from_parts(self.head.clone(), body);
        let left = self.deadline.saturating_duration_since(now());
        request.headers_mut().insert(TIMEOUT_HEADER, write_timeout(left));
        let (head, body) = open(self.connection.clone(), request).await?.into_parts();
        let body = Limited::new(body, RESPONSE_BYTES_MAX).collect().await.map_err(unread)?;
        Ok(Response::from_parts(head, body))
    }
}

/// The UNAVAILABLE that a call was answered with.
fn failure(answer: &Result<Complete, Status>) -> Option<Status> {
    let status = match answer {
        Err(status) => Some(status.clone()),
        Ok(response) => {
            let trailers = || response.body().trailers().and_then(unavailable);
            let said = unavailable(response.headers()).or_else(trailers);
            said.or_else(|| refused_by_proxy(response.status()))
        }
    };
    status.filter(|status| status.code() == Code::Unavailable)
}

fn unavailable(headers: &HeaderMap) -> Option<Status> {
    let code = headers.get(Status::GRPC_STATUS)?;
    if code.as_bytes() == b"14" { Status::from_header_map(headers) } else { None }
}

/// What is UNAVAILABLE although it does not come from a gRPC server ("HTTP to gRPC Status Code
/// Mapping").
fn refused_by_proxy(status: StatusCode) -> Option<Status> {
    let is_unavailable = matches!(status.as_u16(), 429 | 502 | 503 | 504);
    is_unavailable.then(|| Status::unavailable("a proxy refused the call"))
}

/// How long to wait before the same call again; `None`: it is not to be made again.
fn wait(status: &Status, backoff: &mut Backoff) -> Option<Duration> {
    let asked = match status.metadata().get(PUSHBACK_HEADER) {
        Some(pushback) => Some(Duration::from_millis(pushback.to_str().ok()?.parse().ok()?)),
        None => status.get_details_retry_info().and_then(|info| info.retry_delay),
    };
    Some(backoff.next(asked, chance()))
}

fn unread(error: BoxError) -> Status {
    if error.is::<LengthLimitError>() {
        return Status::out_of_range(format!("the response has over {RESPONSE_BYTES_MAX} bytes"));
    }
    Status::from_error(error)
}

/// The value of `grpc-timeout`: at most 8 digits and a unit ("gRPC over HTTP2", Requests).
fn write_timeout(timeout: Duration) -> HeaderValue {
    const DIGITS_MAX: u128 = 99_999_999;
    let text = match timeout.as_millis() {
        millis @ ..=DIGITS_MAX => format!("{millis}m"),
        millis => format!("{}S", (millis / 1_000).min(DIGITS_MAX)),
    };
    HeaderValue::from_str(&text).expect("digits and a letter")
}

fn read_timeout(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(count.checked_mul(3_600)?)),
        b'M' => Some(Duration::from_secs(count.checked_mul(60)?)),
        b'S' => Some(Duration::from_secs(count)),
        b'm' => Some(Duration::from_millis(count)),
        b'u' => Some(Duration::from_micros(count)),
        b'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[expect(clippy::disallowed_methods, reason = "deadlines are measured")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
#[path = "unary_tests.rs"]
mod tests;

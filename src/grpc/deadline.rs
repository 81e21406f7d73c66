//! Until when a call has to be done: what the client asks for, and the body of a request that does
//! not come in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

use super::failure::Failure;

/// The client's deadline (`grpc-timeout`); `None` where it sets none.
///
/// # Errors
/// [`Failure::MalformedTimeout`] where it is not as the gRPC specification says.
pub fn client_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Failure> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let timeout = value.to_str().ok().and_then(read);
    timeout.map(Some).ok_or(Failure::MalformedTimeout)
}

fn read(text: &str) -> Option<Duration> {
    /// The gRPC specification allows 8 digits.
    const DIGITS_MAX: usize = 8;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > DIGITS_MAX || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_hours(amount)),
        "M" => Some(Duration::from_mins(amount)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// The body of a unary request. It fails where it has not come in time, so that a call whose caller
/// was answered already does not wait for ever.
pub struct TimedBody {
    body: Body,
    deadline: Pin<Box<Sleep>>,
}

impl TimedBody {
    /// A body that has so much time to come.
    #[must_use]
    pub fn new(body: Body, timeout: Duration) -> Self {
        Self { body, deadline: Box::pin(tokio::time::sleep(timeout)) }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => {}
            polled @ Poll::Ready(_) => return polled,
        }
        let failed = |()| Some(Err(Failure::DeadlineExceeded.into()));
        self.deadline.as_mut().poll(context).map(failed)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_deadline_is_read_in_every_unit() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().unwrap());
            client_timeout(&headers).map_err(|_| ())
        };
        assert_eq!(read("2H"), Ok(Some(Duration::from_hours(2))));
        assert_eq!(read("3M"), Ok(Some(Duration::from_mins(3))));
        assert_eq!(read("4S"), Ok(Some(Duration::from_secs(4))));
        assert_eq!(read("5m"), Ok(Some(Duration::from_millis(5))));
        assert_eq!(read("6u"), Ok(Some(Duration::from_micros(6))));
        assert_eq!(read("7n"), Ok(Some(Duration::from_nanos(7))));
        assert!(matches!(client_timeout(&HeaderMap::new()), Ok(None)));
        for text in ["", "S", "5", "5x", "-5S", "+5S", "123456789S"] {
            assert_eq!(read(text), Err(()), "{text}");
        }
    }
}

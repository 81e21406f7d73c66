//! What is read of a response, and what is kept: the head within limits, and as much of the body
//! as comes within the limit and the deadline. What is kept is for people who look for a mistake:
//! it changes nothing about how an attempt ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::RETRY_AFTER;
use http::response::Parts;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::domain::attempt::{
    RESPONSE_BODY_BYTES_MAX, RESPONSE_HEADERS_BYTES_MAX, RESPONSE_HEADERS_MAX, Response,
    ResponseHeader,
};
use crate::domain::retry_after::RetryAfter;

/// Largest response head that is read, in bytes: nobody's real head comes near.
pub const HEAD_BYTES_MAX: u32 = 64 * 1024;
/// Most header lines of a response that are read. It is the HTTP/1.1 parser's own default, which
/// is left alone: a limit that is set costs an allocation for each response.
pub const HEAD_LINES_MAX: usize = 100;

/// Most informational heads (1xx) before a response over HTTP/1.1: servers send one or two.
pub const INFORMATIONAL_MAX: usize = 64;

/// Ready when more than [`INFORMATIONAL_MAX`] informational heads have come in answer to `request`:
/// they are skipped without an end otherwise, as fast as a receiver can write them.
pub fn flood_of_informational<B>(request: &mut Request<B>) -> impl Future<Output = ()> + use<B> {
    let flood = Arc::new(Notify::new());
    let (heads, told) = (AtomicUsize::new(0), Arc::clone(&flood));
    hyper::ext::on_informational(request, move |_| {
        if heads.fetch_add(1, Ordering::Relaxed) == INFORMATIONAL_MAX {
            told.notify_one();
        }
    });
    async move { flood.notified().await }
}

/// Keeps a response. Where the body ends by itself the connection can be used again; where there
/// is more, or it stalls until `deadline`, dropping it drops the connection (HTTP/2: the stream).
pub async fn keep(head: Parts, mut body: Incoming, deadline: Instant) -> Response {
    let mut kept = Vec::new();
    let read = timeout_at(deadline, read_into(&mut kept, &mut body)).await;
    Response {
        status: head.status.as_u16(),
        headers: kept_headers(&head.headers),
        body: kept,
        body_truncated: !matches!(read, Ok(End::Complete)),
        retry_after: retry_after(&head.headers),
    }
}

/// The `Retry-After` of the whole head, however little of that is kept. Two of them say nothing.
fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let mut values = headers.get_all(RETRY_AFTER).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    RetryAfter::parse(value.to_str().ok()?)
}

/// How the reading of a body ended, where it ended by itself.
enum End {
    Complete,
    Cut,
}

async fn read_into(kept: &mut Vec<u8>, body: &mut Incoming) -> End {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return End::Cut };
        // Trailers are not kept.
        let Ok(data) = frame.into_data() else { continue };
        let room = RESPONSE_BODY_BYTES_MAX - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return End::Cut;
        }
    }
    End::Complete
}

fn kept_headers(headers: &HeaderMap) -> Vec<ResponseHeader> {
    let mut room_bytes = RESPONSE_HEADERS_BYTES_MAX;
    headers
        .iter()
        .take(RESPONSE_HEADERS_MAX)
        .map_while(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            room_bytes = room_bytes.checked_sub(name.as_str().len() + value.len())?;
            Some(ResponseHeader { name: name.as_str().to_owned(), value })
        })
        .collect()
}

//! What is left of a request that is answered before it was read.

use std::time::Duration;

use bytes::Bytes;
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use tokio::time::timeout;
use tonic::body::Body;

/// How long the rest may take to come: it was sent before the answer was seen.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of it is taken, in bytes: as long as the longest request.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// Takes the rest of a request and forgets it. Without that its stream would be reset while the
/// client sends, and a connection with many resets is ended, with all the calls that are on it.
pub fn read_out(body: Body) {
    if !body.is_end_stream() {
        tokio::spawn(timeout(PATIENCE, rest(body)));
    }
}

async fn rest(mut body: Body) {
    let mut left = BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let Some(less) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
        left = less;
    }
}

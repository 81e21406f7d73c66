//! The body of an answer on its way out: it keeps the call's place until it is gone, gives errors
//! in its trailers a reason, and has a connection cut that does not take it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;
use tonic::body::Body;

use super::failure;

/// What cuts a connection, in the extensions of its requests.
#[derive(Clone, Debug, Default)]
pub struct Cut(pub CancellationToken);

/// An answer's body.
pub struct Answer<P> {
    body: Body,
    /// How many frames were handed out, and 0 while there is none to hand out.
    handed: Arc<AtomicU64>,
    frames: u64,
    _place: P,
    /// Ends with the body.
    _watchdog: Option<AbortOnDropHandle<()>>,
}

impl<P> Answer<P> {
    /// A body that keeps `place`. Where a frame of it is not taken for `patience`, or at most twice
    /// that, the connection is cut: what HTTP/2 has taken over cannot be taken back by itself.
    pub fn new(body: Body, place: P, patience: Duration, cut: Option<&Cut>) -> Self {
        let handed = Arc::new(AtomicU64::new(0));
        let watched = cut.filter(|_| !body.is_end_stream()).cloned();
        let watchdog = watched.map(|cut| {
            let watch = watch(Arc::clone(&handed), patience, cut.0);
            AbortOnDropHandle::new(tokio::spawn(watch))
        });
        Self { body, handed, frames: 0, _place: place, _watchdog: watchdog }
    }
}

async fn watch(handed: Arc<AtomicU64>, patience: Duration, cut: CancellationToken) {
    loop {
        let before = handed.load(Ordering::Relaxed);
        tokio::time::sleep(patience).await;
        if before != 0 && handed.load(Ordering::Relaxed) == before {
            // Other answers on the connection wait too.
            if !cut.is_cancelled() {
                tracing::warn!("a caller does not take its answers: its connection is cut");
            }
            return cut.cancel();
        }
    }
}

impl<P: Unpin> HttpBody for Answer<P> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut polled = Pin::new(&mut self.body).poll_frame(context);
        let is_waiting = polled.is_pending();
        self.frames += u64::from(!is_waiting);
        self.handed.store(if is_waiting { 0 } else { self.frames }, Ordering::Relaxed);
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(trailers) = frame.trailers_mut()
        {
            failure::explain(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

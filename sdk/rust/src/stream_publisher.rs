//! Publishes events over a stream that is opened again whenever it breaks.

mod courier;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tonic::Status;

use self::courier::{Courier, Item};
use crate::client::{Calls, name};
use crate::v1::event_ingest_client::EventIngestClient;
use crate::v1::{PublishEventRequest, PublishEventResponse, StreamPublishEventsRequest};

/// How many requests may be without a result: the server takes no more.
const OUTSTANDING_MAX: usize = 256;
/// How long nothing may come although something is outstanding, before it is given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// The limits of a [`StreamPublisher`].
#[derive(Clone, Copy, Debug)]
pub struct StreamPublisherOptions {
    outstanding_max: usize,
    patience: Duration,
}

impl Default for StreamPublisherOptions {
    fn default() -> Self {
        Self { outstanding_max: OUTSTANDING_MAX, patience: PATIENCE }
    }
}

impl StreamPublisherOptions {
    /// How many events may be without a result, 1-256; 256 unless set. What is beyond is taken as
    /// the nearest of these.
    #[must_use]
    pub fn outstanding_max(self, outstanding_max: usize) -> Self {
        Self { outstanding_max: outstanding_max.clamp(1, OUTSTANDING_MAX), ..self }
    }

    /// How long no result may come although events are outstanding, before all of them fail; 2 min
    /// unless set.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// Publishes events over one stream, as they come: as fast as batches, without collecting them.
///
/// Each event gets an idempotency key where it has none. When the stream breaks (UNAVAILABLE, a
/// connection that is cut, its age reached) another is opened, and whatever has no result is sent
/// again, in order and with the same keys: nothing is lost, nothing is there twice. After an error
/// that would come again, or when no result has come for 2 min, everything outstanding fails with
/// it, and so does what is published afterwards.
///
/// Results come in the order of the events. One that is refused fails alone. Dropping the publisher
/// lets what is outstanding go on in the background, as long as the runtime runs;
/// [`StreamPublisher::close`] waits for it.
#[derive(Debug)]
pub struct StreamPublisher {
    queue: mpsc::UnboundedSender<Item>,
    room: Arc<Semaphore>,
    handed_in: AtomicU64,
    settled: watch::Receiver<Settled>,
    courier: JoinHandle<()>,
}

/// How far the results have come.
#[derive(Clone, Debug, Default)]
struct Settled {
    count: u64,
    /// Why no more will come.
    failure: Option<Status>,
}

impl StreamPublisher {
    pub(crate) fn new(ingest: EventIngestClient<Calls>, options: StreamPublisherOptions) -> Self {
        let room = Arc::new(Semaphore::new(options.outstanding_max));
        // Each item holds a place in `room`.
        let (queue, items) = mpsc::unbounded_channel();
        let (settling, settled) = watch::channel(Settled::default());
        let courier = Courier::new(ingest, items, settling, options);
        let courier = tokio::spawn(courier.run());
        Self { queue, room, handed_in: AtomicU64::new(0), settled, courier }
    }

    /// Hands in an event; waits while as many as may be are outstanding. The [`Publication`] tells
    /// what came of it; the event is on its way whether or not that is waited for.
    ///
    /// # Errors
    /// What the publisher was given up with.
    pub async fn publish(&self, mut request: PublishEventRequest) -> Result<Publication, Status> {
        name(&mut request);
        let place = Arc::clone(&self.room).acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let idempotency_key = request.idempotency_key.clone();
        let (answer, result) = oneshot::channel();
        let request = StreamPublishEventsRequest { request: Some(request) };
        let item = Item { request, answer, _place: place };
        self.handed_in.fetch_add(1, Ordering::Relaxed);
        // The courier ends only after it has said why.
        self.queue.send(item).map_err(|_| self.failure())?;
        Ok(Publication { idempotency_key, result })
    }

    /// Waits until everything that was handed in before has its result.
    ///
    /// # Errors
    /// What the publisher was given up with. Events that were refused have their own error.
    pub async fn flush(&self) -> Result<(), Status> {
        let handed_in = self.handed_in.load(Ordering::Relaxed);
        let mut settled = self.settled.clone();
        let is_done = |settled: &Settled| settled.failure.is_some() || settled.count >= handed_in;
        // The courier ends only after everything has its result.
        let _ = settled.wait_for(is_done).await;
        let failure = settled.borrow().failure.clone();
        failure.map_or(Ok(()), Err)
    }

    /// Waits until everything has its result, and ends the stream.
    ///
    /// # Errors
    /// As [`StreamPublisher::flush`].
    pub async fn close(self) -> Result<(), Status> {
        let flushed = self.flush().await;
        drop(self.queue);
        self.courier.await.map_err(|error| Status::from_error(error.into()))?;
        flushed
    }

    fn failure(&self) -> Status {
        let failure = self.settled.borrow().failure.clone();
        failure.unwrap_or_else(|| Status::cancelled("the runtime of the publisher has ended"))
    }
}

/// An event that is on its way: a future of its result.
#[derive(Debug)]
#[must_use = "it tells whether the event was published"]
pub struct Publication {
    idempotency_key: String,
    result: oneshot::Receiver<Result<PublishEventResponse, Status>>,
}

impl Publication {
    /// The key that the event was sent with. What failed with UNAVAILABLE may be published again
    /// with this key, and makes no second event.
    #[must_use]
    pub fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }
}

impl Future for Publication {
    type Output = Result<PublishEventResponse, Status>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.result).poll(context));
        Poll::Ready(
            result.unwrap_or_else(|_| {
                Err(Status::cancelled("the runtime of the publisher has ended"))
            }),
        )
    }
}

//! `StreamPublishEvents`: requests in, results out, in one order, each after its commit.
//!
//! A task takes requests, checks each, queues it at the store, and puts what is to come of it into
//! a short queue; the response stream waits for each in turn. A client that reads no results fills
//! that queue; the task then takes no more requests, and HTTP/2 holds the client back. So a stream
//! holds a bounded number of events, and nobody's results are kept without bound.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tonic::{Status, Streaming};

use super::caller::Caller;
use super::event_ingest::{Ingest, response, result};
use super::failure::Failure;
use super::stream_limits::StreamLimits;
use super::violations::Violations;
use crate::domain::access::Role;
use crate::domain::trace_parent::TraceParent;
use crate::proto::{PublishEventResult, StreamPublishEventsRequest, StreamPublishEventsResponse};
use crate::store::PublishAnswer;

/// Requests that are taken and whose results were not read: as many as a commit may have, so that
/// one stream fills it.
const OUTSTANDING_MAX: usize = 256;

/// The results of a stream, then the status that it ended with.
pub type ResultStream =
    Pin<Box<dyn Stream<Item = Result<StreamPublishEventsResponse, Status>> + Send>>;

/// Who publishes over a stream, and with what.
pub struct Publishing {
    /// Checks and stores events.
    pub ingest: Ingest,
    /// Is authorised for each request: a stream goes on for longer than a token may be good.
    pub caller: Caller,
    /// The trace that all events are part of.
    pub trace_parent: TraceParent,
}

/// Begins to take requests.
#[must_use]
pub fn open(
    publishing: Publishing,
    requests: Streaming<StreamPublishEventsRequest>,
    limits: StreamLimits,
) -> ResultStream {
    let (queue, outcomes) = mpsc::channel(OUTSTANDING_MAX);
    let end = Arc::new(OnceLock::new());
    let intake = Intake { publishing, requests, queue };
    tokio::spawn(intake.run(limits.clone(), Arc::clone(&end)));
    let results = Results { outcomes, end };
    let deadline = Box::pin(async move { limits.deadline().await });
    Box::pin(futures_util::stream::unfold((Some(results), deadline), |(results, mut deadline)| {
        async move {
            let mut results = results?;
            // The client's deadline ends also the wait for a commit.
            let next = tokio::select! {
                next = results.next() => next?,
                () = &mut deadline => Err(Failure::DeadlineExceeded.into()),
            };
            let rest = next.is_ok().then_some(results);
            Some((next, (rest, deadline)))
        }
    }))
}

/// What is to come of a request.
enum Outcome {
    Refused(Failure),
    Queued(PublishAnswer),
}

impl Outcome {
    async fn wait(self) -> PublishEventResult {
        let response = match self {
            Self::Refused(failure) => Err(failure),
            Self::Queued(answer) => match answer.wait().await {
                Ok(published) => response(&published),
                Err(error) => Err(error.into()),
            },
        };
        result(response)
    }
}

/// Takes requests.
struct Intake {
    publishing: Publishing,
    requests: Streaming<StreamPublishEventsRequest>,
    queue: mpsc::Sender<Outcome>,
}

impl Intake {
    async fn run(mut self, limits: StreamLimits, end: Arc<OnceLock<Status>>) {
        let mut reached = std::pin::pin!(limits.reached(Failure::StreamAgeReached));
        let client = self.queue.clone();
        loop {
            let taken = tokio::select! {
                biased;
                failure = &mut reached => Err(failure.into()),
                () = client.closed() => return,
                taken = self.take() => taken,
            };
            match taken {
                Ok(Some((request, place))) => place.send(self.begin(&request).await),
                Ok(None) => return,
                Err(status) => {
                    let _ = end.set(status);
                    return;
                }
            };
        }
    }

    /// The next request, with a place for its outcome; `None` where the client has sent all.
    async fn take(
        &mut self,
    ) -> Result<Option<(StreamPublishEventsRequest, mpsc::OwnedPermit<Outcome>)>, Status> {
        // The place first: what is taken is answered.
        let Ok(place) = self.queue.clone().reserve_owned().await else { return Ok(None) };
        let request = self.requests.message().await?;
        Ok(request.map(|request| (request, place)))
    }

    /// Authorises and checks a request, and queues its event; waits where the store has no room.
    async fn begin(&self, request: &StreamPublishEventsRequest) -> Outcome {
        let Publishing { ingest, caller, trace_parent } = &self.publishing;
        if let Err(refusal) = caller.authorize(Role::Publisher, request) {
            return Outcome::Refused(refusal.into());
        }
        let mut violations = Violations::new();
        let event = request.request.as_ref().and_then(|publish| {
            violations
                .within("request", |violations| ingest.read(violations, publish, trace_parent))
        });
        if request.request.is_none() {
            violations.add("request", "must be set");
        }
        match violations.finish(event) {
            Err(failure) => Outcome::Refused(failure),
            Ok(event) => match ingest.store.publish_later(event).await {
                Ok(answer) => Outcome::Queued(answer),
                Err(error) => Outcome::Refused(error.into()),
            },
        }
    }
}

/// Waits for what is to come of the requests, in their order.
struct Results {
    outcomes: mpsc::Receiver<Outcome>,
    end: Arc<OnceLock<Status>>,
}

impl Results {
    async fn next(&mut self) -> Option<Result<StreamPublishEventsResponse, Status>> {
        match self.outcomes.recv().await {
            Some(outcome) => {
                let result = Some(outcome.wait().await);
                Some(Ok(StreamPublishEventsResponse { result }))
            }
            // The task sets how it ended before it lets go of the queue.
            None => self.end.get().cloned().map(Err),
        }
    }
}

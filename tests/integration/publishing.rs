//! What publishing offers beside the plain call: streams, types that an operator adds, and asking
//! what would come of a publish.

mod custom_types;
mod rates;
mod stream_ends;
mod streams;
mod validation;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::publish_event_result::Result as ResultMessage;
use bookora_webhooks::proto::{
    PublishEventRequest, PublishEventResponse, PublishEventResult, StreamPublishEventsRequest,
    StreamPublishEventsResponse,
};
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};

use crate::caller::ACCOUNT;
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::{PATIENCE, Service};

const COUNT_EVENTS: &str = "SELECT COUNT(*) FROM events";

/// A stream as a publisher has it: where requests go, and where results come from.
struct PublishStream {
    requests: mpsc::Sender<StreamPublishEventsRequest>,
    results: Streaming<StreamPublishEventsResponse>,
}

impl PublishStream {
    /// Opens a stream on a connection of its own.
    async fn open(service: &Service) -> Self {
        Self::open_on(service.channel().await, None).await
    }

    /// Opens a stream, with a deadline where one is given.
    async fn open_on(channel: Channel, grpc_timeout: Option<&str>) -> Self {
        // Nothing is kept here: what was sent has gone to the connection.
        let (requests, sent) = mpsc::channel(1);
        let mut request = Request::new(ReceiverStream::new(sent));
        if let Some(timeout) = grpc_timeout {
            request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        }
        let mut ingest =
            bookora_webhooks::proto::event_ingest_client::EventIngestClient::new(channel);
        let results = ingest.stream_publish_events(request).await.expect("the stream opens");
        Self { requests, results: results.into_inner() }
    }

    /// Sends a request; `false` where the stream has ended.
    async fn send(&self, request: PublishEventRequest) -> bool {
        let request = StreamPublishEventsRequest { request: Some(request) };
        self.requests.send(request).await.is_ok()
    }

    /// Sends so many in a task of its own, until all are sent or the stream has ended; counts.
    fn send_all(
        &self,
        numbers: Range<usize>,
        request: fn(usize) -> PublishEventRequest,
    ) -> Arc<AtomicUsize> {
        let sent = Arc::new(AtomicUsize::new(0));
        let (requests, counter) = (self.requests.clone(), Arc::clone(&sent));
        tokio::spawn(async move {
            for number in numbers {
                let request = StreamPublishEventsRequest { request: Some(request(number)) };
                if requests.send(request).await.is_err() {
                    return;
                }
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        sent
    }

    /// The next result; `None` at the end.
    async fn next(&mut self) -> Result<Option<PublishEventResult>, Status> {
        let message = tokio::time::timeout(PATIENCE, self.results.message());
        let message = message.await.expect("a result comes in time")?;
        Ok(message.map(|message| message.result.expect("a response has its result")))
    }

    /// The next result, of a request that was published.
    async fn published(&mut self) -> PublishEventResponse {
        published(self.next().await.expect("the stream goes on").expect("a result is missing"))
    }

    /// The next result, of a request that was refused.
    async fn refused(&mut self) -> Refusal {
        let result = self.next().await.expect("the stream goes on").expect("a result is missing");
        refused(result)
    }

    /// Sends no more; the results that are left.
    async fn finish(self) -> Vec<PublishEventResult> {
        let Self { requests, results } = self;
        drop(requests);
        let mut rest = Self { requests: mpsc::channel(1).0, results };
        let mut results = Vec::new();
        while let Some(result) = rest.next().await.expect("the stream ends with OK") {
            results.push(result);
        }
        results
    }
}

/// What a result of several says was published.
fn published(result: PublishEventResult) -> PublishEventResponse {
    match result.result {
        Some(ResultMessage::Published(published)) => published,
        other => panic!("{other:?}"),
    }
}

/// Why a result of several is an error.
fn refused(result: PublishEventResult) -> Refusal {
    let Some(ResultMessage::Error(error)) = result.result else { panic!("{result:?}") };
    let details = error.encode_to_vec().into();
    Refusal::read(&Status::with_details(Code::from(error.code), error.message, details))
}

/// A publish with a key of its own, that happened so many seconds after 2026-06-10T10:30:00Z.
fn numbered(number: usize) -> PublishEventRequest {
    let seconds = 1_781_087_400 + i64::try_from(number).unwrap();
    PublishEventRequest {
        idempotency_key: format!("event {number}"),
        create_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
        ..sample(ACCOUNT, EventType::BookingCreated)
    }
}

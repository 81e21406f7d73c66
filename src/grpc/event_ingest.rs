//! The service that publishes: checks events, renders their bodies, and has them stored.

use std::sync::Arc;

use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use super::event_data;
use super::failure::Failure;
use super::guard;
use super::publish_stream::{self, Publishing, ResultStream};
use super::stream_limits::{StreamLimits, StreamSettings};
use super::violations::Violations;
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::event::NewEvent;
use crate::domain::id::EventId;
use crate::domain::payload;
use crate::domain::random::Random;
use crate::domain::trace_parent::TraceParent;
use crate::domain::type_name::CustomTypes;
use crate::proto::event_ingest_server::EventIngest;
use crate::proto::publish_event_result::Result as ResultMessage;
use crate::proto::{
    BatchPublishEventsRequest, BatchPublishEventsResponse, PublishEventRequest,
    PublishEventResponse, PublishEventResult, StreamPublishEventsRequest,
};
use crate::store::Store;
use crate::store::publish::Published;
use crate::telemetry::traces::{CommitSpan, Traces};

/// Events of one batch.
const BATCH_EVENTS_MAX: usize = 500;
/// How far ahead of our clock an event may have happened: clocks of publishers differ.
const CREATE_TIME_AHEAD_MAX: std::time::Duration = std::time::Duration::from_hours(24);

/// The service. Cheap to clone.
#[derive(Clone)]
pub struct Ingest {
    /// Where events are stored.
    pub store: Arc<Store>,
    /// Stamps events that come without a time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub random: Arc<dyn Random>,
    /// Which event types there are beside those that are built in.
    pub custom_types: CustomTypes,
    /// What ends streams.
    pub streams: StreamSettings,
    /// Makes spans of commits.
    pub traces: Traces,
}

#[tonic::async_trait]
impl EventIngest for Ingest {
    async fn publish_event(
        &self,
        request: Request<PublishEventRequest>,
    ) -> Result<Response<PublishEventResponse>, Status> {
        let (trace_parent, span) = self.trace(request.metadata());
        let mut violations = Violations::new();
        let event = self.read(&mut violations, request.get_ref(), &trace_parent);
        let event = violations.finish(event)?;
        let published = self.publish(vec![event], span).await?;
        let [published] = &published[..] else { unreachable!("one event, one answer") };
        Ok(Response::new(response(published)?))
    }

    async fn batch_publish_events(
        &self,
        request: Request<BatchPublishEventsRequest>,
    ) -> Result<Response<BatchPublishEventsResponse>, Status> {
        let (trace_parent, span) = self.trace(request.metadata());
        let requests = &request.get_ref().requests;
        let events = self.read_batch(requests, &trace_parent)?;
        let published = self.publish(events, span).await?;
        let results = published.iter().map(|published| result(response(published))).collect();
        Ok(Response::new(BatchPublishEventsResponse { results }))
    }

    type StreamPublishEventsStream = ResultStream;

    async fn stream_publish_events(
        &self,
        request: Request<Streaming<StreamPublishEventsRequest>>,
    ) -> Result<Response<ResultStream>, Status> {
        let limits = StreamLimits::new(&self.streams, request.metadata(), &*self.random)?;
        let trace_parent = trace_parent(request.metadata(), &*self.random);
        let caller = guard::caller(&request)?.clone();
        let publisher = Publishing { ingest: self.clone(), caller, trace_parent };
        Ok(Response::new(publish_stream::open(publisher, request.into_inner(), limits)))
    }
}

impl Ingest {
    /// The trace that events are stored with: where it is sampled, that of the commit's span.
    fn trace(&self, metadata: &MetadataMap) -> (TraceParent, Option<CommitSpan>) {
        let of_call = trace_parent(metadata, &*self.random);
        let span = self.traces.commit(of_call.as_str());
        let of_commit = span.as_ref().and_then(|span| span.traceparent().parse().ok());
        (of_commit.unwrap_or(of_call), span)
    }

    async fn publish(
        &self,
        events: Vec<NewEvent>,
        span: Option<CommitSpan>,
    ) -> Result<Vec<Published>, Failure> {
        let published = self.store.publish(events).await;
        if let Some(span) = span {
            span.end(published.is_ok());
        }
        Ok(published?)
    }

    fn read_batch(
        &self,
        requests: &[PublishEventRequest],
        trace_parent: &TraceParent,
    ) -> Result<Vec<NewEvent>, Failure> {
        let mut violations = Violations::new();
        if requests.is_empty() {
            violations.add("requests", format_args!("must have 1-{BATCH_EVENTS_MAX} entries"));
        }
        if !violations.count("requests", requests.len(), BATCH_EVENTS_MAX) {
            return violations.finish(None);
        }
        let mut events = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let event = violations.within(format_args!("requests[{index}]"), |violations| {
                self.read(violations, request, trace_parent)
            });
            events.extend(event);
        }
        violations.finish(Some(events))
    }

    /// Reads a request, by whichever RPC it comes: its account, its event, and the body of it.
    pub(super) fn read(
        &self,
        violations: &mut Violations,
        request: &PublishEventRequest,
        trace_parent: &TraceParent,
    ) -> Option<NewEvent> {
        let now = self.clock.now();
        let account_id = violations.account(&request.account_id);
        let idempotency_key = match request.idempotency_key.as_str() {
            "" => None,
            key => violations.parse("idempotency_key", key),
        };
        let create_time = match &request.create_time {
            None => Some(now),
            Some(time) => create_time(violations, time, now),
        };
        let Some(message) = &request.data else {
            violations.add_unknown_event_type("data");
            return None;
        };
        let (event_type, data) = event_data::read(violations, message, &self.custom_types)?;
        let (account_id, create_time) = account_id.zip(create_time)?;

        let event_id = EventId::new(now, &*self.random);
        let payload = payload::render(&event_type, event_id, create_time, &data)
            .map_err(|error| violations.add(event_data::data_path(&event_type), error))
            .ok()?;
        Some(NewEvent {
            event_id,
            account_id,
            event_type,
            idempotency_key,
            create_time,
            create_time_given: request.create_time.is_some(),
            payload,
            trace_parent: trace_parent.clone(),
            validate_only: request.validate_only,
        })
    }
}

/// The caller's trace; a new one where it sent none, or none that is valid.
pub(super) fn trace_parent(metadata: &MetadataMap, random: &dyn Random) -> TraceParent {
    let given = metadata.get("traceparent").and_then(|value| value.to_str().ok());
    given.and_then(|value| value.parse().ok()).unwrap_or_else(|| TraceParent::new(random))
}

fn create_time(
    violations: &mut Violations,
    time: &prost_types::Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let time = violations.service_time("create_time", time)?;
    if time > now + CREATE_TIME_AHEAD_MAX {
        violations.add("create_time", "must be at most 24 hours ahead of the service's clock");
        return None;
    }
    Some(time)
}

/// The answer to a publish, or why it was refused.
pub(super) fn response(published: &Published) -> Result<PublishEventResponse, Failure> {
    match *published {
        Published::KeyReused { event_id } => Err(Failure::IdempotencyKeyReused(event_id)),
        Published::Stored { event_id, create_time, delivery_count, duplicate } => {
            Ok(PublishEventResponse {
                event_id: event_id.to_string(),
                create_time: Some(create_time.into()),
                delivery_count: shown_count(delivery_count),
                duplicate,
            })
        }
        Published::Valid { create_time, delivery_count } => Ok(PublishEventResponse {
            event_id: String::new(),
            create_time: Some(create_time.into()),
            delivery_count: shown_count(delivery_count),
            duplicate: false,
        }),
    }
}

fn shown_count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// What came of one request among several.
pub(super) fn result(response: Result<PublishEventResponse, Failure>) -> PublishEventResult {
    let result = match response {
        Ok(published) => ResultMessage::Published(published),
        Err(failure) => ResultMessage::Error(failure.into_message()),
    };
    PublishEventResult { result: Some(result) }
}

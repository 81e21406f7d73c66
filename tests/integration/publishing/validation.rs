//! `validate_only`: everything is checked, nothing is stored, nobody is told.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, Endpoint, PublishEventRequest, PublishEventResponse,
};
use tonic::Code;

use super::{COUNT_EVENTS, PublishStream, numbered, published, refused};
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, endpoint};
use crate::deliveries::{sample, service_and_party};
use crate::service::Service;

fn asked(request: PublishEventRequest) -> PublishEventRequest {
    PublishEventRequest { validate_only: true, ..request }
}

fn keyed(event_type: EventType) -> PublishEventRequest {
    PublishEventRequest { idempotency_key: "key".to_owned(), ..sample(ACCOUNT, event_type) }
}

#[tokio::test]
async fn what_is_only_asked_for_is_counted_and_neither_stored_nor_sent() {
    let (service, mut party) = service_and_party(0).await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let mut caller = Caller::new(&service).await;
    let event_types = vec!["booking.*".to_owned()];
    caller.register(Endpoint { event_types, ..endpoint(ACCOUNT) }).await;
    let before = caller.stored().await;

    let request = asked(numbered(7));
    let answer = caller.publish(request.clone()).await;
    let expected = PublishEventResponse {
        event_id: String::new(),
        create_time: request.create_time,
        delivery_count: 2,
        duplicate: false,
    };
    assert_eq!(answer, expected);
    let review = caller.publish(asked(sample(ACCOUNT, EventType::ReviewCreated))).await;
    assert_eq!(review.delivery_count, 1);
    assert!(review.create_time.is_some(), "now, where none is given");
    let nobodys = caller.publish(asked(sample(OTHER_ACCOUNT, EventType::ReviewCreated))).await;
    assert_eq!(nobodys.delivery_count, 0);
    assert_eq!(caller.stored().await, before);
    assert_eq!(service.ask_database(COUNT_EVENTS).await, 0);

    // The next request to the receiver is of what is published at last.
    let published = caller.publish(numbered(7)).await;
    assert!(!published.duplicate, "the key was not used up");
    assert_eq!(party.next().await.event_id, published.event_id);
}

#[tokio::test]
async fn a_key_is_looked_up_and_bad_fields_are_refused_where_it_is_only_asked() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let first = caller.publish(keyed(EventType::BookingCreated)).await;
    let again = caller.publish(asked(keyed(EventType::BookingCreated))).await;
    assert_eq!(again, PublishEventResponse { duplicate: true, ..first.clone() });
    let reused = caller.refusal(asked(keyed(EventType::ReviewCreated))).await;
    assert_eq!(
        (reused.code, reused.reason.as_str()),
        (Code::AlreadyExists, "IDEMPOTENCY_KEY_REUSED")
    );
    assert_eq!(reused.resource, Some(("Event".to_owned(), first.event_id)));
    let untyped = PublishEventRequest { data: None, ..keyed(EventType::ReviewCreated) };
    assert_eq!(caller.refusal(asked(untyped)).await.reason, "UNKNOWN_EVENT_TYPE");
    assert_eq!(service.ask_database(COUNT_EVENTS).await, 1);
}

#[tokio::test]
async fn among_others_it_is_asked_in_its_place() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let requests = [
        asked(keyed(EventType::BookingCreated)),
        keyed(EventType::ReviewCreated),
        asked(keyed(EventType::ReviewCreated)),
        asked(keyed(EventType::BookingCreated)),
        sample(ACCOUNT, EventType::LeadQualified),
    ];
    let batch = BatchPublishEventsRequest { requests: requests.to_vec() };
    let batch = caller.ingest.batch_publish_events(batch).await.unwrap().into_inner().results;

    let other = Service::start(&[]);
    let stream = PublishStream::open(&other).await;
    for request in requests {
        assert!(stream.send(request).await);
    }
    for (service, results) in [(&service, batch), (&other, stream.finish().await)] {
        let [unused, stored, duplicate, reused, last] = <[_; 5]>::try_from(results).unwrap();
        let (unused, stored, duplicate) =
            (published(unused), published(stored), published(duplicate));
        assert_eq!((unused.event_id.as_str(), unused.duplicate), ("", false));
        assert!(!stored.duplicate, "the question before did not use the key up");
        assert_eq!((duplicate.event_id, duplicate.duplicate), (stored.event_id, true));
        assert_eq!(refused(reused).reason, "IDEMPOTENCY_KEY_REUSED");
        assert!(published(last).event_id.starts_with("evt_"));
        assert_eq!(service.ask_database(COUNT_EVENTS).await, 2);
    }
}

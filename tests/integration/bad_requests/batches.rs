//! Batches: one bad event refuses all of them.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::publish_event_request::Data;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, BookingCreated, BookingRescheduled, PublishEventRequest,
};
use prost::Message;
use tonic::Code;

use super::{Case, assert_refused, text};
use crate::caller::{ACCOUNT, Caller, endpoint};
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::Service;

/// Most events of a batch.
const BATCH_EVENTS_MAX: usize = 500;
/// Most violations that are listed.
const VIOLATIONS_MAX: usize = 25;

fn fine() -> PublishEventRequest {
    sample(ACCOUNT, EventType::BookingCreated)
}

fn unpriced() -> PublishEventRequest {
    let mut request = fine();
    let Some(Data::BookingCreated(BookingCreated { price, .. })) = &mut request.data else {
        unreachable!("the sample is of its type")
    };
    *price = f64::NAN;
    request
}

async fn listened_to() -> (Service, Caller) {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    caller.register(endpoint(ACCOUNT)).await;
    (service, caller)
}

#[tokio::test]
async fn a_batch_has_1_to_500_events_and_one_bad_one_refuses_it() {
    let (_service, mut caller) = listened_to().await;
    let batch = |requests| BatchPublishEventsRequest { requests };
    let with_third = |third: PublishEventRequest| {
        let mut requests = vec![fine(); 6];
        requests[3] = third;
        batch(requests)
    };
    let keyed = PublishEventRequest { idempotency_key: "\n".to_owned(), ..fine() };
    let cases = [
        Case::of_field("none", batch(Vec::new()), "requests"),
        Case::of_field("one too many", batch(vec![fine(); BATCH_EVENTS_MAX + 1]), "requests"),
        Case::of_field("the price", with_third(unpriced()), "requests[3].booking_created.price"),
        Case::of_field("the key", with_third(keyed), "requests[3].idempotency_key"),
        Case::of_field(
            "the account",
            with_third(sample("-", EventType::BookingCreated)),
            "requests[3].account_id",
        ),
    ];
    assert_refused(&mut caller, cases).await;
    let unknown = Case {
        what: "no type".to_owned(),
        call: with_third(PublishEventRequest { data: None, ..fine() }).into(),
        expected: Refusal {
            code: Code::InvalidArgument,
            reason: "UNKNOWN_EVENT_TYPE".to_owned(),
            fields: vec!["requests[3].data".to_owned()],
            resource: None,
        },
    };
    assert_refused(&mut caller, [unknown]).await;
    assert_eq!(caller.stored().await.deliveries, []);
    assert_eq!(caller.publish_all(vec![fine(); BATCH_EVENTS_MAX]).await.len(), BATCH_EVENTS_MAX);
}

#[tokio::test]
async fn at_most_25_violations_are_listed_and_the_client_has_room_for_them() {
    let (_service, mut caller) = listened_to().await;
    let data = BookingRescheduled::default();
    let empty = PublishEventRequest {
        account_id: "\u{1}".repeat(1_000),
        idempotency_key: "é".repeat(1_000),
        data: Some(Data::BookingRescheduled(data)),
        ..PublishEventRequest::default()
    };
    let mut requests = vec![fine(); BATCH_EVENTS_MAX];
    requests[490..].fill(empty);
    let refusal = caller.refusal(BatchPublishEventsRequest { requests }).await;
    let of_first = [
        "account_id",
        "idempotency_key",
        "booking_rescheduled.booking_id",
        "booking_rescheduled.customer_id",
        "booking_rescheduled.customer_name",
        "booking_rescheduled.service",
        "booking_rescheduled.previous_start_time",
        "booking_rescheduled.previous_end_time",
        "booking_rescheduled.start_time",
        "booking_rescheduled.end_time",
    ];
    let expected: Vec<String> = (490..500)
        .flat_map(|index| of_first.map(|field| format!("requests[{index}].{field}")))
        .take(VIOLATIONS_MAX)
        .collect();
    assert_eq!(refusal.fields, expected);
    assert_eq!(refusal.reason, "INVALID_FIELDS");
    assert_eq!(caller.stored().await.deliveries, []);
}

/// The reason counts where the list of fields no longer holds the event without a type.
#[tokio::test]
async fn an_event_without_a_type_is_told_behind_however_many_bad_fields() {
    let (_service, mut caller) = listened_to().await;
    let mut requests = vec![unpriced(); VIOLATIONS_MAX];
    requests.push(PublishEventRequest { data: None, ..fine() });
    let refusal = caller.refusal(BatchPublishEventsRequest { requests }).await;
    assert_eq!(refusal.reason, "UNKNOWN_EVENT_TYPE");
    assert_eq!(refusal.fields.len(), VIOLATIONS_MAX);
    assert_eq!(caller.stored().await.deliveries, []);
}

/// The most bytes that an event can have.
fn largest(index: usize) -> PublishEventRequest {
    let account_id = "a".repeat(64);
    let mut request = sample(&account_id, EventType::BookingCancelled);
    let Some(Data::BookingCancelled(data)) = &mut request.data else {
        unreachable!("the sample is of its type")
    };
    data.booking_id = text(256);
    data.customer_id = text(256);
    data.customer_name = text(1_024);
    data.service = text(1_024);
    data.reason = Some(text(8_192));
    PublishEventRequest { idempotency_key: format!("{index:0256}"), ..request }
}

#[tokio::test]
async fn the_largest_batch_that_the_contract_allows_is_taken() {
    let (_service, mut caller) = listened_to().await;
    let requests: Vec<_> = (0..BATCH_EVENTS_MAX).map(largest).collect();
    let bytes = BatchPublishEventsRequest { requests: requests.clone() }.encoded_len();
    assert!((5_500_000..5_600_000).contains(&bytes), "{bytes}");
    assert_eq!(caller.publish_all(requests).await.len(), BATCH_EVENTS_MAX);
}

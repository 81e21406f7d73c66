//! Reads: events, deliveries, attempts.

mod accounts;
mod answers;
mod attempts;
mod filters;
mod pages;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::publish_event_request::Data;
use bookora_webhooks::proto::{
    BookingCreated, Delivery, DeliveryFilter, DeliveryView, Event, GetDeliveryRequest,
    GetEventRequest, ListDeliveriesRequest, PublishEventRequest,
};
use prost_types::Timestamp;

use crate::caller::{ACCOUNT, Caller, deaf_endpoint, nanos};
use crate::deliveries::sample;
use crate::party::{Party, Receivers};
use crate::service::{Service, eventually};

/// A service, a caller, and a receiver that acknowledges everything at once.
async fn started() -> (Service, Caller, Party) {
    let receivers = Receivers::new();
    let party = receivers.start(0).await;
    let service = Service::start(&[&receivers.ca_argument()]);
    let caller = Caller::new(&service).await;
    (service, caller, party)
}

/// Every delivery of the account.
pub fn all_of(account_id: &str) -> ListDeliveriesRequest {
    ListDeliveriesRequest { account_id: account_id.to_owned(), ..ListDeliveriesRequest::default() }
}

fn of_events(event_ids: &[String]) -> ListDeliveriesRequest {
    let filter = DeliveryFilter { event_ids: event_ids.to_vec(), ..DeliveryFilter::default() };
    ListDeliveriesRequest { filter: Some(filter), ..all_of("-") }
}

/// The deliveries of a listing, once every one is in the state.
pub async fn settled(
    caller: &mut Caller,
    request: &ListDeliveriesRequest,
    state: State,
) -> Vec<Delivery> {
    eventually(&format!("all are {}", state.as_str_name()), async || {
        let listed = caller.deliveries(request.clone()).await;
        listed.iter().all(|delivery| delivery.state() == state).then_some(listed)
    })
    .await
}

/// Publishes an event and waits for its one delivery to be in a state.
async fn delivered(caller: &mut Caller, event_type: EventType, state: State) -> Delivery {
    let published = caller.publish(sample(ACCOUNT, event_type)).await;
    let listed = settled(caller, &of_events(&[published.event_id]), state).await;
    let [delivery] = <[Delivery; 1]>::try_from(listed).expect("it has one delivery");
    delivery
}

async fn event(caller: &mut Caller, account_id: &str, event_id: &str) -> Event {
    let request =
        GetEventRequest { account_id: account_id.to_owned(), event_id: event_id.to_owned() };
    let read = caller.query.get_event(request).await.expect("it is there").into_inner();
    read.event.expect("it is in the answer")
}

async fn delivery(caller: &mut Caller, of: &Delivery, view: DeliveryView) -> Delivery {
    let request = GetDeliveryRequest {
        account_id: of.account_id.clone(),
        delivery_id: of.delivery_id.clone(),
        view: view.into(),
    };
    let read = caller.query.get_delivery(request).await.expect("it is there").into_inner();
    read.delivery.expect("it is in the answer")
}

#[tokio::test]
async fn an_event_reads_back_as_it_was_published_with_its_exact_body() {
    let (service, mut caller, mut party) = started().await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
    let request = PublishEventRequest {
        idempotency_key: "order 17".to_owned(),
        create_time: at(1_781_087_400, 120_000),
        data: Some(Data::BookingCreated(BookingCreated {
            booking_id: "bkg_1".to_owned(),
            customer_id: "cus_1".to_owned(),
            customer_name: "Zoë \"Z\" \\ /\u{7f}\u{2028}\n\u{1}💆".to_owned(),
            service: "Massage".to_owned(),
            start_time: at(-1, 0),
            end_time: at(1_781_949_600, 500_000_000),
            price: 1e21,
        })),
        ..sample(ACCOUNT, EventType::BookingCreated)
    };
    let published = caller.publish(request).await;
    let read = event(&mut caller, ACCOUNT, &published.event_id).await;
    let body = format!(
        "{{\"event\":\"booking.created\",\"id\":\"{}\",\
         \"created_at\":\"2026-06-10T10:30:00.000120Z\",\"data\":{{\"booking_id\":\"bkg_1\",\
         \"customer_id\":\"cus_1\",\"customer_name\":\"Zoë \\\"Z\\\" \\\\ /\u{7f}\u{2028}\\n\\u0001\
         💆\",\"service\":\"Massage\",\"start_time\":\"1969-12-31T23:59:59Z\",\
         \"end_time\":\"2026-06-20T10:00:00.500Z\",\"price\":1e+21}}}}",
        published.event_id
    );
    let expected = Event {
        event_id: published.event_id.clone(),
        account_id: ACCOUNT.to_owned(),
        event_type: "booking.created".to_owned(),
        idempotency_key: "order 17".to_owned(),
        create_time: at(1_781_087_400, 120_000),
        publish_time: read.publish_time,
        delivery_count: 1,
        payload: body.clone(),
    };
    assert_eq!(read, expected);
    assert_eq!(published.create_time, expected.create_time);
    assert_eq!(event(&mut caller, "-", &published.event_id).await, expected);
    assert_eq!(party.next().await.body, body);
}

#[tokio::test]
async fn an_event_without_a_time_happened_when_it_was_published_and_nobody_needs_to_listen() {
    let (_service, mut caller, _party) = started().await;
    let published = caller.publish(sample(ACCOUNT, EventType::LeadQualified)).await;
    let read = event(&mut caller, ACCOUNT, &published.event_id).await;
    assert_eq!((read.delivery_count, read.idempotency_key.as_str()), (0, ""));
    assert_eq!(read.create_time, published.create_time);
    assert!(nanos(read.publish_time) >= nanos(read.create_time));
    let created_at = read.create_time.expect("it has one").to_string();
    assert!(read.payload.contains(&format!("\"created_at\":\"{created_at}\"")), "{}", read.payload);
    assert_eq!(caller.deliveries(of_events(&[published.event_id])).await, []);
}

#[tokio::test]
async fn a_delivery_shows_its_body_in_the_full_view_only() {
    let (service, mut caller, party) = started().await;
    let endpoint = party.register(&service, party.endpoint(ACCOUNT)).await;
    let listed = delivered(&mut caller, EventType::ReviewCreated, State::Succeeded).await;
    let event = event(&mut caller, ACCOUNT, &listed.event_id).await;
    let last = listed.last_attempt.clone().expect("there was an attempt");
    let expected = Delivery {
        delivery_id: listed.delivery_id.clone(),
        account_id: ACCOUNT.to_owned(),
        event_id: event.event_id,
        event_type: "review.created".to_owned(),
        endpoint_id: endpoint.endpoint_id,
        state: State::Succeeded.into(),
        revision: 2,
        attempt_count: 1,
        last_attempt: Some(last.clone()),
        create_time: event.publish_time,
        update_time: listed.update_time,
        ..Delivery::default()
    };
    assert_eq!(listed, expected);
    assert_eq!((last.number, last.http_status), (1, 204));
    assert!(listed.delivery_id.starts_with("dlv_") && listed.delivery_id.len() == 30);
    assert!(nanos(listed.update_time) >= nanos(last.start_time));
    for view in [DeliveryView::Unspecified, DeliveryView::Basic] {
        assert_eq!(delivery(&mut caller, &listed, view).await, expected);
    }
    let full = delivery(&mut caller, &listed, DeliveryView::Full).await;
    assert_eq!(full, Delivery { payload: event.payload, ..expected });
}

#[tokio::test]
async fn an_open_delivery_says_when_it_is_tried_next_and_why_it_was_not_acknowledged() {
    let (_service, mut caller, _party) = started().await;
    caller.register(deaf_endpoint(ACCOUNT)).await;
    let shown = delivered(&mut caller, EventType::ReviewCreated, State::Retrying).await;
    let last = shown.last_attempt.clone().expect("there was an attempt");
    assert_eq!((shown.revision, shown.attempt_count), (2, 1));
    assert!(!shown.state_reason.is_empty());
    assert!(shown.state_reason.contains(&last.error_message), "{}", shown.state_reason);
    // An hour, give or take a fifth, from the end of the attempt on.
    let wait = nanos(shown.next_attempt_time) - nanos(shown.update_time);
    let hour = 3_600_000_000_000;
    assert!((hour * 79 / 100..=hour * 121 / 100).contains(&wait), "{wait} ns");
    assert_eq!(delivery(&mut caller, &shown, DeliveryView::Basic).await, shown);
}

//! Events that break the rules of their type, and publishes that break those of all types.

use bookora_webhooks::domain::clock::{Clock, SystemClock};
use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::grpc::event_samples;
use bookora_webhooks::proto::publish_event_request::Data;
use bookora_webhooks::proto::{
    BookingCancelled, BookingCreated, BookingRescheduled, CustomerCreated, LeadQualified,
    NoShowDetected, PublishEventRequest, ReviewCreated, WorkflowTriggered,
};
use prost_types::Timestamp;
use tonic::Code;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_prost::ProstCodec;

use super::{Case, assert_accepted, assert_refused, bad_accounts, text};
use crate::caller::{ACCOUNT, Call, Caller, endpoint};
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::Service;

/// Longest ids, names and texts, in bytes.
const ID: usize = 256;
const NAME: usize = 1_024;
const TEXT: usize = 8_192;

/// A publish with one field set to something else than the sample has, and the field's path.
struct Changed {
    request: PublishEventRequest,
    path: String,
}

impl Changed {
    fn call(self) -> (String, Call) {
        (format!("{} in {:?}", self.path, self.request), self.request.into())
    }

    fn case(self) -> Case {
        let path = self.path.clone();
        let (what, call) = self.call();
        Case::of_field(what, call, &path)
    }
}

fn request(data: Data) -> PublishEventRequest {
    PublishEventRequest {
        account_id: ACCOUNT.to_owned(),
        data: Some(data),
        ..PublishEventRequest::default()
    }
}

/// Publishes of the sample, each with one of the fields set to one of the values.
macro_rules! changed {
    ($type:ident in $prefix:literal, $values:expr => $($field:ident)+) => {{
        let mut all = Vec::new();
        for value in $values {
            $({
                let Data::$type(mut data) = event_samples::data(EventType::$type) else {
                    unreachable!("a sample is of its type")
                };
                data.$field = value.clone().into();
                let data: $type = data;
                let path = concat!($prefix, ".", stringify!($field)).to_owned();
                all.push(Changed { request: request(Data::$type(data)), path });
            })+
        }
        all
    }};
}

/// Publishes of each type with each of its texts, set to each of the values that are made for its
/// longest length.
fn texts(values: fn(usize) -> Vec<String>) -> Vec<Changed> {
    let (ids, names, texts) = (values(ID), values(NAME), values(TEXT));
    let mut all = Vec::new();
    all.extend(changed!(CustomerCreated in "customer_created", &ids => customer_id phone));
    all.extend(changed!(CustomerCreated in "customer_created", &names => customer_name email));
    all.extend(changed!(BookingCreated in "booking_created", &ids => booking_id customer_id));
    all.extend(changed!(BookingCreated in "booking_created", &names => customer_name service));
    all.extend(changed!(BookingCancelled in "booking_cancelled", &ids => booking_id customer_id));
    all.extend(changed!(BookingCancelled in "booking_cancelled", &names => customer_name service));
    all.extend(changed!(BookingCancelled in "booking_cancelled", &texts => reason));
    all.extend(changed!(BookingRescheduled in "booking_rescheduled", &ids
        => booking_id customer_id));
    all.extend(changed!(BookingRescheduled in "booking_rescheduled", &names
        => customer_name service));
    all.extend(changed!(LeadQualified in "lead_qualified", &ids => lead_id customer_id));
    all.extend(changed!(LeadQualified in "lead_qualified", &names => lead_name));
    all.extend(changed!(NoShowDetected in "no_show_detected", &ids => booking_id customer_id));
    all.extend(changed!(NoShowDetected in "no_show_detected", &names => customer_name service));
    all.extend(changed!(ReviewCreated in "review_created", &ids
        => review_id customer_id booking_id));
    all.extend(changed!(ReviewCreated in "review_created", &names => customer_name));
    all.extend(changed!(ReviewCreated in "review_created", &texts => comment));
    all.extend(changed!(WorkflowTriggered in "workflow_triggered", &ids
        => workflow_id trigger customer_id booking_id));
    all.extend(changed!(WorkflowTriggered in "workflow_triggered", &names => workflow_name));
    all
}

/// Publishes of each type with each of its times.
fn times(values: &[Option<Timestamp>]) -> Vec<Changed> {
    let mut all = Vec::new();
    all.extend(changed!(BookingCreated in "booking_created", values => start_time end_time));
    all.extend(changed!(BookingCancelled in "booking_cancelled", values => start_time end_time));
    all.extend(changed!(BookingRescheduled in "booking_rescheduled", values
        => previous_start_time previous_end_time start_time end_time));
    all.extend(changed!(NoShowDetected in "no_show_detected", values => start_time end_time));
    all
}

fn at(seconds: i64, nanos: i32) -> Timestamp {
    Timestamp { seconds, nanos }
}

/// A service, a caller, and an endpoint that would make every stored event show.
async fn listened_to() -> (Service, Caller) {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    caller.register(endpoint(ACCOUNT)).await;
    (service, caller)
}

#[tokio::test]
async fn a_text_of_an_event_is_neither_empty_nor_too_long() {
    let (_service, mut caller) = listened_to().await;
    let spoilt = texts(|max| vec![String::new(), text(max + 1), "é".repeat(max / 2 + 1)]);
    assert_refused(&mut caller, spoilt.into_iter().map(Changed::case)).await;
    assert_eq!(caller.stored().await.deliveries, []);
}

#[tokio::test]
async fn a_text_of_an_event_may_be_as_short_and_as_long_as_documented() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let fine = texts(|max| vec![" ".to_owned(), text(max), "\u{0}\u{2028}\"\\💆".to_owned()]);
    assert_accepted(&mut caller, fine.into_iter().map(Changed::call)).await;
}

#[tokio::test]
async fn a_time_of_an_event_is_set_and_in_the_years_1_to_9999() {
    let (_service, mut caller) = listened_to().await;
    let mut spoilt = vec![None];
    spoilt.extend([
        Some(at(-62_135_596_801, 0)),
        Some(at(253_402_300_800, 0)),
        Some(at(i64::MIN, 0)),
        Some(at(i64::MAX, 0)),
        Some(at(1_781_946_000, -1)),
        Some(at(1_781_946_000, 1_000_000_000)),
        Some(at(1_781_946_000, i32::MIN)),
    ]);
    assert_refused(&mut caller, times(&spoilt).into_iter().map(Changed::case)).await;
    assert_eq!(caller.stored().await.deliveries, []);
}

#[tokio::test]
async fn an_appointment_does_not_end_before_it_starts() {
    let (_service, mut caller) = listened_to().await;
    // The samples' appointments start at 1,781,946,000 and two hours later.
    let early = [at(1_781_945_999, 999_999_999), at(-62_135_596_800, 0), at(-1, 500)];
    let mut spoilt = Vec::new();
    spoilt.extend(changed!(BookingCreated in "booking_created", early => end_time));
    spoilt.extend(changed!(BookingCancelled in "booking_cancelled", early => end_time));
    spoilt.extend(changed!(BookingRescheduled in "booking_rescheduled", early
        => previous_end_time end_time));
    spoilt.extend(changed!(NoShowDetected in "no_show_detected", early => end_time));
    assert_refused(&mut caller, spoilt.into_iter().map(Changed::case)).await;
    assert_eq!(caller.stored().await.deliveries, []);

    let at_once = [at(1_781_946_000, 0), at(253_402_300_799, 999_999_999)];
    let mut fine = changed!(BookingCreated in "booking_created", at_once => end_time);
    let first = [at(-62_135_596_800, 0)];
    fine.extend(changed!(BookingCreated in "booking_created", first => start_time));
    assert_accepted(&mut caller, fine.into_iter().map(Changed::call)).await;
}

#[tokio::test]
async fn a_number_of_an_event_is_finite_and_in_its_range() {
    let (_service, mut caller) = listened_to().await;
    let mut spoilt = Vec::new();
    let prices = [f64::NAN, -f64::NAN, f64::INFINITY, -0.01, -f64::MIN_POSITIVE, f64::MIN];
    spoilt.extend(changed!(BookingCreated in "booking_created", prices => price));
    let scores = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    spoilt.extend(changed!(LeadQualified in "lead_qualified", scores => score threshold));
    let ratings = [0, 6, -1, i32::MIN, i32::MAX];
    spoilt.extend(changed!(ReviewCreated in "review_created", ratings => rating));
    assert_refused(&mut caller, spoilt.into_iter().map(Changed::case)).await;
    assert_eq!(caller.stored().await.deliveries, []);

    let mut fine = Vec::new();
    let prices = [0.0, -0.0, 5e-324, f64::MAX];
    fine.extend(changed!(BookingCreated in "booking_created", prices => price));
    let scores = [f64::MIN, -1.5, 0.0];
    fine.extend(changed!(LeadQualified in "lead_qualified", scores => score threshold));
    fine.extend(changed!(ReviewCreated in "review_created", [1, 5] => rating));
    assert_accepted(&mut caller, fine.into_iter().map(Changed::call)).await;
}

#[tokio::test]
async fn a_publish_needs_an_account_a_printable_key_and_a_time_that_can_be() {
    let (_service, mut caller) = listened_to().await;
    let base = || sample(ACCOUNT, EventType::BookingCreated);
    let now = Timestamp::from(SystemClock::new().now());
    let mut cases = Vec::new();
    for account_id in bad_accounts() {
        let request = PublishEventRequest { account_id, ..base() };
        cases.push(Case::of_field(format!("{:?}", request.account_id), request, "account_id"));
    }
    for key in [&text(257), "schlüssel", "line\nbreak", "tab\t", "\0", "\u{7f}", "🔑"] {
        let request = PublishEventRequest { idempotency_key: key.to_owned(), ..base() };
        cases.push(Case::of_field(format!("{key:?}"), request, "idempotency_key"));
    }
    for time in [
        at(now.seconds + 24 * 3_600 + 60, 0),
        at(253_402_300_799, 0),
        at(i64::MAX, 0),
        at(-1, 0),
        at(-1, 999_999_999),
        at(i64::MIN, 0),
        at(now.seconds, -1),
        at(now.seconds, 1_000_000_000),
    ] {
        let request = PublishEventRequest { create_time: Some(time), ..base() };
        cases.push(Case::of_field(format!("{time:?}"), request, "create_time"));
    }
    assert_refused(&mut caller, cases).await;
    assert_eq!(caller.stored().await.deliveries, []);

    let longest = PublishEventRequest {
        account_id: text(64),
        idempotency_key: " ~".repeat(128),
        create_time: Some(at(now.seconds + 24 * 3_600 - 60, 999_999_999)),
        ..base()
    };
    let earliest = PublishEventRequest { create_time: Some(at(0, 0)), ..base() };
    let fine = [longest, earliest].map(|request| (format!("{request:?}"), Call::from(request)));
    assert_accepted(&mut caller, fine).await;
}

/// Whether a key was used is what a refused publish could leave behind unseen.
#[tokio::test]
async fn a_refused_publish_does_not_use_up_its_key() {
    let (_service, mut caller) = listened_to().await;
    let refused = changed!(BookingCreated in "booking_created", [f64::NAN] => price);
    for Changed { request, .. } in refused {
        let request = PublishEventRequest { idempotency_key: "key".to_owned(), ..request };
        caller.refusal(request).await;
    }
    let request = PublishEventRequest {
        idempotency_key: "key".to_owned(),
        ..sample(ACCOUNT, EventType::BookingCancelled)
    };
    let published = caller.publish(request).await;
    assert_eq!((published.duplicate, published.delivery_count), (false, 1));
}

/// A publish as a client of a later contract sends it: its `data` has a field that is unknown here.
#[derive(Clone, PartialEq, prost::Message)]
struct LaterPublish {
    #[prost(string, tag = "1")]
    account_id: String,
    #[prost(oneof = "LaterData", tags = "18, 536870911")]
    data: Option<LaterData>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum LaterData {
    #[prost(message, tag = "18")]
    Next(CustomerCreated),
    #[prost(string, tag = "536870911")]
    Last(String),
}

#[tokio::test]
async fn an_event_of_no_type_or_of_one_to_come_is_told_from_one_with_bad_fields() {
    let (service, mut caller) = listened_to().await;
    let unknown = Refusal {
        code: Code::InvalidArgument,
        reason: "UNKNOWN_EVENT_TYPE".to_owned(),
        fields: vec!["data".to_owned()],
        resource: None,
    };
    let request = PublishEventRequest { data: None, ..sample(ACCOUNT, EventType::BookingCreated) };
    assert_eq!(caller.refusal(request).await, unknown);

    let mut client = Grpc::new(service.channel().await);
    let customer =
        CustomerCreated { customer_id: "cus_1".to_owned(), ..CustomerCreated::default() };
    for data in [LaterData::Next(customer), LaterData::Last("later".to_owned())] {
        let request = LaterPublish { account_id: ACCOUNT.to_owned(), data: Some(data) };
        client.ready().await.expect("the service takes calls");
        let path = "/bookora.webhooks.v1.EventIngest/PublishEvent";
        let answer = client
            .unary(
                tonic::Request::new(request),
                PathAndQuery::from_static(path),
                ProstCodec::<LaterPublish, LaterPublish>::default(),
            )
            .await;
        assert_eq!(Refusal::read(&answer.expect_err("it is refused")), unknown);
    }
    assert_eq!(caller.stored().await.deliveries, []);
}

//! Pages of the largest rows there are, through clients that take answers of 4 MiB, as all do that
//! are not told otherwise.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    DisableEndpointRequest, Endpoint, ListAttemptsRequest, ListDeliveriesRequest, ListEventsRequest,
};
use prost::Message;

use super::answers::{Answering, Then};
use super::events::{events_of, pages as pages_of_events};
use super::{all_of, delivered};
use crate::caller::{ACCOUNT, Caller, PAGE_MAX, deaf_endpoint};
use crate::database::is_postgres;
use crate::deliveries::sample;
use crate::service::Service;

/// What stock clients take of an answer, in bytes.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The largest body of an event.
const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// The longest reason that an endpoint is disabled for.
const REASON_BYTES_MAX: usize = 1_024;

#[tokio::test]
async fn events_with_the_largest_payloads_come_on_pages_that_clients_take() {
    const EVENTS: usize = 40;
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let published = caller.publish_all(vec![sample(ACCOUNT, EventType::ReviewCreated); EVENTS]);
    let published = published.await;
    let payload = if is_postgres() {
        format!("convert_to(repeat('x', {PAYLOAD_BYTES_MAX}), 'UTF8')")
    } else {
        format!("CAST(printf('%.{PAYLOAD_BYTES_MAX}c', 'x') AS BLOB)")
    };
    service.change_database(&format!("UPDATE events SET payload = {payload}")).await;
    for account in [ACCOUNT, "-"] {
        let request = ListEventsRequest { page_size: PAGE_MAX, ..events_of(account) };
        let pages = pages_of_events(&mut caller, request).await;
        let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
        println!("{EVENTS} events of 256 KiB on pages of {sizes:?}");
        assert_eq!(sizes, [11, 11, 11, 7]);
        let shown = pages.concat();
        assert!(shown.iter().all(|event| event.payload.len() == PAYLOAD_BYTES_MAX));
        let mut ids: Vec<_> = shown.into_iter().map(|event| event.event_id).collect();
        ids.sort();
        let mut expected = published.clone();
        expected.sort();
        assert_eq!(ids, expected);
    }
}

/// Longer than any payload is today: a page holds one event at least.
#[tokio::test]
async fn an_event_that_fills_a_page_alone_is_alone_on_it() {
    const HUGE: usize = 3 * 1024 * 1024 + 512 * 1024;
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    caller.publish_all(vec![sample(ACCOUNT, EventType::ReviewCreated); 3]).await;
    let payload = if is_postgres() {
        format!("convert_to(repeat('x', {HUGE}), 'UTF8')")
    } else {
        format!("CAST(printf('%.{HUGE}c', 'x') AS BLOB)")
    };
    service.change_database(&format!("UPDATE events SET payload = {payload}")).await;
    let pages = pages_of_events(&mut caller, events_of(ACCOUNT)).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
}

/// An answer of which as much is kept as of any: 16 KiB of body, 64 headers of 8 KiB.
fn largest_answer() -> Vec<u8> {
    let mut answer = b"HTTP/1.1 500 No\r\n".to_vec();
    for header in 0..62 {
        answer.extend(format!("x-{header:02}: {}\r\n", "v".repeat(124)).into_bytes());
    }
    answer.extend(format!("content-length: {}\r\n\r\n", 16 * 1024).into_bytes());
    answer.extend(vec![b'b'; 16 * 1024]);
    answer
}

#[tokio::test]
async fn attempts_with_the_largest_answers_come_on_pages_that_clients_take() {
    const ATTEMPTS: usize = 120;
    let service = Service::start(&["--allow-http"]);
    let mut caller = Caller::new(&service).await;
    let receiver = Answering::start(largest_answer(), Then::Close).await;
    caller.register(receiver.endpoint()).await;
    let delivery = delivered(&mut caller, EventType::ReviewCreated, State::Retrying).await;
    let more = format!(
        "INSERT INTO attempts SELECT delivery_id, i, attempt_id, trigger, outcome, http_status, \
         error_message, remote_address, start_time, latency_micros, dns_micros, connect_micros, \
         tls_micros, first_byte_micros, response_headers, response_body, response_body_truncated \
         FROM attempts, (WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n \
         WHERE i < {ATTEMPTS}) SELECT i FROM n) AS numbers"
    );
    service.change_database(&more).await;
    let mut request = ListAttemptsRequest {
        account_id: ACCOUNT.to_owned(),
        delivery_id: delivery.delivery_id,
        page_size: PAGE_MAX,
        ..ListAttemptsRequest::default()
    };
    let mut numbers = Vec::new();
    let mut largest = 0;
    loop {
        let page = caller.query.list_attempts(request.clone()).await.expect("it is listed");
        let page = page.into_inner();
        largest = largest.max(page.encoded_len());
        assert!(page.attempts.iter().all(|attempt| attempt.response_body.len() == 16 * 1024));
        numbers.extend(page.attempts.iter().map(|attempt| attempt.number));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(numbers, (1..=i32::try_from(ATTEMPTS).unwrap()).collect::<Vec<_>>());
    println!("{ATTEMPTS} attempts, at most {largest} bytes on a page");
    assert!(largest > 1024 * 1024, "they are large");
}

#[tokio::test]
async fn deliveries_with_the_longest_reasons_come_on_pages_that_clients_take() {
    const DELIVERIES: usize = 1_200;
    let service = Service::start(&[]);
    let account = "a".repeat(64);
    let mut caller = Caller::new(&service).await;
    let endpoint = Endpoint { max_in_flight: 1, ..deaf_endpoint(&account) };
    let endpoint = caller.register(endpoint).await;
    for _ in 0..3 {
        caller.publish_all(vec![sample(&account, EventType::BookingCreated); DELIVERIES / 3]).await;
    }
    let request = DisableEndpointRequest {
        account_id: account.clone(),
        endpoint_id: endpoint.endpoint_id,
        reason: "r".repeat(REASON_BYTES_MAX),
    };
    caller.admin.disable_endpoint(request).await.expect("it is disabled");
    let request = ListDeliveriesRequest { page_size: PAGE_MAX, ..all_of(&account) };
    let page = caller.query.list_deliveries(request.clone()).await.expect("it is listed");
    let page = page.into_inner();
    let bytes = page.encoded_len();
    println!("{} deliveries, {bytes} bytes on a page", page.deliveries.len());
    assert!(bytes > 1024 * 1024 && bytes < ANSWER_BYTES_MAX);
    let all = caller.deliveries(request).await;
    assert_eq!(all.len(), DELIVERIES);
    assert!(all.iter().all(|delivery| delivery.state_reason.len() > REASON_BYTES_MAX));
}

//! Attempts: how each ended, how long it took, and what is kept of the answer.

use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::attempt::{Header, Outcome, Trigger};
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    Attempt, DeleteEndpointRequest, Delivery, Endpoint, ListAttemptsRequest,
};

use super::answers::{Answering, Then};
use super::{delivered, of_events, started};
use crate::caller::{ACCOUNT, Caller, deaf_endpoint, endpoint, nanos};
use crate::deliveries::{sample, seconds};
use crate::party::Receivers;
use crate::service::{Service, eventually};

/// What is kept of a body and of all headers, in bytes, and how many headers are.
const BODY_BYTES_MAX: usize = 16 * 1024;
const HEADERS_BYTES_MAX: usize = 8 * 1024;
const HEADERS_MAX: usize = 64;

fn attempts_of(delivery: &Delivery) -> ListAttemptsRequest {
    ListAttemptsRequest {
        account_id: delivery.account_id.clone(),
        delivery_id: delivery.delivery_id.clone(),
        ..ListAttemptsRequest::default()
    }
}

/// Every page of a listing of attempts.
async fn pages(caller: &mut Caller, mut request: ListAttemptsRequest) -> Vec<Vec<Attempt>> {
    let mut pages = Vec::new();
    loop {
        let page = caller.query.list_attempts(request.clone()).await.expect("it is listed");
        let page = page.into_inner();
        pages.push(page.attempts);
        if page.next_page_token.is_empty() {
            return pages;
        }
        request.page_token = page.next_page_token;
    }
}

/// A service that also sends plain HTTP.
async fn plain() -> (Service, Caller) {
    let service = Service::start(&["--allow-http"]);
    let caller = Caller::new(&service).await;
    (service, caller)
}

/// Has one event sent to an endpoint; what came of the first attempt. The endpoint is gone then.
async fn attempt_at(caller: &mut Caller, endpoint: Endpoint) -> Attempt {
    let registered = caller.register(endpoint).await;
    let published = caller.publish(sample(ACCOUNT, EventType::ReviewCreated)).await;
    let request = of_events(&[published.event_id]);
    let delivery = eventually("an attempt is made", async || {
        let mut listed = caller.deliveries(request.clone()).await;
        listed.pop().filter(|delivery| delivery.attempt_count == 1)
    })
    .await;
    let attempts = pages(caller, attempts_of(&delivery)).await.concat();
    let [attempt] = <[Attempt; 1]>::try_from(attempts).expect("it is one");
    let briefly =
        Attempt { response_headers: Vec::new(), response_body: Vec::new(), ..attempt.clone() };
    assert_eq!(delivery.last_attempt, Some(briefly));
    let request = DeleteEndpointRequest {
        account_id: registered.account_id,
        endpoint_id: registered.endpoint_id,
        ..DeleteEndpointRequest::default()
    };
    caller.admin.delete_endpoint(request).await.expect("it is deleted");
    attempt
}

/// The same at a receiver that gives this answer.
async fn attempt_answered(caller: &mut Caller, answer: impl Into<Vec<u8>>, then: Then) -> Attempt {
    let receiver = Answering::start(answer.into(), then).await;
    let attempt = attempt_at(caller, receiver.endpoint()).await;
    assert_eq!(attempt.remote_address, receiver.address());
    attempt
}

#[tokio::test]
async fn every_attempt_says_how_it_ended_and_a_failed_one_why() {
    let (_service, mut caller) = plain().await;
    let status = |line: &str| format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n");
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    for (answer, then, outcome, code, message) in [
        (status("200 OK"), Then::Close, Outcome::Succeeded, 200, ""),
        (status("204 No Content"), Then::Silence, Outcome::Succeeded, 204, ""),
        (status("299 Fine"), Then::Close, Outcome::Succeeded, 299, ""),
        (status("300 Choices"), Then::Close, Outcome::HttpStatus, 300, "300"),
        (moved.to_owned(), Then::Close, Outcome::HttpStatus, 302, "redirects are not followed"),
        (status("404 Not Found"), Then::Close, Outcome::HttpStatus, 404, "404 Not Found"),
        (
            status("500 Oh secret"),
            Then::Close,
            Outcome::HttpStatus,
            500,
            "500 Internal Server Error",
        ),
        (status("999 What"), Then::Close, Outcome::HttpStatus, 999, "999"),
        (String::new(), Then::Close, Outcome::Connect, 0, "closed before the response"),
        (String::new(), Then::Silence, Outcome::Timeout, 0, "no response within 1 s"),
        ("HTTP/1.1 200".to_owned(), Then::Silence, Outcome::Timeout, 0, "no response within 1 s"),
        ("SSH-2.0-x\r\n\r\n".to_owned(), Then::Close, Outcome::Protocol, 0, "not HTTP"),
    ] {
        let attempt = attempt_answered(&mut caller, answer.clone(), then).await;
        assert_eq!((attempt.outcome(), attempt.http_status), (outcome, code), "{answer}");
        let told = &attempt.error_message;
        let is_told = if message.is_empty() { told.is_empty() } else { told.contains(message) };
        assert!(is_told, "{answer}: {told}");
        assert!(!told.contains("secret") && !told.contains("/hooks"), "{told}");
        assert_eq!(attempt.trigger(), Trigger::Schedule);
        assert_eq!(attempt.number, 1);
        assert!(attempt.attempt_id.starts_with("att_") && attempt.attempt_id.len() == 30);
    }
}

#[tokio::test]
async fn an_attempt_that_reached_nobody_says_so() {
    let receivers = Receivers::new();
    let stranger = receivers.start(0).await;
    let (_service, mut caller) = plain().await;
    let closed = attempt_at(&mut caller, deaf_endpoint(ACCOUNT)).await;
    assert_eq!(closed.outcome(), Outcome::Connect);
    assert_eq!((closed.error_message.as_str(), closed.http_status), ("connection refused", 0));
    assert_eq!(closed.remote_address, "");

    let retry_schedule = vec![seconds(3_600)];
    let endpoint_of =
        |url: String| Endpoint { url, retry_schedule: retry_schedule.clone(), ..endpoint(ACCOUNT) };
    let untrusted = attempt_at(&mut caller, endpoint_of(stranger.endpoint(ACCOUNT).url)).await;
    assert_eq!(untrusted.outcome(), Outcome::Tls);
    assert!(untrusted.error_message.contains("not trusted"), "{}", untrusted.error_message);

    // Longer than a resolver that nobody answers takes to give up.
    let nowhere = Endpoint {
        request_timeout: Some(seconds(30)),
        ..endpoint_of("https://hooks.bookora.invalid/".to_owned())
    };
    let unresolved = attempt_at(&mut caller, nowhere).await;
    assert_eq!(unresolved.outcome(), Outcome::Dns);
    assert!(unresolved.error_message.contains("resolve"), "{}", unresolved.error_message);
    for attempt in [closed, untrusted, unresolved] {
        assert_eq!(attempt.first_byte_latency, None);
        assert_eq!((&attempt.response_headers, &attempt.response_body), (&vec![], &vec![]));
        assert!(!attempt.response_body_truncated);
    }
}

fn time(part: Option<prost_types::Duration>) -> Duration {
    part.expect("it is set").try_into().expect("it is not negative")
}

#[tokio::test]
async fn the_parts_of_the_latency_make_up_the_whole() {
    let (service, mut caller, party) = started().await;
    party.register(&service, party.endpoint(ACCOUNT)).await;
    let first = delivered(&mut caller, EventType::ReviewCreated, State::Succeeded).await;
    let first = first.last_attempt.expect("there was one");
    // An address was asked for, not a name.
    assert_eq!(first.dns_latency, None);
    let parts = [first.connect_latency, first.tls_latency, first.first_byte_latency].map(time);
    assert!(parts.iter().all(|part| *part > Duration::ZERO), "{parts:?}");
    // Each is kept to the microsecond.
    let (sum, whole) = (parts.iter().sum::<Duration>(), time(first.latency));
    assert!(sum <= whole + Duration::from_micros(3), "{parts:?} of {whole:?}");
    assert!(nanos(first.start_time) > 0);
    assert_eq!(first.remote_address, party.receiver.address.to_string());

    let kept_open = eventually("an open connection is used again", async || {
        let next = delivered(&mut caller, EventType::ReviewCreated, State::Succeeded).await;
        next.last_attempt.filter(|attempt| attempt.connect_latency.is_none())
    })
    .await;
    assert_eq!((kept_open.dns_latency, kept_open.tls_latency), (None, None));
    assert_eq!(kept_open.remote_address, first.remote_address);
    assert!(time(kept_open.first_byte_latency) <= time(kept_open.latency));
}

#[tokio::test]
async fn a_timeout_took_as_long_as_was_allowed() {
    let (_service, mut caller) = plain().await;
    let attempt = attempt_answered(&mut caller, "", Then::Silence).await;
    let took = time(attempt.latency);
    assert!((Duration::from_secs(1)..Duration::from_secs(10)).contains(&took), "{took:?}");
    assert!(time(attempt.connect_latency) < took);
    assert_eq!((attempt.tls_latency, attempt.first_byte_latency), (None, None));
}

fn answer(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_body_is_kept_up_to_16_kib_and_said_to_go_on_if_it_does() {
    let (_service, mut caller) = plain().await;
    let body: Vec<u8> = (0..=u8::MAX).cycle().take(1024 * 1024).collect();
    for (length, is_truncated) in [
        (0, false),
        (1, false),
        (BODY_BYTES_MAX - 1, false),
        (BODY_BYTES_MAX, false),
        (BODY_BYTES_MAX + 1, true),
        (body.len(), true),
    ] {
        let attempt = attempt_answered(&mut caller, answer(&body[..length]), Then::Close).await;
        assert_eq!(attempt.outcome(), Outcome::Succeeded);
        assert_eq!(attempt.response_body, body[..length.min(BODY_BYTES_MAX)], "{length} bytes");
        assert_eq!(attempt.response_body_truncated, is_truncated, "{length} bytes");
    }
}

/// A 2xx head acknowledges, whatever becomes of the body.
#[tokio::test]
async fn a_body_that_does_not_arrive_whole_is_kept_as_far_as_it_came() {
    let (_service, mut caller) = plain().await;
    let whole = answer(b"as far as it came");
    let cut = &whole[..whole.len() - 5];
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nc\r\nas far as it\r\n";
    for (bytes, then) in
        [(cut, Then::Silence), (cut, Then::Close), (chunked, Then::Silence), (chunked, Then::Close)]
    {
        let attempt = attempt_answered(&mut caller, bytes, then).await;
        assert_eq!((attempt.outcome(), attempt.http_status), (Outcome::Succeeded, 200));
        assert_eq!(attempt.response_body, b"as far as it");
        assert!(attempt.response_body_truncated, "then {then:?}");
    }
    // Without a length the end of the connection is the end of the body.
    let open_ended = b"HTTP/1.1 500 Oh\r\n\r\nas far as it";
    let attempt = attempt_answered(&mut caller, open_ended, Then::Close).await;
    assert_eq!(
        (attempt.response_body.as_slice(), attempt.response_body_truncated),
        (&b"as far as it"[..], false)
    );
}

#[tokio::test]
async fn headers_are_kept_within_their_limits_in_the_order_they_came() {
    let (_service, mut caller) = plain().await;
    let head = b"HTTP/1.1 200 OK\r\nX-Text: a b\r\nX-Twice: 1\r\nX-Raw: \xff\xfe\r\nx-twice: 2\r\n\
        X-Empty:\r\nContent-Length: 0\r\n\r\n";
    let attempt = attempt_answered(&mut caller, head, Then::Close).await;
    let header =
        |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
    let mut expected = [
        header("x-text", "a b"),
        header("x-twice", "1"),
        header("x-twice", "2"),
        header("x-raw", "\u{fffd}\u{fffd}"),
        header("x-empty", ""),
        header("content-length", "0"),
    ];
    let mut kept = attempt.response_headers;
    expected.sort_by(|one, other| (&one.name, &one.value).cmp(&(&other.name, &other.value)));
    kept.sort_by(|one, other| (&one.name, &one.value).cmp(&(&other.name, &other.value)));
    assert_eq!(kept, expected);

    for (count, bytes) in [(90, 1), (60, 500), (3, 4_096), (1, 20_000)] {
        let value = "v".repeat(bytes);
        let headers = (0..count).map(|index| format!("x-{index}: {value}\r\n"));
        let headers: String = headers.collect();
        let head = format!("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n{headers}\r\n");
        let attempt = attempt_answered(&mut caller, head, Then::Close).await;
        assert_eq!(attempt.http_status, 500);
        let kept = &attempt.response_headers;
        let kept_bytes: usize = kept.iter().map(|kept| kept.name.len() + kept.value.len()).sum();
        assert!(kept.len() <= HEADERS_MAX && kept_bytes <= HEADERS_BYTES_MAX, "{count} of {bytes}");
        let fitting = (HEADERS_BYTES_MAX / (bytes + 5)).min(HEADERS_MAX).min(count);
        assert!(kept.len() >= fitting, "{} of {count} with {bytes} bytes", kept.len());
    }
}

#[tokio::test]
async fn attempts_are_listed_by_number_on_pages_of_any_size() {
    let receivers = Receivers::new();
    let party = receivers.start(3).await;
    let service = Service::start(&[&receivers.ca_argument()]);
    let mut caller = Caller::new(&service).await;
    let retry_schedule = vec![seconds(1); 3];
    party.register(&service, Endpoint { retry_schedule, ..party.endpoint(ACCOUNT) }).await;
    let delivery = delivered(&mut caller, EventType::ReviewCreated, State::Succeeded).await;
    let whole = pages(&mut caller, attempts_of(&delivery)).await;
    assert_eq!(whole.len(), 1);
    let whole = whole.concat();
    let told: Vec<_> = whole
        .iter()
        .map(|attempt| (attempt.number, attempt.http_status, attempt.outcome()))
        .collect();
    let refused = |number| (number, 503, Outcome::HttpStatus);
    assert_eq!(told, [refused(1), refused(2), refused(3), (4, 204, Outcome::Succeeded)]);
    assert!(whole.is_sorted_by_key(|attempt| nanos(attempt.start_time)));
    // A retry comes a second after the attempt before, give or take a fifth.
    for pair in whole.windows(2) {
        let wait = nanos(pair[1].start_time) - nanos(pair[0].start_time);
        assert!(wait >= 800_000_000, "{wait} ns");
    }
    for (page_size, sizes) in
        [(1, vec![1; 4]), (3, vec![3, 1]), (4, vec![4]), (51, vec![4]), (i32::MAX, vec![4])]
    {
        let request = ListAttemptsRequest { page_size, ..attempts_of(&delivery) };
        let pages = pages(&mut caller, request).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{page_size}");
        assert_eq!(pages.concat(), whole);
    }
}

#[tokio::test]
async fn a_delivery_that_was_not_sent_yet_has_no_attempts() {
    let (_service, mut caller) = plain().await;
    let receiver = Answering::start(Vec::new(), Then::Silence).await;
    let request_timeout = Some(seconds(30));
    caller.register(Endpoint { request_timeout, ..receiver.endpoint() }).await;
    let delivery = delivered(&mut caller, EventType::ReviewCreated, State::Pending).await;
    assert_eq!((delivery.attempt_count, &delivery.last_attempt), (0, &None));
    assert_eq!(delivery.next_attempt_time, delivery.create_time);
    assert_eq!(pages(&mut caller, attempts_of(&delivery)).await, [vec![]]);
}

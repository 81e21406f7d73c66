//! What is sent, and what the answers to it mean.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::{Mutex, mpsc};

use super::receiver::{OK, Receiver, read_request, read_to_end};
use super::sender::{BODY, Sender, message};
use crate::domain::attempt::{Outcome, RESPONSE_HEADERS_MAX, ResponseHeader};
use crate::domain::retry_after::RetryAfter;
use crate::webhook::signature::{verify_bookora, verify_standard};

#[tokio::test]
async fn the_request_is_as_documented_and_both_signatures_verify() {
    let (seen, mut requests) = mpsc::channel(1);
    let receiver = Receiver::start(move |mut tcp| {
        let seen = seen.clone();
        async move {
            let request = read_request(&mut tcp).await.unwrap();
            tcp.write_all(OK.as_bytes()).await.unwrap();
            seen.send(request).await.unwrap();
        }
    })
    .await;
    let sender = Sender::new();
    let exchange = sender.post(&receiver.url("/hook?a=b")).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded);

    let (head, body) = requests.recv().await.unwrap();
    let lines: Vec<&str> = head.trim_end().lines().collect();
    let value = |name: &str| {
        let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    assert_eq!(lines[0], "POST /hook?a=b HTTP/1.1");
    assert_eq!(value("host"), receiver.address.to_string());
    assert_eq!(value("content-type"), "application/json");
    assert_eq!(value("content-length"), BODY.len().to_string());
    let agent = concat!("Bookora-Webhooks/", env!("CARGO_PKG_VERSION"));
    assert_eq!(value("user-agent"), agent);
    assert_eq!(value("x-bookora-event"), "booking.created");
    assert!(value("x-bookora-delivery").starts_with("dlv_"));
    assert_eq!(value("x-bookora-attempt"), "2");
    assert_eq!(value("webhook-timestamp"), "1781087400");
    assert!(value("traceparent").starts_with("00-"));
    assert_eq!(value("accept-encoding"), "identity");
    assert_eq!(value("authorization"), "Bearer token");
    assert_eq!(value("x-tenant"), "a b");
    assert_eq!(lines.len(), 1 + 11 + 2 + ["host", "content-length"].len(), "{head}");

    assert_eq!(body, BODY);
    assert!(verify_bookora(&sender.secret, &body, value("x-bookora-signature")));
    let (id, timestamp) = (value("webhook-id"), value("webhook-timestamp"));
    assert!(verify_standard(&sender.secret, id, timestamp, &body, value("webhook-signature")));
}

#[tokio::test]
async fn any_2xx_acknowledges_and_the_answer_is_kept() {
    for status in ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Odd"] {
        let length = if status.starts_with("204") { "" } else { "content-length: 2\r\n" };
        let body = if status.starts_with("204") { "" } else { "ok" };
        let answer = format!("HTTP/1.1 {status}\r\nx-b: \u{e9}\r\nX-A: 1\r\n{length}\r\n{body}");
        let receiver = Receiver::answering(answer).await;
        let exchange = Sender::new().post(&receiver.url("/")).await;
        assert_eq!((exchange.outcome, exchange.error_message), (Outcome::Succeeded, None));
        assert_eq!(exchange.remote_address, Some(receiver.address.to_string()));
        let response = exchange.response.unwrap();
        assert_eq!(response.status.to_string(), status[..3]);
        assert_eq!(response.body, body.as_bytes());
        assert!(!response.body_truncated);
        let header =
            |name: &str, value: &str| ResponseHeader { name: name.into(), value: value.into() };
        assert_eq!(response.headers[..2], [header("x-b", "\u{e9}"), header("x-a", "1")]);
    }
}

#[tokio::test]
async fn every_other_status_fails_and_is_told() {
    for (status, told) in [
        ("400 Whatever", "the receiver answered 400 Bad Request"),
        ("410 Gone", "the receiver answered 410 Gone"),
        ("500 s3cret", "the receiver answered 500 Internal Server Error"),
        ("304 Not Modified", "the receiver answered 304 Not Modified; redirects are not followed"),
        ("799 Odd", "the receiver answered 799 (not a registered status)"),
        ("101 Switching Protocols", "the receiver answered 101 Switching Protocols"),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        let receiver = Receiver::answering(answer).await;
        let exchange = Sender::new().post(&receiver.url("/")).await;
        assert_eq!(exchange.outcome, Outcome::HttpStatus, "{status}");
        assert_eq!(message(&exchange), told);
        assert_eq!(exchange.response.unwrap().status.to_string(), status[..3]);
    }
}

#[tokio::test]
async fn a_retry_after_is_read_behind_more_headers_than_are_kept() {
    let many = "x-filler: 1\r\n".repeat(80);
    let seconds = |seconds| Some(RetryAfter::Delay(Duration::from_secs(seconds)));
    for (lines, expected) in [
        ("retry-after: 120\r\n", seconds(120)),
        ("Retry-After:\t7 \r\n", seconds(7)),
        ("retry-after: 1e30\r\n", None),
        ("retry-after: 1\r\nretry-after: 1\r\n", None),
        ("retry-after: \u{e9}\r\n", None),
        ("", None),
    ] {
        let head = format!("HTTP/1.1 503 Busy\r\n{many}{lines}content-length: 0\r\n\r\n");
        let receiver = Receiver::answering(head).await;
        let response = Sender::new().post(&receiver.url("/")).await.response.unwrap();
        assert_eq!(response.headers.len(), RESPONSE_HEADERS_MAX);
        assert_eq!(response.retry_after, expected, "{lines:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Receiver::answering(OK).await;
    for status in ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"] {
        for location in [target.url("/"), "http://169.254.169.254/latest/meta-data/".to_owned()] {
            let answer =
                format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            let receiver = Receiver::answering(answer).await;
            let exchange = Sender::new().post(&receiver.url("/")).await;
            assert_eq!(exchange.outcome, Outcome::HttpStatus);
            assert!(message(&exchange).ends_with("redirects are not followed"));
        }
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn http_1_0_and_a_body_that_ends_with_the_connection_are_understood() {
    let receiver = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(b"HTTP/1.0 200 OK\r\n\r\nuntil the end").await.unwrap();
    })
    .await;
    let exchange = Sender::new().post(&receiver.url("/")).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded);
    let response = exchange.response.unwrap();
    assert_eq!((&response.body[..], response.body_truncated), (&b"until the end"[..], false));
}

#[tokio::test]
async fn an_attempt_that_opens_a_connection_reports_its_parts_and_the_next_its_address_alone() {
    let receiver = Receiver::answering(OK).await;
    let sender = Sender::new();
    let first = sender.post(&receiver.url("/")).await;
    assert!(first.timing.connect.is_some() && first.timing.first_byte.is_some());
    assert_eq!((first.timing.dns, first.timing.tls), (None, None));
    assert!(first.timing.total >= first.timing.first_byte.unwrap());

    let second = sender.post(&receiver.url("/")).await;
    assert_eq!(second.outcome, Outcome::Succeeded);
    assert_eq!((second.timing.dns, second.timing.connect, second.timing.tls), (None, None, None));
    assert!(second.timing.first_byte.is_some());
    assert_eq!(second.remote_address, first.remote_address);
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_the_receiver_closed_is_replaced() {
    let (closed, mut closings) = mpsc::channel(1);
    let receiver = Receiver::after_request(move |mut tcp| {
        let closed = closed.clone();
        async move {
            tcp.write_all(OK.as_bytes()).await.unwrap();
            tcp.shutdown().await.unwrap();
            read_to_end(&mut tcp).await;
            let _ = closed.send(()).await;
        }
    })
    .await;
    let sender = Sender::new();
    for connections in 1..=3 {
        let exchange = sender.post(&receiver.url("/")).await;
        assert_eq!(exchange.outcome, Outcome::Succeeded, "{exchange:?}");
        assert_eq!(receiver.connections(), connections);
        closings.recv().await.unwrap();
    }
}

#[tokio::test]
async fn attempts_at_the_same_time_do_not_wait_for_each_other() {
    let gate = Arc::new(Mutex::new(()));
    let closed_gate = gate.clone().lock_owned().await;
    let receiver = Receiver::after_request(move |mut tcp| {
        let gate = gate.clone();
        async move {
            let _open = gate.lock().await;
            tcp.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let sender = Sender::new();
    let url = receiver.url("/");
    let all_connected = async {
        while receiver.connections() < 3 {
            tokio::task::yield_now().await;
        }
        drop(closed_gate);
    };
    let (a, b, c, ()) =
        tokio::join!(sender.post(&url), sender.post(&url), sender.post(&url), all_connected);
    for exchange in [a, b, c] {
        assert_eq!(exchange.outcome, Outcome::Succeeded);
    }
}

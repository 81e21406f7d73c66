//! Receivers that stall, flood, break off or talk nonsense: each ends by the deadline and within
//! the limits.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};

use super::receiver::{Receiver, read_to_end, say_nothing, write_endlessly};
use super::sender::{PATIENT, SHORT, Sender, message};
use crate::domain::attempt::{
    Exchange, Outcome, RESPONSE_BODY_BYTES_MAX, RESPONSE_HEADERS_BYTES_MAX, RESPONSE_HEADERS_MAX,
};
use crate::webhook::response::HEAD_LINES_MAX;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n";

async fn answer(bytes: impl Into<Vec<u8>>) -> Exchange {
    let bytes: Bytes = bytes.into().into();
    let receiver = Receiver::after_request(move |mut tcp| {
        let bytes = bytes.clone();
        async move {
            let _ = tcp.write_all(&bytes).await;
            say_nothing(tcp).await;
        }
    })
    .await;
    Sender::new().post(&receiver.url("/")).await
}

async fn drip(mut tcp: TcpStream, bytes: &[u8]) {
    let mut pace = interval(Duration::from_millis(10));
    for byte in bytes.iter().cycle() {
        pace.tick().await;
        if tcp.write_all(&[*byte]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let receiver = Receiver::start(say_nothing).await;
    let exchange = Sender::new().post_within(&receiver.url("/"), SHORT).await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
    assert_eq!(message(&exchange), "no response within 0.3 s");
    assert_eq!(exchange.remote_address, Some(receiver.address.to_string()));
    assert!(exchange.timing.total >= SHORT && exchange.timing.connect.is_some());
    assert_eq!((exchange.timing.first_byte, exchange.response), (None, None));
}

#[tokio::test]
async fn a_head_that_drips_ends_at_the_deadline() {
    let receiver = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(HEAD).await.unwrap();
        drip(tcp, b"x-a: 1\r\n").await;
    })
    .await;
    let exchange = Sender::new().post_within(&receiver.url("/"), SHORT).await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
}

#[tokio::test]
async fn a_flood_of_informational_heads_is_ended() {
    for head in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n"] {
        let flood = head.repeat(1_000);
        let receiver = Receiver::after_request(move |tcp| {
            let flood = flood.clone();
            async move { write_endlessly(tcp, flood.as_bytes()).await }
        })
        .await;
        let exchange = Sender::new().post(&receiver.url("/")).await;
        assert_eq!(exchange.outcome, Outcome::Protocol);
        assert_eq!(message(&exchange), "more than 64 informational heads (1xx), no response");
    }
}

#[tokio::test]
async fn as_many_informational_heads_as_are_allowed_change_nothing() {
    let heads = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(64);
    let exchange = answer(format!("{heads}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded, "{exchange:?}");
}

#[tokio::test]
async fn a_head_beyond_the_limits_is_refused() {
    let one_too_many = "x-a: 1\r\n".repeat(HEAD_LINES_MAX + 1);
    let lines = "x-a: 1\r\n".repeat(1_000);
    let large = format!("x-a: {}\r\n", "a".repeat(1 << 20));
    for head in [one_too_many, lines, large] {
        let exchange = answer(format!("HTTP/1.1 200 OK\r\n{head}\r\n")).await;
        assert_eq!(exchange.outcome, Outcome::Protocol);
        assert_eq!(message(&exchange), "response head larger than 64 KiB or 100 lines");
    }
    let receiver = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(b"HTTP/1.1 200 OK\r\nx-a: ").await.unwrap();
        write_endlessly(tcp, &[b'a'; 4096]).await;
    })
    .await;
    let exchange = Sender::new().post(&receiver.url("/")).await;
    assert_eq!(exchange.outcome, Outcome::Protocol);
}

#[tokio::test]
async fn what_is_kept_of_a_head_is_limited() {
    let lines = "x-a: a\r\n".repeat(80);
    let exchange = answer(format!("HTTP/1.1 200 OK\r\n{lines}content-length: 0\r\n\r\n")).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded);
    assert_eq!(exchange.response.unwrap().headers.len(), RESPONSE_HEADERS_MAX);

    let line = format!("x-a: {}\r\n", "a".repeat(1_000)).repeat(20);
    let exchange = answer(format!("HTTP/1.1 200 OK\r\n{line}content-length: 0\r\n\r\n")).await;
    let headers = exchange.response.unwrap().headers;
    assert_eq!(headers.len(), RESPONSE_HEADERS_BYTES_MAX / 1_003);
}

#[tokio::test]
async fn an_endless_body_acknowledges_at_once_and_is_cut() {
    let receiver = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        write_endlessly(tcp, &[b'a'; 4096]).await;
    })
    .await;
    let exchange = Sender::new().post(&receiver.url("/")).await;
    assert_eq!((exchange.outcome, exchange.error_message), (Outcome::Succeeded, None));
    let response = exchange.response.unwrap();
    assert_eq!(response.body.len(), RESPONSE_BODY_BYTES_MAX);
    assert!(response.body_truncated);
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_whole() {
    let body = "a".repeat(RESPONSE_BODY_BYTES_MAX);
    for (length, cut) in [(body.len(), false), (body.len() + 1, true)] {
        let exchange =
            answer(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}a")).await;
        let response = exchange.response.unwrap();
        assert_eq!((response.body.len(), response.body_truncated), (body.len(), cut));
    }
}

#[tokio::test]
async fn a_body_that_stalls_drips_or_breaks_off_changes_nothing_but_is_told() {
    let stalls = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await.unwrap();
        say_nothing(tcp).await;
    });
    let drips = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\nabc").await.unwrap();
        drip(tcp, b"a").await;
    });
    let closes = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await.unwrap();
    });
    let resets = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await.unwrap();
        tcp.set_zero_linger().unwrap();
    });
    let babbles = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz")
            .await
            .unwrap();
        say_nothing(tcp).await;
    });
    let (stalls, drips, closes, resets, babbles) =
        tokio::join!(stalls, drips, closes, resets, babbles);
    for receiver in [stalls, drips, closes, resets, babbles] {
        let exchange = Sender::new().post_within(&receiver.url("/"), SHORT).await;
        assert_eq!((exchange.outcome, exchange.error_message), (Outcome::Succeeded, None));
        let response = exchange.response.unwrap();
        assert!(response.body_truncated);
        assert!(exchange.timing.total <= SHORT);
    }
}

#[tokio::test]
async fn what_is_not_http_is_told_as_such() {
    for nonsense in [
        &b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x46\x00\x00\x00\x00\x00",
        b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
    ] {
        let exchange = answer(nonsense).await;
        assert_eq!(exchange.outcome, Outcome::Protocol, "{}", nonsense.escape_ascii());
        assert!(message(&exchange).starts_with("what was answered is not HTTP: "), "{exchange:?}");
    }
}

#[tokio::test]
async fn an_answer_before_the_request_is_no_success() {
    let receiver = Receiver::start(|mut tcp| async move {
        let _ = tcp.write_all(b"220 mail.example ESMTP ready\r\n").await;
        read_to_end(&mut tcp).await;
    })
    .await;
    let exchange = Sender::new().post(&receiver.url("/")).await;
    assert!(matches!(exchange.outcome, Outcome::Protocol | Outcome::Connect), "{exchange:?}");
}

#[tokio::test]
async fn a_connection_that_ends_before_the_head_is_told_as_such() {
    let at_once = Receiver::start(|tcp| async move { drop(tcp) }).await;
    let before_head = Receiver::after_request(|tcp| async move { drop(tcp) }).await;
    let in_head = Receiver::after_request(|mut tcp| async move {
        tcp.write_all(HEAD).await.unwrap();
    })
    .await;
    let reset = Receiver::after_request(|tcp| async move { tcp.set_zero_linger().unwrap() }).await;
    for receiver in [at_once, before_head, in_head, reset] {
        let exchange = Sender::new().post(&receiver.url("/")).await;
        assert_eq!(exchange.outcome, Outcome::Connect, "{exchange:?}");
        assert!(message(&exchange).ends_with(" before the response"), "{exchange:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_told_as_such() {
    let receiver = Receiver::answering("").await;
    let url = receiver.url("/");
    receiver.stop().await;
    let exchange = Sender::new().post(&url).await;
    assert_eq!(exchange.outcome, Outcome::Connect);
    assert_eq!(message(&exchange), "connection refused");
    assert_eq!((exchange.remote_address, exchange.timing.connect), (None, None));
}

#[tokio::test]
async fn a_connection_is_let_go_when_its_attempt_is_over() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\n\r\nabc",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n too much",
    ] {
        let (ended, mut endings) = mpsc::channel(1);
        let receiver = Receiver::after_request(move |mut tcp| {
            let ended = ended.clone();
            async move {
                tcp.write_all(answer.as_bytes()).await.unwrap();
                read_to_end(&mut tcp).await;
                let _ = ended.send(()).await;
            }
        })
        .await;
        Sender::new().post_within(&receiver.url("/"), SHORT).await;
        let ended = timeout(PATIENT, endings.recv()).await;
        assert!(ended.is_ok(), "still open after {answer:?}");
    }
}

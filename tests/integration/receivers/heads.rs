//! Heads that come late, slowly, or without an end.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::interval;

use super::matrix::{Expected, Matrix, NO_RESPONSE, SUCCEEDS, TOO_LARGE, either, status};
use super::receiver::{Receiver, say_nothing, write_endlessly};
use bookora_webhooks::proto::attempt::Outcome;

/// A whole answer after the given beginning.
const OK_REST: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

const FLOOD: Expected =
    either(&[Outcome::Protocol], "more than 64 informational heads (1xx), no response");

/// Writes one byte each second, again and again.
pub async fn drip(mut tcp: TcpStream, bytes: &[u8]) {
    let mut second = interval(Duration::from_secs(1));
    for byte in bytes.iter().cycle() {
        second.tick().await;
        if tcp.write_all(&[*byte]).await.is_err() {
            return;
        }
    }
}

/// Adds the rows.
pub async fn add(matrix: &mut Matrix) {
    matrix.http("silent, reads nothing", NO_RESPONSE, Receiver::start(say_nothing).await);
    matrix.after_request("silent after the request", NO_RESPONSE, say_nothing).await;
    matrix
        .after_request("one byte of head per second", NO_RESPONSE, |tcp| async move {
            drip(tcp, b"HTTP/1.1 200 OK\r\nx-a: 1\r\n").await;
        })
        .await;
    matrix
        .after_request("a head that stops in its middle", NO_RESPONSE, |mut tcp| async move {
            let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nx-a: ").await;
            say_nothing(tcp).await;
        })
        .await;
    for (name, beginning, endless) in [
        ("an endless head of lines", "HTTP/1.1 200 OK\r\n", "x-a: 1\r\n"),
        ("an endless header value", "HTTP/1.1 200 OK\r\nx-a: ", "aaaaaaaa"),
        ("an endless header name", "HTTP/1.1 200 OK\r\n", "aaaaaaaa"),
        ("an endless reason", "HTTP/1.1 200 ", "OK OK OK "),
    ] {
        let endless = endless.repeat(1_000);
        matrix
            .after_request(name, TOO_LARGE, move |mut tcp| {
                let endless = endless.clone();
                async move {
                    let _ = tcp.write_all(beginning.as_bytes()).await;
                    write_endlessly(tcp, endless.as_bytes()).await;
                }
            })
            .await;
    }
    add_sizes(matrix).await;
    add_informational(matrix).await;
}

async fn add_sizes(matrix: &mut Matrix) {
    let with = |headers: &str| format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n");
    let large = with(&format!("x-a: {}\r\n", "a".repeat(1 << 20)));
    matrix.answers("a header of 1 MiB", TOO_LARGE, large).await;
    matrix.answers("1,000 headers", TOO_LARGE, with(&"x-a: 1\r\n".repeat(1_000))).await;
    matrix.answers("101 headers", TOO_LARGE, with(&"x-a: 1\r\n".repeat(100))).await;
    matrix.answers("100 headers", SUCCEEDS, with(&"x-a: 1\r\n".repeat(99))).await;
    let fits = with(&format!("x-a: {}\r\n", "a".repeat(60_000)));
    matrix.answers("a header of 60 KB", SUCCEEDS, fits).await;
    let cookies = with(&"set-cookie: a=b; Path=/; HttpOnly\r\n".repeat(50));
    matrix.answers("50 cookies", SUCCEEDS, cookies).await;
}

async fn add_informational(matrix: &mut Matrix) {
    for (name, head) in [
        ("a flood of 100 Continue", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("a flood of 102 Processing", "HTTP/1.1 102 Processing\r\n\r\n"),
        ("a flood of 103 Early Hints", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
    ] {
        let flood = head.repeat(500);
        matrix
            .after_request(name, FLOOD, move |tcp| {
                let flood = flood.clone();
                async move { write_endlessly(tcp, flood.as_bytes()).await }
            })
            .await;
    }
    for line in ["100 Continue", "102 Processing", "103 Early Hints", "199 Odd"] {
        let answer = format!("HTTP/1.1 {line}\r\n\r\n{OK_REST}");
        matrix.answers(&format!("{line}, then 200"), SUCCEEDS, answer).await;
    }
    let only = "HTTP/1.1 100 Continue\r\n\r\n";
    matrix.answers("100 Continue and no more", NO_RESPONSE, only).await;
    let upgrade = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
    let told = status("answered 101 Switching Protocols");
    matrix.answers("101 Switching Protocols", told, upgrade).await;
    // It counts where it is read after the request was written; a kept connection then goes silent.
    let early =
        either(&[Outcome::Succeeded, Outcome::Protocol, Outcome::Connect, Outcome::Timeout], "");
    let receiver = Receiver::start(|mut tcp| async move {
        let _ = tcp.write_all(OK_REST.as_bytes()).await;
        say_nothing(tcp).await;
    });
    matrix.http("200 before the request", early, receiver.await);
}

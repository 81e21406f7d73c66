//! HTTP/2 over TLS, frame by frame: resets, floods, stalls and what breaks the protocol.

use std::sync::Arc;

use bookora_webhooks::proto::attempt::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::matrix::{Expected, Matrix, NOT_HTTP_2, SUCCEEDS, TOO_LARGE, either, status};
use super::receiver::{read_to_end, say_nothing, write_endlessly};

const PREFACE_BYTES: usize = 24;
/// `:status` 200, 204, 400 and 500 in HPACK's static table (RFC 7541, appendix A).
const OK: u8 = 0x88;
const NO_CONTENT: u8 = 0x89;
const BAD_REQUEST: u8 = 0x8c;
const SERVER_ERROR: u8 = 0x8e;
/// The one stream of a connection's first request.
const STREAM: u32 = 1;

/// Types of frames (RFC 9113, section 6).
mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
    pub const UNKNOWN: u8 = 0xbe;
}
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Ended by the receiver, in one way or another.
const ENDED: Expected = either(&[Outcome::Connect], " before the response");

/// No answer; on a kept connection that stays silent, in the end no answer to a ping either.
const SILENT: Expected = either(&[Outcome::Timeout, Outcome::Connect], "no response within 2 s");

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame =
        u32::try_from(payload.len()).expect("a small frame").to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn setting(id: u16, value: u32) -> Vec<u8> {
    [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()
}

/// The last stream that was taken, and the reason.
fn go_away(last: u32, reason: u32) -> Vec<u8> {
    frame(kind::GOAWAY, 0, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat())
}

fn reset(reason: u32) -> Vec<u8> {
    frame(kind::RST_STREAM, 0, STREAM, &reason.to_be_bytes())
}

fn head(status: u8, flags: u8) -> Vec<u8> {
    frame(kind::HEADERS, flags, STREAM, &[status])
}

/// A header of HPACK in plain letters, not to be indexed.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).expect("a short text");
    let mut literal = vec![0, length(name)];
    literal.extend(name.bytes());
    literal.push(length(value));
    literal.extend(value.bytes());
    literal
}

/// Reads until a request's head has come; `None` where the connection ended.
async fn read_head(tls: &mut TlsStream<TcpStream>) -> Option<u32> {
    loop {
        let mut head = [0; 9];
        tls.read_exact(&mut head).await.ok()?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        tls.read_exact(&mut vec![0; length]).await.ok()?;
        if head[3] == kind::HEADERS {
            return Some(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
        }
    }
}

/// The same frames for another stream than the first.
fn on_stream(frames: &[u8], stream: u32) -> Vec<u8> {
    let mut frames = frames.to_vec();
    let mut at = 0;
    while stream != STREAM && at + 9 <= frames.len() {
        if frames[at + 5..at + 9] == STREAM.to_be_bytes() {
            frames[at + 5..at + 9].copy_from_slice(&stream.to_be_bytes());
        }
        at += 9 + u32::from_be_bytes([0, frames[at], frames[at + 1], frames[at + 2]]) as usize;
    }
    frames
}

async fn greet(tls: &mut TlsStream<TcpStream>, settings: &[u8]) -> Option<()> {
    tls.write_all(&frame(kind::SETTINGS, 0, 0, settings)).await.ok()?;
    tls.read_exact(&mut [0; PREFACE_BYTES]).await.ok()?;
    Some(())
}

impl Matrix {
    /// A receiver that greets with these settings and answers each request's head with these
    /// bytes.
    async fn frames(&mut self, name: &str, expected: Expected, settings: &[u8], frames: Vec<u8>) {
        let (settings, frames): (Arc<[u8]>, Arc<[u8]>) = (settings.into(), frames.into());
        let acceptor = self.authority.acceptor(&["h2"]);
        self.secure(&format!("HTTP/2: {name}"), expected, acceptor, move |mut tls| {
            let (settings, frames) = (Arc::clone(&settings), Arc::clone(&frames));
            async move {
                if greet(&mut tls, &settings).await.is_none() {
                    return;
                }
                while let Some(stream) = read_head(&mut tls).await {
                    let _ = tls.write_all(&on_stream(&frames, stream)).await;
                    let _ = tls.flush().await;
                }
                read_to_end(&mut tls).await;
            }
        })
        .await;
    }

    /// A receiver that reads a request's head, writes a beginning, then a piece without an end.
    async fn flood(&mut self, name: &str, expected: Expected, beginning: Vec<u8>, piece: &[u8]) {
        let piece: Arc<[u8]> = piece.repeat(16_384 / piece.len() + 1).into();
        let beginning: Arc<[u8]> = beginning.into();
        let acceptor = self.authority.acceptor(&["h2"]);
        self.secure(&format!("HTTP/2: {name}"), expected, acceptor, move |mut tls| {
            let (beginning, piece) = (Arc::clone(&beginning), Arc::clone(&piece));
            async move {
                if greet(&mut tls, &[]).await.is_some() && read_head(&mut tls).await.is_some() {
                    let _ = tls.write_all(&beginning).await;
                    write_endlessly(tls, &piece).await;
                }
            }
        })
        .await;
    }
}

/// Adds the rows.
pub async fn add(matrix: &mut Matrix) {
    add_answers(matrix).await;
    add_endings(matrix).await;
    add_stalls(matrix).await;
    add_floods(matrix).await;
    add_violations(matrix).await;
}

async fn add_answers(matrix: &mut Matrix) {
    for (name, code, expected) in [
        ("200", OK, SUCCEEDS),
        ("204", NO_CONTENT, SUCCEEDS),
        ("400", BAD_REQUEST, status("answered 400 Bad Request")),
        ("500", SERVER_ERROR, status("answered 500 Internal Server Error")),
    ] {
        let acceptor = matrix.authority.acceptor(&["h2", "http/1.1"]);
        let behave = move |mut tls: TlsStream<TcpStream>| async move {
            if greet(&mut tls, &[]).await.is_none() {
                return;
            }
            while let Some(stream) = read_head(&mut tls).await {
                let answer = frame(kind::HEADERS, END_HEADERS | END_STREAM, stream, &[code]);
                let _ = tls.write_all(&answer).await;
                let _ = tls.flush().await;
            }
        };
        matrix.secure(&format!("HTTP/2: {name}"), expected, acceptor, behave).await;
    }
    let body = [head(OK, END_HEADERS), frame(kind::DATA, END_STREAM, STREAM, b"ok")].concat();
    matrix.frames("200 with a body", SUCCEEDS, &[], body).await;
    let early = frame(kind::HEADERS, END_HEADERS, STREAM, &literal(":status", "103"));
    let early = [early, head(OK, END_HEADERS | END_STREAM)].concat();
    matrix.frames("103, then 200", SUCCEEDS, &[], early).await;
}

async fn add_endings(matrix: &mut Matrix) {
    let reset_told =
        either(&[Outcome::Connect], "the receiver reset the request before the response: ");
    for (name, reason) in [
        ("REFUSED_STREAM", 7),
        ("CANCEL", 8),
        ("INTERNAL_ERROR", 2),
        ("ENHANCE_YOUR_CALM", 11),
        ("an unknown reason", 99),
    ] {
        matrix.frames(&format!("reset with {name}"), reset_told, &[], reset(reason)).await;
    }
    matrix.frames("reset with NO_ERROR", reset_told, &[], reset(0)).await;
    let after_head = [head(OK, END_HEADERS), reset(8)].concat();
    matrix.frames("reset after the head", SUCCEEDS, &[], after_head).await;
    for (name, last, reason) in
        [("leaves, the request not taken", 0, 0), ("leaves with ENHANCE_YOUR_CALM", 0, 11)]
    {
        let told =
            either(&[Outcome::Connect], "the receiver closed the connection before the response: ");
        matrix.frames(name, told, &[], go_away(last, reason)).await;
    }
    let taken = go_away(STREAM, 0);
    matrix.frames("leaves, the request taken, and is silent", SILENT, &[], taken.clone()).await;
    let failing = go_away(STREAM, 1);
    matrix.frames("leaves with PROTOCOL_ERROR, the request taken", SILENT, &[], failing).await;
    let answered = [taken, head(OK, END_HEADERS | END_STREAM)].concat();
    matrix.frames("leaves, and answers 200", SUCCEEDS, &[], answered).await;
    let acceptor = matrix.authority.acceptor(&["h2"]);
    matrix
        .secure("HTTP/2: closed after the greeting", ENDED, acceptor, |mut tls| async move {
            let _ = greet(&mut tls, &[]).await;
        })
        .await;
}

async fn add_stalls(matrix: &mut Matrix) {
    let acceptor = matrix.authority.acceptor(&["h2"]);
    matrix.secure("HTTP/2: no greeting", SILENT, acceptor, say_nothing).await;
    matrix.frames("silent after the request", SILENT, &[], Vec::new()).await;
    // SETTINGS_INITIAL_WINDOW_SIZE, SETTINGS_MAX_CONCURRENT_STREAMS.
    matrix.frames("no window for the body", SILENT, &setting(4, 0), Vec::new()).await;
    matrix.frames("no streams allowed", SILENT, &setting(3, 0), Vec::new()).await;
    matrix.frames("a body that never begins", SUCCEEDS, &[], head(OK, END_HEADERS)).await;
    let zero_window = [frame(kind::SETTINGS, 0, 0, &setting(4, 0)), head(OK, END_HEADERS)].concat();
    matrix.frames("200 while the body is held back", SUCCEEDS, &setting(4, 1), zero_window).await;
    let begun = frame(kind::HEADERS, 0, STREAM, &[OK]);
    // The next request may meet the same connection, where another head breaks the protocol.
    let unfinished = either(&[Outcome::Timeout, Outcome::Protocol, Outcome::Connect], "");
    matrix.frames("a head that is never finished", unfinished, &[], begun).await;
}

async fn add_floods(matrix: &mut Matrix) {
    let ping = frame(kind::PING, 0, 0, &[0; 8]);
    let settings = frame(kind::SETTINGS, 0, 0, &setting(3, 100));
    let acknowledged = frame(kind::SETTINGS, 1, 0, &[]);
    let priority = frame(kind::PRIORITY, 0, STREAM, &[0, 0, 0, 3, 16]);
    let unknown = frame(kind::UNKNOWN, 0, 0, &[0; 64]);
    let window = frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
    let informational = frame(kind::HEADERS, END_HEADERS, STREAM, &literal(":status", "103"));
    let ended_or_silent = either(&[Outcome::Timeout, Outcome::Protocol, Outcome::Connect], "");
    for (name, piece) in [
        ("a flood of pings", &ping),
        ("a flood of settings", &settings),
        ("a flood of acknowledgements", &acknowledged),
        ("a flood of priorities", &priority),
        ("a flood of unknown frames", &unknown),
        ("a flood of window updates", &window),
        ("a flood of 103 Early Hints", &informational),
        ("a flood of empty settings", &frame(kind::SETTINGS, 0, 0, &[])),
    ] {
        matrix.flood(name, ended_or_silent, Vec::new(), piece).await;
    }
    let empty = frame(kind::DATA, 0, STREAM, &[]);
    // The next request may meet the same connection, where nobody reads any more.
    let first = either(&[Outcome::Succeeded, Outcome::Timeout, Outcome::Connect], "");
    matrix.flood("a flood of empty data", first, head(OK, END_HEADERS), &empty).await;
    let data = frame(kind::DATA, 0, STREAM, &[b'a'; 1_024]);
    matrix.flood("a flood of data", first, head(OK, END_HEADERS), &data).await;
    let begun = frame(kind::HEADERS, 0, STREAM, &[OK]);
    let continued = frame(kind::CONTINUATION, 0, STREAM, &literal("x-a", "1").repeat(64));
    matrix.flood("an endless head", NOT_HTTP_2, begun.clone(), &continued).await;
    let continued = frame(kind::CONTINUATION, 0, STREAM, &[]);
    matrix.flood("an endless head of nothing", NOT_HTTP_2, begun, &continued).await;
}

async fn add_violations(matrix: &mut Matrix) {
    let many = literal("x-a", "1").repeat(1_000);
    let many = frame(kind::HEADERS, END_HEADERS | END_STREAM, STREAM, &[&[OK], &many[..]].concat());
    matrix.frames("1,000 headers", TOO_LARGE, &[], many).await;
    let oversized = [&[0xff, 0xff, 0xff, kind::DATA, 0, 0, 0, 0, 1][..], &[0; 1_024]].concat();
    matrix.frames("a frame of 16 MiB", NOT_HTTP_2, &[], oversized).await;
    for (name, payload) in [
        ("a head that is no HPACK", vec![0xff; 16]),
        ("an index that HPACK does not have", vec![0xfe]),
    ] {
        let payload = frame(kind::HEADERS, END_HEADERS | END_STREAM, STREAM, &payload);
        matrix.frames(name, NOT_HTTP_2, &[], payload).await;
    }
    for (name, frames) in [
        ("a head without a status", frame(kind::HEADERS, 5, STREAM, &literal("x-a", "1"))),
        ("a status that is none", frame(kind::HEADERS, 5, STREAM, &literal(":status", "abc"))),
        ("a status of two digits", frame(kind::HEADERS, 5, STREAM, &literal(":status", "99"))),
        (
            "a header in capitals",
            frame(kind::HEADERS, 5, STREAM, &[&[OK], &literal("X-A", "1")[..]].concat()),
        ),
        (
            "a header of the connection",
            frame(kind::HEADERS, 5, STREAM, &[&[OK], &literal("connection", "close")[..]].concat()),
        ),
        (
            "a promise of a push",
            frame(kind::PUSH_PROMISE, END_HEADERS, STREAM, &[0, 0, 0, 2, 0x82]),
        ),
        ("data before a head", frame(kind::DATA, END_STREAM, STREAM, b"ok")),
        ("data on a stream nobody opened", frame(kind::DATA, END_STREAM, 99, b"ok")),
        ("a window that overflows", frame(kind::WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff])),
        ("a window update of nothing", frame(kind::WINDOW_UPDATE, 0, 0, &[0; 4])),
        ("a ping of seven bytes", frame(kind::PING, 0, 0, &[0; 7])),
        ("settings of five bytes", frame(kind::SETTINGS, 0, 0, &[0; 5])),
        ("a reset of a stream that is idle", frame(kind::RST_STREAM, 0, 99, &[0; 4])),
        ("a continuation of nothing", frame(kind::CONTINUATION, END_HEADERS, STREAM, &[OK])),
        (
            "HTTP/1.1 where HTTP/2 was agreed",
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
        ),
        ("zeros", vec![0; 4_096]),
        ("noise", (0..4_096_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect()),
    ] {
        matrix.frames(name, NOT_HTTP_2, &[], frames).await;
    }
}

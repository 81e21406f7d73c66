//! Bodies that do not end, do not come, or are not what they seem: the head has acknowledged.

use tokio::io::AsyncWriteExt;

use super::heads::drip;
use super::matrix::{Matrix, SUCCEEDS};
use super::receiver::{say_nothing, write_endlessly};

/// The beginning of a gzip stream of zeros: each zero byte that follows stands for about 1,000.
const GZIP_BOMB_HEAD: [u8; 24] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0xec, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf, 0xee, 8,
    10,
];
/// Bytes of the bomb that are sent: they unpack to about 1 GB.
const GZIP_BOMB_BYTES: usize = 1 << 20;

/// Heads that acknowledge and what goes on without an end after them.
const ENDLESS: [(&str, &str, &str); 5] = [
    ("an endless body", "\r\n", "aaaaaaaa"),
    ("an endless chunked body", "transfer-encoding: chunked\r\n\r\n", "8\r\naaaaaaaa\r\n"),
    ("an endless chunk extension", "transfer-encoding: chunked\r\n\r\n8;x=", "aaaaaaaa"),
    ("an endless chunk size", "transfer-encoding: chunked\r\n\r\n", "00000000"),
    ("endless trailers", "transfer-encoding: chunked\r\n\r\n0\r\n", "x-a: 1\r\n"),
];

/// Heads that acknowledge, and bodies that stop or make no sense.
const ODD: [(&str, &str); 14] = [
    ("a body that is too short for its length", "content-length: 9\r\n\r\nabc"),
    ("a body that is too long for its length", "content-length: 3\r\n\r\nabcdefghi"),
    ("a length of an exabyte", "content-length: 1000000000000000000\r\n\r\nabc"),
    (
        "a body in chunks with trailers",
        "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: 1\r\n\r\n",
    ),
    ("a chunk size that is garbage", "transfer-encoding: chunked\r\n\r\nxyz\r\nabc\r\n"),
    ("a negative chunk size", "transfer-encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n"),
    ("a chunk size that overflows", "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc"),
    ("a chunk of 16 EiB", "transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nabc"),
    ("a chunk that is shorter than its size", "transfer-encoding: chunked\r\n\r\n9\r\nabc"),
    (
        "a chunk that is longer than its size",
        "transfer-encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    ),
    ("chunks without the last", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    (
        "a length and chunks",
        "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    ("an unknown content encoding", "content-encoding: s3cret\r\ncontent-length: 3\r\n\r\nabc"),
    ("a body that is not UTF-8", "content-length: 4\r\n\r\n\u{00ff}\u{00fe}"),
];

/// Adds the rows.
pub async fn add(matrix: &mut Matrix) {
    for (name, beginning, endless) in ENDLESS {
        let endless = endless.repeat(1_000);
        matrix
            .after_request(name, SUCCEEDS, move |mut tcp| {
                let endless = endless.clone();
                async move {
                    let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\n").await;
                    let _ = tcp.write_all(beginning.as_bytes()).await;
                    write_endlessly(tcp, endless.as_bytes()).await;
                }
            })
            .await;
    }
    for (name, rest) in ODD {
        let answer = format!("HTTP/1.1 200 OK\r\n{rest}");
        matrix.answers(name, SUCCEEDS, &answer).await;
        matrix.answers_and_ends(&format!("{name}, then the end"), SUCCEEDS, answer).await;
    }
    matrix
        .after_request("one byte of body per second", SUCCEEDS, |mut tcp| async move {
            let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            drip(tcp, b"a").await;
        })
        .await;
    matrix
        .after_request("a body that never begins", SUCCEEDS, |mut tcp| async move {
            let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
            say_nothing(tcp).await;
        })
        .await;
    let mut bomb = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {GZIP_BOMB_BYTES}\r\n\r\n"
    )
    .into_bytes();
    bomb.extend(GZIP_BOMB_HEAD);
    bomb.resize(bomb.len() + GZIP_BOMB_BYTES - GZIP_BOMB_HEAD.len(), 0);
    matrix.answers("a gzip bomb", SUCCEEDS, bomb).await;
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 1 << 20);
    matrix.answers("a body of 1 MiB", SUCCEEDS, whole + &"a".repeat(1 << 20)).await;
}

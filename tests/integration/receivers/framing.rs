//! Answers that are HTTP/1.1 only nearly, or not at all.

use super::matrix::{CLOSED, Expected, Matrix, NOT_HTTP, SUCCEEDS};

/// What is understood although it is old, sloppy or odd.
const UNDERSTOOD: [(&str, &str); 13] = [
    ("HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok"),
    (
        "HTTP/1.0 that keeps the connection",
        "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok",
    ),
    (
        "HTTP/1.1 that closes the connection",
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
    ),
    ("no reason", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n"),
    ("an empty reason", "HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n"),
    ("a reason that is not ASCII", "HTTP/1.1 200 D\u{e9}j\u{e0} vu\r\ncontent-length: 0\r\n\r\n"),
    ("bare line feeds", "HTTP/1.1 200 OK\ncontent-length: 0\n\n"),
    (
        "a header value that is not ASCII",
        "HTTP/1.1 200 OK\r\nx-a: \u{e9}\r\ncontent-length: 0\r\n\r\n",
    ),
    ("an empty header value", "HTTP/1.1 200 OK\r\nx-a:\r\ncontent-length: 0\r\n\r\n"),
    (
        "the same length twice",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
    ),
    (
        "a second answer nobody asked for",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
    ),
    ("garbage after the answer", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n\0\0\0garbage"),
    (
        "a transfer encoding that is not chunked",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nok",
    ),
];

/// What is not.
const NOT_UNDERSTOOD: [(&str, &[u8]); 30] = [
    ("HTTP/0.9", b"<html>200 OK</html>\r\n"),
    ("HTTP/2.0 in words", b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ("HTTP/2 in words", b"HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ("HTTP/1.2", b"HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ("HTTP/9.9", b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ("lowercase http", b"http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    ("a status that is a word", b"HTTP/1.1 abc OK\r\n\r\n"),
    ("no status", b"HTTP/1.1\r\n\r\n"),
    ("a request instead of an answer", b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
    ("ICY", b"ICY 200 OK\r\n\r\n"),
    ("SSH", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    ("SMTP", b"220 mail.example ESMTP ready\r\n"),
    ("FTP", b"220 (vsFTPd 3.0.3)\r\n"),
    ("Redis", b"-ERR unknown command 'POST'\r\n"),
    ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x46\x00\x00\x00\x00\x00"),
    ("HTTP/2 frames over plain HTTP", b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\0\0\0"),
    ("random bytes", b"\xde\xad\xbe\xef\x00\xff\x80\x7f\x01\x02\x03\x04\x05\x06\x07\x08\r\n\r\n"),
    ("NUL bytes", &[0; 4_096]),
    ("a NUL in a header's value", b"HTTP/1.1 200 OK\r\nx-a: \0\r\n\r\n"),
    ("a NUL in a header's name", b"HTTP/1.1 200 OK\r\nx\0a: 1\r\n\r\n"),
    ("a NUL in the status line", b"HTTP/1.1 200 O\0K\r\n\r\n"),
    ("a header without a colon", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
    ("a header without a name", b"HTTP/1.1 200 OK\r\n: 1\r\n\r\n"),
    ("a space before the colon", b"HTTP/1.1 200 OK\r\nx-a : 1\r\n\r\n"),
    ("a folded header", b"HTTP/1.1 200 OK\r\nx-a: 1\r\n 2\r\n\r\n"),
    ("a carriage return in a header", b"HTTP/1.1 200 OK\r\nx-a: 1\r2\r\n\r\n"),
    (
        "two lengths that differ",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok",
    ),
    ("a negative length", b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
    (
        "a length that overflows",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n",
    ),
    ("a length that is a word", b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok"),
];

/// Beginnings that end too early.
const CUT_OFF: [(&str, &[u8]); 5] = [
    ("nothing, then the end", b""),
    ("the end after one byte", b"H"),
    ("the end in the status line", b"HTTP/1.1 20"),
    ("the end in a header", b"HTTP/1.1 200 OK\r\nx-a: "),
    ("the end before the empty line", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n"),
];

/// Adds the rows.
pub async fn add(matrix: &mut Matrix) {
    for (name, answer) in UNDERSTOOD {
        matrix.answers_and_ends(name, SUCCEEDS, answer).await;
    }
    for (name, answer) in NOT_UNDERSTOOD {
        matrix.answers_and_ends(name, NOT_HTTP, answer).await;
    }
    for (name, answer) in CUT_OFF {
        let expected: Expected = CLOSED;
        matrix.answers_and_ends(name, expected, answer).await;
    }
}

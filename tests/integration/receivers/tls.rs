//! TLS that is not trusted, too old, stalled, or no TLS at all.

use bookora_webhooks::proto::attempt::Outcome;
use rcgen::date_time_ymd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::authority::{Authority, certificate, self_signed_acceptor};
use super::heads::drip;
use super::matrix::{CLOSED, CUT, Expected, Matrix, NO_RESPONSE, SUCCEEDS, either, tls_fails};
use super::receiver::{
    OK, Receiver, answer_each, read_request, read_to_end, say_nothing, write_endlessly,
};

/// What a receiver of TLS 1.0 chooses: version 3.1, 32 random bytes, no session, a cipher of old,
/// no compression.
const TLS_1_0_HELLO: [u8; 47] = {
    let mut hello = [7; 47];
    let head = [0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    let mut at = 0;
    while at < head.len() {
        hello[at] = head[at];
        at += 1;
    }
    let tail = [0, 0, 0x2f, 0];
    let mut at = 0;
    while at < tail.len() {
        hello[43 + at] = tail[at];
        at += 1;
    }
    hello
};
const STALLED: Expected =
    either(&[Outcome::Timeout], "the TLS handshake was not finished within 2 s");
const NOT_TLS: Expected = tls_fails("what was answered is not TLS");

/// What is answered to the client's hello, and what is said of it.
const INSTEAD_OF_A_HELLO: [(&str, &[u8], Expected); 9] = [
    ("plain HTTP where TLS belongs", b"HTTP/1.1 400 Bad Request\r\n\r\n", NOT_TLS),
    ("SSH where TLS belongs", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", NOT_TLS),
    ("garbage where TLS belongs", &[0xff; 4_096], NOT_TLS),
    ("zeros where TLS belongs", &[0; 4_096], NOT_TLS),
    (
        "TLS 1.0 alone, by an alert",
        b"\x15\x03\x01\x00\x02\x02\x46",
        tls_fails("the receiver ended the TLS handshake: alert ProtocolVersion"),
    ),
    (
        "TLS: nothing in common",
        b"\x15\x03\x03\x00\x02\x02\x28",
        tls_fails("the receiver ended the TLS handshake: alert HandshakeFailure"),
    ),
    (
        "TLS: the name is unknown",
        b"\x15\x03\x03\x00\x02\x02\x70",
        tls_fails("the receiver ended the TLS handshake: alert UnrecognisedName"),
    ),
    ("TLS 1.0 alone, by a hello", &TLS_1_0_HELLO, tls_fails("the receiver's TLS is too old")),
    (
        "TLS: the end after the client's hello",
        b"",
        tls_fails("connection cut during the TLS handshake: "),
    ),
];

/// Adds the rows.
pub async fn add(matrix: &mut Matrix) {
    add_certificates(matrix).await;
    add_handshakes(matrix).await;
    add_established(matrix).await;
}

async fn add_certificates(matrix: &mut Matrix) {
    let mut expired = certificate(&["127.0.0.1"]);
    expired.not_after = date_time_ymd(2020, 2, 29);
    let expired = matrix.authority.acceptor_of(&expired, &[]);
    let mut early = certificate(&["127.0.0.1"]);
    early.not_before = date_time_ymd(2199, 1, 1);
    let early = matrix.authority.acceptor_of(&early, &[]);
    let other_host = matrix.authority.acceptor_of(&certificate(&["receiver.example"]), &[]);
    let other_ip = matrix.authority.acceptor_of(&certificate(&["127.0.0.2"]), &[]);
    let unknown = tls_fails("certificate is not trusted: unknown issuer");
    let wrong_host = tls_fails("certificate is not valid for 127.0.0.1");
    for (name, expected, acceptor) in [
        ("TLS: expired", tls_fails("certificate expired on 2020-02-29T00:00:00Z"), expired),
        (
            "TLS: not yet valid",
            tls_fails("certificate is not valid before 2199-01-01T00:00:00Z"),
            early,
        ),
        ("TLS: a certificate for a name", wrong_host, other_host),
        ("TLS: a certificate for another address", wrong_host, other_ip),
        ("TLS: self-signed", unknown, self_signed_acceptor()),
        ("TLS: an unknown authority", unknown, Authority::new().acceptor(&[])),
        (
            "TLS: a client certificate is demanded",
            tls_fails("the receiver ended the TLS handshake: alert CertificateRequired"),
            matrix.authority.demanding_acceptor(),
        ),
        (
            "TLS: no protocol in common",
            tls_fails("the receiver ended the TLS handshake: alert NoApplicationProtocol"),
            matrix.authority.acceptor(&["spdy/3"]),
        ),
        ("TLS: no ALPN", SUCCEEDS, matrix.authority.acceptor(&[])),
        ("TLS: HTTP/1.1 by ALPN", SUCCEEDS, matrix.authority.acceptor(&["http/1.1"])),
    ] {
        matrix.secure(name, expected, acceptor, |tls| answer_each(tls, OK.into())).await;
    }
}

async fn add_handshakes(matrix: &mut Matrix) {
    for (name, answer, expected) in INSTEAD_OF_A_HELLO {
        let receiver = Receiver::start(move |mut tcp| async move {
            read_hello(&mut tcp).await;
            let _ = tcp.write_all(answer).await;
            let _ = tcp.shutdown().await;
            read_to_end(&mut tcp).await;
        });
        matrix.https(name, expected, receiver.await);
    }
    matrix.https("TLS: stalled", STALLED, Receiver::start(say_nothing).await);
    let after_hello = Receiver::start(|mut tcp| async move {
        read_hello(&mut tcp).await;
        say_nothing(tcp).await;
    });
    matrix.https("TLS: stalled after the client's hello", STALLED, after_hello.await);
    let dripping = Receiver::start(|mut tcp| async move {
        read_hello(&mut tcp).await;
        drip(tcp, &TLS_1_0_HELLO[..5]).await;
    });
    let slow = either(&[Outcome::Timeout, Outcome::Tls], "the TLS handshake was not finished");
    matrix.https("TLS: one byte of handshake per second", slow, dripping.await);
    let resetting = Receiver::start(|mut tcp| async move {
        read_hello(&mut tcp).await;
        let _ = tcp.set_zero_linger();
    });
    let cut = tls_fails("connection cut during the TLS handshake: ");
    matrix.https("TLS: reset in the handshake", cut, resetting.await);
    // Records of the largest size, each a piece of one message of 16 MiB.
    let endless = Receiver::start(|mut tcp| async move {
        read_hello(&mut tcp).await;
        let mut record = vec![0; 5 + (1 << 14)];
        record[..9].copy_from_slice(&[0x16, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff]);
        write_endlessly(tcp, &record).await;
    });
    matrix.https("TLS: an endless hello", NOT_TLS, endless.await);
}

async fn add_established(matrix: &mut Matrix) {
    let acceptor = matrix.authority.acceptor(&["http/1.1"]);
    matrix.secure("TLS, then silence", NO_RESPONSE, acceptor.clone(), say_nothing).await;
    matrix
        .secure("TLS, closed after the request", CLOSED, acceptor.clone(), |mut tls| async move {
            read_request(&mut tls).await;
            let _ = tls.shutdown().await;
        })
        .await;
    matrix
        .secure("TLS, cut after the request", CUT, acceptor.clone(), |mut tls| async move {
            read_request(&mut tls).await;
            drop(tls);
        })
        .await;
    let cut_body = |mut tls: tokio_rustls::server::TlsStream<TcpStream>| async move {
        read_request(&mut tls).await;
        let _ = tls.write_all(b"HTTP/1.1 200 OK\r\n\r\nabc").await;
        let _ = tls.flush().await;
        drop(tls);
    };
    matrix.secure("TLS, cut in the body", SUCCEEDS, acceptor.clone(), cut_body).await;
    let garbled = |mut tls: tokio_rustls::server::TlsStream<TcpStream>| async move {
        read_request(&mut tls).await;
        let (tcp, _) = tls.get_mut();
        let _ = tcp.write_all(&[0x17, 3, 3, 0, 32]).await;
        let _ = tcp.write_all(&[0xff; 32]).await;
        say_nothing(tls).await;
    };
    matrix
        .secure(
            "TLS, a record that does not decrypt",
            tls_fails("TLS failed: cannot decrypt peer's message"),
            acceptor,
            garbled,
        )
        .await;
}

/// Reads what the client says first.
async fn read_hello(tcp: &mut TcpStream) {
    let mut header = [0; 5];
    if tcp.read_exact(&mut header).await.is_ok() {
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let _ = tcp.read_exact(&mut vec![0; length]).await;
    }
}

//! HTTPS: whom the client trusts, and what it says of whom it does not.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::date_time_ymd;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::authority::{Authority, accept, certificate, self_signed_acceptor};
use super::receiver::{OK, Receiver, answer_each, read_to_end, say_nothing};
use super::sender::{SHORT, Sender, message};
use crate::domain::address::AddressPolicy;
use crate::domain::attempt::{Exchange, Outcome};
use crate::webhook::{ClientSettings, InvalidClientSettings, WebhookClient};

async fn secure<F>(
    acceptor: TlsAcceptor,
    behave: impl Fn(TlsStream<TcpStream>) -> F + Send + Sync + 'static,
) -> Receiver
where
    F: Future<Output = ()> + Send + 'static,
{
    let behave = Arc::new(behave);
    Receiver::start(move |tcp| {
        let (acceptor, behave) = (acceptor.clone(), behave.clone());
        async move {
            if let Some(tls) = accept(acceptor, tcp).await {
                behave(tls).await;
            }
        }
    })
    .await
}

fn https(host: &str, receiver: &Receiver) -> String {
    format!("https://{host}:{}/", receiver.address.port())
}

/// One attempt at `receiver.example` with `acceptor`'s certificate.
async fn handshake_with(authority: &Authority, acceptor: TlsAcceptor) -> Exchange {
    let receiver = secure(acceptor, |tls| answer_each(tls, OK.into())).await;
    let sender = Sender::trusting(authority.ca_file());
    let exchange = sender.post(&https("receiver.example", &receiver)).await;
    assert_eq!(exchange.remote_address, Some(receiver.address.to_string()));
    exchange
}

#[tokio::test]
async fn https_is_sent_over_http_1_1_with_every_part_timed_once() {
    let authority = Authority::new();
    for protocols in [&["http/1.1"][..], &[]] {
        let acceptor = authority.acceptor(protocols);
        let receiver = secure(acceptor, |tls| answer_each(tls, OK.into())).await;
        let sender = Sender::trusting(authority.ca_file());
        let first = sender.post(&https("receiver.example", &receiver)).await;
        assert_eq!((first.outcome, first.error_message), (Outcome::Succeeded, None));
        assert!(first.timing.dns.is_some() && first.timing.connect.is_some());
        assert!(first.timing.tls.is_some() && first.timing.first_byte.is_some());

        let second = sender.post(&https("receiver.example", &receiver)).await;
        assert_eq!(second.outcome, Outcome::Succeeded);
        assert_eq!(
            (second.timing.dns, second.timing.connect, second.timing.tls),
            (None, None, None)
        );
        assert_eq!(second.remote_address, Some(receiver.address.to_string()));
        assert_eq!(receiver.connections(), 1);
    }
}

#[tokio::test]
async fn an_ip_address_needs_a_certificate_for_itself() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&[]);
    let receiver = secure(acceptor, |tls| answer_each(tls, OK.into())).await;
    let sender = Sender::trusting(authority.ca_file());
    let exchange = sender.post(&https("127.0.0.1", &receiver)).await;
    assert_eq!((exchange.outcome, exchange.timing.dns), (Outcome::Succeeded, None));

    let acceptor = authority.acceptor_of(&certificate(&["receiver.example"]), &[]);
    let receiver = secure(acceptor, |tls| answer_each(tls, OK.into())).await;
    let exchange = sender.post(&https("127.0.0.1", &receiver)).await;
    assert_eq!(exchange.outcome, Outcome::Tls);
    assert_eq!(message(&exchange), "certificate is not valid for 127.0.0.1");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told_with_the_reason() {
    let authority = Authority::new();
    let mut expired = certificate(&["receiver.example"]);
    expired.not_after = date_time_ymd(2020, 2, 29);
    let mut early = certificate(&["receiver.example"]);
    early.not_before = date_time_ymd(2199, 1, 1);
    let other_name = certificate(&["s3cret.example"]);
    for (acceptor, told) in [
        (self_signed_acceptor(), "certificate is not trusted: unknown issuer"),
        (Authority::new().acceptor(&[]), "certificate is not trusted: unknown issuer"),
        (authority.acceptor_of(&expired, &[]), "certificate expired on 2020-02-29T00:00:00Z"),
        (
            authority.acceptor_of(&early, &[]),
            "certificate is not valid before 2199-01-01T00:00:00Z",
        ),
        (authority.acceptor_of(&other_name, &[]), "certificate is not valid for receiver.example"),
    ] {
        let exchange = handshake_with(&authority, acceptor).await;
        assert_eq!(exchange.outcome, Outcome::Tls);
        assert_eq!(message(&exchange), told);
        assert_eq!((exchange.timing.tls, exchange.timing.first_byte), (None, None));
    }
}

#[tokio::test]
async fn a_receiver_that_demands_a_client_certificate_is_told_as_such() {
    let authority = Authority::new();
    let exchange = handshake_with(&authority, authority.demanding_acceptor()).await;
    assert_eq!(exchange.outcome, Outcome::Tls);
    assert_eq!(
        message(&exchange),
        "the receiver ended the TLS handshake: alert CertificateRequired"
    );
}

#[tokio::test]
async fn what_is_not_tls_or_too_old_is_told_as_such() {
    for (answer, told) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "what was answered is not TLS"),
        // What a server of TLS 1.0 answers (RFC 8446, section 6.2).
        (
            b"\x15\x03\x01\x00\x02\x02\x46",
            "the receiver ended the TLS handshake: alert ProtocolVersion",
        ),
        (b"", "connection cut during the TLS handshake: unexpected end of file"),
    ] {
        let receiver = Receiver::start(move |mut tcp| async move {
            tcp.write_all(answer).await.unwrap();
            tcp.shutdown().await.unwrap();
            read_to_end(&mut tcp).await;
        })
        .await;
        let exchange = Sender::new().post(&https("receiver.example", &receiver)).await;
        assert_eq!((exchange.outcome, message(&exchange)), (Outcome::Tls, told));
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_at_the_deadline() {
    let receiver = Receiver::start(say_nothing).await;
    let url = https("receiver.example", &receiver);
    let exchange = Sender::new().post_within(&url, SHORT).await;
    assert_eq!(exchange.outcome, Outcome::Timeout);
    assert_eq!(message(&exchange), "the TLS handshake was not finished within 0.3 s");
    assert!(exchange.timing.connect.is_some() && exchange.timing.tls.is_none());
}

#[test]
fn a_client_is_not_built_without_certificates_that_were_asked_for() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let build = |path: PathBuf| {
        let settings = ClientSettings { ca_file: Some(path) };
        WebhookClient::new(&settings, AddressPolicy::default()).err().unwrap()
    };
    let told = |path: PathBuf| build(path).to_string();
    let missing = told(PathBuf::from("missing/ca.pem"));
    assert!(missing.starts_with("--ca-file missing/ca.pem: cannot be read"), "{missing}");
    assert!(matches!(build(file.path().to_owned()), InvalidClientSettings::CaFileEmpty { .. }));

    let pem =
        |text: &str| format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    std::fs::write(file.path(), pem("*")).unwrap();
    assert!(matches!(build(file.path().to_owned()), InvalidClientSettings::CaFile { .. }));
    std::fs::write(file.path(), pem("aGVsbG8=")).unwrap();
    assert!(matches!(build(file.path().to_owned()), InvalidClientSettings::CaCertificate { .. }));
}

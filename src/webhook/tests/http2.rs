//! HTTP/2, where the receiver offers it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::server::TlsStream;

use super::authority::{Authority, accept};
use super::receiver::Receiver;
use super::sender::{BODY, SHORT, Sender, message};
use crate::domain::attempt::{Exchange, Outcome, RESPONSE_BODY_BYTES_MAX};
use crate::webhook::outcome::Ending;

type Server = Connection<TlsStream<TcpStream>, Bytes>;
type Incoming = (Request<RecvStream>, SendResponse<Bytes>);

/// A receiver whose connections begin as `behave` says: it is handed the connection and the
/// first request.
async fn receiver<F>(
    authority: &Authority,
    behave: impl Fn(Server, Incoming) -> F + Send + Sync + 'static,
) -> Receiver
where
    F: Future<Output = ()> + Send + 'static,
{
    let acceptor = authority.acceptor(&["h2", "http/1.1"]);
    let behave = Arc::new(behave);
    Receiver::start(move |tcp| {
        let (acceptor, behave) = (acceptor.clone(), behave.clone());
        async move {
            let tls = accept(acceptor, tcp).await.unwrap();
            let mut server: Server = h2::server::handshake(tls).await.unwrap();
            if let Some(Ok(incoming)) = server.accept().await {
                behave(server, incoming).await;
            }
        }
    })
    .await
}

/// Answers a request with 200, the headers and the body.
fn answer(mut respond: SendResponse<Bytes>, headers: usize, body: &'static [u8]) {
    let mut response = Response::builder();
    for index in 0..headers {
        response = response.header(format!("x-{index}"), "1");
    }
    let mut stream = respond.send_response(response.body(()).unwrap(), false).unwrap();
    stream.send_data(Bytes::from_static(body), true).unwrap();
}

/// Keeps a connection going without taking its requests.
async fn run(mut server: Server) {
    while let Some(Ok(_)) = server.accept().await {}
}

async fn post(authority: &Authority, receiver: &Receiver) -> Exchange {
    let url = format!("https://receiver.example:{}/a?b", receiver.address.port());
    Sender::trusting(authority.ca_file()).post(&url).await
}

#[tokio::test]
async fn attempts_share_one_connection_and_the_first_alone_reports_its_parts() {
    let authority = Authority::new();
    let (seen, mut requests) = mpsc::channel(8);
    let receiver = receiver(&authority, move |mut server, first| {
        let seen = seen.clone();
        async move {
            let mut next = Some(Ok(first));
            while let Some(Ok((request, respond))) = next {
                let (head, mut body) = request.into_parts();
                tokio::spawn(async move { while let Some(Ok(_)) = body.data().await {} });
                answer(respond, 1, b"ok");
                seen.send(head).await.unwrap();
                next = server.accept().await;
            }
        }
    })
    .await;
    let url = format!("https://receiver.example:{}/a?b", receiver.address.port());
    let sender = Sender::trusting(authority.ca_file());
    let first = sender.post(&url).await;
    assert_eq!((first.outcome, first.error_message), (Outcome::Succeeded, None));
    assert!(first.timing.dns.is_some() && first.timing.tls.is_some());
    let head = requests.recv().await.unwrap();
    assert_eq!(head.uri.to_string(), url);
    assert_eq!(head.headers["content-length"], BODY.len().to_string());
    assert_eq!(head.headers["x-bookora-attempt"], "2");

    let (second, third) = tokio::join!(sender.post(&url), sender.post(&url));
    for exchange in [second, third] {
        assert_eq!(exchange.outcome, Outcome::Succeeded);
        assert_eq!(exchange.response.unwrap().body, b"ok");
        assert_eq!((exchange.timing.dns, exchange.timing.tls), (None, None));
        assert_eq!(exchange.remote_address, Some(receiver.address.to_string()));
    }
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_head_of_too_many_lines_is_refused() {
    let authority = Authority::new();
    for headers in [101, 1_000, 5_000] {
        let receiver = receiver(&authority, move |server, (_, respond)| async move {
            answer(respond, headers, b"ok");
            run(server).await;
        })
        .await;
        let exchange = post(&authority, &receiver).await;
        assert_eq!(exchange.outcome, Outcome::Protocol, "{headers}: {exchange:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_reset_or_turned_away_is_told_as_such() {
    let authority = Authority::new();
    let resetting = receiver(&authority, |server, (_, mut respond)| async move {
        respond.send_reset(Reason::ENHANCE_YOUR_CALM);
        run(server).await;
    })
    .await;
    let leaving = receiver(&authority, |mut server, _incoming| async move {
        server.abrupt_shutdown(Reason::INADEQUATE_SECURITY);
        run(server).await;
    })
    .await;
    let gone = receiver(&authority, |server, incoming| async move {
        drop((server, incoming));
    })
    .await;
    for (receiver, told) in [
        (resetting, "the receiver reset the request before the response: "),
        (leaving, "connection closed before the response"),
        (gone, "connection closed before the response"),
    ] {
        let exchange = post(&authority, &receiver).await;
        assert_eq!(exchange.outcome, Outcome::Connect, "{exchange:?}");
        assert!(message(&exchange).starts_with(told), "{exchange:?}");
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let authority = Authority::new();
    let receiver = receiver(&authority, |mut server, incoming| async move {
        while let Some(Ok(_)) = server.accept().await {}
        drop(incoming);
    })
    .await;
    let url = format!("https://receiver.example:{}/", receiver.address.port());
    let sender = Sender::trusting(authority.ca_file());
    let exchange = sender.post_within(&url, SHORT).await;
    assert_eq!(
        (exchange.outcome, message(&exchange)),
        (Outcome::Timeout, "no response within 0.3 s")
    );
    assert_eq!(exchange.remote_address, Some(receiver.address.to_string()));
}

#[tokio::test]
async fn an_endless_body_acknowledges_at_once_and_is_cut() {
    let authority = Authority::new();
    let receiver = receiver(&authority, |server, (_, mut respond)| async move {
        let mut stream = respond.send_response(Response::new(()), false).unwrap();
        stream.reserve_capacity(1 << 20);
        stream.send_data(Bytes::from(vec![b'a'; 1 << 20]), false).unwrap();
        run(server).await;
        drop(stream);
    })
    .await;
    let exchange = post(&authority, &receiver).await;
    assert_eq!(exchange.outcome, Outcome::Succeeded);
    let response = exchange.response.unwrap();
    assert_eq!((response.body.len(), response.body_truncated), (RESPONSE_BODY_BYTES_MAX, true));
}

#[tokio::test]
async fn frames_that_break_the_protocol_are_told_as_such() {
    use tokio::io::AsyncWriteExt;
    let authority = Authority::new();
    let acceptor = authority.acceptor(&["h2"]);
    let receiver = Receiver::start(move |tcp| {
        let acceptor = acceptor.clone();
        async move {
            let mut tls = accept(acceptor, tcp).await.unwrap();
            tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            super::receiver::read_to_end(&mut tls).await;
        }
    })
    .await;
    let exchange = post(&authority, &receiver).await;
    assert_eq!(exchange.outcome, Outcome::Protocol, "{exchange:?}");
    assert!(message(&exchange).starts_with("what was answered is not HTTP/2: "), "{exchange:?}");
}

#[tokio::test]
async fn a_connection_that_no_longer_answers_pings_is_told_as_such() {
    let (near, far) = tokio::io::duplex(1 << 16);
    let (mut requests, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_millis(20))
        .keep_alive_timeout(Duration::from_millis(20))
        .handshake(TokioIo::new(near))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::post("https://receiver.example/").body(Full::new(Bytes::new())).unwrap();
    let ending = Ending::of_error(&requests.send_request(request).await.unwrap_err());
    assert_eq!(ending.outcome, Outcome::Connect);
    assert_eq!(ending.error_message.unwrap(), "the HTTP/2 connection no longer answers pings");
    drop(far);
}

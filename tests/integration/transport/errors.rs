//! What goes wrong before a service is asked, or after: every error gives a reason.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::PublishEventRequest;
use bytes::Bytes;
use http::HeaderMap;
use prost::Message;
use tokio::net::TcpStream;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::wire;
use crate::caller::ACCOUNT;
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::{PATIENCE, Service};

const PUBLISH: &str = "/bookora.webhooks.v1.EventIngest/PublishEvent";

/// A call as bytes, and the status that it ends with.
pub async fn call(service: &Service, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Status {
    let calling = send(service, path, headers, body);
    let answer = tokio::time::timeout(PATIENCE, calling).await.expect("it ends in time");
    Status::from_header_map(&answer.expect("it is answered")).expect("it has a status")
}

/// The trailers, which are the headers where there is nothing else.
async fn send(
    service: &Service,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<HeaderMap, h2::Error> {
    let stream = TcpStream::connect(service.address()).await.expect("it is taken");
    let (client, connection) = h2::client::handshake(stream).await?;
    let connection = tokio::spawn(connection);
    let mut request = http::Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).expect("a request");
    let (response, mut sending) = client.ready().await?.send_request(request, false)?;
    sending.send_data(Bytes::copy_from_slice(body), true)?;
    let (head, mut body) = response.await?.into_parts();
    while let Some(data) = body.data().await {
        let taken = data?.len();
        body.flow_control().release_capacity(taken)?;
    }
    let trailers = body.trailers().await?.unwrap_or(head.headers);
    connection.abort();
    Ok(trailers)
}

fn published() -> Vec<u8> {
    sample(ACCOUNT, EventType::LeadQualified).encode_to_vec()
}

#[tokio::test]
async fn an_error_before_a_service_is_asked_gives_a_reason_and_stores_nothing() {
    let service = Service::start(&[]);
    let event = wire::message(&published());
    let nonsense = wire::message(&[0xff; 7]);
    let mut compressed = event.clone();
    compressed[0] = 1;
    let unsupported = [("grpc-encoding", "br")];
    let timeout = |value| [("grpc-timeout", value)];
    let unknown = (Code::Unimplemented, "UNKNOWN_METHOD");
    let malformed = (Code::Internal, "MALFORMED_REQUEST");
    let cases = [
        ("no such method", "/bookora.webhooks.v1.EventIngest/None", &event[..], unknown),
        ("no such service", "/none.None/None", &event, unknown),
        ("no path of gRPC", "/", &event, unknown),
        ("not a message", PUBLISH, &nonsense, malformed),
        ("no message", PUBLISH, &[], malformed),
        ("half a message", PUBLISH, &event[..9], malformed),
        ("compressed, with no word of it", PUBLISH, &compressed, malformed),
    ];
    for (case, path, body, expected) in cases {
        let refusal = Refusal::read(&call(&service, path, &[], body).await);
        assert_eq!((refusal.code, &*refusal.reason), expected, "{case}");
    }
    let refusal = Refusal::read(&call(&service, PUBLISH, &unsupported, &compressed).await);
    let expected = (Code::Unimplemented, "UNSUPPORTED_ENCODING");
    assert_eq!((refusal.code, &*refusal.reason), expected);
    let refusal = Refusal::read(&call(&service, PUBLISH, &timeout("soon"), &event).await);
    let expected = (Code::InvalidArgument, "MALFORMED_REQUEST");
    assert_eq!((refusal.code, &*refusal.reason), expected);
    let mut health = HealthClient::new(service.channel().await);
    let status = health.check(HealthCheckRequest { service: "none.None".to_owned() }).await;
    let refusal = Refusal::read(&status.unwrap_err());
    assert_eq!((refusal.code, &*refusal.reason), (Code::NotFound, "UNKNOWN_SERVICE"));
    assert_eq!(service.ask_database("SELECT count(*) FROM events").await, 0);
    assert_eq!(call(&service, PUBLISH, &timeout("5S"), &event).await.code(), Code::Ok);
    assert_eq!(service.ask_database("SELECT count(*) FROM events").await, 1);
}

#[tokio::test]
async fn a_publish_that_is_late_for_its_deadline_is_stored_once_or_not_at_all() {
    const EVENTS: i64 = 200;
    let service = Service::start(&[]);
    let mut late = 0;
    for number in 0..EVENTS {
        let event = PublishEventRequest {
            idempotency_key: format!("key {number}"),
            ..sample(ACCOUNT, EventType::LeadQualified)
        };
        let body = wire::message(&event.encode_to_vec());
        // From no time at all to longer than it takes.
        let timeout = format!("{}u", number * 100);
        let status = call(&service, PUBLISH, &[("grpc-timeout", &timeout)], &body).await;
        if status.code() != Code::Ok {
            let refusal = Refusal::read(&status);
            assert_eq!(refusal.code, Code::DeadlineExceeded);
            assert_eq!(refusal.reason, "DEADLINE_EXCEEDED");
            late += 1;
        }
        // Trying again with the same key tells.
        assert_eq!(call(&service, PUBLISH, &[], &body).await.code(), Code::Ok);
    }
    assert!(late > 0, "some were late");
    assert_eq!(service.ask_database("SELECT count(*) FROM events").await, EVENTS);
}

#[tokio::test]
async fn a_call_whose_request_never_comes_ends_after_10_s_with_a_reason() {
    let service = Service::start(&[]);
    let stream = TcpStream::connect(service.address()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::post(format!("http://localhost{PUBLISH}"))
        .header("content-type", "application/grpc")
        .body(())
        .unwrap();
    let (response, _never) = client.ready().await.unwrap().send_request(request, false).unwrap();
    let head = tokio::time::timeout(PATIENCE, response).await.expect("in time").unwrap();
    let refusal = Refusal::read(&Status::from_header_map(head.headers()).unwrap());
    let expected = (Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    assert_eq!((refusal.code, &*refusal.reason), expected);
    connection.abort();
}

//! What is asked of everybody, of probes, and of tools; calls that are for no RPC; streams.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{WatchDeliveriesRequest, WatchDeliveriesResponse};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Request, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::{TokensFile, caller_with, invalid, missing, refusal};
use crate::caller::{ACCOUNT, Authorization, Connection, deaf_endpoint};
use crate::deliveries::sample;
use crate::refusal::Refusal;
use crate::service::{Service, eventually};

async fn connection(service: &Service, authorization: &[&str]) -> Connection {
    InterceptedService::new(service.channel().await, Authorization::of(authorization))
}

#[tokio::test]
async fn probes_ask_for_health_without_credentials_or_with_bad_ones() {
    let service = TokensFile::new().start();
    for authorization in [&[][..], &["nonsense"]] {
        let mut health = HealthClient::new(connection(&service, authorization).await);
        let answer = health.check(HealthCheckRequest::default()).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving);
    }
}

async fn reflect(connection: Connection) -> Result<ServerReflectionResponse, Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(connection);
    let answers = client.server_reflection_info(tokio_stream::iter([request])).await?;
    Ok(answers.into_inner().message().await?.expect("an answer"))
}

#[tokio::test]
async fn reflection_is_for_those_who_may_call_anything() {
    let mut file = TokensFile::new();
    let token = format!("Bearer {}", file.add("billing", &["publisher"], &[ACCOUNT]));
    let service = file.start();
    assert!(reflect(connection(&service, &[&token]).await).await.is_ok());
    let nobody = reflect(connection(&service, &[]).await).await.unwrap_err();
    assert_eq!(Refusal::read(&nobody), missing());
    let somebody = reflect(connection(&service, &["Bearer x"]).await).await.unwrap_err();
    assert_eq!(Refusal::read(&somebody), invalid());
}

async fn call_path(connection: Connection, path: &'static str) -> Refusal {
    let mut client = Grpc::new(connection);
    client.ready().await.expect("it is connected");
    let path = PathAndQuery::from_static(path);
    let called = client.unary(Request::new(()), path, ProstCodec::<(), ()>::default()).await;
    Refusal::read(&called.expect_err("nothing is there"))
}

#[tokio::test]
async fn what_there_is_not_is_told_only_to_those_who_are_known() {
    let mut file = TokensFile::new();
    let token = format!("Bearer {}", file.add("billing", &["publisher"], &[ACCOUNT]));
    let service = file.start();
    for path in [
        "/bookora.webhooks.v1.EventIngest/PublishNothing",
        "/bookora.webhooks.v1.EndpointAdmin/",
        "/bookora.webhooks.v2.EndpointAdmin/CreateEndpoint",
        "/bookora.webhooks.v1.EndpointAdmin/CreateEndpoint/",
        "/bookora.webhooks.v1.endpointadmin/CreateEndpoint",
        "/grpc.channelz.v1.Channelz/GetServers",
        "//bookora.webhooks.v1.EndpointAdmin/CreateEndpoint",
        "/",
    ] {
        let unknown = refusal(Code::Unimplemented, "UNKNOWN_METHOD");
        assert_eq!(call_path(connection(&service, &[&token]).await, path).await, unknown, "{path}");
        assert_eq!(call_path(connection(&service, &[]).await, path).await, missing(), "{path}");
    }
}

async fn next(stream: &mut Streaming<WatchDeliveriesResponse>) -> Message {
    let next = stream.message().await.expect("it goes on").expect("it has no end");
    next.message.expect("it says something")
}

/// A watch is authorised when it is opened; it ends by its age, and cannot be resumed.
#[tokio::test]
async fn a_watch_outlives_its_token_and_is_not_opened_again_with_it() {
    let mut file = TokensFile::new();
    let viewer = file.add("dashboard", &["viewer"], &[ACCOUNT]);
    let writer = file.add("crm", &["admin", "publisher"], &[ACCOUNT]);
    let service = file.start();
    let mut viewer = caller_with(&service, &viewer).await;
    let mut writer = caller_with(&service, &writer).await;
    let request = || WatchDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        ..WatchDeliveriesRequest::default()
    };
    let mut watch = viewer.query.watch_deliveries(request()).await.unwrap().into_inner();
    assert!(matches!(next(&mut watch).await, Message::Heartbeat(_)));
    file.revoke("dashboard");
    eventually("the token is refused", async || {
        let opened = viewer.query.watch_deliveries(request()).await;
        opened.err().map(|status| assert_eq!(Refusal::read(&status), invalid()))
    })
    .await;
    writer.register(deaf_endpoint(ACCOUNT)).await;
    writer.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    while !matches!(next(&mut watch).await, Message::Update(_)) {}
}

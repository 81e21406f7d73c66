//! The binary's commands, its start and its stop, and what tools find on it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{CreateEndpointRequest, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::{v1, v1alpha};

use crate::database::database_file;
use crate::deliveries::sample;
use crate::service::{Service, binary, serve_arguments};

const SERVICES: [&str; 3] = [
    "bookora.webhooks.v1.DeliveryQuery",
    "bookora.webhooks.v1.EndpointAdmin",
    "bookora.webhooks.v1.EventIngest",
];

pub fn run(command: &mut Command) -> (Output, String) {
    let output = command.output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn a_start_that_cannot_work_fails_early_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let no_folder = format!("--database-url=sqlite://{}/no/such.db", folder.path().display());
    for (argument, sentence) in [
        ("--listen=0.0.0.0:0", "--insecure"),
        ("--database-url=mysql://h/db", "is not supported"),
        (&no_folder, "cannot lock"),
        ("--ca-file=/no/such.pem", "/no/such.pem"),
        ("--request-timeout=31s", "--request-timeout"),
        ("--allow-network=10.0.0.0/40", "--allow-network"),
        ("--custom-event-types=invoice.paid,booking.created", "--custom-event-types"),
    ] {
        let mut command = binary();
        let defaults = serve_arguments(&database_file(folder.path()));
        let name = argument.split('=').next().unwrap();
        let others = defaults.iter().filter(|default| !default.starts_with(name));
        let (output, said) = run(command.args(others).arg(argument));
        assert!(!output.status.success(), "{argument}");
        assert!(said.contains(sentence), "{argument}: {said}");
        assert!(!said.contains("panicked"), "{argument}: {said}");
    }
}

#[tokio::test]
async fn a_stop_that_is_asked_for_exits_with_0() {
    let mut service = Service::start(&[]);
    service.terminate();
    assert!(service.ended().await.success());
}

#[test]
fn the_demo_shows_everything_delivered_and_verified() {
    let (output, said) = run(binary().arg("demo"));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}{said}");
    assert!(shown.contains("11 deliveries, 17 requests, all delivered, all verified."), "{shown}");
    assert_eq!(shown.matches("RETRYING -> SUCCEEDED").count(), 3, "{shown}");
    assert_eq!(shown.matches(": verified ").count(), 17, "{shown}");
}

#[tokio::test]
async fn a_local_receiver_prints_what_it_verified() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let mut receiver = binary()
        .args(["receive", "--listen=127.0.0.1:0", "--ca-out"])
        .arg(&ca_file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(receiver.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = |beginning: &str| {
        let line = lines.next().expect("it says something");
        let rest = line.strip_prefix(beginning);
        rest.unwrap_or_else(|| panic!("{beginning}… and not {line}")).to_owned()
    };
    let secret = said("secret: ");
    said("certificate: ");
    let url = format!("{}/hooks", said("receiving on "));

    let service = Service::start(&[&format!("--ca-file={}", ca_file.display())]);
    let endpoint = Endpoint { account_id: "acct_1".to_owned(), url, ..Endpoint::default() };
    let request = CreateEndpointRequest {
        endpoint: Some(endpoint),
        secret: Some(secret),
        ..CreateEndpointRequest::default()
    };
    service.admin().await.create_endpoint(request).await.unwrap();
    let sample = sample("acct_1", EventType::LeadQualified);
    service.ingest().await.publish_event(sample).await.unwrap();
    let line = said("lead.qualified dlv_");
    assert!(line.contains("attempt 1: verified") && line.ends_with("answered 204"), "{line}");
    assert!(said("  {\"event\":\"lead.qualified\",").contains("Café Österreicher"));
    receiver.kill().unwrap();
    receiver.wait().unwrap();
}

#[tokio::test]
async fn health_is_told_for_the_server_and_for_each_service() {
    let service = Service::start(&[]);
    let mut health = HealthClient::new(service.channel().await);
    for name in ["", SERVICES[0], SERVICES[1], SERVICES[2]] {
        let request = HealthCheckRequest { service: name.to_owned() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{name}");
    }
}

#[tokio::test]
async fn reflection_answers_in_both_versions_and_knows_the_details_of_errors() {
    let service = Service::start(&[]);
    let channel = service.channel().await;

    let mut current = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let ask = |request| v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(request),
    };
    let requests = vec![
        ask(v1::server_reflection_request::MessageRequest::ListServices(String::new())),
        ask(v1::server_reflection_request::MessageRequest::FileContainingSymbol(
            "google.rpc.BadRequest".to_owned(),
        )),
    ];
    let stream = current.server_reflection_info(tokio_stream::iter(requests)).await;
    let mut answers = stream.unwrap().into_inner();
    let names = match answers.message().await.unwrap().unwrap().message_response.unwrap() {
        v1::server_reflection_response::MessageResponse::ListServicesResponse(list) => {
            list.service.into_iter().map(|service| service.name).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert!(SERVICES.iter().all(|name| names.contains(&(*name).to_owned())), "{names:?}");
    let details = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let is_file = matches!(
        details,
        v1::server_reflection_response::MessageResponse::FileDescriptorResponse(_)
    );
    assert!(is_file, "{details:?}");

    let mut alpha = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
    };
    let stream = alpha.server_reflection_info(tokio_stream::iter([request])).await;
    let answer = stream.unwrap().into_inner().message().await.unwrap().unwrap();
    assert!(answer.message_response.is_some());
}

//! Receivers as customers write them: the documented snippet in real Express and Fastify apps, and
//! the `standardwebhooks` package, on real deliveries over HTTPS.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Child;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::domain::random::SystemRandom;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::proto::{CreateEndpointRequest, Endpoint, RotateEndpointSecretRequest};
use serde_json::Value;

use crate::deliveries::sample;
use crate::node;
use crate::party::Receivers;
use crate::service::Service;

/// A Node app that receives; it ends with its stdin.
struct NodeReceiver {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    address: SocketAddr,
}

impl NodeReceiver {
    fn start(node: node::Node, script: &str, receivers: &Receivers, secret: &Secret) -> Self {
        Self::start_in_overlap(node, script, receivers, secret, None)
    }

    fn start_in_overlap(
        node: node::Node,
        script: &str,
        receivers: &Receivers,
        secret: &Secret,
        previous: Option<&Secret>,
    ) -> Self {
        let (certificate, key) = (receivers.ca_file(), receivers.key_file());
        let mut settings = vec![
            ("TLS_CERT", certificate.as_os_str()),
            ("TLS_KEY", key.as_os_str()),
            ("WEBHOOK_SECRET", secret.expose().as_ref()),
        ];
        settings
            .extend(previous.map(|secret| ("WEBHOOK_PREVIOUS_SECRET", secret.expose().as_ref())));
        let mut child = node.spawn(script, &settings);
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let ready = next_line(&mut lines);
        let port = ready["listening"].as_u64().and_then(|port| u16::try_from(port).ok());
        let address = SocketAddr::from(([127, 0, 0, 1], port.expect("it says its port")));
        Self { child, lines, address }
    }
}

impl Drop for NodeReceiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next_line(lines: &mut std::io::Lines<BufReader<std::process::ChildStdout>>) -> Value {
    let line = lines.next().expect("the app goes on").expect("in UTF-8");
    serde_json::from_str(&line).expect("in JSON")
}

async fn deliver_all_to(script: &str, secret: Secret) {
    let Some(node) = node::require() else { return };
    let receivers = Receivers::new();
    let mut app = NodeReceiver::start(node, script, &receivers, &secret);
    let service = Service::start(&[&receivers.ca_argument()]);
    let endpoint = Endpoint {
        account_id: "acct_1".to_owned(),
        url: format!("https://{}/hooks", app.address),
        ..Endpoint::default()
    };
    let request = CreateEndpointRequest {
        endpoint: Some(endpoint),
        secret: Some(secret.expose().to_owned()),
        ..CreateEndpointRequest::default()
    };
    service.admin().await.create_endpoint(request).await.expect("the endpoint is created");
    for event_type in EventType::ALL {
        let published = service.ingest().await.publish_event(sample("acct_1", event_type)).await;
        let published = published.expect("it is published").into_inner();
        let received = next_line(&mut app.lines);
        assert_eq!(received["id"], published.event_id.as_str(), "{received}");
        assert_eq!(received["event"], event_type.name(), "{received}");
        for verdict in ["bookora", "standard", "raw_equals_restringified"] {
            assert_eq!(received[verdict], true, "{verdict} of {received}");
        }
    }
}

#[tokio::test]
async fn the_documented_snippet_and_standardwebhooks_verify_in_express() {
    deliver_all_to("express_receiver.mjs", Secret::generate(&SystemRandom)).await;
}

#[tokio::test]
async fn the_documented_snippet_and_standardwebhooks_verify_in_fastify() {
    deliver_all_to("fastify_receiver.mjs", Secret::generate(&SystemRandom)).await;
}

#[tokio::test]
async fn the_documented_snippet_and_standardwebhooks_verify_both_signatures_of_an_overlap() {
    let Some(node) = node::require() else { return };
    let receivers = Receivers::new();
    let party = receivers.start(0).await;
    let (old, new) = (&party.secret, Secret::generate(&SystemRandom));
    let script = "express_receiver.mjs";
    let mut app = NodeReceiver::start_in_overlap(node, script, &receivers, &new, Some(old));
    let service = Service::start(&[&receivers.ca_argument()]);
    let url = format!("https://{}/hooks", app.address);
    let endpoint = Endpoint { url, ..party.endpoint("acct_1") };
    let endpoint = party.register(&service, endpoint).await;
    let request = RotateEndpointSecretRequest {
        account_id: endpoint.account_id,
        endpoint_id: endpoint.endpoint_id,
        secret: Some(new.expose().to_owned()),
        ..RotateEndpointSecretRequest::default()
    };
    service.admin().await.rotate_endpoint_secret(request).await.expect("it is rotated");
    let sample = sample("acct_1", EventType::LeadQualified);
    service.ingest().await.publish_event(sample).await.expect("it is published");
    let received = next_line(&mut app.lines);
    for verdict in ["bookora", "standard", "previous_bookora", "previous_standard"] {
        assert_eq!(received[verdict], true, "{verdict} of {received}");
    }
}

#[tokio::test]
async fn a_receiver_with_another_secret_refuses_and_the_delivery_is_retried() {
    let Some(node) = node::require() else { return };
    let receivers = Receivers::new();
    let other = Secret::generate(&SystemRandom);
    let mut app = NodeReceiver::start(node, "express_receiver.mjs", &receivers, &other);
    let service = Service::start(&[&receivers.ca_argument()]);
    let party = receivers.start(0).await;
    let endpoint = Endpoint {
        url: format!("https://{}/hooks", app.address),
        retry_schedule: vec![prost_types::Duration { seconds: 1, nanos: 0 }],
        ..party.endpoint("acct_1")
    };
    party.register(&service, endpoint).await;
    let sample = sample("acct_1", EventType::BookingCreated);
    service.ingest().await.publish_event(sample).await.expect("it is published");
    for attempt in ["1", "2"] {
        let received = next_line(&mut app.lines);
        assert_eq!(received["attempt"], attempt, "{received}");
        assert_eq!((&received["bookora"], &received["standard"]), (&false.into(), &false.into()));
    }
}

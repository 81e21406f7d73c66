//! Canaries: secrets, payloads, headers and queries that are known, and go through every call, and
//! to every kind of receiver. None of them sings in a log or in an error; secrets neither in the
//! database. (Payloads, headers and URLs are in the database in the clear.)

use std::collections::BTreeSet;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::domain::secret::Secret;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::publish_event_request::Data;
use bookora_webhooks::proto::publish_event_result::Result as ResultMessage;
use bookora_webhooks::proto::*;
use prost::Message;
use prost_types::{FieldMask, Timestamp};
use tonic::Status;

use super::disk;
use crate::caller::{ACCOUNT, Call, Caller};
use crate::deliveries::{sample, seconds};
use crate::party::{Party, Receivers};
use crate::service::{Service, eventually};
use crate::telemetry::collector::Collector;
use crate::telemetry::scrape::scrape;

/// A customer's, in every payload.
const CUSTOMER: &str = "Canary-Customer-7f3ae1c2";
/// A custom header's value.
const HEADER: &str = "canary-header-91bd64a0f7";
/// In the query of every URL.
const QUERY: &str = "canary-query-55aa0d7e91";
/// Secrets that callers bring, and one that is none.
const BROUGHT: &str = "whsec_Q2FuYXJ5U2VjcmV0QnJvdWdodEJ5Q3JlYXRlMDE=";
const ROTATED: &str = "whsec_Q2FuYXJ5U2VjcmV0QnJvdWdodEJ5Um90YXRlMDE=";
const PLAIN: &str = "canary-plain-secret-3d5b8f";
const REFUSED: &str = "canary refused secret 6e2a9c";
const REQUEST_ID: &str = "0190a5c2-7b1e-7c3d-9e4f-5a6b7c8d9e0f";
const UNKNOWN_DELIVERY: &str = "dlv_01m86mbyhd0000000000000000";

/// Who calls, and what was answered to them.
struct Stage {
    service: Service,
    collector: Collector,
    caller: Caller,
    refusals: Vec<Status>,
    called: BTreeSet<&'static str>,
    /// What was answered when an endpoint was registered.
    secrets: Vec<String>,
}

fn endpoint_for(party: &Party) -> Endpoint {
    let plain = party.endpoint(ACCOUNT);
    Endpoint {
        url: format!("{}?token={QUERY}", plain.url),
        headers: [("X-Canary".to_owned(), HEADER.to_owned())].into(),
        retry_schedule: vec![seconds(1)],
        ..plain
    }
}

fn event(key: &str) -> PublishEventRequest {
    let mut request = sample(ACCOUNT, EventType::CustomerCreated);
    if let Some(Data::CustomerCreated(data)) = &mut request.data {
        data.customer_name = format!("{CUSTOMER} of {key}");
        data.email = Some(format!("{CUSTOMER}@example.com"));
    }
    PublishEventRequest { idempotency_key: key.to_owned(), ..request }
}

/// One that no event can be made of.
fn bad_event() -> PublishEventRequest {
    let mut request = event("bad");
    if let Some(Data::CustomerCreated(data)) = &mut request.data {
        data.customer_id = String::new();
        data.phone = Some(format!("{CUSTOMER}{}", "0".repeat(300_000)));
    }
    request
}

impl Stage {
    async fn new(receivers: &Receivers) -> Self {
        let collector = Collector::grpc().await;
        let all = [("RUST_LOG", "trace"), ("OTEL_TRACES_SAMPLER", "always_on")];
        let variables = [&collector.variables()[..], &all].concat();
        let arguments = [&*receivers.ca_argument(), "--metrics-by-endpoint"];
        let service = Service::start_with(&variables, &arguments);
        let caller = Caller::new(&service).await;
        let (refusals, called, secrets) = Default::default();
        Self { service, collector, caller, refusals, called, secrets }
    }

    /// Makes a call, whatever is answered.
    async fn call(&mut self, call: impl Into<Call>) {
        let call = call.into();
        self.called.insert(call.name());
        self.refusals.extend(self.caller.call(call).await.err());
    }

    /// Makes a call that is refused.
    async fn refused(&mut self, call: impl Into<Call>) {
        let before = self.refusals.len();
        self.call(call).await;
        assert_eq!(self.refusals.len(), before + 1, "it is refused");
    }

    async fn register(&mut self, endpoint: Endpoint, secret: Option<&str>) -> Endpoint {
        let secret = secret.map(str::to_owned);
        let endpoint = Some(endpoint);
        let request = CreateEndpointRequest { endpoint, secret, ..Default::default() };
        let created = self.caller.admin.create_endpoint(request).await.expect("it is created");
        let created = created.into_inner();
        self.secrets.push(created.secret);
        created.endpoint.expect("it is in the answer")
    }

    /// Every call that is about an endpoint's secret.
    async fn rotate(&mut self, endpoint: &Endpoint, current: &str) {
        let rotation = RotateEndpointSecretRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: endpoint.endpoint_id.clone(),
            request_id: REQUEST_ID.to_owned(),
            secret: Some(ROTATED.to_owned()),
            ..Default::default()
        };
        for secret in [REFUSED, current, "whsec_Y2FuYXJ5LXJlZnVzZWQ="] {
            let secret = Some(secret.to_owned());
            self.refused(RotateEndpointSecretRequest { secret, ..rotation.clone() }).await;
        }
        let rotated = self.caller.admin.rotate_endpoint_secret(rotation.clone()).await;
        let rotated = rotated.expect("it is rotated").into_inner().endpoint.expect("with it");
        self.call(rotation.clone()).await;
        let secret = Some(PLAIN.to_owned());
        self.refused(RotateEndpointSecretRequest { secret, ..rotation.clone() }).await;
        let request_id = String::new();
        self.refused(RotateEndpointSecretRequest { request_id, ..rotation }).await;
        let (account_id, endpoint_id) = (rotated.account_id, rotated.endpoint_id);
        for secret in rotated.secrets.iter().rev() {
            let revocation = RevokeEndpointSecretRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                secret_id: secret.secret_id.clone(),
            };
            self.call(revocation.clone()).await;
            self.refused(revocation).await;
        }
        self.call(GetEndpointSecretRequest { account_id, endpoint_id }).await;
    }

    /// Calls that are refused for what they bring.
    async fn bring_what_is_refused(&mut self, good: &Endpoint) {
        let creation = |endpoint: Endpoint, secret: &str| CreateEndpointRequest {
            endpoint: Some(endpoint),
            secret: Some(secret.to_owned()),
            request_id: REQUEST_ID.to_owned(),
        };
        self.call(creation(good.clone(), PLAIN)).await;
        self.call(creation(good.clone(), PLAIN)).await;
        self.refused(creation(good.clone(), BROUGHT)).await;
        self.refused(creation(good.clone(), REFUSED)).await;
        let url = |url: String| Endpoint { url, ..good.clone() };
        let header = |name: &str| Endpoint {
            headers: [(name.to_owned(), format!("{HEADER}\n{HEADER}"))].into(),
            ..good.clone()
        };
        for bad in [
            url(format!("http://hooks.example.com/?{QUERY}")),
            url(format!("https://{QUERY}@hooks.example.com/")),
            url(format!("https://10.0.0.1/?{QUERY}")),
            url(format!("https://hooks.example.com/#{QUERY}")),
            url(format!("https://hooks example.com/?{QUERY}")),
            header("X-Canary"),
            header("Content-Length"),
        ] {
            self.refused(creation(bad.clone(), BROUGHT)).await;
            let update_mask = Some(FieldMask { paths: vec!["url".into(), "headers".into()] });
            let etag = "\"other\"".to_owned();
            let endpoint = Some(Endpoint { etag, ..bad });
            self.refused(UpdateEndpointRequest { endpoint, update_mask }).await;
        }
        self.refused(bad_event()).await;
        self.refused(PublishEventRequest { data: None, ..event("none") }).await;
        self.call(StreamPublishEventsRequest { request: Some(event("streamed")) }).await;
        self.refused(StreamPublishEventsRequest { request: Some(bad_event()) }).await;
        self.call(event("twice")).await;
        let other = PublishEventRequest { idempotency_key: "twice".to_owned(), ..event("other") };
        self.refused(other.clone()).await;
        let requests = vec![event("batch"), other, bad_event()];
        let request = BatchPublishEventsRequest { requests };
        self.call(request.clone()).await;
        let answered = self.caller.ingest.batch_publish_events(request).await;
        let results = answered.map_or_else(|_| Vec::new(), |answer| answer.into_inner().results);
        for result in results {
            if let Some(ResultMessage::Error(error)) = result.result {
                let (code, details) = (error.code.into(), error.encode_to_vec().into());
                self.refusals.push(Status::with_details(code, error.message, details));
            }
        }
    }

    /// Every other call, about an endpoint and a delivery, and about none.
    async fn ask_for_all(&mut self, endpoint: &Endpoint, delivery: &Delivery) {
        let account = || ACCOUNT.to_owned();
        for delivery_id in [&*delivery.delivery_id, UNKNOWN_DELIVERY, CUSTOMER] {
            let (account_id, delivery_id) = (account(), delivery_id.to_owned());
            self.call(GetDeliveryRequest {
                account_id: account_id.clone(),
                delivery_id: delivery_id.clone(),
                view: DeliveryView::Full.into(),
            })
            .await;
            self.call(ListAttemptsRequest {
                account_id: account_id.clone(),
                delivery_id: delivery_id.clone(),
                ..Default::default()
            })
            .await;
            self.call(CancelDeliveryRequest {
                account_id: account_id.clone(),
                delivery_id: delivery_id.clone(),
            })
            .await;
            self.call(ResendDeliveryRequest { account_id, delivery_id, ..Default::default() })
                .await;
        }
        for event_id in [&*delivery.event_id, QUERY] {
            let event_id = event_id.to_owned();
            self.call(GetEventRequest { account_id: account(), event_id }).await;
        }
        for page_token in [String::new(), HEADER.to_owned()] {
            let account_id = account();
            let (deliveries, endpoints) = (page_token.clone(), page_token.clone());
            self.call(ListDeliveriesRequest {
                account_id: account_id.clone(),
                page_token: deliveries,
                ..Default::default()
            })
            .await;
            self.call(ListEndpointsRequest {
                account_id: account_id.clone(),
                page_token: endpoints,
                ..Default::default()
            })
            .await;
            self.call(ListEventsRequest {
                account_id: account_id.clone(),
                page_token: page_token.clone(),
                ..Default::default()
            })
            .await;
            self.call(GetDeliveryStatsRequest {
                account_id: account_id.clone(),
                endpoint_id: page_token.clone(),
                ..Default::default()
            })
            .await;
            self.call(ListEventTypesRequest {
                page_token: page_token.clone(),
                ..Default::default()
            })
            .await;
            let request = WatchDeliveriesRequest {
                account_id,
                resume_token: page_token,
                ..Default::default()
            };
            self.call(request).await;
        }
        self.switch(endpoint).await;
    }

    /// The calls that change an endpoint's state, and end it.
    async fn switch(&mut self, endpoint: &Endpoint) {
        for endpoint_id in [&*endpoint.endpoint_id, HEADER] {
            let (account_id, endpoint_id) = (ACCOUNT.to_owned(), endpoint_id.to_owned());
            let event_type = String::new();
            self.call(GetEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
            })
            .await;
            self.call(TestEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                event_type,
            })
            .await;
            self.call(DisableEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                ..Default::default()
            })
            .await;
            self.call(EnableEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
            })
            .await;
            self.call(RecoverEndpointRequest {
                account_id: account_id.clone(),
                endpoint_id: endpoint_id.clone(),
                start_time: Some(Timestamp::default()),
                include: vec![RecoveryKind::Missed.into()],
                ..Default::default()
            })
            .await;
            self.call(DeleteEndpointRequest { account_id, endpoint_id, ..Default::default() })
                .await;
        }
    }

    /// Waits until a delivery to the endpoint is in a state.
    async fn delivery(&mut self, endpoint: &Endpoint, state: State) -> Delivery {
        let request = ListDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            filter: Some(DeliveryFilter {
                endpoint_ids: vec![endpoint.endpoint_id.clone()],
                states: vec![state.into()],
                ..Default::default()
            }),
            ..Default::default()
        };
        eventually("a delivery comes to its state", async || {
            let listed = self.caller.query.list_deliveries(request.clone()).await;
            listed.expect("it is listed").into_inner().deliveries.pop()
        })
        .await
    }
}

/// The bytes of a secret: its text, and its key.
fn keys_of(text: &str) -> [Vec<u8>; 2] {
    let secret = Secret::parse(text).expect("a secret");
    // What every secret begins with is none.
    let text = text.trim_start_matches("whsec_").trim_end_matches('=');
    [text.as_bytes().to_vec(), secret.standard_key().to_vec()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_payload_header_or_query_is_in_telemetry_or_an_error_and_no_secret_in_the_database()
 {
    let receivers = Receivers::new();
    let mut stage = Stage::new(&receivers).await;
    let (steady, flaky) = (receivers.start(0).await, receivers.start(1).await);
    let first = stage.register(endpoint_for(&steady), Some(steady.secret.expose())).await;
    let second = stage.register(endpoint_for(&flaky), Some(flaky.secret.expose())).await;
    let deaf = Endpoint { url: format!("https://127.0.0.1:1/?{QUERY}"), ..endpoint_for(&steady) };
    let deaf = stage.register(deaf, Some(PLAIN)).await;
    // Its certificate is none that the service trusts.
    let strangers = Receivers::new();
    let stranger = strangers.start(0).await;
    let stranger = stage.register(endpoint_for(&stranger), None).await;

    stage.call(event("first")).await;
    stage.bring_what_is_refused(&first).await;
    let delivered = stage.delivery(&first, State::Succeeded).await;
    stage.delivery(&second, State::Succeeded).await;
    stage.delivery(&deaf, State::Failed).await;
    stage.delivery(&stranger, State::Failed).await;
    stage.rotate(&first, steady.secret.expose()).await;
    stage.call(event("last")).await;
    stage.ask_for_all(&first, &delivered).await;

    let missing: Vec<_> = Call::NAMES.iter().filter(|name| !stage.called.contains(*name)).collect();
    assert!(missing.is_empty(), "canaries go through {missing:?} too");
    let metrics = scrape(&stage.service).await.text;
    let exported = &stage.collector.exported;
    eventually("the last call is exported", async || {
        let is_last = |name: &str| name.ends_with("/DeleteEndpoint");
        let has_last = exported.spans().iter().filter(|span| is_last(&span.name)).count() >= 2;
        (has_last && !exported.lines().is_empty()).then_some(())
    })
    .await;
    let exported = exported.everything();
    // Read as it is left by a crash, with its log not written back.
    stage.service.kill();
    let (log, database) = (stage.service.log(), disk::everything(&stage.service));

    let secrets: Vec<Vec<u8>> = [BROUGHT, ROTATED, PLAIN]
        .into_iter()
        .chain(stage.secrets.iter().map(String::as_str))
        .flat_map(keys_of)
        .collect();
    let others = [CUSTOMER, HEADER, QUERY, REFUSED].map(|text| text.as_bytes().to_vec());
    assert!(disk::shows(&exported, b"server.address"), "spans of attempts are exported");
    assert!(log.contains("TRACE") && log.contains("DEBUG"), "everything is logged");
    assert!(disk::shows(&database, CUSTOMER.as_bytes()), "what is there is found");
    for canary in secrets.iter().chain(&others) {
        let shown = String::from_utf8_lossy(canary);
        assert!(!disk::shows(metrics.as_bytes(), canary), "{shown} is in the metrics");
        assert!(!disk::shows(&exported, canary), "{shown} is in what is exported");
        if let Some(line) = log.lines().find(|line| disk::shows(line.as_bytes(), canary)) {
            panic!("{shown} is in the log: {line}");
        }
        for refusal in &stage.refusals {
            let all = format!("{refusal:?}");
            assert!(!disk::shows(all.as_bytes(), canary), "{shown} is in {all}");
            assert!(!disk::shows(refusal.details(), canary), "{shown} is in details of {all}");
        }
    }
    for secret in &secrets {
        let shown = String::from_utf8_lossy(secret);
        assert!(!disk::shows(&database, secret), "{shown} is in the database");
    }
    println!(
        "{} calls, {} refusals, {} bytes of log, {} bytes of database: {} canaries, none shown",
        stage.called.len(),
        stage.refusals.len(),
        log.len(),
        database.len(),
        secrets.len() + others.len()
    );
}

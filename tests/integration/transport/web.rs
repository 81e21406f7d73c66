//! gRPC-Web, through a real `fetch`: calls, errors, streams, over HTTP/1.1 and TLS, and what pages of
//! other origins may do. Once through `buf curl` too.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdout, Command};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::watch_deliveries_response::Message as Watched;
use bookora_webhooks::proto::{
    GetEventRequest, PublishEventRequest, PublishEventResponse, WatchDeliveriesResponse,
};
use prost::Message;
use serde_json::{Value, json};
use tonic::Status;

use super::authority::Authority;
use crate::caller::{ACCOUNT, Caller, deaf_endpoint};
use crate::deliveries::sample;
use crate::node::{self, Node};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::watches::watch_request;

const PUBLISH: &str = "bookora.webhooks.v1.EventIngest/PublishEvent";
const GET_EVENT: &str = "bookora.webhooks.v1.DeliveryQuery/GetEvent";
const WATCH: &str = "bookora.webhooks.v1.DeliveryQuery/WatchDeliveries";
const PAGE: &str = "https://app.example.com";

/// A `fetch` that makes calls; it ends with its stdin.
struct Fetch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    base: String,
}

impl Fetch {
    fn start(node: Node, base: String, environment: &[(&str, &OsStr)]) -> Self {
        let mut child = node.spawn("web_client.mjs", environment);
        let lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        Self { child, lines, base }
    }

    fn plainly(node: Node, service: &Service) -> Self {
        Self::start(node, format!("http://{}", service.address()), &[])
    }

    fn ask(&mut self, call: &Value) {
        let stdin = self.child.stdin.as_mut().expect("stdin is piped");
        writeln!(stdin, "{call}").expect("it reads");
    }

    fn call(&mut self, path: &str, message: &impl Message, headers: &Value) {
        let message = STANDARD.encode(message.encode_to_vec());
        let url = format!("{}/{path}", self.base);
        self.ask(&json!({ "url": url, "message": message, "headers": headers }));
    }

    fn told(&mut self) -> Value {
        let line = self.lines.next().expect("it goes on").expect("in UTF-8");
        serde_json::from_str(&line).expect("in JSON")
    }

    fn head(&mut self) -> Value {
        let told = self.told();
        assert_eq!(told["status"], 200, "{told}");
        told["head"].clone()
    }

    fn message<M: Message + Default>(&mut self) -> M {
        let told = self.told();
        let message = told["message"].as_str().unwrap_or_else(|| panic!("a message: {told}"));
        M::decode(&STANDARD.decode(message).expect("base64")[..]).expect("a message")
    }

    fn status(&mut self) -> Status {
        let told = self.told();
        let field = |name: &str| told["trailers"][name].as_str().unwrap_or_default().to_owned();
        let code = tonic::Code::from_bytes(field("grpc-status").as_bytes());
        let details = field("grpc-status-details-bin");
        let details = STANDARD_NO_PAD.decode(details.trim_end_matches('=')).expect("base64");
        Status::with_details(code, field("grpc-message"), details.into())
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Publishes, is refused, and watches, as a page does it.
async fn use_everything(fetch: &mut Fetch, caller: &mut Caller) {
    let none = json!({});
    fetch.call(PUBLISH, &sample(ACCOUNT, EventType::LeadQualified), &none);
    fetch.head();
    let published: PublishEventResponse = fetch.message();
    assert!(published.event_id.starts_with("evt_"));
    assert_eq!(fetch.status().code(), tonic::Code::Ok);

    fetch.call(PUBLISH, &PublishEventRequest::default(), &none);
    fetch.head();
    let refusal = Refusal::read(&fetch.status());
    assert_eq!(refusal.code, tonic::Code::InvalidArgument);
    assert!(refusal.fields.contains(&"account_id".to_owned()), "{refusal:?}");

    let event_id = "evt_01m86mbyh9egn8hehr5k7dp3zm".to_owned();
    let unknown = GetEventRequest { account_id: ACCOUNT.to_owned(), event_id: event_id.clone() };
    fetch.call(GET_EVENT, &unknown, &none);
    fetch.head();
    assert_eq!(Refusal::read(&fetch.status()), Refusal::of_id("Event", &event_id));

    caller.register(deaf_endpoint(ACCOUNT)).await;
    fetch.call(WATCH, &watch_request(), &none);
    fetch.head();
    let first: WatchDeliveriesResponse = fetch.message();
    assert!(matches!(first.message, Some(Watched::Heartbeat(_))), "{first:?}");
    let own = caller.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    let update: WatchDeliveriesResponse = fetch.message();
    let Some(Watched::Update(update)) = update.message else { panic!("{update:?}") };
    assert_eq!(update.delivery.expect("it is in it").event_id, own.event_id);
}

/// Reads on until the watch has ended: its last token, and why.
fn end_of_watch(fetch: &mut Fetch) -> (String, Status) {
    let mut token = String::new();
    loop {
        let told = fetch.told();
        let Some(message) = told["message"].as_str() else {
            let details = told["trailers"]["grpc-status-details-bin"].as_str().expect("a reason");
            let details = STANDARD_NO_PAD.decode(details.trim_end_matches('=')).expect("base64");
            let code = told["trailers"]["grpc-status"].as_str().expect("a status").as_bytes();
            let text = told["trailers"]["grpc-message"].as_str().unwrap_or_default();
            let code = tonic::Code::from_bytes(code);
            return (token, Status::with_details(code, text, details.into()));
        };
        let message = STANDARD.decode(message).expect("base64");
        token = WatchDeliveriesResponse::decode(&message[..]).expect("a message").resume_token;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_publishes_is_refused_and_watches_until_the_server_stops() {
    let Some(node) = node::require() else { return };
    let mut service = Service::start(&[]);
    let mut fetch = Fetch::plainly(node, &service);
    use_everything(&mut fetch, &mut Caller::new(&service).await).await;
    service.terminate();
    let (token, status) = end_of_watch(&mut fetch);
    assert_eq!(Refusal::read(&status).reason, "SERVER_DRAINING");
    assert!(!token.is_empty(), "with a last token");
    assert!(service.ended().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_over_tls() {
    let Some(node) = node::require() else { return };
    let authority = Authority::new();
    let mut service = authority.start_service(&[]);
    let base = format!("https://{}", service.address());
    let ca_file = authority.path("ca.pem");
    let trusted = [("NODE_EXTRA_CA_CERTS", ca_file.as_os_str())];
    let mut fetch = Fetch::start(node, base, &trusted);
    let channel = authority.connect(&service, None).await.unwrap();
    use_everything(&mut fetch, &mut Caller::on(channel)).await;
    service.terminate();
    let (token, status) = end_of_watch(&mut fetch);
    assert_eq!(Refusal::read(&status).reason, "SERVER_DRAINING");
    assert!(!token.is_empty(), "with a last token");
    assert!(service.ended().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_origins_that_are_named_may_read_answers_and_others_may_not() {
    let Some(node) = node::require() else { return };
    let service = Service::start(&[&format!("--web-origin={PAGE}")]);
    let mut fetch = Fetch::plainly(node, &service);
    let url = format!("{}/{PUBLISH}", fetch.base);
    for (origin, allowed) in [(PAGE, Some(PAGE)), ("https://evil.example.com", None)] {
        // What a browser asks before it lets a page call.
        let asks = json!({
            "origin": origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,grpc-timeout,x-grpc-web",
        });
        fetch.ask(&json!({ "url": url, "method": "OPTIONS", "headers": asks }));
        let head = fetch.head();
        assert_eq!(head["access-control-allow-origin"].as_str(), allowed, "{origin}");
        if allowed.is_some() {
            assert_eq!(head["access-control-allow-methods"], "POST");
            assert_eq!(
                head["access-control-allow-headers"],
                "authorization,content-type,grpc-timeout,x-grpc-web"
            );
            assert!(head["access-control-allow-credentials"].is_null(), "no cookies");
        }
        fetch.told();
        let event = sample(ACCOUNT, EventType::LeadQualified);
        fetch.call(PUBLISH, &event, &json!({ "origin": origin }));
        let head = fetch.head();
        assert_eq!(head["access-control-allow-origin"].as_str(), allowed, "{origin}");
        let exposed = head["access-control-expose-headers"].as_str().unwrap_or_default();
        for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
            assert!(exposed.split(',').any(|one| one == name), "{exposed}");
        }
        fetch.message::<PublishEventResponse>();
        fetch.status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_origin_is_allowed_unless_it_is_named_and_http_1_is_for_grpc_web_alone() {
    let Some(node) = node::require() else { return };
    let service = Service::start(&[]);
    let mut fetch = Fetch::plainly(node, &service);
    let url = format!("{}/{PUBLISH}", fetch.base);
    let asks = json!({ "origin": PAGE, "access-control-request-method": "POST" });
    fetch.ask(&json!({ "url": url, "method": "OPTIONS", "headers": asks }));
    let told = fetch.told();
    assert!(told["head"]["access-control-allow-origin"].is_null(), "{told}");
    fetch.told();
    let not_web = json!({ "content-type": "application/grpc" });
    fetch.call(PUBLISH, &sample(ACCOUNT, EventType::LeadQualified), &not_web);
    assert_eq!(fetch.told()["status"], 400);
    fetch.told();
    fetch.ask(&json!({ "url": url, "method": "GET", "headers": {} }));
    assert_eq!(fetch.told()["status"], 405);
    assert_eq!(service.ask_database("SELECT count(*) FROM events").await, 0);
}

#[tokio::test]
async fn buf_curl_calls_over_grpc_web() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/.tools/venv/bin/buf");
    let buf = if std::path::Path::new(own).exists() { own } else { "buf" };
    if Command::new(buf).arg("--version").output().is_err() {
        return node::skip_for("buf_curl_calls_over_grpc_web", "buf");
    }
    let service = Service::start(&[]);
    let output = Command::new(buf)
        .args(["curl", "--protocol=grpcweb", "--schema=proto", "--data={}"])
        .arg(format!(
            "http://{}/bookora.webhooks.v1.EndpointAdmin/ListEventTypes",
            service.address()
        ))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("buf runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("booking.created"), "{said}");
}

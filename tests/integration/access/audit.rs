//! The audit log: a line for each call of EndpointAdmin that writes or shows a secret.

use std::collections::BTreeMap;

use bookora_webhooks::domain::clock::{Clock, SystemClock};
use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    CreateEndpointRequest, Endpoint, ListEndpointsRequest, RotateEndpointSecretRequest,
    UpdateEndpointRequest,
};

use super::rpcs::{self, Ids, rpc};
use super::{TokensFile, caller_with};
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, deaf_endpoint};
use crate::deliveries::sample;
use crate::readings::{all_of, settled};
use crate::service::{Service, eventually};

/// RPCs of EndpointAdmin that neither write nor show a secret.
const UNAUDITED: [&str; 3] = ["GetEndpoint", "ListEndpoints", "ListEventTypes"];
const REQUEST_ID: &str = "6f2c0f1e-52d6-4f2e-9c53-0d7b8f6d3a11";
/// Texts that must not be logged.
const SECRET: &str = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5";
const OTHER_SECRET: &str = "canary-secret-0123456789abcdef";
const CANARIES: [&str; 5] =
    [SECRET, OTHER_SECRET, "canary-path", "canary-header-value", "canary-payload"];

fn lines(service: &Service) -> Vec<String> {
    let log = service.log();
    log.lines().filter(|line| line.contains(" audit: ")).map(str::to_owned).collect()
}

/// The line that was written last, once there are so many.
async fn line(service: &Service, number: usize) -> String {
    eventually(&format!("line {number} of the audit log"), async || {
        let mut lines = lines(service);
        (lines.len() >= number).then(|| {
            assert_eq!(lines.len(), number, "{lines:?}");
            lines.pop().expect("there is one")
        })
    })
    .await
}

fn assert_says(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} is in: {line}");
    }
}

#[tokio::test]
async fn each_call_that_writes_or_shows_a_secret_is_one_line() {
    let mut file = TokensFile::new();
    let admin = file.add("crm", &["admin"], &[ACCOUNT]);
    let viewer = file.add("dashboard", &["viewer"], &["*"]);
    let service = file.start();
    let mut admin = caller_with(&service, &admin).await;
    let mut viewer = caller_with(&service, &viewer).await;
    let ids = Ids::unknown();
    let mut written = 0;
    for (_, name) in rpcs::all().into_iter().filter(|(service, _)| service == "EndpointAdmin") {
        let call = |account| (rpc(&name).harmless.0)(account, &ids);
        let of_call = format!("rpc=\"{name}\"");
        let outcome = format!("code=\"{}\"", text_of(rpc(&name).harmless.1));
        for (account, who, outcome) in [
            (ACCOUNT, "crm", outcome),
            (OTHER_ACCOUNT, "crm", denied()),
            (ACCOUNT, "dashboard", denied()),
        ] {
            let caller = if who == "crm" { &mut admin } else { &mut viewer };
            // Its answer is no matter here.
            let _ = caller.call(call(account)).await;
            if UNAUDITED.contains(&name.as_str()) {
                assert_eq!(lines(&service).len(), written, "{name}");
                continue;
            }
            written += 1;
            let line = line(&service, written).await;
            let caller = format!("caller=\"{who}\" kind=\"token\" peer=127.0.0.1:");
            assert_says(&line, &[&caller, &of_call, &outcome]);
            if who == "crm" {
                assert_says(&line, &[&format!("account={account}")]);
                let about = [&ids.endpoint, &ids.delivery].map(|id| line.contains(id));
                assert_eq!(about.contains(&true), name != "CreateEndpoint", "{line}");
            }
        }
    }
    assert_eq!(written, 12 * 3, "of each RPC three calls");
}

fn denied() -> String {
    "code=\"PERMISSION_DENIED\" reason=\"PERMISSION_DENIED\"".to_owned()
}

fn text_of(code: tonic::Code) -> &'static str {
    match code {
        tonic::Code::NotFound => "NOT_FOUND",
        tonic::Code::InvalidArgument => "INVALID_ARGUMENT",
        tonic::Code::Ok => "OK",
        other => panic!("{other:?}"),
    }
}

/// An endpoint with what must not be logged in every place where there may be such.
fn canary() -> Endpoint {
    let headers = BTreeMap::from([("X-Canary".to_owned(), "canary-header-value".to_owned())]);
    let url = "https://127.0.0.1:1/canary-path?canary-path".to_owned();
    Endpoint { url, headers, ..deaf_endpoint(ACCOUNT) }
}

async fn create_canary(caller: &mut Caller) -> Endpoint {
    let request = CreateEndpointRequest {
        endpoint: Some(canary()),
        secret: Some(SECRET.to_owned()),
        request_id: REQUEST_ID.to_owned(),
    };
    let created = caller.admin.create_endpoint(request).await.unwrap().into_inner();
    created.endpoint.unwrap()
}

#[tokio::test]
async fn no_line_has_a_secret_a_url_or_a_header_in_it() {
    let mut file = TokensFile::new();
    let token = file.add("crm", &["admin", "publisher", "viewer"], &[ACCOUNT]);
    let service = file.start();
    let mut caller = caller_with(&service, &token).await;
    let endpoint = create_canary(&mut caller).await;
    let created = line(&service, 1).await;
    let about = format!("account={ACCOUNT} endpoint={}", endpoint.endpoint_id);
    let request_id = format!("request_id={REQUEST_ID}");
    assert_says(&created, &["rpc=\"CreateEndpoint\"", &about, &request_id, "code=\"OK\""]);
    assert!(!created.contains("reason="), "{created}");

    let changed = Endpoint { description: "canary-payload".to_owned(), ..canary() };
    let changed = Endpoint { endpoint_id: endpoint.endpoint_id.clone(), ..changed };
    let request =
        UpdateEndpointRequest { endpoint: Some(changed), ..UpdateEndpointRequest::default() };
    caller.admin.update_endpoint(request).await.unwrap();
    let request = RotateEndpointSecretRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint.endpoint_id.clone(),
        secret: Some(OTHER_SECRET.to_owned()),
        ..RotateEndpointSecretRequest::default()
    };
    let shown = caller.admin.rotate_endpoint_secret(request).await.unwrap().into_inner();
    assert_eq!(shown.secret, OTHER_SECRET);
    caller.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    let delivery = settled(&mut caller, &all_of(ACCOUNT), State::Retrying).await.pop().unwrap();
    let ids = Ids::of(&endpoint, &delivery);
    for (_, name) in rpcs::all() {
        // Whatever they are answered.
        let _ = caller.call((rpc(&name).real)(ACCOUNT, &ids)).await;
    }
    let request = ListEndpointsRequest {
        account_id: "acct_1\u{1b}[31m\ncanary-payload".to_owned(),
        ..ListEndpointsRequest::default()
    };
    caller.refusal(request).await;
    eventually("the last call is logged", async || {
        lines(&service).iter().any(|line| line.contains("CancelDelivery")).then_some(())
    })
    .await;
    let log = service.log();
    let hidden: Vec<&str> = CANARIES.into_iter().chain([token.as_str()]).collect();
    for canary in hidden {
        assert!(!log.contains(canary), "{canary} is in:\n{log}");
    }
}

#[tokio::test]
async fn of_a_scanner_only_so_many_lines_are_written() {
    let clock = SystemClock::new();
    let file = TokensFile::new();
    let service = file.start();
    let mut scanner = caller_with(&service, &format!("bwt_{}", "A".repeat(43))).await;
    let refused = "a caller was not let in";
    for _ in 0..500 {
        scanner.refusal((rpc("GetEndpointSecret").real)(ACCOUNT, &Ids::unknown())).await;
    }
    service.logged(&["WARN audit:", refused, "peer=127.0.0.1:", "rpc=\"GetEndpointSecret\""]).await;
    let written = service.log().matches(refused).count();
    let minutes = usize::try_from(clock.monotonic().as_secs() / 60).unwrap() + 2;
    assert!(written <= 60 * minutes, "{written} lines in {minutes} minutes");
    assert!(!service.log().contains("bwt_"), "what it showed is not logged");
}

#[tokio::test]
async fn a_call_whose_caller_goes_away_is_a_line_too() {
    let mut file = TokensFile::new();
    let token = file.add("crm", &["admin"], &[ACCOUNT]);
    let service = file.start();
    let mut caller = caller_with(&service, &token).await;
    // Takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/hooks", silent.local_addr().unwrap());
    let created = caller.register(Endpoint { url, ..deaf_endpoint(ACCOUNT) }).await;
    let mut ids = Ids::unknown();
    ids.endpoint.clone_from(&created.endpoint_id);
    let _connection = tokio::select! {
        answer = caller.call((rpc("TestEndpoint").real)(ACCOUNT, &ids)) => panic!("{answer:?}"),
        connection = silent.accept() => connection.unwrap(),
    };
    let about = format!("endpoint={}", created.endpoint_id);
    service.logged(&["audit:", "rpc=\"TestEndpoint\"", &about, "code="]).await;
}

//! The metrics: each that the documentation lists, counted right, and no more series with more
//! accounts and endpoints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{DisableEndpointRequest, Endpoint, WatchDeliveriesRequest};

use super::scrape::{Scrape, scrape};
use crate::caller::{ACCOUNT, Caller};
use crate::deliveries::{sample, seconds};
use crate::plain_receiver::{PlainReceiver, attempt, status};
use crate::service::{Service, eventually};

/// Accounts with an endpoint each.
const ACCOUNTS: usize = 50;

/// A receiver that refuses the first attempt, one that refuses all, one that accepts.
async fn receivers() -> [PlainReceiver; 3] {
    [
        PlainReceiver::start(|headers| status(if attempt(headers) == 1 { 503 } else { 204 })).await,
        PlainReceiver::start(|_| status(500)).await,
        PlainReceiver::start(|_| status(204)).await,
    ]
}

/// An endpoint with one short retry.
fn retried() -> Endpoint {
    Endpoint {
        account_id: ACCOUNT.to_owned(),
        retry_schedule: vec![seconds(1)],
        ..Endpoint::default()
    }
}

/// Waits until a series has a value, or more of it.
async fn comes_to(service: &Service, series: &str, least: u64) -> Scrape {
    eventually(&format!("{series} comes to {least}"), async || {
        let scraped = scrape(service).await;
        (scraped.count(series) >= least).then_some(scraped)
    })
    .await
}

/// What is shown when nothing is due and nothing under way, which the store is asked for now and then.
async fn at_rest(service: &Service) -> Scrape {
    const WAITING: [&str; 2] =
        ["bookora_queue_oldest_due_age_seconds", "bookora_requests_in_flight"];
    eventually("nothing waits", async || {
        let scraped = scrape(service).await;
        WAITING.iter().all(|series| scraped.value(series) == 0.0).then_some(scraped)
    })
    .await
}

/// The metrics that docs/metrics.md lists: name and type.
fn documented() -> BTreeMap<String, String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let page = std::fs::read_to_string(page).expect("it is there");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed = rows.filter_map(|row| {
        let (name, rest) = row.split_once("` | ")?;
        let kind = rest.split(' ').next()?;
        ["counter", "gauge", "histogram"]
            .contains(&kind)
            .then(|| (name.to_owned(), kind.to_owned()))
    });
    listed.collect()
}

#[tokio::test]
async fn every_documented_metric_is_there_after_a_success_a_failure_and_a_retry() {
    let service = Service::start(&["--allow-http", "--max-in-flight=100"]);
    let mut caller = Caller::new(&service).await;
    let receivers = receivers().await;
    for receiver in &receivers {
        receiver.register(&service, retried()).await;
    }
    caller.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    let failed = r#"bookora_deliveries_closed_total{state="failed"}"#;
    comes_to(&service, failed, 1).await;
    let succeeded = r#"bookora_deliveries_closed_total{state="succeeded"}"#;
    comes_to(&service, succeeded, 2).await;
    let counted = r#"bookora_store_duration_seconds_count{operation="count",outcome="ok"}"#;
    comes_to(&service, counted, 1).await;
    comes_to(&service, r#"bookora_endpoints{state="active"}"#, 3).await;
    let scraped = at_rest(&service).await;

    let shown: BTreeMap<_, _> =
        scraped.types.clone().into_iter().filter(|(name, _)| name != "target_info").collect();
    assert_eq!(documented(), shown);
    for (series, value) in [
        (r#"bookora_events_published_total{outcome="stored"}"#, 1),
        ("bookora_deliveries_created_total", 3),
        (failed, 1),
        (succeeded, 2),
        (r#"bookora_attempts_total{outcome="succeeded"}"#, 2),
        (r#"bookora_attempts_total{outcome="http_status"}"#, 3),
        ("bookora_delivery_delay_seconds_count", 3),
        (r#"bookora_attempt_phase_duration_seconds_count{phase="total"}"#, 5),
        ("bookora_requests_in_flight", 0),
        ("bookora_requests_in_flight_limit", 100),
        ("bookora_watches", 0),
        ("bookora_queue_oldest_due_age_seconds", 0),
        ("bookora_leases_lost_total", 0),
        ("bookora_deliveries_panicked_total", 0),
    ] {
        assert_eq!(scraped.count(series), value, "{series}");
    }
    let request = |status: &str| {
        let error =
            if status == "204" { String::new() } else { format!(r#"error_type="{status}","#) };
        format!(
            "http_client_request_duration_seconds_count{{{error}http_request_method=\"POST\",\
             http_response_status_code=\"{status}\"}}"
        )
    };
    assert_eq!(scraped.count(&request("204")), 2);
    assert_eq!(scraped.count(&request("500")), 2);
    assert_eq!(scraped.count(&request("503")), 1);
    let call = "rpc_server_call_duration_seconds_count{\
        rpc_method=\"bookora.webhooks.v1.EventIngest/PublishEvent\",\
        rpc_response_status_code=\"OK\",rpc_system_name=\"grpc\"}";
    assert_eq!(scraped.count(call), 1);
    assert!(scraped.value("process_memory_usage_bytes") > 1e6);
    assert!(scraped.value("process_cpu_time_seconds_total") > 0.0);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(scraped.count(&format!(r#"bookora_build_info{{version="{version}"}}"#)), 1);
}

#[tokio::test]
async fn duplicates_and_reused_keys_are_told_apart() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let keyed = |event_type| {
        let mut request = sample(ACCOUNT, event_type);
        request.idempotency_key = "once".to_owned();
        request
    };
    for _ in 0..3 {
        caller.publish(keyed(EventType::BookingCreated)).await;
    }
    let reused = caller.ingest.publish_event(keyed(EventType::LeadQualified)).await;
    assert!(reused.is_err());
    let scraped = scrape(&service).await;
    for (outcome, count) in [("stored", 1), ("duplicate", 2), ("key_reused", 1)] {
        let series = format!(r#"bookora_events_published_total{{outcome="{outcome}"}}"#);
        assert_eq!(scraped.count(&series), count);
    }
}

#[tokio::test]
async fn no_series_is_added_by_more_accounts_endpoints_methods_or_statuses() {
    let service = Service::start(&["--allow-http"]);
    let mut caller = Caller::new(&service).await;
    // Statuses of their own, which nobody knows.
    let odd = PlainReceiver::start(|headers| {
        let delivery = headers["x-bookora-delivery"].as_bytes();
        let digit = u16::from(delivery[delivery.len() - 1]);
        status(if digit % 2 == 0 { 204 } else { 200 + digit % 99 })
    })
    .await;
    let send = async |caller: &mut Caller, accounts: std::ops::Range<usize>| {
        for number in accounts {
            let account_id = format!("acct_{number}");
            let endpoint = Endpoint { account_id: account_id.clone(), ..Endpoint::default() };
            odd.register(&service, endpoint).await;
            let events = vec![sample(&account_id, EventType::BookingCreated); 4];
            caller.publish_all(events).await;
        }
    };
    let succeeded = r#"bookora_deliveries_closed_total{state="succeeded"}"#;
    send(&mut caller, 0..5).await;
    comes_to(&service, succeeded, 20).await;
    let names = |scraped: &Scrape| {
        let of_values = scraped.series.keys().filter(|name| !name.contains("_bucket{"));
        of_values.cloned().collect::<BTreeSet<_>>()
    };
    comes_to(&service, r#"bookora_endpoints{state="active"}"#, 5).await;
    let few = names(&scrape(&service).await);
    send(&mut caller, 5..ACCOUNTS).await;
    let many = names(&comes_to(&service, succeeded, 4 * ACCOUNTS as u64).await);
    // A status of its class, a method that there is not: each is one series at most.
    let added: Vec<_> =
        many.difference(&few).filter(|name| !name.contains("status_code=\"20")).collect();
    assert!(added.len() <= 2, "{added:?}");

    let channel = service.channel().await;
    let mut grpc = tonic::client::Grpc::new(channel);
    for number in 0..20 {
        grpc.ready().await.expect("it is");
        let path = format!("/no.such.Service{number}/Method").parse().expect("a path");
        let codec = tonic_prost::ProstCodec::<Endpoint, Endpoint>::default();
        let refused = grpc.unary(tonic::Request::new(Endpoint::default()), path, codec).await;
        assert_eq!(refused.expect_err("there is none").code(), tonic::Code::Unimplemented);
    }
    let scraped = scrape(&service).await;
    let unknown = "rpc_server_call_duration_seconds_count{rpc_method=\"_OTHER\",\
        rpc_response_status_code=\"UNIMPLEMENTED\",rpc_system_name=\"grpc\"}";
    assert_eq!(scraped.count(unknown), 20);
    assert!(!scraped.text.contains("acct_") && !scraped.text.contains("no.such"));
}

#[tokio::test]
async fn attempts_are_counted_by_endpoint_where_that_is_asked_for() {
    let service = Service::start(&["--allow-http", "--metrics-by-endpoint"]);
    let mut caller = Caller::new(&service).await;
    let receiver = PlainReceiver::start(|_| status(204)).await;
    let endpoint = receiver.register(&service, retried()).await;
    caller.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    let series = format!(
        "bookora_attempts_total{{endpoint_id=\"{}\",outcome=\"succeeded\"}}",
        endpoint.endpoint_id
    );
    comes_to(&service, &series, 1).await;
}

#[tokio::test]
async fn what_waits_is_in_the_gauges() {
    let service = Service::start(&["--allow-http"]);
    let mut caller = Caller::new(&service).await;
    let failing = PlainReceiver::start(|_| status(500)).await;
    let endpoint = Endpoint { retry_schedule: vec![seconds(3_600)], ..retried() };
    let endpoint = failing.register(&service, endpoint).await;
    let watch = WatchDeliveriesRequest { account_id: ACCOUNT.to_owned(), ..Default::default() };
    let _watch = caller.query.watch_deliveries(watch).await.expect("it is open");
    caller.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    let retrying = r#"bookora_queue_deliveries{state="retrying"}"#;
    let scraped = comes_to(&service, retrying, 1).await;
    assert_eq!(scraped.count("bookora_watches"), 1);
    let disable = DisableEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint.endpoint_id,
        ..Default::default()
    };
    caller.admin.disable_endpoint(disable).await.expect("it is disabled");
    comes_to(&service, r#"bookora_endpoints{state="disabled"}"#, 1).await;
    let cancelled = r#"bookora_deliveries_closed_total{state="cancelled"}"#;
    assert_eq!(scrape(&service).await.count(cancelled), 1);
}

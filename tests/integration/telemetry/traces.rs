//! What is exported over OTLP: one trace from the publisher to the receiver, over retries and
//! processes; log lines with their trace; and what becomes of the service where nobody takes it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{Endpoint, PublishEventResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::collector::{Collector, texts};
use crate::caller::{ACCOUNT, Caller};
use crate::command_line::run;
use crate::database::database_file;
use crate::deliveries::{delivery_in, sample, seconds};
use crate::plain_receiver::{PlainReceiver, attempt, status};
use crate::service::{Service, binary, eventually, serve_arguments};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const OTHER_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER_SPAN: &str = "00f067aa0ba902b7";
/// How long a stop may take where nothing is under way: the last export has 2 s of it.
const STOP_MAX: Duration = Duration::from_secs(8);

/// A receiver that refuses the first attempt of each delivery, and the traces that it was shown.
async fn flaky() -> (PlainReceiver, Arc<Mutex<Vec<String>>>) {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&shown);
    let receiver = PlainReceiver::start(move |headers| {
        kept.lock().unwrap().push(headers["traceparent"].to_str().unwrap().to_owned());
        status(if attempt(headers) == 1 { 503 } else { 204 })
    })
    .await;
    (receiver, shown)
}

fn retried() -> Endpoint {
    Endpoint {
        account_id: ACCOUNT.to_owned(),
        retry_schedule: vec![seconds(1)],
        ..Endpoint::default()
    }
}

async fn publish_in(service: &Service, trace_id: &str, flags: &str) -> PublishEventResponse {
    let mut request = tonic::Request::new(sample(ACCOUNT, EventType::BookingCreated));
    let parent = format!("00-{trace_id}-{CALLER_SPAN}-{flags}").parse().expect("ASCII");
    request.metadata_mut().insert("traceparent", parent);
    service.ingest().await.publish_event(request).await.expect("it is published").into_inner()
}

fn id(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

fn has(span: &Span, key: &str, value: &str) -> bool {
    texts(&span.attributes).contains(&(key.to_owned(), value.to_owned()))
}

/// Asserts that these spans lead from the caller to both attempts, which the receiver was shown.
fn assert_leads_to(spans: &[Span], shown: &[String]) {
    let [call, commit, first, second] = spans else { panic!("four spans") };
    assert_eq!(call.name, "bookora.webhooks.v1.EventIngest/PublishEvent");
    assert_eq!((call.kind(), id(&call.parent_span_id)), (SpanKind::Server, CALLER_SPAN.to_owned()));
    assert!(has(call, "rpc.system.name", "grpc"), "{call:?}");
    assert!(has(call, "rpc.response.status_code", "OK"), "{call:?}");
    assert_eq!((commit.name.as_str(), &commit.parent_span_id), ("commit events", &call.span_id));
    for (attempt, shown) in [first, second].into_iter().zip(shown) {
        assert_eq!((attempt.name.as_str(), attempt.kind()), ("POST", SpanKind::Client));
        assert_eq!(attempt.parent_span_id, commit.span_id);
        assert_eq!(*shown, format!("00-{TRACE}-{}-01", id(&attempt.span_id)));
        assert!(has(attempt, "server.address", "127.0.0.1"), "{attempt:?}");
    }
    assert!(has(first, "http.response.status_code", "503") && has(first, "error.type", "503"));
    assert!(has(second, "http.response.status_code", "204"), "{second:?}");
    assert!(has(second, "http.request.resend_count", "1"), "{second:?}");
    assert!(first.links.is_empty());
    assert_eq!(second.links.len(), 1);
    assert_eq!(second.links[0].span_id, first.span_id, "it is linked to the attempt before");
}

async fn one_trace_leads_from_the_publisher_to_the_receiver(collector: Collector) {
    let service = Service::start_with(&collector.variables(), &["--allow-http"]);
    let (receiver, shown) = flaky().await;
    receiver.register(&service, retried()).await;
    let published = publish_in(&service, TRACE, "01").await;
    delivery_in(&service, &published.event_id, State::Succeeded).await;
    let spans = collector.exported.trace(TRACE, 4).await;
    assert_leads_to(&spans, &shown.lock().unwrap());
    let resource = collector.exported.resource();
    for (key, value) in [
        ("service.name", "bookora-webhooks"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "test"),
    ] {
        assert!(resource.contains(&(key.to_owned(), value.to_owned())), "{resource:?}");
    }
    eventually("metrics are exported too", async || {
        let names = collector.exported.metric_names();
        let wanted = ["bookora.attempts", "bookora.queue.oldest_due_age", "process.cpu.time"];
        wanted.iter().all(|name| names.iter().any(|shown| shown == name)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_the_publisher_over_a_retry_to_the_receiver_by_grpc() {
    one_trace_leads_from_the_publisher_to_the_receiver(Collector::grpc().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_leads_from_the_publisher_over_a_retry_to_the_receiver_by_http() {
    one_trace_leads_from_the_publisher_to_the_receiver(Collector::http().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_goes_on_with_the_trace_and_links_to_the_attempt_before() {
    let collector = Collector::grpc().await;
    let mut service = Service::start_with(&collector.variables(), &["--allow-http"]);
    let (receiver, shown) = flaky().await;
    receiver.register(&service, Endpoint { retry_schedule: vec![seconds(2)], ..retried() }).await;
    let published = publish_in(&service, TRACE, "01").await;
    delivery_in(&service, &published.event_id, State::Retrying).await;
    collector.exported.trace(TRACE, 3).await;
    service.kill();
    service.restart();
    delivery_in(&service, &published.event_id, State::Succeeded).await;
    let spans = collector.exported.trace(TRACE, 4).await;
    assert_leads_to(&spans, &shown.lock().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_that_is_not_sampled_is_not_exported_and_passed_on_as_it_came() {
    let collector = Collector::grpc().await;
    let service = Service::start_with(&collector.variables(), &["--allow-http"]);
    let (receiver, shown) = flaky().await;
    receiver.register(&service, retried()).await;
    let unsampled = publish_in(&service, OTHER_TRACE, "00").await;
    delivery_in(&service, &unsampled.event_id, State::Succeeded).await;
    let sampled = publish_in(&service, TRACE, "01").await;
    delivery_in(&service, &sampled.event_id, State::Succeeded).await;
    collector.exported.trace(TRACE, 4).await;
    let other: Vec<_> = collector.exported.spans();
    assert!(other.iter().all(|span| id(&span.trace_id) != OTHER_TRACE), "{other:?}");
    let passed_on = format!("00-{OTHER_TRACE}-{CALLER_SPAN}-00");
    assert_eq!(shown.lock().unwrap()[..2], [passed_on.clone(), passed_on]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_endpoint_the_traceparent_is_passed_on_as_it_came() {
    let service = Service::start(&["--allow-http"]);
    let (receiver, shown) = flaky().await;
    receiver.register(&service, retried()).await;
    let published = publish_in(&service, TRACE, "01").await;
    delivery_in(&service, &published.event_id, State::Succeeded).await;
    let passed_on = format!("00-{TRACE}-{CALLER_SPAN}-01");
    assert_eq!(*shown.lock().unwrap(), [passed_on.clone(), passed_on]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_are_exported_with_their_trace_and_exporting_them_makes_no_more() {
    let collector = Collector::grpc().await;
    let everything = [("RUST_LOG", "trace"), ("OTEL_TRACES_SAMPLER", "always_on")];
    let variables = [&collector.variables()[..], &everything].concat();
    let service = Service::start_with(&variables, &["--allow-http"]);
    let mut request = tonic::Request::new(bookora_webhooks::proto::CreateEndpointRequest {
        endpoint: Some(Endpoint { url: "https://example.com/".to_owned(), ..retried() }),
        ..Default::default()
    });
    let parent = format!("00-{TRACE}-{CALLER_SPAN}-01").parse().expect("ASCII");
    request.metadata_mut().insert("traceparent", parent);
    service.admin().await.create_endpoint(request).await.expect("it is created");
    // The audit log's line of the call.
    service.logged(&["EndpointAdmin was called", &format!("trace_id={TRACE}")]).await;
    eventually("the line is exported, with its trace", async || {
        let lines = collector.exported.lines();
        lines.iter().any(|line| id(&line.trace_id) == TRACE).then_some(())
    })
    .await;
    let origins = collector.exported.origins();
    let own = ["h2", "hyper", "tonic", "tower", "opentelemetry"];
    let loops = origins.iter().find(|origin| own.iter().any(|own| origin.starts_with(own)));
    assert_eq!(loops, None, "lines of what exports are not exported");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_is_told_of_once_and_costs_nothing_else() {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
    ];
    let mut service = Service::start_with(&variables, &["--allow-http"]);
    let (receiver, _) = flaky().await;
    receiver.register(&service, retried()).await;
    for _ in 0..3 {
        let published = publish_in(&service, TRACE, "01").await;
        delivery_in(&service, &published.event_id, State::Succeeded).await;
    }
    for signal in ["traces", "metrics"] {
        service.logged(&["telemetry cannot be exported", signal]).await;
    }
    service.terminate();
    let ended = tokio::time::timeout(STOP_MAX, service.ended()).await;
    assert!(ended.expect("in time").success());
    let log = service.log();
    let told = |signal: &str| {
        let lines = log.lines().filter(|line| line.contains("telemetry cannot be exported"));
        lines.filter(|line| line.contains(&format!("signal=\"{signal}\""))).count()
    };
    assert_eq!((told("traces"), told("metrics")), (1, 1), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_does_not_hold_up_the_stop() {
    let collector = Collector::silent().await;
    let mut service = Service::start_with(&collector.variables(), &["--allow-http"]);
    let (receiver, _) = flaky().await;
    receiver.register(&service, retried()).await;
    let published = publish_in(&service, TRACE, "01").await;
    delivery_in(&service, &published.event_id, State::Succeeded).await;
    service.terminate();
    let ended = tokio::time::timeout(STOP_MAX, service.ended()).await;
    assert!(ended.expect("in time").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_when_the_process_ends_is_exported() {
    let collector = Collector::grpc().await;
    let seldom = [("OTEL_BSP_SCHEDULE_DELAY", "3600000")];
    let variables = [&collector.variables()[..], &seldom].concat();
    let mut service = Service::start_with(&variables, &["--allow-http"]);
    publish_in(&service, TRACE, "01").await;
    service.terminate();
    assert!(service.ended().await.success());
    collector.exported.trace(TRACE, 2).await;
}

#[tokio::test]
async fn the_sdk_can_be_switched_off() {
    let collector = Collector::grpc().await;
    let off = [("OTEL_SDK_DISABLED", "true")];
    let variables = [&collector.variables()[..], &off].concat();
    let mut service = Service::start_with(&variables, &[]);
    Caller::new(&service).await.publish(sample(ACCOUNT, EventType::BookingCreated)).await;
    service.terminate();
    assert!(service.ended().await.success());
    assert!(collector.exported.everything().is_empty());
}

#[test]
fn a_variable_that_cannot_be_meant_fails_the_start_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "not a URL"),
    ] {
        let mut command = binary();
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1").env(name, value);
        let (output, said) = run(command.args(serve_arguments(&database_file(folder.path()))));
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains("OTEL_") || said.contains("OTLP"), "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
    }
}

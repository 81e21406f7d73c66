//! A collector: takes what is exported over OTLP, by gRPC or by HTTP, and keeps it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;

use crate::service::eventually;

/// What was exported.
#[derive(Clone, Default)]
pub struct Exported {
    traces: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    logs: Arc<Mutex<Vec<ExportLogsServiceRequest>>>,
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
}

/// A collector that runs until it is dropped.
pub struct Collector {
    /// What it was sent.
    pub exported: Exported,
    url: String,
    protocol: &'static str,
    task: JoinHandle<()>,
}

impl Collector {
    /// One that is sent to by gRPC.
    pub async fn grpc() -> Self {
        let (listener, url) = listen().await;
        let exported = Exported::default();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(exported.clone()))
            .add_service(LogsServiceServer::new(exported.clone()))
            .add_service(MetricsServiceServer::new(exported.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async move { server.await.expect("it serves") });
        Self { exported, url, protocol: "grpc", task }
    }

    /// One that is sent to by HTTP, in protobuf.
    pub async fn http() -> Self {
        let (listener, url) = listen().await;
        let exported = Exported::default();
        let kept = exported.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = kept.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let kept = kept.clone();
                    async move { Ok::<_, Infallible>(kept.take(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self { exported, url, protocol: "http/protobuf", task }
    }

    /// One that takes connections and never answers.
    pub async fn silent() -> Self {
        let (listener, url) = listen().await;
        let task = tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                taken.push(stream);
            }
        });
        Self { exported: Exported::default(), url, protocol: "grpc", task }
    }

    /// The variables that have everything sent here, soon.
    pub fn variables(&self) -> [(&str, &str); 6] {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &self.url),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", self.protocol),
            ("OTEL_BSP_SCHEDULE_DELAY", "50"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "50"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ]
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    (listener, url)
}

impl Exported {
    async fn take(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.expect("to its end").to_bytes();
        let body = &body[..];
        match path.as_str() {
            "/v1/traces" => keep(&self.traces, Message::decode(body).expect("traces")),
            "/v1/logs" => keep(&self.logs, Message::decode(body).expect("logs")),
            "/v1/metrics" => keep(&self.metrics, Message::decode(body).expect("metrics")),
            other => panic!("nothing is sent to {other}"),
        }
        Response::new(Full::default())
    }

    /// All spans.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.traces.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// The spans of a trace, once there are so many: in the order of their starts.
    pub async fn trace(&self, trace_id: &str, spans: usize) -> Vec<Span> {
        let trace_id = hex::decode(trace_id).expect("in hex");
        let mut found = eventually(&format!("{spans} spans are exported"), async || {
            let all = self.spans().into_iter();
            let found: Vec<_> = all.filter(|span| span.trace_id == trace_id).collect();
            (found.len() >= spans).then_some(found)
        })
        .await;
        assert_eq!(found.len(), spans, "{found:?}");
        found.sort_by_key(|span| span.start_time_unix_nano);
        found
    }

    /// All log lines.
    pub fn lines(&self) -> Vec<LogRecord> {
        let requests = self.logs.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records.clone()).collect()
    }

    /// The origins of log lines: modules.
    pub fn origins(&self) -> Vec<String> {
        let requests = self.logs.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        scopes.filter_map(|scope| Some(scope.scope.as_ref()?.name.clone())).collect()
    }

    /// The names of metrics.
    pub fn metric_names(&self) -> Vec<String> {
        let requests = self.metrics.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_metrics);
        let scopes = resources.flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics.iter().map(|metric| metric.name.clone())).collect()
    }

    /// What the spans say of who made them.
    pub fn resource(&self) -> Vec<(String, String)> {
        let requests = self.traces.lock().unwrap();
        let resource = requests[0].resource_spans[0].resource.clone().expect("there is one");
        texts(&resource.attributes)
    }

    /// Everything, as it was encoded.
    pub fn everything(&self) -> Vec<u8> {
        let mut all = Vec::new();
        self.traces.lock().unwrap().iter().for_each(|one| all.extend(one.encode_to_vec()));
        self.logs.lock().unwrap().iter().for_each(|one| all.extend(one.encode_to_vec()));
        self.metrics.lock().unwrap().iter().for_each(|one| all.extend(one.encode_to_vec()));
        all
    }
}

fn keep<T>(kept: &Mutex<Vec<T>>, one: T) {
    kept.lock().unwrap().push(one);
}

/// Attributes, as texts.
pub fn texts(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|one| one.value.clone()) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|one| (one.key.clone(), text(&one.value))).collect()
}

#[tonic::async_trait]
impl TraceService for Exported {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        keep(&self.traces, request.into_inner());
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Exported {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, tonic::Status> {
        keep(&self.logs, request.into_inner());
        Ok(tonic::Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Exported {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, tonic::Status> {
        keep(&self.metrics, request.into_inner());
        Ok(tonic::Response::new(ExportMetricsServiceResponse::default()))
    }
}

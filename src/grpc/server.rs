//! The gRPC server: the three services, reflection and health on one listener, and what each call
//! passes on its way to them: [`connections`](super::connections), gRPC-Web,
//! [`observed`](super::observed), [`authentication`](super::authentication), [`calls`](super::calls).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;
use tower::Layer;
use tower::util::option_layer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::authentication::{AuthenticationLayer, Gate};
use super::calls::Calls;
use super::connections::{ConnectionLimits, Connections};
use super::delivery_query::Query;
use super::endpoint_admin::Admin;
use super::event_ingest::Ingest;
use super::guard::Guarded;
use super::methods::Methods;
use super::observed::ObservedLayer;
use super::tls::Tls;
use crate::domain::random::Random;
use crate::proto::DESCRIPTORS;
use crate::proto::delivery_query_server::DeliveryQueryServer;
use crate::proto::endpoint_admin_server::EndpointAdminServer;
use crate::proto::event_ingest_server::EventIngestServer;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::Traces;

/// Longest request of EventIngest, in bytes: the largest batch that the contract allows, of 500
/// events with the longest texts, has 5.6 MB.
const INGEST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest request of the others, in bytes, decompressed: the largest has 200 KiB.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Longest response, in bytes: what clients take unless they are told otherwise.
const RESPONSE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a browser may remember which origins are allowed.
const CORS_AGE: Duration = Duration::from_hours(1);
/// What a browser lets a page read of an answer, beside the body.
const EXPOSED_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("grpc-status"),
    HeaderName::from_static("grpc-message"),
    HeaderName::from_static("grpc-status-details-bin"),
    HeaderName::from_static("grpc-retry-pushback-ms"),
];

/// A service with limits on its messages, which may be compressed both ways.
macro_rules! limited {
    ($server:expr, $request_bytes_max:expr) => {
        $server
            .max_decoding_message_size($request_bytes_max)
            .max_encoding_message_size(RESPONSE_BYTES_MAX)
            .accept_compressed(Gzip)
            .accept_compressed(Zstd)
            .send_compressed(Gzip)
            .send_compressed(Zstd)
    };
}

type IngestServer = EventIngestServer<Guarded<Ingest>>;
type AdminServer = EndpointAdminServer<Guarded<Admin>>;
type QueryServer = DeliveryQueryServer<Guarded<Query>>;

/// What is served.
pub struct Services {
    /// Publishing.
    pub ingest: Ingest,
    /// Managing endpoints.
    pub admin: Admin,
    /// Reading and watching.
    pub query: Query,
}

/// Tells health checkers which services answer.
#[derive(Clone)]
pub struct Health(HealthReporter);

impl Health {
    /// Every service answers.
    pub async fn serving(&self) {
        self.0.set_serving::<IngestServer>().await;
        self.0.set_serving::<AdminServer>().await;
        self.0.set_serving::<QueryServer>().await;
    }

    /// No service takes new calls, nor does the server as a whole.
    pub async fn draining(&self) {
        let not_serving = tonic_health::ServingStatus::NotServing;
        for name in ["", IngestServer::NAME, AdminServer::NAME, QueryServer::NAME] {
            self.0.set_service_status(name, not_serving).await;
        }
    }
}

/// How services are served.
pub struct ServerSettings {
    /// How many connections there may be, and how old they get.
    pub connections: ConnectionLimits,
    /// Encrypts; `None`: plain text.
    pub tls: Option<Arc<Tls>>,
    /// Lets callers in.
    pub gate: Gate,
    /// Origins, such as `https://app.example.com`, whose pages may call over gRPC-Web.
    pub web_origins: Vec<HeaderValue>,
    /// Counts calls.
    pub metrics: Metrics,
    /// Makes spans of calls.
    pub traces: Traces,
    /// Spreads the ages of connections.
    pub random: Arc<dyn Random>,
    /// Cancelled when the process shuts down.
    pub stop: CancellationToken,
}

/// Serves on the listener until it is told to stop, then finishes the calls under way. The health
/// comes first, so that the caller can change it.
pub fn serve(
    listener: TcpListener,
    services: Services,
    settings: ServerSettings,
) -> (Health, impl Future<Output = ()> + Send) {
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // The details of errors, so that a client without stubs can read them.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    let descriptors = "the built-in descriptors are whole";
    // A channel that compresses does so with the calls of health and reflection too.
    let routes = Routes::new(health.accept_compressed(Gzip))
        .add_service(reflection().build_v1().expect(descriptors).accept_compressed(Gzip))
        .add_service(reflection().build_v1alpha().expect(descriptors).accept_compressed(Gzip))
        .add_service(limited!(IngestServer::new(Guarded(services.ingest)), INGEST_BYTES_MAX))
        .add_service(limited!(AdminServer::new(Guarded(services.admin)), REQUEST_BYTES_MAX))
        .add_service(limited!(QueryServer::new(Guarded(services.query)), REQUEST_BYTES_MAX))
        .prepare();
    // Whoever is not let in takes no place among the calls.
    let calls = AuthenticationLayer::new(settings.gate).layer(Calls::new(routes));
    settings.metrics.know_methods(Methods::served().paths());
    let told = ObservedLayer { metrics: settings.metrics, traces: settings.traces };
    let web = GrpcWebLayer::new().layer(told.layer(calls));
    let cors = (!settings.web_origins.is_empty()).then(|| cors(settings.web_origins));
    let connections = Connections {
        limits: settings.connections,
        tls: settings.tls,
        service: option_layer(cors).layer(web),
        random: settings.random,
        stop: settings.stop,
    };
    (Health(reporter), connections.serve(listener))
}

/// Lets pages of these origins call, and read what the answer says of an error.
fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::POST])
        // Metadata has any name.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED_HEADERS)
        .max_age(CORS_AGE)
}

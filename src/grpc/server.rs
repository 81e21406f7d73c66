//! The gRPC server: the three services, reflection and health on one listener.

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;

use super::authentication::{AuthenticationLayer, Gate};
use super::delivery_query::Query;
use super::endpoint_admin::Admin;
use super::event_ingest::Ingest;
use super::guard::Guarded;
use crate::proto::DESCRIPTORS;
use crate::proto::delivery_query_server::DeliveryQueryServer;
use crate::proto::endpoint_admin_server::EndpointAdminServer;
use crate::proto::event_ingest_server::EventIngestServer;

/// How often an idle connection is asked whether it lives, and how long it may take to answer:
/// the watch of a client that vanished does not stay open for ever.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest request of EventIngest, in bytes: the largest batch that the contract allows, of 500
/// events with the longest texts, has 5.6 MB.
const INGEST_BYTES_MAX: usize = 8 * 1024 * 1024;

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

/// Serves on the listener until `stop` ends, then finishes the calls under way. The health comes
/// first, so that the caller can change it.
///
/// # Errors
/// Where the listener fails.
pub fn serve(
    listener: TcpListener,
    services: Services,
    gate: Gate,
    stop: impl Future<Output = ()> + Send,
) -> (Health, impl Future<Output = Result<(), tonic::transport::Error>> + Send) {
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // The details of errors, so that a client without stubs can read them.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    let descriptors = "the built-in descriptors are whole";
    // Without it an answer of several frames waits some 40 ms for the client's delayed ACK.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    // Only with it is HTTP/1.1 of use: gRPC-Web is the one protocol here that it carries.
    let server = Server::builder()
        .accept_http1(true)
        .layer(GrpcWebLayer::new())
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        // The innermost layer: what answers before it must not depend on who calls.
        .layer(AuthenticationLayer::new(gate))
        // A channel that compresses does so with these calls too.
        .add_service(health.accept_compressed(Gzip))
        .add_service(reflection().build_v1().expect(descriptors).accept_compressed(Gzip))
        .add_service(reflection().build_v1alpha().expect(descriptors).accept_compressed(Gzip))
        .add_service(
            IngestServer::new(Guarded(services.ingest))
                .max_decoding_message_size(INGEST_BYTES_MAX)
                .accept_compressed(Gzip)
                .send_compressed(Gzip),
        )
        .add_service(
            AdminServer::new(Guarded(services.admin)).accept_compressed(Gzip).send_compressed(Gzip),
        )
        .add_service(
            QueryServer::new(Guarded(services.query)).accept_compressed(Gzip).send_compressed(Gzip),
        )
        .serve_with_incoming_shutdown(incoming, stop);
    (Health(reporter), server)
}

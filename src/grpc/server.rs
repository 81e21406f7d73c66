//! The gRPC server: the three services, reflection and health on one listener.

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::server::HealthReporter;

use super::delivery_query::Query;
use super::endpoint_admin::Admin;
use super::event_ingest::Ingest;
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

/// What a client may send ahead of what is read: on one stream, and on a connection. Most messages
/// are a DATA frame of their own, and h2 ends a connection (`ENHANCE_YOUR_CALM`) whose unread small
/// frames cost more than half of its window, at 256 bytes less their own each. Of a stream's window
/// full of events with 100 bytes that is 200 KB, so that a connection carries 30 streams of
/// publishes that are all held back; with equal windows it would not carry one.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 100 * STREAM_WINDOW_BYTES;

type IngestServer = EventIngestServer<Ingest>;
type AdminServer = EndpointAdminServer<Admin>;
type QueryServer = DeliveryQueryServer<Query>;

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
    let server = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .add_service(health)
        .add_service(reflection().build_v1().expect(descriptors))
        .add_service(reflection().build_v1alpha().expect(descriptors))
        .add_service(IngestServer::new(services.ingest).max_decoding_message_size(INGEST_BYTES_MAX))
        .add_service(AdminServer::new(services.admin))
        .add_service(QueryServer::new(services.query))
        .serve_with_incoming_shutdown(incoming, stop);
    (Health(reporter), server)
}

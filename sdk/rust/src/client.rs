//! The client: a connection to the service, with credentials, deadlines and retries attached.

mod address;
mod backoff;
mod builder;
mod calls;
mod policy;
mod unary;

use tonic::codec::CompressionEncoding;
use tonic::{IntoRequest, Status};
use uuid::Uuid;

pub(crate) use self::backoff::{Backoff, chance};
pub use self::builder::{ClientBuilder, ConfigError};
pub use self::calls::Calls;
use crate::v1::delivery_query_client::DeliveryQueryClient;
use crate::v1::endpoint_admin_client::EndpointAdminClient;
use crate::v1::event_ingest_client::EventIngestClient;
use crate::v1::{
    BatchPublishEventsRequest, BatchPublishEventsResponse, PublishEventRequest,
    PublishEventResponse, WatchDeliveriesRequest,
};
use crate::{StreamPublisher, StreamPublisherOptions, Watch};

/// The largest request that the service takes, in bytes; it is kept until its last retry.
const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A client of the service. Make one for the whole process and clone it: clones share one
/// connection, which is made with the first call, and made again where it was cut. It is closed
/// when the last clone, and what was made with it, is dropped.
///
/// Every unary call has a deadline, by default 30 s (TestEndpoint 45 s), its retries included;
/// [`tonic::Request::set_timeout`] sets another for one call. What fails with UNAVAILABLE, or by a
/// connection that is cut, is called again up to 3 times, when the server says or after a random
/// wait of at most 0.5 s, 1 s, 2 s; TestEndpoint is not. Streams have no deadline.
///
/// Errors are [`tonic::Status`]; [`ErrorDetails`](crate::ErrorDetails) reads what is in them.
#[derive(Clone, Debug)]
pub struct Client {
    calls: Calls,
}

impl Client {
    /// Begins to make a client of the service at `address`: `https://host:port` or `host:port` with
    /// TLS, `http://host:port` in the clear. The port is 443 or 80 where it is left out.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(address.into())
    }

    /// The calls that publish events. [`Client::publish`] and [`Client::publish_batch`] add
    /// idempotency keys, without which a retry can make a second event.
    #[must_use]
    pub fn event_ingest(&self) -> EventIngestClient<Calls> {
        EventIngestClient::new(self.calls.clone())
            .send_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_encoding_message_size(REQUEST_BYTES_MAX)
    }

    /// The calls that manage endpoints and send again what did not arrive.
    #[must_use]
    pub fn endpoint_admin(&self) -> EndpointAdminClient<Calls> {
        EndpointAdminClient::new(self.calls.clone())
            .send_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_encoding_message_size(REQUEST_BYTES_MAX)
    }

    /// The calls that tell what became of events and deliveries.
    #[must_use]
    pub fn delivery_query(&self) -> DeliveryQueryClient<Calls> {
        DeliveryQueryClient::new(self.calls.clone())
            .send_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Gzip)
            .max_encoding_message_size(REQUEST_BYTES_MAX)
    }

    /// Publishes an event: when it returns, the event and its deliveries are on disk. Where the
    /// request has no `idempotency_key` it gets one, a random UUID, so that retries make no second
    /// event.
    ///
    /// # Errors
    /// As `EventIngest.PublishEvent` in the contract.
    pub async fn publish(
        &self,
        request: impl IntoRequest<PublishEventRequest>,
    ) -> Result<PublishEventResponse, Status> {
        let mut request = request.into_request();
        name(request.get_mut());
        Ok(self.event_ingest().publish_event(request).await?.into_inner())
    }

    /// Publishes up to 500 events, of 8 MiB in all, in one transaction; with keys as
    /// [`Client::publish`] has them. Results come in the order of the requests.
    ///
    /// # Errors
    /// As `EventIngest.BatchPublishEvents` in the contract. A reused key is in the results:
    /// [`item_error`](crate::item_error) makes a `Status` of it.
    pub async fn publish_batch(
        &self,
        requests: impl IntoIterator<Item = PublishEventRequest>,
    ) -> Result<BatchPublishEventsResponse, Status> {
        let mut requests: Vec<_> = requests.into_iter().collect();
        requests.iter_mut().for_each(name);
        let request = BatchPublishEventsRequest { requests };
        Ok(self.event_ingest().batch_publish_events(request).await?.into_inner())
    }

    /// Follows the changes of deliveries; see [`Watch`].
    #[must_use]
    pub fn watch(&self, request: WatchDeliveriesRequest) -> Watch {
        Watch::new(DeliveryQueryClient::new(self.calls.clone()), request)
    }

    /// Publishes events over one stream, as they come; see [`StreamPublisher`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn stream_publisher(&self, options: StreamPublisherOptions) -> StreamPublisher {
        // Without compression: it costs more than it saves on single events.
        let ingest = EventIngestClient::new(self.calls.clone());
        StreamPublisher::new(ingest.max_encoding_message_size(REQUEST_BYTES_MAX), options)
    }
}

/// Gives a request an idempotency key where it has none.
pub(crate) fn name(request: &mut PublishEventRequest) {
    if request.idempotency_key.is_empty() {
        #[expect(clippy::disallowed_methods, reason = "a key is to be like no other")]
        let random = uuid::Builder::from_random_bytes(rand::random());
        request.idempotency_key = Uuid::to_string(random.as_uuid());
    }
}

//! A caller of the service: clients of all three services on one connection, any of their calls as
//! a value, and the calls that many tests make.

use bookora_webhooks::proto::delivery_query_client::DeliveryQueryClient;
use bookora_webhooks::proto::endpoint_admin_client::EndpointAdminClient;
use bookora_webhooks::proto::event_ingest_client::EventIngestClient;
use bookora_webhooks::proto::publish_event_result::Result as ResultMessage;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, CancelDeliveryRequest, CreateEndpointRequest,
    CreateEndpointResponse, DeleteEndpointRequest, Delivery, DisableEndpointRequest,
    EnableEndpointRequest, Endpoint, GetDeliveryRequest, GetDeliveryStatsRequest,
    GetEndpointRequest, GetEndpointSecretRequest, GetEventRequest, ListAttemptsRequest,
    ListDeliveriesRequest, ListEndpointsRequest, ListEventTypesRequest, ListEventsRequest,
    PublishEventRequest, PublishEventResponse, RecoverEndpointRequest, ResendDeliveryRequest,
    RevokeEndpointSecretRequest, RotateEndpointSecretRequest, StreamPublishEventsRequest,
    TestEndpointRequest, UpdateEndpointRequest, WatchDeliveriesRequest,
};
use prost::Message;
use prost_types::Timestamp;
use tokio::task::JoinSet;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::database::is_postgres;
use crate::deliveries::seconds;
use crate::refusal::Refusal;
use crate::service::Service;

/// The account of most tests.
pub const ACCOUNT: &str = "acct_1";
/// Another one.
pub const OTHER_ACCOUNT: &str = "acct_2";
/// The largest page.
pub const PAGE_MAX: i32 = 1_000;

/// A connection on which calls show who makes them.
pub type Connection = InterceptedService<Channel, Authorization>;

/// The values of `authorization` that every call has; most tests need none.
#[derive(Clone, Debug, Default)]
pub struct Authorization(Vec<MetadataValue<Ascii>>);

impl Authorization {
    /// These values.
    pub fn of(values: &[&str]) -> Self {
        Self(values.iter().map(|value| value.parse().expect("it is ASCII")).collect())
    }

    /// A token.
    pub fn bearer(token: &str) -> Self {
        Self::of(&[&format!("Bearer {token}")])
    }
}

impl Interceptor for Authorization {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        for value in &self.0 {
            request.metadata_mut().append("authorization", value.clone());
        }
        Ok(request)
    }
}

/// Clients on one connection.
#[derive(Clone)]
pub struct Caller {
    /// EndpointAdmin.
    pub admin: EndpointAdminClient<Connection>,
    /// EventIngest.
    pub ingest: EventIngestClient<Connection>,
    /// Its stream.
    stream: OneByOne,
    /// DeliveryQuery.
    pub query: DeliveryQueryClient<Connection>,
}

/// Publishes over a stream of one request: its error is the call's.
#[derive(Clone)]
struct OneByOne(EventIngestClient<Connection>);

impl OneByOne {
    async fn publish(&mut self, request: StreamPublishEventsRequest) -> Result<(), Status> {
        let requests = tokio_stream::once(request);
        let mut results = self.0.stream_publish_events(requests).await?.into_inner();
        let response = results.message().await?.expect("each request has a response");
        match response.result.and_then(|result| result.result).expect("and that a result") {
            ResultMessage::Published(_) => Ok(()),
            ResultMessage::Error(error) => {
                let details = error.encode_to_vec().into();
                Err(Status::with_details(error.code.into(), error.message, details))
            }
        }
    }
}

macro_rules! calls {
    ($($name:ident($request:ident) => $client:ident.$method:ident,)+) => {
        /// A call to be made. Its answer matters only where it is a refusal.
        #[derive(Clone, Debug)]
        pub enum Call {
            $($name(Box<$request>),)+
        }

        impl Call {
            /// What all of them are called.
            pub const NAMES: &[&str] = &[$(stringify!($name)),+];

            /// What it is called.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)+
                }
            }
        }

        $(impl From<$request> for Call {
            fn from(request: $request) -> Self {
                Self::$name(Box::new(request))
            }
        })+

        impl Caller {
            /// Makes a call.
            pub async fn call(&mut self, call: Call) -> Result<(), Status> {
                match call {
                    $(Call::$name(request) => self.$client.$method(*request).await.map(drop),)+
                }
            }
        }
    };
}

calls! {
    CreateEndpoint(CreateEndpointRequest) => admin.create_endpoint,
    GetEndpoint(GetEndpointRequest) => admin.get_endpoint,
    ListEndpoints(ListEndpointsRequest) => admin.list_endpoints,
    UpdateEndpoint(UpdateEndpointRequest) => admin.update_endpoint,
    DeleteEndpoint(DeleteEndpointRequest) => admin.delete_endpoint,
    EnableEndpoint(EnableEndpointRequest) => admin.enable_endpoint,
    DisableEndpoint(DisableEndpointRequest) => admin.disable_endpoint,
    GetEndpointSecret(GetEndpointSecretRequest) => admin.get_endpoint_secret,
    RotateEndpointSecret(RotateEndpointSecretRequest) => admin.rotate_endpoint_secret,
    RevokeEndpointSecret(RevokeEndpointSecretRequest) => admin.revoke_endpoint_secret,
    TestEndpoint(TestEndpointRequest) => admin.test_endpoint,
    ResendDelivery(ResendDeliveryRequest) => admin.resend_delivery,
    RecoverEndpoint(RecoverEndpointRequest) => admin.recover_endpoint,
    CancelDelivery(CancelDeliveryRequest) => admin.cancel_delivery,
    ListEventTypes(ListEventTypesRequest) => admin.list_event_types,
    PublishEvent(PublishEventRequest) => ingest.publish_event,
    BatchPublishEvents(BatchPublishEventsRequest) => ingest.batch_publish_events,
    StreamPublishEvents(StreamPublishEventsRequest) => stream.publish,
    GetEvent(GetEventRequest) => query.get_event,
    GetDelivery(GetDeliveryRequest) => query.get_delivery,
    ListEvents(ListEventsRequest) => query.list_events,
    GetDeliveryStats(GetDeliveryStatsRequest) => query.get_delivery_stats,
    ListDeliveries(ListDeliveriesRequest) => query.list_deliveries,
    ListAttempts(ListAttemptsRequest) => query.list_attempts,
    WatchDeliveries(WatchDeliveriesRequest) => query.watch_deliveries,
}

impl Caller {
    /// A caller with a connection of its own.
    pub async fn new(service: &Service) -> Self {
        Self::on(service.channel().await)
    }

    /// A caller on a connection.
    pub fn on(channel: Channel) -> Self {
        Self::authorized(channel, Authorization::default())
    }

    /// A caller on a connection who shows who it is.
    pub fn authorized(channel: Channel, authorization: Authorization) -> Self {
        let connection = InterceptedService::new(channel, authorization);
        Self {
            admin: EndpointAdminClient::new(connection.clone()),
            ingest: EventIngestClient::new(connection.clone()),
            stream: OneByOne(EventIngestClient::new(connection.clone())),
            query: DeliveryQueryClient::new(connection),
        }
    }

    /// Makes a call that is refused.
    pub async fn refusal(&mut self, call: impl Into<Call>) -> Refusal {
        let call = call.into();
        let status = self.call(call.clone()).await;
        Refusal::read(&status.expect_err(&format!("{call:?} is refused")))
    }

    /// Registers an endpoint.
    pub async fn create(&mut self, endpoint: Endpoint) -> CreateEndpointResponse {
        let request =
            CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() };
        self.admin.create_endpoint(request).await.expect("it is created").into_inner()
    }

    /// Registers an endpoint whose secret does not matter.
    pub async fn register(&mut self, endpoint: Endpoint) -> Endpoint {
        self.create(endpoint).await.endpoint.expect("the endpoint is in the answer")
    }

    /// Registers so many endpoints, some at a time; in no particular order.
    pub async fn register_many(&mut self, endpoint: &Endpoint, count: usize) -> Vec<Endpoint> {
        const AT_A_TIME: usize = 8;
        let mut registering = JoinSet::new();
        for worker in 0..AT_A_TIME {
            let (mut caller, endpoint) = (self.clone(), endpoint.clone());
            let share = (count + worker) / AT_A_TIME;
            registering.spawn(async move {
                let mut registered = Vec::new();
                for _ in 0..share {
                    registered.push(caller.register(endpoint.clone()).await);
                }
                registered
            });
        }
        let registered = registering.join_all().await.concat();
        assert_eq!(registered.len(), count, "the shares are the whole");
        registered
    }

    /// Reads an endpoint again.
    pub async fn endpoint(&mut self, endpoint: &Endpoint) -> Endpoint {
        let request = GetEndpointRequest {
            account_id: endpoint.account_id.clone(),
            endpoint_id: endpoint.endpoint_id.clone(),
        };
        let read = self.admin.get_endpoint(request).await.expect("it is there").into_inner();
        read.endpoint.expect("it is in the answer")
    }

    /// Reads an endpoint's current secret.
    pub async fn secret(&mut self, endpoint: &Endpoint) -> String {
        let request = GetEndpointSecretRequest {
            account_id: endpoint.account_id.clone(),
            endpoint_id: endpoint.endpoint_id.clone(),
        };
        let read = self.admin.get_endpoint_secret(request).await.expect("it is there");
        read.into_inner().secret
    }

    /// Publishes an event.
    pub async fn publish(&mut self, request: PublishEventRequest) -> PublishEventResponse {
        self.ingest.publish_event(request).await.expect("it is published").into_inner()
    }

    /// Publishes many events; their ids.
    pub async fn publish_all(&mut self, requests: Vec<PublishEventRequest>) -> Vec<String> {
        let request = BatchPublishEventsRequest { requests };
        let results = self.ingest.batch_publish_events(request).await.expect("they are published");
        let event_id = |result| match result {
            Some(ResultMessage::Published(published)) => published.event_id,
            other => panic!("{other:?}"),
        };
        results.into_inner().results.into_iter().map(|result| event_id(result.result)).collect()
    }

    /// Every delivery that a listing shows, over as many pages as it has.
    pub async fn deliveries(&mut self, mut request: ListDeliveriesRequest) -> Vec<Delivery> {
        let mut all = Vec::new();
        loop {
            let page = self.query.list_deliveries(request.clone()).await.expect("it is listed");
            let page = page.into_inner();
            all.extend(page.deliveries);
            if page.next_page_token.is_empty() {
                return all;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Everything of every account that a write could have changed.
    pub async fn stored(&mut self) -> Stored {
        let request = ListEndpointsRequest {
            account_id: "-".to_owned(),
            page_size: PAGE_MAX,
            ..ListEndpointsRequest::default()
        };
        let endpoints = self.admin.list_endpoints(request).await.expect("it is listed");
        let request = ListDeliveriesRequest {
            account_id: "-".to_owned(),
            page_size: PAGE_MAX,
            ..ListDeliveriesRequest::default()
        };
        let deliveries = self.query.list_deliveries(request).await.expect("it is listed");
        let deliveries = deliveries.into_inner();
        Stored {
            endpoints: endpoints.into_inner().endpoints,
            deliveries: deliveries.deliveries,
            // On PostgreSQL it moves when older transactions end, and those of others are such too.
            end_of_log: if is_postgres() { String::new() } else { deliveries.watch_token },
        }
    }
}

/// What is stored: endpoints, deliveries, and how far the log of changes reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Every endpoint.
    pub endpoints: Vec<Endpoint>,
    /// Every delivery.
    pub deliveries: Vec<Delivery>,
    /// Another one after any change of a delivery; on PostgreSQL not looked at.
    pub end_of_log: String,
}

/// An endpoint with nothing set but what must be. Nobody is asked for its address before an event
/// is sent there.
pub fn endpoint(account_id: &str) -> Endpoint {
    Endpoint {
        account_id: account_id.to_owned(),
        url: "https://hooks.example.com/bookora".to_owned(),
        ..Endpoint::default()
    }
}

/// An endpoint at which nobody listens: an attempt fails at once, the next is due in an hour.
pub fn deaf_endpoint(account_id: &str) -> Endpoint {
    Endpoint {
        url: "https://127.0.0.1:1/hooks".to_owned(),
        retry_schedule: vec![seconds(3_600)],
        ..endpoint(account_id)
    }
}

/// A time that is set, in nanoseconds since 1970.
pub fn nanos(time: Option<Timestamp>) -> i128 {
    let time = time.expect("it is set");
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos)
}

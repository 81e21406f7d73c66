//! What stands before each RPC: the caller is authorised for the accounts that the message names
//! before a service sees it, and what EndpointAdmin does is written to the audit log.
//!
//! Each RPC of a service is listed here, because its trait asks for it; and each request says whose
//! data it is about, because [`Scoped`] is asked for. So an RPC that nobody has thought about does
//! not compile.

use tonic::{Request, Response, Status, Streaming};

use super::audit::{Answered, Audited, Entry};
use super::authorization::Scoped;
use super::caller::Caller;
use super::failure::Refusal;
use crate::domain::access::Role;
use crate::proto::delivery_query_server::DeliveryQuery;
use crate::proto::endpoint_admin_server::EndpointAdmin;
use crate::proto::event_ingest_server::EventIngest;
use crate::proto::{
    BatchPublishEventsRequest, BatchPublishEventsResponse, CancelDeliveryRequest,
    CancelDeliveryResponse, CreateEndpointRequest, CreateEndpointResponse, DeleteEndpointRequest,
    DeleteEndpointResponse, DisableEndpointRequest, DisableEndpointResponse, EnableEndpointRequest,
    EnableEndpointResponse, GetDeliveryRequest, GetDeliveryResponse, GetDeliveryStatsRequest,
    GetDeliveryStatsResponse, GetEndpointRequest, GetEndpointResponse, GetEndpointSecretRequest,
    GetEndpointSecretResponse, GetEventRequest, GetEventResponse, ListAttemptsRequest,
    ListAttemptsResponse, ListDeliveriesRequest, ListDeliveriesResponse, ListEndpointsRequest,
    ListEndpointsResponse, ListEventTypesRequest, ListEventTypesResponse, ListEventsRequest,
    ListEventsResponse, PublishEventRequest, PublishEventResponse, RecoverEndpointRequest,
    RecoverEndpointResponse, ResendDeliveryRequest, ResendDeliveryResponse,
    RevokeEndpointSecretRequest, RevokeEndpointSecretResponse, RotateEndpointSecretRequest,
    RotateEndpointSecretResponse, StreamPublishEventsRequest, TestEndpointRequest,
    TestEndpointResponse, UpdateEndpointRequest, UpdateEndpointResponse, WatchDeliveriesRequest,
};

/// A service behind its guard.
pub struct Guarded<S>(pub S);

/// An RPC as it is listed here.
#[derive(Debug)]
pub struct Rpc {
    /// Its name, such as `CreateEndpoint`.
    pub name: &'static str,
    /// Whether each of its calls is a line of the audit log.
    pub is_audited: bool,
}

/// How an RPC is guarded: `plain`, `streamed` and `audited` are the functions below.
macro_rules! guarded {
    (
        $service:ident needs $role:ident, listed as $rpcs:ident $(, answers by $stream:ident)*;
        $($how:ident $rpc:ident $method:ident($request:ty) -> $response:ty;)+
    ) => {
        #[doc = concat!("The RPCs of ", stringify!($service), ".")]
        pub const $rpcs: &[Rpc] = &[$(Rpc {
            name: stringify!($rpc),
            is_audited: is_audited::$how,
        },)+];

        #[tonic::async_trait]
        impl<S: $service> $service for Guarded<S> {
            $(type $stream = S::$stream;)*

            $(async fn $method(
                &self,
                request: Request<$request>,
            ) -> Result<Response<$response>, Status> {
                let call = |request| self.0.$method(request);
                $how(Role::$role, stringify!($rpc), request, call).await
            })+
        }
    };
}

/// What [`guarded`] needs to know of each way before it is called.
#[expect(non_upper_case_globals, reason = "named as the functions that they tell about")]
mod is_audited {
    pub const plain: bool = false;
    pub const streamed: bool = false;
    pub const audited: bool = true;
}

guarded! {
    EndpointAdmin needs Admin, listed as ENDPOINT_ADMIN;
    audited CreateEndpoint create_endpoint(CreateEndpointRequest) -> CreateEndpointResponse;
    plain GetEndpoint get_endpoint(GetEndpointRequest) -> GetEndpointResponse;
    plain ListEndpoints list_endpoints(ListEndpointsRequest) -> ListEndpointsResponse;
    audited UpdateEndpoint update_endpoint(UpdateEndpointRequest) -> UpdateEndpointResponse;
    audited DeleteEndpoint delete_endpoint(DeleteEndpointRequest) -> DeleteEndpointResponse;
    audited EnableEndpoint enable_endpoint(EnableEndpointRequest) -> EnableEndpointResponse;
    audited DisableEndpoint disable_endpoint(DisableEndpointRequest) -> DisableEndpointResponse;
    audited GetEndpointSecret
        get_endpoint_secret(GetEndpointSecretRequest) -> GetEndpointSecretResponse;
    audited RotateEndpointSecret
        rotate_endpoint_secret(RotateEndpointSecretRequest) -> RotateEndpointSecretResponse;
    audited RevokeEndpointSecret
        revoke_endpoint_secret(RevokeEndpointSecretRequest) -> RevokeEndpointSecretResponse;
    audited TestEndpoint test_endpoint(TestEndpointRequest) -> TestEndpointResponse;
    audited ResendDelivery resend_delivery(ResendDeliveryRequest) -> ResendDeliveryResponse;
    audited RecoverEndpoint recover_endpoint(RecoverEndpointRequest) -> RecoverEndpointResponse;
    audited CancelDelivery cancel_delivery(CancelDeliveryRequest) -> CancelDeliveryResponse;
    plain ListEventTypes list_event_types(ListEventTypesRequest) -> ListEventTypesResponse;
}

guarded! {
    EventIngest needs Publisher, listed as EVENT_INGEST, answers by StreamPublishEventsStream;
    plain PublishEvent publish_event(PublishEventRequest) -> PublishEventResponse;
    plain BatchPublishEvents
        batch_publish_events(BatchPublishEventsRequest) -> BatchPublishEventsResponse;
    streamed StreamPublishEvents
        stream_publish_events(Streaming<StreamPublishEventsRequest>)
            -> Self::StreamPublishEventsStream;
}

guarded! {
    DeliveryQuery needs Viewer, listed as DELIVERY_QUERY, answers by WatchDeliveriesStream;
    plain GetEvent get_event(GetEventRequest) -> GetEventResponse;
    plain ListEvents list_events(ListEventsRequest) -> ListEventsResponse;
    plain GetDelivery get_delivery(GetDeliveryRequest) -> GetDeliveryResponse;
    plain ListDeliveries list_deliveries(ListDeliveriesRequest) -> ListDeliveriesResponse;
    plain ListAttempts list_attempts(ListAttemptsRequest) -> ListAttemptsResponse;
    plain GetDeliveryStats
        get_delivery_stats(GetDeliveryStatsRequest) -> GetDeliveryStatsResponse;
    plain WatchDeliveries
        watch_deliveries(WatchDeliveriesRequest) -> Self::WatchDeliveriesStream;
}

/// Who calls. The layer before puts it beside every request; where that is missing nobody is let
/// through.
///
/// # Errors
/// [`Refusal::CredentialsMissing`].
pub fn caller<Q>(request: &Request<Q>) -> Result<&Caller, Refusal> {
    request.extensions().get::<Caller>().ok_or(Refusal::CredentialsMissing)
}

/// Authorises the call, then makes it.
async fn plain<Q: Scoped, A, F>(
    role: Role,
    _rpc: &'static str,
    request: Request<Q>,
    call: impl FnOnce(Request<Q>) -> F,
) -> Result<Response<A>, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    caller(&request)?.authorize(role, request.get_ref())?;
    call(request).await
}

/// The same, with a line in the audit log, whatever comes of it.
async fn audited<Q: Scoped + Audited, A: Answered, F>(
    role: Role,
    rpc: &'static str,
    request: Request<Q>,
    call: impl FnOnce(Request<Q>) -> F,
) -> Result<Response<A>, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    let caller = caller(&request)?.clone();
    let entry = Entry::new(caller.clone(), rpc, request.get_ref().subject());
    let answer = match caller.authorize(role, request.get_ref()) {
        Ok(()) => call(request).await,
        Err(refusal) => Err(refusal.into()),
    };
    entry.finish(&answer);
    answer
}

/// Makes a call whose messages the service authorises, one by one as they come.
async fn streamed<Q, A, F>(
    role: Role,
    _rpc: &'static str,
    request: Request<Streaming<Q>>,
    call: impl FnOnce(Request<Streaming<Q>>) -> F,
) -> Result<Response<A>, Status>
where
    F: Future<Output = Result<Response<A>, Status>>,
{
    caller(&request)?.require(role)?;
    call(request).await
}

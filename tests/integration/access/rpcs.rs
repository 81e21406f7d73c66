//! A call of every RPC, about any account. An RPC of the contract that is not listed here fails the
//! tests that walk over all of them.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{
    BatchPublishEventsRequest, CancelDeliveryRequest, CreateEndpointRequest, DESCRIPTORS,
    DeleteEndpointRequest, Delivery, DisableEndpointRequest, EnableEndpointRequest, Endpoint,
    GetDeliveryRequest, GetDeliveryStatsRequest, GetEndpointRequest, GetEndpointSecretRequest,
    GetEventRequest, ListAttemptsRequest, ListDeliveriesRequest, ListEndpointsRequest,
    ListEventTypesRequest, ListEventsRequest, PublishEventRequest, RecoverEndpointRequest,
    RecoveryKind, ResendDeliveryRequest, RevokeEndpointSecretRequest, RotateEndpointSecretRequest,
    StreamPublishEventsRequest, TestEndpointRequest, UpdateEndpointRequest, WatchDeliveriesRequest,
};
use prost::Message;
use prost_types::{FileDescriptorSet, Timestamp};
use tonic::Code;

use crate::bad_requests::unknown_id;
use crate::caller::{Call, endpoint};
use crate::deliveries::sample;

/// Service and name of every RPC in the contract.
pub fn all() -> Vec<(String, String)> {
    let files = FileDescriptorSet::decode(DESCRIPTORS).expect("the descriptors can be read").file;
    let services = files.into_iter().flat_map(|file| file.service);
    let rpcs: Vec<_> = services
        .flat_map(|service| {
            let name = service.name().to_owned();
            let methods = service.method.into_iter();
            methods.map(move |method| (name.clone(), method.name().to_owned()))
        })
        .collect();
    assert!(rpcs.len() > 20, "{rpcs:?}");
    rpcs
}

/// What an account has, by id.
#[derive(Clone, Debug)]
pub struct Ids {
    /// An endpoint.
    pub endpoint: String,
    /// Its secret.
    pub secret: String,
    /// An event.
    pub event: String,
    /// Its delivery.
    pub delivery: String,
}

impl Ids {
    /// Ids of what there is.
    pub fn of(endpoint: &Endpoint, delivery: &Delivery) -> Self {
        Self {
            endpoint: endpoint.endpoint_id.clone(),
            secret: endpoint.secrets[0].secret_id.clone(),
            event: delivery.event_id.clone(),
            delivery: delivery.delivery_id.clone(),
        }
    }

    /// Ids of nothing.
    pub fn unknown() -> Self {
        Self {
            endpoint: unknown_id("ep_"),
            secret: unknown_id("sec_"),
            event: unknown_id("evt_"),
            delivery: unknown_id("dlv_"),
        }
    }
}

/// An RPC, as a test may call it.
pub struct Rpc {
    /// A call that would do something, if the ids are of what there is.
    pub real: fn(&str, &Ids) -> Call,
    /// A call that changes nothing even where it is let through, and what it is then answered.
    pub harmless: (fn(&str, &Ids) -> Call, Code),
    /// Whether `-` is an account for it.
    pub reads_all: bool,
}

/// A call about an account, whose harmless form has ids of nothing.
fn write(call: fn(&str, &Ids) -> Call) -> Rpc {
    Rpc { real: call, harmless: (call, Code::NotFound), reads_all: false }
}

fn read(call: fn(&str, &Ids) -> Call, of_nothing: Code) -> Rpc {
    Rpc { real: call, harmless: (call, of_nothing), reads_all: true }
}

/// The RPC of that name.
pub fn rpc(name: &str) -> Rpc {
    match name {
        "CreateEndpoint" => Rpc {
            real: |account, _| create(endpoint(account)),
            harmless: (
                |account, _| create(Endpoint { url: String::new(), ..endpoint(account) }),
                Code::InvalidArgument,
            ),
            reads_all: false,
        },
        "PublishEvent" => Rpc {
            real: |account, _| sample(account, EventType::BookingCreated).into(),
            harmless: (|account, _| empty(account).into(), Code::InvalidArgument),
            reads_all: false,
        },
        "BatchPublishEvents" => Rpc {
            real: |account, _| batch(sample(account, EventType::BookingCreated)),
            harmless: (|account, _| batch(empty(account)), Code::InvalidArgument),
            reads_all: false,
        },
        "StreamPublishEvents" => Rpc {
            real: |account, _| streamed(sample(account, EventType::BookingCreated)),
            harmless: (|account, _| streamed(empty(account)), Code::InvalidArgument),
            reads_all: false,
        },
        "GetEndpoint" => read(get_endpoint, Code::NotFound),
        "ListEndpoints" => read(list_endpoints, Code::Ok),
        "GetEvent" => read(get_event, Code::NotFound),
        "GetDelivery" => read(get_delivery, Code::NotFound),
        "ListEvents" => read(list_events, Code::Ok),
        "GetDeliveryStats" => read(get_delivery_stats, Code::Ok),
        "ListDeliveries" => read(list_deliveries, Code::Ok),
        "ListAttempts" => read(list_attempts, Code::NotFound),
        "WatchDeliveries" => read(watch_deliveries, Code::Ok),
        "ListEventTypes" => read(|_, _| ListEventTypesRequest::default().into(), Code::Ok),
        "UpdateEndpoint" => write(update_endpoint),
        "DeleteEndpoint" => write(delete_endpoint),
        "EnableEndpoint" => write(enable_endpoint),
        "DisableEndpoint" => write(disable_endpoint),
        "GetEndpointSecret" => write(get_endpoint_secret),
        "RotateEndpointSecret" => write(rotate_endpoint_secret),
        "RevokeEndpointSecret" => write(revoke_endpoint_secret),
        "TestEndpoint" => write(test_endpoint),
        "ResendDelivery" => write(resend_delivery),
        "RecoverEndpoint" => write(recover_endpoint),
        "CancelDelivery" => write(cancel_delivery),
        other => panic!("{other} is not listed: say here how it is called, and who may call it"),
    }
}

/// The role that a service needs.
pub fn role(service: &str) -> &'static str {
    match service {
        "EndpointAdmin" => "admin",
        "EventIngest" => "publisher",
        "DeliveryQuery" => "viewer",
        other => panic!("{other} is not listed: say here which role it needs"),
    }
}

fn create(endpoint: Endpoint) -> Call {
    CreateEndpointRequest { endpoint: Some(endpoint), ..CreateEndpointRequest::default() }.into()
}

/// An event with nothing in it.
fn empty(account: &str) -> PublishEventRequest {
    PublishEventRequest { account_id: account.to_owned(), ..PublishEventRequest::default() }
}

fn batch(request: PublishEventRequest) -> Call {
    BatchPublishEventsRequest { requests: vec![request] }.into()
}

fn streamed(request: PublishEventRequest) -> Call {
    StreamPublishEventsRequest { request: Some(request) }.into()
}

macro_rules! by_id {
    ($($name:ident: $request:ident { $id:ident: $of:ident $(, $field:ident: $value:expr)* } $(and $rest:expr)?,)+) => {
        $(fn $name(account: &str, ids: &Ids) -> Call {
            $request {
                account_id: account.to_owned(),
                $id: ids.$of.clone(),
                $($field: $value,)*
                $(..$rest)?
            }
            .into()
        })+
    };
}

by_id! {
    get_endpoint: GetEndpointRequest { endpoint_id: endpoint },
    get_event: GetEventRequest { event_id: event },
    get_delivery: GetDeliveryRequest { delivery_id: delivery } and GetDeliveryRequest::default(),
    list_attempts: ListAttemptsRequest { delivery_id: delivery } and ListAttemptsRequest::default(),
    delete_endpoint: DeleteEndpointRequest { endpoint_id: endpoint } and DeleteEndpointRequest::default(),
    enable_endpoint: EnableEndpointRequest { endpoint_id: endpoint },
    disable_endpoint: DisableEndpointRequest { endpoint_id: endpoint } and DisableEndpointRequest::default(),
    get_endpoint_secret: GetEndpointSecretRequest { endpoint_id: endpoint },
    rotate_endpoint_secret: RotateEndpointSecretRequest { endpoint_id: endpoint } and RotateEndpointSecretRequest::default(),
    test_endpoint: TestEndpointRequest { endpoint_id: endpoint } and TestEndpointRequest::default(),
    resend_delivery: ResendDeliveryRequest { delivery_id: delivery } and ResendDeliveryRequest::default(),
    cancel_delivery: CancelDeliveryRequest { delivery_id: delivery },
    recover_endpoint: RecoverEndpointRequest {
        endpoint_id: endpoint,
        start_time: Some(Timestamp { seconds: 1, nanos: 0 }),
        include: vec![RecoveryKind::Cancelled.into()]
    } and RecoverEndpointRequest::default(),
}

fn list_endpoints(account: &str, _: &Ids) -> Call {
    ListEndpointsRequest { account_id: account.to_owned(), ..ListEndpointsRequest::default() }
        .into()
}

fn list_events(account: &str, _: &Ids) -> Call {
    ListEventsRequest { account_id: account.to_owned(), ..ListEventsRequest::default() }.into()
}

fn get_delivery_stats(account: &str, _: &Ids) -> Call {
    GetDeliveryStatsRequest { account_id: account.to_owned(), ..GetDeliveryStatsRequest::default() }
        .into()
}

fn list_deliveries(account: &str, _: &Ids) -> Call {
    ListDeliveriesRequest { account_id: account.to_owned(), ..ListDeliveriesRequest::default() }
        .into()
}

fn watch_deliveries(account: &str, _: &Ids) -> Call {
    WatchDeliveriesRequest { account_id: account.to_owned(), ..WatchDeliveriesRequest::default() }
        .into()
}

fn revoke_endpoint_secret(account: &str, ids: &Ids) -> Call {
    RevokeEndpointSecretRequest {
        account_id: account.to_owned(),
        endpoint_id: ids.endpoint.clone(),
        secret_id: ids.secret.clone(),
    }
    .into()
}

fn update_endpoint(account: &str, ids: &Ids) -> Call {
    let changed = Endpoint {
        endpoint_id: ids.endpoint.clone(),
        description: "changed".to_owned(),
        ..endpoint(account)
    };
    UpdateEndpointRequest { endpoint: Some(changed), ..UpdateEndpointRequest::default() }.into()
}

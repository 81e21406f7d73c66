//! Every RPC of the contract, called through the SDK over TLS with a token.

use std::collections::BTreeSet;

use bookora_webhooks_sdk::v1::delivery::State;
use bookora_webhooks_sdk::v1::endpoint::State as EndpointState;
use bookora_webhooks_sdk::v1::publish_event_result::Result as Outcome;
use bookora_webhooks_sdk::v1::watch_deliveries_response::Message;
use bookora_webhooks_sdk::v1::{
    CancelDeliveryRequest, DeleteEndpointRequest, Delivery, DisableEndpointRequest,
    EnableEndpointRequest, Endpoint, GetDeliveryRequest, GetDeliveryStatsRequest,
    GetEndpointRequest, GetEndpointSecretRequest, GetEventRequest, ListAttemptsRequest,
    ListDeliveriesRequest, ListEndpointsRequest, ListEventTypesRequest, ListEventsRequest,
    RecoverEndpointRequest, RecoveryKind, ResendDeliveryRequest, RevokeEndpointSecretRequest,
    RotateEndpointSecretRequest, TestEndpointRequest, UpdateEndpointRequest,
    WatchDeliveriesRequest,
};
use bookora_webhooks_sdk::{Client, StreamPublisherOptions};
use prost_types::{FieldMask, Timestamp};

use crate::hooks::{Hook, Hooks};
use crate::samples::{ACCOUNT, all_types, customer, endpoint, publish};
use crate::service::{Service, eventually, in_time};

/// Which methods were called.
#[derive(Default)]
struct Called(BTreeSet<String>);

/// Makes a call that has to succeed, and notes the method.
macro_rules! call {
    ($called:ident, $client:expr, $method:ident($request:expr)) => {{
        $called.0.insert(stringify!($method).to_owned());
        let answered = $client.$method($request).await;
        answered.unwrap_or_else(|error| panic!("{}: {error}", stringify!($method))).into_inner()
    }};
}

/// The methods of the generated clients.
fn methods() -> BTreeSet<String> {
    let stubs = include_str!("../../src/v1/stubs.rs");
    let paths = stubs.split("from_static(").skip(1).map(|rest| {
        let path = rest.split('"').nth(1).expect("a path");
        path.rsplit_once('/').expect("a method").1.to_owned()
    });
    let in_snake_case = |name: String| {
        let separate = |letter: char| match letter {
            'A'..='Z' => format!("_{}", letter.to_ascii_lowercase()),
            _ => letter.to_string(),
        };
        name.chars().map(separate).collect::<String>()[1..].to_owned()
    };
    paths.map(in_snake_case).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_answers_over_tls_with_a_token_and_every_delivery_verifies() {
    let roles: &[&str] = &["admin", "publisher", "viewer"];
    let (service, tokens) =
        Service::start_secure(&[("all", roles)], &["--custom-event-types=invoice.*"]);
    let client = service.secure_client().token(&tokens[0]).build().expect("usable");
    let hooks = Hooks::start().await;
    let mut called = Called::default();

    let endpoint_id = endpoint_life(&client, &hooks, &mut called).await;
    let event_ids = publishes(&client, &hooks, &mut called).await;
    follows(&client, &endpoint_id, &event_ids, &mut called).await;
    interventions(&client, &hooks, &endpoint_id, &mut called).await;
    let delete = DeleteEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint_id.clone(),
        ..DeleteEndpointRequest::default()
    };
    call!(called, client.endpoint_admin(), delete_endpoint(delete));

    assert_eq!(called.0, methods());
    for hook in hooks.hooks() {
        assert!(hook.verified.is_ok(), "{hook:?}");
    }
}

/// From its creation to a new secret; leaves it ACTIVE.
async fn endpoint_life(client: &Client, hooks: &Hooks, called: &mut Called) -> String {
    let (account_id, mut admin) = (ACCOUNT.to_owned(), client.endpoint_admin());
    let created = call!(called, admin, create_endpoint(endpoint(ACCOUNT, hooks.url())));
    hooks.trust(&[&created.secret]);
    let endpoint_id = created.endpoint.expect("an endpoint").endpoint_id;
    let (account_id, id) = (|| account_id.clone(), || endpoint_id.clone());

    let get = GetEndpointRequest { account_id: account_id(), endpoint_id: id() };
    let read = call!(called, admin, get_endpoint(get)).endpoint.expect("an endpoint");
    assert_eq!((read.url.as_str(), read.state()), (hooks.url(), EndpointState::Active));
    let list = ListEndpointsRequest { account_id: account_id(), ..Default::default() };
    let listed = call!(called, admin, list_endpoints(list)).endpoints;
    assert_eq!(listed, std::slice::from_ref(&read));
    let description = "for the tests".to_owned();
    let changed = Endpoint { description: description.clone(), url: String::new(), ..read };
    let update_mask = Some(FieldMask { paths: vec!["description".to_owned()] });
    let update = UpdateEndpointRequest { endpoint: Some(changed), update_mask };
    let updated = call!(called, admin, update_endpoint(update)).endpoint.expect("an endpoint");
    assert_eq!((updated.description, updated.url.as_str()), (description, hooks.url()));

    let get = GetEndpointSecretRequest { account_id: account_id(), endpoint_id: id() };
    let old = call!(called, admin, get_endpoint_secret(get));
    assert_eq!(old.secret, created.secret);
    let rotate = RotateEndpointSecretRequest {
        account_id: account_id(),
        endpoint_id: id(),
        ..Default::default()
    };
    let rotated = call!(called, admin, rotate_endpoint_secret(rotate));
    assert_eq!(rotated.endpoint.expect("an endpoint").secrets.len(), 2);
    let revoke = RevokeEndpointSecretRequest {
        account_id: account_id(),
        endpoint_id: id(),
        secret_id: old.secret_id,
    };
    let revoked = call!(called, admin, revoke_endpoint_secret(revoke));
    assert_eq!(revoked.endpoint.expect("an endpoint").secrets.len(), 1);
    hooks.trust(&[&rotated.secret]);

    let reason = "a pause".to_owned();
    let disable = DisableEndpointRequest { account_id: account_id(), endpoint_id: id(), reason };
    let disabled = call!(called, admin, disable_endpoint(disable)).endpoint.expect("an endpoint");
    assert_eq!(disabled.state(), EndpointState::Disabled);
    let enable = EnableEndpointRequest { account_id: account_id(), endpoint_id: id() };
    let enabled = call!(called, admin, enable_endpoint(enable)).endpoint.expect("an endpoint");
    assert_eq!(enabled.state(), EndpointState::Active);

    let event_type = "review.created".to_owned();
    let test = TestEndpointRequest { account_id: account_id(), endpoint_id: id(), event_type };
    let attempt = call!(called, admin, test_endpoint(test)).attempt.expect("an attempt");
    assert_eq!(attempt.http_status, 204);
    let types = call!(called, admin, list_event_types(ListEventTypesRequest::default()));
    assert_eq!(types.event_types.len(), 8);
    endpoint_id
}

/// Each type alone, then a batch, then a stream; gives the ids of the events.
async fn publishes(client: &Client, hooks: &Hooks, called: &mut Called) -> Vec<String> {
    called.0.extend(["publish_event", "batch_publish_events"].map(String::from));
    let mut event_ids = Vec::new();
    for data in all_types() {
        let published = client.publish(publish(ACCOUNT, data)).await.expect("it is published");
        assert_eq!(published.delivery_count, 1);
        event_ids.push(published.event_id);
    }
    let batch = [customer(ACCOUNT, "cus_2"), customer(ACCOUNT, "cus_3")];
    let results = client.publish_batch(batch).await.expect("they are published").results;
    for result in results {
        match result.result {
            Some(Outcome::Published(published)) => event_ids.push(published.event_id),
            other => panic!("{other:?}"),
        }
    }
    called.0.insert("stream_publish_events".to_owned());
    let publisher = client.stream_publisher(StreamPublisherOptions::default());
    let publication = publisher.publish(customer(ACCOUNT, "cus_4")).await.expect("it is taken");
    publisher.close().await.expect("the stream ends");
    event_ids.push(publication.await.expect("it is published").event_id);

    let arrived = async || {
        let hooks = hooks.hooks();
        let ids: Vec<_> = hooks.iter().flat_map(|hook| &hook.verified).map(|it| &it.id).collect();
        event_ids.iter().all(|id| ids.contains(&id)).then_some(())
    };
    eventually("every event arrives and verifies", arrived).await;
    event_ids
}

/// Reads what became of the events.
async fn follows(client: &Client, endpoint_id: &str, event_ids: &[String], called: &mut Called) {
    let (mut query, account_id) = (client.delivery_query(), || ACCOUNT.to_owned());
    let get = GetEventRequest { account_id: account_id(), event_id: event_ids[0].clone() };
    let event = call!(called, query, get_event(get)).event.expect("an event");
    assert_eq!(event.event_type, "customer.created");
    let list = ListEventsRequest { account_id: account_id(), ..Default::default() };
    assert_eq!(call!(called, query, list_events(list)).events.len(), event_ids.len());
    called.0.insert("list_deliveries".to_owned());
    let deliveries = eventually("every delivery has succeeded", async || {
        let list = ListDeliveriesRequest { account_id: account_id(), ..Default::default() };
        let listed = client.delivery_query().list_deliveries(list).await.expect("a list");
        let deliveries = listed.into_inner().deliveries;
        deliveries.iter().all(|it| it.state() == State::Succeeded).then_some(deliveries)
    });
    let deliveries = deliveries.await;
    assert_eq!(deliveries.len(), event_ids.len());
    let delivery_id = deliveries[0].delivery_id.clone();
    let get = GetDeliveryRequest { account_id: account_id(), delivery_id, ..Default::default() };
    let delivery = call!(called, query, get_delivery(get)).delivery.expect("a delivery");
    assert_eq!(delivery.endpoint_id, endpoint_id);
    let delivery_id = delivery.delivery_id;
    let list = ListAttemptsRequest { account_id: account_id(), delivery_id, ..Default::default() };
    assert_eq!(call!(called, query, list_attempts(list)).attempts[0].http_status, 204);
    let stats = GetDeliveryStatsRequest { account_id: account_id(), ..Default::default() };
    let stats = call!(called, query, get_delivery_stats(stats));
    assert!(stats.succeeded_count + stats.pending_count <= 12, "{stats:?}");

    called.0.insert("watch_deliveries".to_owned());
    let request = WatchDeliveriesRequest {
        account_id: account_id(),
        include_snapshot: true,
        ..Default::default()
    };
    let first = in_time("the snapshot", async { client.watch(request).next().await }).await;
    let message = first.expect("a message").expect("no error").message;
    assert!(matches!(message, Some(Message::SnapshotComplete(_))), "nothing is open: {message:?}");
}

/// Sends again, cancels, brings back.
async fn interventions(client: &Client, hooks: &Hooks, endpoint_id: &str, called: &mut Called) {
    let (mut admin, account_id) = (client.endpoint_admin(), || ACCOUNT.to_owned());
    let open = async |what: &str, state: State| {
        let found = async || {
            let list = ListDeliveriesRequest { account_id: account_id(), ..Default::default() };
            let listed = client.delivery_query().list_deliveries(list).await.expect("a list");
            listed.into_inner().deliveries.into_iter().find(|it| it.state() == state)
        };
        eventually::<Delivery>(what, found).await
    };
    let delivery_id = open("a delivery that arrived", State::Succeeded).await.delivery_id;
    let before = hooks.hooks().len();
    let resend =
        ResendDeliveryRequest { account_id: account_id(), delivery_id, ..Default::default() };
    let resent = call!(called, admin, resend_delivery(resend)).delivery.expect("a delivery");
    assert_eq!(resent.state(), State::Pending);
    let again = async || (hooks.hooks().len() > before).then_some(());
    eventually("it arrives again", again).await;

    hooks.refuse(1);
    client.publish(customer(ACCOUNT, "cus_5")).await.expect("it is published");
    let delivery_id = open("it was refused", State::Retrying).await.delivery_id;
    let cancel = CancelDeliveryRequest { account_id: account_id(), delivery_id };
    let cancelled = call!(called, admin, cancel_delivery(cancel)).delivery.expect("a delivery");
    assert_eq!(cancelled.state(), State::Cancelled);

    let start_time = Some(Timestamp { seconds: 1, nanos: 0 });
    let include = vec![RecoveryKind::Cancelled.into()];
    let endpoint_id = endpoint_id.to_owned();
    let recover = RecoverEndpointRequest {
        account_id: account_id(),
        endpoint_id,
        start_time,
        include,
        ..Default::default()
    };
    assert_eq!(call!(called, admin, recover_endpoint(recover)).delivery_count, 1);
    let brought_back = async || {
        let is_it = |hook: &Hook| {
            hook.status == 204 && String::from_utf8_lossy(&hook.body).contains("cus_5")
        };
        hooks.hooks().iter().any(is_it).then_some(())
    };
    eventually("what was cancelled arrives", brought_back).await;
}

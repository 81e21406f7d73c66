//! What becomes of an endpoint whose secret does not open: it waits, and the others do not.

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::{
    Endpoint, GetEndpointSecretRequest, ListEndpointsRequest, TestEndpointRequest,
};
use tonic::Code;

use super::key_file::{MasterKeyFile, NOTHING_IS_LEFT, sealed_otherwise};
use crate::caller::{ACCOUNT, Caller};
use crate::deliveries::{publish, sample};
use crate::party::{Party, Receivers};
use crate::postgres::Postgres;
use crate::service::{Service, eventually};

const EVENTS: usize = 20;

/// Two owners of an account, with a secret each.
async fn two_parties(service: &Service, receivers: &Receivers) -> [(Party, Endpoint); 2] {
    let (one, other) = (receivers.start(0).await, receivers.start(0).await);
    let (first, second) = (
        one.register(service, one.endpoint(ACCOUNT)).await,
        other.register(service, other.endpoint(ACCOUNT)).await,
    );
    [(one, first), (other, second)]
}

/// Publishes events; each is subscribed to by both.
async fn publish_some(service: &Service) -> Vec<String> {
    let mut published = Vec::new();
    for _ in 0..EVENTS {
        let event = publish(service, sample(ACCOUNT, EventType::BookingCreated)).await;
        assert_eq!(event.delivery_count, 2);
        published.push(event.event_id);
    }
    published.sort();
    published
}

/// The events that come next, so many, all verified.
async fn received(party: &mut Party, count: usize) -> Vec<String> {
    let mut events = Vec::new();
    for _ in 0..count {
        let received = party.next().await;
        assert!(received.is_verified());
        events.push(received.event_id);
    }
    events.sort();
    events
}

/// That an endpoint's secret cannot be had now, and that it may be later.
async fn is_sealed(caller: &mut Caller, endpoint: &Endpoint) {
    let (account_id, endpoint_id) = (endpoint.account_id.clone(), endpoint.endpoint_id.clone());
    let read = GetEndpointSecretRequest {
        account_id: account_id.clone(),
        endpoint_id: endpoint_id.clone(),
    };
    let test = TestEndpointRequest { account_id, endpoint_id, ..TestEndpointRequest::default() };
    for refusal in [caller.refusal(read).await, caller.refusal(test).await] {
        assert_eq!(refusal.code, Code::Unavailable);
        assert_eq!(refusal.reason, "STORE_UNAVAILABLE");
    }
}

/// What a listing shows of an endpoint's secrets.
async fn shown_secrets(caller: &mut Caller, endpoint: &Endpoint) -> usize {
    let request =
        ListEndpointsRequest { account_id: ACCOUNT.to_owned(), ..ListEndpointsRequest::default() };
    let listed = caller.admin.list_endpoints(request).await.expect("it is listed").into_inner();
    let found = listed.endpoints.iter().find(|one| one.endpoint_id == endpoint.endpoint_id);
    found.expect("it is in the listing").secrets.len()
}

#[tokio::test]
async fn a_row_with_the_secret_of_another_endpoint_does_not_open_and_holds_up_nobody() {
    // The secret of the second endpoint, put into the row of the first.
    const COPY: &str = "
        UPDATE endpoint_secrets SET nonce = other.nonce, ciphertext = other.ciphertext
        FROM (SELECT nonce, ciphertext FROM endpoint_secrets
            ORDER BY secret_id DESC LIMIT 1) AS other
        WHERE secret_id = (SELECT secret_id FROM endpoint_secrets ORDER BY secret_id LIMIT 1)";
    let receivers = Receivers::new();
    let service = Service::start(&[&receivers.ca_argument()]);
    let [(mut one, first), (mut other, _)] = two_parties(&service, &receivers).await;
    service.change_database("CREATE TABLE kept AS SELECT * FROM endpoint_secrets").await;
    service.change_database(COPY).await;

    let published = publish_some(&service).await;
    assert_eq!(received(&mut other, EVENTS).await, published);
    let mut caller = Caller::new(&service).await;
    is_sealed(&mut caller, &first).await;
    assert_eq!(shown_secrets(&mut caller, &first).await, 0);
    service.logged(&["cannot be opened", &first.endpoint_id]).await;
    assert!(one.rest().is_empty());

    let restore = "UPDATE endpoint_secrets SET nonce = kept.nonce, ciphertext = kept.ciphertext \
                   FROM kept WHERE kept.secret_id = endpoint_secrets.secret_id";
    service.change_database(restore).await;
    assert_eq!(received(&mut one, EVENTS).await, published, "nothing is lost");
    assert_eq!(shown_secrets(&mut caller, &first).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_without_a_key_leaves_its_endpoints_to_the_others_and_loses_nothing() {
    let Some(server) = Postgres::shared() else { return };
    let (url, receivers) = (server.fresh_database(), Receivers::new());
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (ahead, first_key) = MasterKeyFile::new(folders[0].path());
    // The other machine has a copy of the file, as it is now.
    let behind = MasterKeyFile::at(&folders[1].path().join("master.key"));
    std::fs::copy(ahead.path(), behind.path()).unwrap();
    let mut with_key = Service::start_on(&url, &[&receivers.ca_argument(), &ahead.argument()]);
    let without = Service::start_on(&url, &[&receivers.ca_argument(), &behind.argument()]);
    let [(mut one, first), (mut other, second)] = two_parties(&with_key, &receivers).await;

    let second_key = ahead.add();
    ahead.make_primary(&second_key);
    let sealed = sealed_otherwise(&second_key);
    eventually("all is sealed anew", async || {
        (with_key.ask_database(&sealed).await == 0).then_some(())
    })
    .await;
    // What one replica cannot sign the other one does.
    let published = publish_some(&without).await;
    assert_eq!(received(&mut one, EVENTS).await, published);
    assert_eq!(received(&mut other, EVENTS).await, published);
    let mut caller = Caller::new(&without).await;
    is_sealed(&mut caller, &first).await;

    // Alone it has to wait for its key. Endpoints whose key it has do not.
    with_key.terminate();
    assert!(with_key.ended().await.success());
    let mut third = receivers.start(0).await;
    third.register(&without, third.endpoint("acct_3")).await;
    let published = publish_some(&without).await;
    let event = publish(&without, sample("acct_3", EventType::BookingCreated)).await;
    assert_eq!(received(&mut third, 1).await, [event.event_id]);
    assert!(one.rest().is_empty() && other.rest().is_empty());
    is_sealed(&mut caller, &second).await;
    assert_eq!(behind.keys().len(), 1);
    assert!(behind.keys()[0].starts_with(&first_key));

    std::fs::copy(ahead.path(), behind.path()).unwrap();
    assert_eq!(received(&mut one, EVENTS).await, published);
    assert_eq!(received(&mut other, EVENTS).await, published);
    without.logged(&[NOTHING_IS_LEFT, &second_key]).await;
}

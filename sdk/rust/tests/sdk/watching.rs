//! The watch: each revision once and in order, whatever happens to the connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bookora_webhooks_sdk::v1::delivery::State;
use bookora_webhooks_sdk::v1::watch_deliveries_response::Message;
use bookora_webhooks_sdk::v1::{Delivery, ListDeliveriesRequest, WatchDeliveriesRequest};
use bookora_webhooks_sdk::{Client, ErrorDetails, Watch};

use crate::hooks::Hooks;
use crate::samples::{ACCOUNT, customer, register};
use crate::service::{Service, eventually, in_time};

type Seen = Arc<Mutex<Vec<(String, i32)>>>;

fn request() -> WatchDeliveriesRequest {
    WatchDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        include_snapshot: true,
        ..WatchDeliveriesRequest::default()
    }
}

/// Waits until the watch has begun.
async fn begun(watch: &mut Watch) {
    let first = in_time("the snapshot", watch.next()).await.expect("a message").expect("no error");
    assert!(matches!(first.message, Some(Message::SnapshotComplete(_))), "{first:?}");
}

/// Notes every revision, until the watch ends; gives its token.
async fn note(mut watch: Watch, seen: Seen) -> Option<String> {
    while let Some(message) = watch.next().await {
        if let Some(Message::Update(update)) = message.expect("no error").message {
            let delivery = update.delivery.expect("a delivery");
            let mut seen = seen.lock().expect("no test panicked");
            seen.push((delivery.delivery_id, delivery.revision));
        }
    }
    watch.resume_token().map(ToOwned::to_owned)
}

async fn publish(client: &Client, count: usize) {
    for number in 0..count {
        let request = customer(ACCOUNT, &format!("cus_{number}"));
        client.publish(request).await.expect("it is published");
    }
}

/// Waits until so many deliveries have succeeded, and gives all there are.
async fn succeeded(client: &Client, count: usize) -> Vec<Delivery> {
    let list = async || {
        let request = ListDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            page_size: 1_000,
            ..ListDeliveriesRequest::default()
        };
        let listed = client.delivery_query().list_deliveries(request).await.expect("a list");
        let all = listed.into_inner().deliveries;
        let done = all.iter().filter(|it| it.state() == State::Succeeded).count();
        (done == count).then_some(all)
    };
    eventually("they succeed", list).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_outlives_the_service_and_shows_each_revision_once_and_in_order() {
    let mut service = Service::start(&[]);
    let (client, hooks) = (service.client(), Hooks::start().await);
    let created = register(&client, ACCOUNT, hooks.url()).await;
    hooks.trust(&[&created.secret]);
    let mut watch = client.watch(request());
    begun(&mut watch).await;
    assert_eq!(watch.resume_token(), None, "the message is not dealt with before the next");
    let (closer, seen) = (watch.closer(), Seen::default());
    let watching = tokio::spawn(note(watch, Arc::clone(&seen)));

    publish(&client, 20).await;
    succeeded(&client, 20).await;
    service.kill();
    service.restart();
    publish(&client, 20).await;
    service.kill();
    service.restart();
    publish(&client, 10).await;
    let deliveries = succeeded(&client, 50).await;
    let expected: BTreeMap<_, _> =
        deliveries.into_iter().map(|it| (it.delivery_id, (1..=it.revision).collect())).collect();
    let shown = async || {
        let mut shown = BTreeMap::<_, Vec<_>>::new();
        for (delivery_id, revision) in seen.lock().expect("no test panicked").iter().cloned() {
            shown.entry(delivery_id).or_default().push(revision);
        }
        let is_all = shown.values().map(Vec::len).sum::<usize>()
            >= expected.values().map(Vec::len).sum::<usize>();
        is_all.then_some(shown)
    };
    assert_eq!(eventually("everything is shown", shown).await, expected);

    std::thread::spawn(move || closer.close()).join().expect("it is closed from elsewhere");
    let token = in_time("the end", watching).await.expect("no panic").expect("a token");
    resumes(&client, token).await;
}

/// Another watch shows what followed the token, and nothing before.
async fn resumes(client: &Client, resume_token: String) {
    publish(client, 3).await;
    let deliveries = succeeded(client, 53).await;
    let mut watch = client.watch(WatchDeliveriesRequest { resume_token, ..request() });
    let mut shown = Vec::new();
    while shown.len() < 6 {
        let message = in_time("an update", watch.next()).await.expect("a message");
        match message.expect("no error").message {
            Some(Message::Update(update)) => shown.push(update.delivery.expect("a delivery")),
            other => panic!("{other:?}"),
        }
    }
    let newest: Vec<_> = deliveries.iter().take(3).map(|it| &it.delivery_id).collect();
    for delivery in shown {
        assert!(newest.contains(&&delivery.delivery_id), "{delivery:?}");
    }
}

#[tokio::test]
async fn an_error_that_would_come_again_is_given_and_ends_the_watch() {
    let service = Service::start(&[]);
    let resume_token = "somebody's".to_owned();
    let mut watch = service.client().watch(WatchDeliveriesRequest { resume_token, ..request() });
    let error = in_time("the error", watch.next()).await.expect("a message").expect_err("no token");
    assert_eq!(ErrorDetails::of(&error).reason, "INVALID_FIELDS");
    assert!(watch.next().await.is_none());
}

#[tokio::test]
async fn a_watch_that_cannot_connect_waits_until_it_is_closed() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
    let address = format!("http://{}", nobody.expect("an address"));
    let mut watch = Client::builder(address).build().expect("usable").watch(request());
    let closer = watch.closer();
    let waiting = tokio::spawn(async move { watch.next().await.is_none() });
    closer.close();
    assert!(in_time("the end", waiting).await.expect("no panic"));
}

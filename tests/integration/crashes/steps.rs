//! The process dies in what is done beside the way of an event: cancelling, pruning, recovering,
//! extending leases, counting. What was begun is finished after the next start.

use std::collections::HashSet;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    Delivery, DisableEndpointRequest, EnableEndpointRequest, Endpoint, ListDeliveriesRequest,
    RecoverEndpointRequest, RecoveryKind,
};
use prost_types::Timestamp;
use tokio::net::TcpListener;

use crate::caller::{ACCOUNT, Caller, PAGE_MAX, deaf_endpoint};
use crate::deliveries::{delivery_in, publish, sample, seconds};
use crate::held_request::HeldRequest;
use crate::party::Receivers;
use crate::plain_receiver::{PlainReceiver, status};
use crate::service::{Service, eventually};
use crate::tally::{UNCOUNT, assert_counts, stats_of};
use crate::watches::{Ledger, Watcher, publish_batches, watch_request};

/// What is tested here.
pub const FAILPOINTS: [&str; 9] = [
    CANCEL,
    PRUNE[0],
    PRUNE[1],
    RECOVERY[0],
    RECOVERY[1],
    EXTEND[0],
    EXTEND[1],
    COUNT[0],
    COUNT[1],
];
const CANCEL: &str = "cancel.after_commit";
const PRUNE: [&str; 2] = ["prune.before_commit", "prune.after_commit"];
const RECOVERY: [&str; 2] = ["recovery.before_commit", "recovery.after_commit"];
const EXTEND: [&str; 2] = ["extend.before_commit", "extend.after_commit"];
const COUNT: [&str; 2] = ["count.before_commit", "count.after_commit"];

fn all_deliveries() -> ListDeliveriesRequest {
    ListDeliveriesRequest {
        account_id: ACCOUNT.to_owned(),
        page_size: PAGE_MAX,
        ..ListDeliveriesRequest::default()
    }
}

#[tokio::test]
async fn a_crash_while_an_endpoint_is_disabled_leaves_nothing_open() {
    let mut service = Service::start_failing(&[], &format!("{CANCEL}@2"));
    let mut caller = Caller::new(&service).await;
    let endpoint = caller.register(deaf_endpoint(ACCOUNT)).await;
    let mut watcher = Watcher::open(&service, watch_request()).await;
    watcher.next().await.expect("it says where it begins");
    let published = publish_batches(&service, 3, 500).await;
    let request = DisableEndpointRequest {
        account_id: ACCOUNT.to_owned(),
        endpoint_id: endpoint.endpoint_id,
        ..DisableEndpointRequest::default()
    };
    let answer = caller.admin.disable_endpoint(request).await;
    answer.expect_err("it dies before the last of three steps");
    service.ended().await;
    service.restart();

    let mut caller = Caller::new(&service).await;
    let deliveries = caller.deliveries(all_deliveries()).await;
    assert_eq!(deliveries.len(), published.len());
    assert!(deliveries.iter().all(|delivery| delivery.state() == State::Cancelled));
    // One row of the log for each change, before the crash and after.
    let mut changes: u32 = deliveries.iter().map(|delivery| delivery.revision.unsigned_abs()).sum();
    let mut ledger = Ledger::default();
    let mut watcher = Watcher::resume(&service, &watcher.token).await;
    while changes > 0 {
        ledger.note(watcher.update().await);
        changes -= 1;
    }
}

#[tokio::test]
async fn a_crash_while_pruning_deletes_nothing_that_is_open_and_the_rest_goes_later() {
    for failpoint in PRUNE {
        let mut service = Service::start(&["--allow-http"]);
        let receiver = PlainReceiver::start(|headers| {
            let is_open = headers["x-bookora-event"] == "review.created";
            status(if is_open { 500 } else { 204 })
        });
        let receiver = receiver.await;
        let retry_schedule = vec![seconds(3_600)];
        let account_id = ACCOUNT.to_owned();
        let endpoint = Endpoint { account_id, retry_schedule, ..Endpoint::default() };
        receiver.register(&service, endpoint).await;
        let open = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
        let closed = publish_batches(&service, 2, 400).await;
        delivery_in(&service, &open.event_id, State::Retrying).await;
        eventually("all others are closed", async || {
            let deliveries = Caller::new(&service).await.deliveries(all_deliveries()).await;
            let is_closed = |one: &&Delivery| one.state() == State::Succeeded;
            (deliveries.iter().filter(is_closed).count() == closed.len()).then_some(())
        })
        .await;
        service.kill();
        service.change_arguments(&["--allow-http", "--retention=1s"]);
        for nth in [1, 2] {
            service.run_into(&format!("{failpoint}@{nth}")).await;
        }
        service.restart();
        let left = eventually("only what is open is left", async || {
            let left = Caller::new(&service).await.deliveries(all_deliveries()).await;
            (left.len() == 1).then_some(left)
        });
        assert_eq!(left.await[0].event_id, open.event_id);
        let again = publish(&service, sample(ACCOUNT, EventType::BookingCreated)).await;
        assert_eq!(again.delivery_count, 1);
    }
}

#[tokio::test]
async fn a_crash_in_a_step_of_a_recovery_brings_everything_back_all_the_same() {
    let receivers = Receivers::new();
    for failpoint in RECOVERY {
        let mut service = Service::start(&[&receivers.ca_argument()]);
        let mut party = receivers.start(0).await;
        let endpoint = party.register(&service, party.endpoint(ACCOUNT)).await;
        let mut caller = Caller::new(&service).await;
        let (account_id, endpoint_id) = (endpoint.account_id, endpoint.endpoint_id);
        let disable = DisableEndpointRequest {
            account_id: account_id.clone(),
            endpoint_id: endpoint_id.clone(),
            ..DisableEndpointRequest::default()
        };
        caller.admin.disable_endpoint(disable).await.expect("it is disabled");
        let missed: HashSet<_> = publish_batches(&service, 2, 300).await.into_iter().collect();
        let enable = EnableEndpointRequest {
            account_id: account_id.clone(),
            endpoint_id: endpoint_id.clone(),
        };
        caller.admin.enable_endpoint(enable).await.expect("it is enabled");
        let recover = RecoverEndpointRequest {
            account_id,
            endpoint_id,
            start_time: Some(Timestamp::default()),
            include: vec![RecoveryKind::Missed.into()],
            ..RecoverEndpointRequest::default()
        };
        service.kill();
        service.restart_failing(&format!("{failpoint}@1"));
        // Its answer may be lost with the process.
        let _ = Caller::new(&service).await.admin.recover_endpoint(recover).await;
        service.ended().await;
        service.run_into(&format!("{failpoint}@1")).await;
        service.restart();
        let mut received = HashSet::new();
        while received.len() < missed.len() {
            received.insert(party.next().await.event_id);
        }
        assert_eq!(received, missed);
        let deliveries = Caller::new(&service).await.deliveries(all_deliveries()).await;
        assert_eq!(deliveries.len(), missed.len(), "{failpoint}: one of each event");
    }
}

#[tokio::test]
async fn a_crash_while_leases_are_extended_repeats_what_was_under_way_once() {
    for failpoint in EXTEND {
        let mut service = Service::start_failing(&["--allow-http"], &format!("{failpoint}@1"));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint {
            account_id: ACCOUNT.to_owned(),
            url: format!("http://{}/hooks", listener.local_addr().unwrap()),
            request_timeout: Some(seconds(30)),
            ..Endpoint::default()
        };
        Caller::new(&service).await.register(endpoint).await;
        let published = publish(&service, sample(ACCOUNT, EventType::ReviewCreated)).await;
        let first = HeldRequest::accept(&listener).await;
        // As if the outcome had waited for the database for long.
        let run_out = "UPDATE deliveries SET lease_expire_time = 1 WHERE lease_token IS NOT NULL";
        service.change_database(run_out).await;
        service.ended().await;
        // What was extended would be waited for on a server, where another process may hold it.
        service.change_database(run_out).await;
        service.restart();
        HeldRequest::accept(&listener).await.acknowledge().await;
        let delivered = delivery_in(&service, &published.event_id, State::Succeeded).await;
        assert_eq!((delivered.revision, delivered.attempt_count), (2, 1));
        drop(first);
    }
}

#[tokio::test]
async fn a_crash_while_changes_are_counted_counts_each_of_them_once() {
    /// With two changes each, more than one step counts.
    const EVENTS: usize = 3_000;
    let mut service = Service::start(&["--allow-http"]);
    let receiver = PlainReceiver::start(|_| status(204)).await;
    let endpoint = Endpoint { account_id: ACCOUNT.to_owned(), ..Endpoint::default() };
    receiver.register(&service, endpoint).await;
    publish_batches(&service, EVENTS / 500, 500).await;
    let open = "SELECT COUNT(*) FROM deliveries WHERE next_attempt_time IS NOT NULL";
    eventually("everything is delivered", async || {
        (service.ask_database(open).await == 0).then_some(())
    })
    .await;
    service.kill();
    for failpoint in COUNT {
        service.change_database(UNCOUNT).await;
        for _ in 0..2 {
            service.run_into(&format!("{failpoint}@1")).await;
        }
        service.restart();
        let mut caller = Caller::new(&service).await;
        let url = service.database_url().to_owned();
        for account in [ACCOUNT, "-"] {
            let counted = assert_counts(&mut caller, &url, stats_of(account)).await;
            assert_eq!(counted, i64::try_from(EVENTS).unwrap(), "{failpoint}");
        }
        service.kill();
    }
}

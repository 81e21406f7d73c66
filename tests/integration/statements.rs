//! Every statement fails once, in turn: the first of a process, the second, and so on, until a
//! script of all that is done needs no more of them. Whatever failed, a caller who tries again gets
//! what was asked for, once, and everything that was acknowledged comes to its end.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::watch_deliveries_response::Message;
use bookora_webhooks::proto::{
    CancelDeliveryRequest, CreateEndpointRequest, DeleteEndpointRequest, Delivery,
    DisableEndpointRequest, EnableEndpointRequest, Endpoint, GetDeliveryRequest, GetEventRequest,
    ListAttemptsRequest, ListDeliveriesRequest, ListEndpointsRequest, PublishEventRequest,
    RecoverEndpointRequest, RecoveryKind, ResendDeliveryRequest, RotateEndpointSecretRequest,
    UpdateEndpointRequest, WatchDeliveriesRequest,
};
use prost_types::Timestamp;
use tokio::task::{JoinHandle, JoinSet, LocalSet};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::caller::{ACCOUNT, Caller, deaf_endpoint};
use crate::database::is_postgres;
use crate::deliveries::{sample, seconds};
use crate::plain_receiver::{PlainReceiver, attempt, status};
use crate::service::{Service, eventually};
use crate::watches::{Ledger, watch_request};

/// A statement fails; a commit is made and its answer is lost.
pub const FAILPOINTS: [&str; 2] = ["statement", "commit.after"];

/// Processes at a time: they wait more than they work.
const AT_A_TIME: usize = 16;
/// The same on PostgreSQL, where the server works for each of them.
const POSTGRES_AT_A_TIME: usize = 6;
/// On PostgreSQL, where starting takes longer, every so many are played, unless all are asked for
/// with `BOOKORA_TEST_STATEMENTS=all`.
const POSTGRES_STEP: usize = 5;
/// More statements than the script has: it ends.
const STATEMENTS_MAX: usize = 1_000;

/// Checks that a refusal is one that asks to try again.
fn assert_passing(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.get_error_details().retry_info().is_some(), "{status:?}");
}

/// Makes a call, and again when it is refused; only one statement fails.
async fn insist<T>(mut call: impl AsyncFnMut() -> Result<tonic::Response<T>, Status>) -> T {
    match call().await {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            assert_passing(&status);
            call().await.expect("what failed once passes then").into_inner()
        }
    }
}

/// Notes every change from now on, over breaks.
async fn watch(mut caller: Caller) -> (Rc<RefCell<Ledger>>, JoinHandle<()>) {
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let (opened, is_open) = tokio::sync::oneshot::channel();
    let (noting, mut opened) = (Rc::clone(&ledger), Some(opened));
    let task = tokio::task::spawn_local(async move {
        let mut token = String::new();
        loop {
            let request = WatchDeliveriesRequest { resume_token: token.clone(), ..watch_request() };
            let mut stream =
                insist(async || caller.query.watch_deliveries(request.clone()).await).await;
            loop {
                match stream.message().await {
                    Ok(Some(message)) => {
                        token = message.resume_token;
                        if let Some(Message::Update(update)) = message.message {
                            noting.borrow_mut().note(update);
                        }
                        opened.take().map(|opened| opened.send(()));
                    }
                    Ok(None) => panic!("a watch ends with a status"),
                    Err(status) => {
                        assert_passing(&status);
                        break;
                    }
                }
            }
        }
    });
    is_open.await.expect("the watch opens");
    (ledger, task)
}

/// A service in which one statement fails, and who uses it.
struct Script {
    service: Service,
    caller: Caller,
    ledger: Rc<RefCell<Ledger>>,
    watching: JoinHandle<()>,
    requests: u32,
}

impl Script {
    async fn new(failpoint: &str) -> Self {
        let arguments = ["--allow-http", "--request-timeout=1s", "--suspend-after=20s"];
        let service = Service::start_in_the_end(&arguments, failpoint).await;
        let caller = Caller::new(&service).await;
        let (ledger, watching) = watch(caller.clone()).await;
        Self { service, caller, ledger, watching, requests: 0 }
    }

    fn request_id(&mut self) -> String {
        self.requests += 1;
        format!("0190d5a8-3b5e-7c3a-9d53-{:012}", self.requests)
    }

    async fn create(&mut self, endpoint: Endpoint) -> Endpoint {
        let request_id = self.request_id();
        let request = CreateEndpointRequest {
            endpoint: Some(endpoint),
            request_id,
            ..CreateEndpointRequest::default()
        };
        let created =
            insist(async || self.caller.admin.create_endpoint(request.clone()).await).await;
        created.endpoint.expect("it is in the answer")
    }

    /// Publishes with a key: the id of the one event.
    async fn publish(&mut self, event_type: EventType) -> String {
        let request = PublishEventRequest {
            idempotency_key: self.request_id(),
            ..sample(ACCOUNT, event_type)
        };
        let published =
            insist(async || self.caller.ingest.publish_event(request.clone()).await).await;
        published.event_id
    }

    /// The delivery of an event to an endpoint, once the watch has told that it is in a state.
    async fn delivery(&self, event_id: &str, endpoint: &Endpoint, state: State) -> Delivery {
        let is_it = |one: &&Delivery| {
            one.event_id == event_id
                && one.endpoint_id == endpoint.endpoint_id
                && one.state() == state
        };
        let found = async || self.ledger.borrow().deliveries().find(is_it).cloned();
        eventually(&format!("a delivery is {}", state.as_str_name()), found).await
    }

    /// Waits until the watch has told that a delivery was sent again, and arrived.
    async fn delivered_again(&self, delivery: &Delivery) {
        let is_it = |one: &Delivery| {
            one.delivery_id == delivery.delivery_id
                && one.state() == State::Succeeded
                && one.revision > delivery.revision
        };
        let found = async || self.ledger.borrow().deliveries().any(is_it).then_some(());
        eventually("a delivery arrives again", found).await;
    }

    async fn list(&mut self) -> Vec<Delivery> {
        let request = ListDeliveriesRequest {
            account_id: ACCOUNT.to_owned(),
            page_size: 100,
            ..ListDeliveriesRequest::default()
        };
        let page = insist(async || self.caller.query.list_deliveries(request.clone()).await).await;
        page.deliveries
    }

    async fn disable(&mut self, endpoint: &Endpoint) {
        let request = DisableEndpointRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: endpoint.endpoint_id.clone(),
            ..DisableEndpointRequest::default()
        };
        insist(async || self.caller.admin.disable_endpoint(request.clone()).await).await;
    }

    async fn enable(&mut self, endpoint: &Endpoint) {
        let request = EnableEndpointRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: endpoint.endpoint_id.clone(),
        };
        insist(async || self.caller.admin.enable_endpoint(request.clone()).await).await;
    }

    async fn recover(&mut self, endpoint: &Endpoint) {
        let request = RecoverEndpointRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: endpoint.endpoint_id.clone(),
            start_time: Some(Timestamp::default()),
            include: vec![RecoveryKind::Cancelled.into(), RecoveryKind::Missed.into()],
            request_id: self.request_id(),
            ..RecoverEndpointRequest::default()
        };
        insist(async || self.caller.admin.recover_endpoint(request.clone()).await).await;
    }

    async fn resend(&mut self, delivery: &Delivery) {
        let request = ResendDeliveryRequest {
            account_id: ACCOUNT.to_owned(),
            delivery_id: delivery.delivery_id.clone(),
            request_id: self.request_id(),
        };
        insist(async || self.caller.admin.resend_delivery(request.clone()).await).await;
    }

    async fn cancel(&mut self, delivery: &Delivery) {
        let request = CancelDeliveryRequest {
            account_id: ACCOUNT.to_owned(),
            delivery_id: delivery.delivery_id.clone(),
        };
        insist(async || self.caller.admin.cancel_delivery(request.clone()).await).await;
    }

    /// Changes an endpoint and its secret.
    async fn change(&mut self, endpoint: &Endpoint) {
        let changed = Endpoint { etag: String::new(), max_in_flight: 7, ..endpoint.clone() };
        let request = UpdateEndpointRequest { endpoint: Some(changed), update_mask: None };
        insist(async || self.caller.admin.update_endpoint(request.clone()).await).await;
        let request = RotateEndpointSecretRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: endpoint.endpoint_id.clone(),
            request_id: self.request_id(),
            ..RotateEndpointSecretRequest::default()
        };
        insist(async || self.caller.admin.rotate_endpoint_secret(request.clone()).await).await;
    }

    /// Deletes an endpoint; the second try of one that was deleted does not find it.
    async fn delete(&mut self, endpoint: &Endpoint) {
        let request = DeleteEndpointRequest {
            account_id: ACCOUNT.to_owned(),
            endpoint_id: endpoint.endpoint_id.clone(),
            ..DeleteEndpointRequest::default()
        };
        if let Err(refused) = self.caller.admin.delete_endpoint(request.clone()).await {
            assert_passing(&refused);
            if let Err(refused) = self.caller.admin.delete_endpoint(request).await {
                assert_eq!(refused.code(), Code::NotFound);
            }
        }
    }

    /// Everything else that reads.
    async fn read(&mut self, delivery: &Delivery) {
        let (account_id, delivery_id) = (ACCOUNT.to_owned(), delivery.delivery_id.clone());
        let request = GetDeliveryRequest { account_id, delivery_id, ..Default::default() };
        insist(async || self.caller.query.get_delivery(request.clone()).await).await;
        let (account_id, delivery_id) = (ACCOUNT.to_owned(), delivery.delivery_id.clone());
        let request = ListAttemptsRequest { account_id, delivery_id, ..Default::default() };
        insist(async || self.caller.query.list_attempts(request.clone()).await).await;
        let (account_id, event_id) = (ACCOUNT.to_owned(), delivery.event_id.clone());
        let request = GetEventRequest { account_id, event_id };
        insist(async || self.caller.query.get_event(request.clone()).await).await;
        let request = ListEndpointsRequest { account_id: ACCOUNT.to_owned(), ..Default::default() };
        insist(async || self.caller.admin.list_endpoints(request.clone()).await).await;
    }

    /// The statement that failed, if it came to that.
    fn failed(&self) -> Option<String> {
        let log = self.service.log();
        let (_, line) = log.split_once("a statement fails on purpose sql=")?;
        Some(line.lines().next().unwrap_or_default().trim_matches('"').to_owned())
    }
}

/// Does all there is to do while a statement fails; `None` where it was none of those needed.
async fn play(failpoint: String) -> Option<String> {
    let mut script = Script::new(&failpoint).await;
    let good = PlainReceiver::start(|_| status(204)).await;
    let flaky =
        PlainReceiver::start(|headers| status(if attempt(headers) == 1 { 500 } else { 204 }));
    let flaky = flaky.await;
    let at = |receiver: &PlainReceiver| Endpoint {
        account_id: ACCOUNT.to_owned(),
        url: receiver.url(),
        // More than a receiver needs whose machine is busy with other processes of this test.
        retry_schedule: vec![seconds(1); 5],
        ..Endpoint::default()
    };
    let to_good = script.create(at(&good)).await;
    script.create(at(&flaky)).await;
    let to_nobody = script.create(deaf_endpoint(ACCOUNT)).await;

    let first = script.publish(EventType::BookingCreated).await;
    let delivered = script.delivery(&first, &to_good, State::Succeeded).await;
    let waiting = script.delivery(&first, &to_nobody, State::Retrying).await;
    script.cancel(&waiting).await;
    script.read(&delivered).await;
    script.disable(&to_good).await;
    let missed = script.publish(EventType::ReviewCreated).await;
    script.enable(&to_good).await;
    script.recover(&to_good).await;
    script.delivery(&missed, &to_good, State::Succeeded).await;
    script.resend(&delivered).await;
    script.delivered_again(&delivered).await;
    script.change(&to_good).await;
    script.delivery(&missed, &to_nobody, State::Retrying).await;
    script.delete(&to_nobody).await;

    let is_open = |one: &Delivery| matches!(one.state(), State::Pending | State::Retrying);
    eventually("every delivery ends", async || {
        let ledger = script.ledger.borrow();
        let has_ended = ledger.deliveries().count() == 6 && !ledger.deliveries().any(is_open);
        has_ended.then_some(())
    })
    .await;
    let ended = script.list().await;
    assert_eq!(ended.len(), 6, "{failpoint}: two events to three endpoints");
    for delivery in &ended {
        let is_to_nobody = delivery.endpoint_id == to_nobody.endpoint_id;
        let expected = if is_to_nobody { State::Cancelled } else { State::Succeeded };
        assert_eq!(delivery.state(), expected, "{failpoint}: {delivery:?}");
        // A watch may be a moment behind a listing.
        eventually(&format!("{failpoint}: a watch tells of {delivery:?}"), async || {
            script.ledger.borrow().deliveries().any(|seen| seen == delivery).then_some(())
        })
        .await;
    }
    assert!(!script.watching.is_finished(), "{failpoint}: the watch goes on");
    script.watching.abort();
    let unequal = "SELECT COUNT(*) FROM deliveries AS d WHERE d.revision <> \
                   (SELECT COUNT(*) FROM delivery_changes AS c WHERE c.delivery_id = d.delivery_id)";
    assert_eq!(script.service.ask_database(unequal).await, 0, "{failpoint}: a log row a change");
    let events = script.service.ask_database("SELECT COUNT(*) FROM events").await;
    assert_eq!(events, 2, "{failpoint}: a key is one event");
    // 4 have succeeded, 2 were cancelled.
    let figures = "SELECT CAST(COALESCE(SUM(1000 * succeeded + 100 * cancelled + pending \
                   + retrying + failed), 0) AS BIGINT) FROM delivery_stats WHERE account_id = '-'";
    eventually(&format!("{failpoint}: each change is counted"), async || {
        (script.service.ask_database(figures).await == 4_200).then_some(())
    })
    .await;
    assert!(!script.service.log().contains("internal error"), "{failpoint}");
    script.failed()
}

fn on_this_thread<T>(play: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(LocalSet::new().run_until(play))
}

/// Plays the script for the first time of a failpoint, the second, and so on; the statements that
/// failed.
async fn play_all(failpoint: &str) -> BTreeSet<String> {
    let wants_all = std::env::var_os("BOOKORA_TEST_STATEMENTS").is_some_and(|value| value == "all");
    let step = if is_postgres() && !wants_all { POSTGRES_STEP } else { 1 };
    let at_a_time = if is_postgres() { POSTGRES_AT_A_TIME } else { AT_A_TIME };
    let (mut playing, mut nth, mut is_over) = (JoinSet::new(), 0, false);
    let mut failed = BTreeSet::new();
    while !is_over || !playing.is_empty() {
        while !is_over && playing.len() < at_a_time {
            nth += step;
            assert!(nth < STATEMENTS_MAX, "the script comes to an end");
            let failpoint = format!("{failpoint}@{nth}=error");
            // On a thread of its own: the start of one process is not to keep another's receivers
            // from answering.
            playing.spawn_blocking(|| on_this_thread(play(failpoint)));
        }
        match playing.join_next().await.expect("there is one").expect("it does not panic") {
            Some(statement) => drop(failed.insert(statement)),
            None => is_over = true,
        }
    }
    println!(
        "{failpoint}: {} runs, in which {} different statements failed",
        nth / step,
        failed.len()
    );
    failed
}

#[tokio::test]
async fn whichever_statement_fails_nothing_acknowledged_is_lost_and_every_delivery_ends() {
    let [statement, commit] = FAILPOINTS;
    let failed = play_all(statement).await;
    assert!(failed.contains("BEGIN") || failed.contains("COMMIT"), "{failed:?}");
    play_all(commit).await;
}

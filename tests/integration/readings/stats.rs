//! Figures of deliveries: that they are those of the tables, whatever happened to the deliveries.

use std::time::Duration;

use bookora_webhooks::domain::event::EventType;
use bookora_webhooks::proto::delivery::State;
use bookora_webhooks::proto::{
    CancelDeliveryRequest, DeleteEndpointRequest, Delivery, DisableEndpointRequest,
    EnableEndpointRequest, Endpoint, GetDeliveryStatsRequest, RecoverEndpointRequest, RecoveryKind,
    ResendDeliveryRequest,
};
use prost_types::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::all_of;
use crate::caller::{ACCOUNT, Caller, OTHER_ACCOUNT, deaf_endpoint, nanos};
use crate::deliveries::{sample, seconds};
use crate::plain_receiver::{PlainReceiver, attempt, status};
use crate::service::{Service, eventually};
use crate::tally::{UNCOUNT, assert_counts, counted, stats, stats_of};

const ACCOUNTS: [&str; 2] = [ACCOUNT, OTHER_ACCOUNT];
const SECONDS_AN_HOUR: i64 = 3_600;

/// Two accounts with an endpoint of each kind: one that accepts, late at times; one that refuses
/// each first attempt; one that is never reached and fails at once; one that waits for a retry.
struct Workload {
    caller: Caller,
    random: StdRng,
    endpoints: Vec<Endpoint>,
    _receivers: [PlainReceiver; 2],
}

impl Workload {
    async fn new(service: &Service) -> Self {
        let accepting = PlainReceiver::start_slow(|headers| async move {
            let delivery = headers["x-bookora-delivery"].as_bytes();
            // Latencies of some magnitudes, so that percentiles differ.
            let millis = u64::from(delivery[delivery.len() - 1] % 4) * 7;
            tokio::time::sleep(Duration::from_millis(millis)).await;
            status(204)
        });
        let refusing =
            PlainReceiver::start(|headers| status(if attempt(headers) == 1 { 500 } else { 204 }));
        let receivers = [accepting.await, refusing.await];
        let mut endpoints = Vec::new();
        let mut caller = Caller::new(service).await;
        for account_id in ACCOUNTS.map(str::to_owned) {
            let retry_schedule = vec![seconds(1)];
            let endpoint = Endpoint { account_id, retry_schedule, ..Endpoint::default() };
            for receiver in &receivers {
                endpoints.push(receiver.register(service, endpoint.clone()).await);
            }
            let unreached = Endpoint { retry_schedule: vec![seconds(1)], ..deaf_endpoint("") };
            let account_id = endpoint.account_id.clone();
            endpoints.push(caller.register(Endpoint { account_id, ..unreached }).await);
            endpoints.push(caller.register(deaf_endpoint(&endpoint.account_id)).await);
        }
        Self { caller, random: StdRng::seed_from_u64(30), endpoints, _receivers: receivers }
    }

    async fn publish(&mut self) {
        let types =
            [EventType::BookingCreated, EventType::ReviewCreated, EventType::NoShowDetected];
        for account in ACCOUNTS {
            let count = self.random.random_range(1..=30);
            let event_type = types[self.random.random_range(0..types.len())];
            self.caller.publish_all(vec![sample(account, event_type); count]).await;
        }
    }

    /// Sends again or cancels some of the deliveries, at random; not every state allows it.
    async fn intervene(&mut self) {
        let page = self.caller.deliveries(all_of("-")).await;
        for Delivery { account_id, delivery_id, .. } in page {
            match self.random.random_range(0..8) {
                0 => {
                    let request = CancelDeliveryRequest { account_id, delivery_id };
                    let _ = self.caller.admin.cancel_delivery(request).await;
                }
                1 => {
                    let request = ResendDeliveryRequest {
                        account_id,
                        delivery_id,
                        ..ResendDeliveryRequest::default()
                    };
                    let _ = self.caller.admin.resend_delivery(request).await;
                }
                _ => {}
            }
        }
    }

    /// Disables an endpoint while more is published, enables it and brings back what it missed.
    async fn switch_off_and_recover(&mut self, place: usize) {
        let Endpoint { account_id, endpoint_id, .. } = self.endpoints[place].clone();
        let request = DisableEndpointRequest {
            account_id: account_id.clone(),
            endpoint_id: endpoint_id.clone(),
            ..DisableEndpointRequest::default()
        };
        self.caller.admin.disable_endpoint(request).await.expect("it is disabled");
        self.publish().await;
        let request = EnableEndpointRequest {
            account_id: account_id.clone(),
            endpoint_id: endpoint_id.clone(),
        };
        self.caller.admin.enable_endpoint(request).await.expect("it is enabled");
        let kinds = [RecoveryKind::Failed, RecoveryKind::Cancelled, RecoveryKind::Missed];
        let request = RecoverEndpointRequest {
            account_id,
            endpoint_id,
            start_time: Some(Timestamp::default()),
            include: kinds.map(i32::from).to_vec(),
            ..RecoverEndpointRequest::default()
        };
        self.caller.admin.recover_endpoint(request).await.expect("it is recovered");
    }

    async fn delete(&mut self, place: usize) {
        let request = DeleteEndpointRequest {
            account_id: self.endpoints[place].account_id.clone(),
            endpoint_id: self.endpoints[place].endpoint_id.clone(),
            ..DeleteEndpointRequest::default()
        };
        self.caller.admin.delete_endpoint(request).await.expect("it is deleted");
    }

    /// Waits until nothing happens any more for an hour.
    async fn quiet(&mut self, service: &Service) {
        // What waits for the hour that a deaf endpoint's second attempt is due in, waits on.
        let unquiet = "SELECT (SELECT COUNT(*) FROM recoveries WHERE finish_time IS NULL) + \
                       (SELECT COUNT(*) FROM deliveries WHERE next_attempt_time IS NOT NULL \
                       AND next_attempt_time < update_time + 600000000000)";
        eventually("nothing is under way", async || {
            (service.ask_database(unquiet).await == 0).then_some(())
        })
        .await;
    }

    async fn assert_counts_of_all(&mut self, service: &Service) -> i64 {
        let url = service.database_url();
        let total = assert_counts(&mut self.caller, url, stats_of("-")).await;
        let (mut of_accounts, mut of_endpoints) = (0, 0);
        for account in ACCOUNTS {
            of_accounts += assert_counts(&mut self.caller, url, stats_of(account)).await;
        }
        for Endpoint { account_id, endpoint_id, .. } in self.endpoints.clone() {
            for account_id in [account_id, "-".to_owned()] {
                let endpoint_id = endpoint_id.clone();
                let request = GetDeliveryStatsRequest { endpoint_id, ..stats_of(&account_id) };
                of_endpoints += assert_counts(&mut self.caller, url, request).await;
            }
        }
        assert_eq!((of_accounts, of_endpoints), (total, 2 * total));
        assert_eq!(service.ask_database("SELECT COUNT(*) FROM deliveries").await, total);
        total
    }
}

#[tokio::test]
async fn figures_are_those_of_the_tables_whatever_happened_to_the_deliveries() {
    let service = Service::start(&["--allow-http"]);
    let mut workload = Workload::new(&service).await;
    for round in 0..4 {
        workload.publish().await;
        workload.intervene().await;
        workload.switch_off_and_recover(round).await;
        workload.intervene().await;
    }
    workload.delete(4).await;
    workload.quiet(&service).await;
    let total = workload.assert_counts_of_all(&service).await;
    let answer = stats(&mut workload.caller, stats_of("-")).await;
    let states = [
        answer.pending_count,
        answer.retrying_count,
        answer.succeeded_count,
        answer.failed_count,
        answer.cancelled_count,
    ];
    println!("{total} deliveries (by state {states:?}), {} attempts", answer.attempt_count);
    assert!(states[1..].iter().all(|count| *count > 0), "{states:?}");
    assert!(answer.attempt_count > total, "there were retries");
}

#[tokio::test]
async fn a_service_that_is_killed_again_and_again_counts_each_change_once() {
    let mut service = Service::start(&["--allow-http"]);
    let mut workload = Workload::new(&service).await;
    for round in 0..6 {
        workload.publish().await;
        if round % 2 == 0 {
            counted(&mut workload.caller).await;
            workload.publish().await;
        }
        workload.intervene().await;
        service.kill();
        service.restart();
        workload.caller = Caller::new(&service).await;
    }
    workload.quiet(&service).await;
    let total = workload.assert_counts_of_all(&service).await;
    println!("{total} deliveries over 6 kills");
}

fn hour_of(time: Option<Timestamp>) -> i64 {
    time.expect("it is set").seconds.div_euclid(SECONDS_AN_HOUR)
}

/// A time in an hour, or some seconds before it.
fn at(hour: i64, seconds: i64) -> Timestamp {
    Timestamp { seconds: hour * SECONDS_AN_HOUR + seconds, nanos: 0 }
}

/// As if they had been made in five different hours.
const SPREAD: &str = "
    UPDATE deliveries SET create_time = create_time - 3600000000000 * (numbered.rank % 5)
    FROM (SELECT delivery_id, ROW_NUMBER() OVER (ORDER BY delivery_id) AS rank FROM deliveries)
        AS numbered WHERE deliveries.delivery_id = numbered.delivery_id;
    UPDATE delivery_changes SET create_time = d.create_time FROM deliveries AS d
    WHERE d.delivery_id = delivery_changes.delivery_id";

#[tokio::test]
async fn a_range_is_widened_to_whole_hours_and_the_answer_says_which() {
    let mut service = Service::start(&["--allow-http"]);
    let mut workload = Workload::new(&service).await;
    for _ in 0..3 {
        workload.publish().await;
    }
    workload.quiet(&service).await;
    service.terminate();
    assert!(service.ended().await.success());
    service.change_database(SPREAD).await;
    service.change_database(UNCOUNT).await;
    service.restart();
    let mut caller = Caller::new(&service).await;
    let url = service.database_url();
    let total = assert_counts(&mut caller, url, stats_of("-")).await;
    let hour = hour_of(stats(&mut caller, stats_of("-")).await.end_time) - 1;
    let mut sum = 0;
    for back in 0..6 {
        // Anything of the hour stands for all of it; of the present one, what is not to come.
        let late = if back == 0 { 0 } else { 1_800 };
        for (from, to) in [(0, SECONDS_AN_HOUR), (late, late + 1), (0, 1)] {
            let request = GetDeliveryStatsRequest {
                start_time: Some(at(hour - back, from)),
                end_time: Some(at(hour - back, to)),
                ..stats_of("-")
            };
            let answer = stats(&mut caller, request.clone()).await;
            assert_eq!(
                (answer.start_time, answer.end_time),
                (Some(at(hour - back, 0)), Some(at(hour - back + 1, 0)))
            );
            let counted = assert_counts(&mut caller, url, request).await;
            sum += if to == SECONDS_AN_HOUR { counted } else { 0 };
        }
    }
    assert!(total > 0);
    assert_eq!(sum, total, "each is counted in one hour");
    let request = GetDeliveryStatsRequest {
        start_time: Some(at(hour - 3, 5)),
        end_time: Some(at(hour - 1, -5)),
        ..stats_of("-")
    };
    let answer = stats(&mut caller, request.clone()).await;
    assert_eq!(
        (answer.start_time, answer.end_time),
        (Some(at(hour - 3, 0)), Some(at(hour - 1, 0)))
    );
    let some = assert_counts(&mut caller, url, request).await;
    assert!(some > 0 && some < total, "{some} of {total}");
}

#[tokio::test]
async fn a_range_is_the_last_24_hours_unless_it_is_given() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let day = 24 * SECONDS_AN_HOUR;
    let length = |answer: &bookora_webhooks::proto::GetDeliveryStatsResponse| {
        hour_of(answer.end_time) - hour_of(answer.start_time)
    };
    let last = stats(&mut caller, stats_of(ACCOUNT)).await;
    // Both ends are widened.
    assert!([24, 25].contains(&length(&last)), "{last:?}");
    assert!(hour_of(last.end_time) >= hour_of(last.as_of_time));
    let end = last.as_of_time.map(|time| Timestamp { seconds: time.seconds - 3 * day, nanos: 0 });
    let request = GetDeliveryStatsRequest { end_time: end, ..stats_of(ACCOUNT) };
    let earlier = stats(&mut caller, request).await;
    assert!([24, 25].contains(&length(&earlier)), "{earlier:?}");
    assert!(nanos(earlier.end_time) >= nanos(end));
    let request = GetDeliveryStatsRequest { start_time: end, ..stats_of(ACCOUNT) };
    let later = stats(&mut caller, request).await;
    assert_eq!(hour_of(later.start_time), hour_of(end));
    assert!(hour_of(later.end_time) >= hour_of(last.end_time));
    // The whole of what is kept may be asked for.
    let start =
        last.as_of_time.map(|time| Timestamp { seconds: time.seconds - 30 * day, nanos: 0 });
    let end_time = last.as_of_time;
    let request = GetDeliveryStatsRequest { start_time: start, end_time, ..stats_of(ACCOUNT) };
    let whole = stats(&mut caller, request).await;
    assert!([720, 721].contains(&length(&whole)), "{whole:?}");
    assert_eq!((whole.succeeded_count, whole.attempt_count, whole.latency_p50), (0, 0, None));
    assert_eq!(whole.oldest_open_delivery, None);

    let service = Service::start(&["--retention=2h"]);
    let mut caller = Caller::new(&service).await;
    let last = stats(&mut caller, stats_of(ACCOUNT)).await;
    assert!([2, 3].contains(&length(&last)), "{last:?}");
}

#[tokio::test]
async fn the_oldest_open_delivery_is_that_of_who_is_asked_for() {
    let service = Service::start(&[]);
    let mut caller = Caller::new(&service).await;
    let mut oldest = Vec::new();
    let mut endpoints = Vec::new();
    for account in [OTHER_ACCOUNT, ACCOUNT, ACCOUNT] {
        let endpoint = Endpoint { max_in_flight: 1, ..deaf_endpoint(account) };
        endpoints.push(caller.register(endpoint).await);
    }
    for account in [OTHER_ACCOUNT, ACCOUNT] {
        for _ in 0..3 {
            caller.publish(sample(account, EventType::ReviewCreated)).await;
        }
    }
    for endpoint in &endpoints {
        let listed = eventually("each was tried once", async || {
            let mut listed = caller.deliveries(all_of(&endpoint.account_id)).await;
            listed.retain(|delivery| delivery.endpoint_id == endpoint.endpoint_id);
            listed.iter().all(|one| one.state() == State::Retrying).then_some(listed)
        })
        .await;
        oldest.push(listed.into_iter().min_by(|a, b| a.delivery_id.cmp(&b.delivery_id)));
    }
    let mut ask = async |account: &str, endpoint_id: &str| {
        let endpoint_id = endpoint_id.to_owned();
        let request = GetDeliveryStatsRequest { endpoint_id, ..stats_of(account) };
        stats(&mut caller, request).await.oldest_open_delivery
    };
    for (endpoint, oldest) in endpoints.iter().zip(&oldest) {
        assert_eq!(&ask(&endpoint.account_id, &endpoint.endpoint_id).await, oldest);
        assert_eq!(&ask("-", &endpoint.endpoint_id).await, oldest);
    }
    let first = |places: &[usize]| {
        let of = places.iter().filter_map(|place| oldest[*place].clone());
        of.min_by(|a, b| a.delivery_id.cmp(&b.delivery_id))
    };
    assert_eq!(ask(OTHER_ACCOUNT, "").await, first(&[0]));
    assert_eq!(ask(ACCOUNT, "").await, first(&[1, 2]));
    assert_eq!(ask("-", "").await, first(&[0, 1, 2]));
    assert_eq!(ask(ACCOUNT, &endpoints[0].endpoint_id).await, None, "it is another account's");
    assert_eq!(ask("acct_nobody", "").await, None);
}

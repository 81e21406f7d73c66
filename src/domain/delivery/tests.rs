//! How attempts are judged, and that docs/delivery-states.md has the states and the arrows between them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::domain::attempt::{Exchange, Response, Timing, Trigger};
use crate::domain::endpoint::{Endpoint, EndpointConfig, EndpointState};
use crate::domain::endpoint_secrets::{EndpointSecret, EndpointSecrets};
use crate::domain::endpoint_url::EndpointUrl;
use crate::domain::id::{AttemptId, SecretId};
use crate::domain::random::SeededRandom;
use crate::domain::retry_after::RetryAfter;
use crate::domain::secret::Secret;

const START: Timestamp = Timestamp::from_unix_millis(1_781_087_400_000);
const OVERLAP: Duration = Duration::from_hours(1);

fn secret(random: &SeededRandom) -> EndpointSecret {
    EndpointSecret {
        secret_id: SecretId::new(START, random),
        secret: Secret::generate(random),
        create_time: START,
    }
}

/// A new delivery to an endpoint whose overlap begins at the start.
fn leased() -> LeasedDelivery {
    let random = SeededRandom::new(1);
    let mut secrets = EndpointSecrets::new(secret(&random));
    secrets.rotate(secret(&random), OVERLAP, START).unwrap();
    let account_id: AccountId = "acct_1".parse().unwrap();
    let endpoint_id = EndpointId::new(START, &random);
    let url = EndpointUrl::parse("https://hooks.example.com/", false).unwrap();
    let target = Endpoint {
        endpoint_id,
        account_id: account_id.clone(),
        config: EndpointConfig::new(url),
        state: EndpointState::Active,
        state_reason: String::new(),
        secrets: Some(secrets),
        create_time: START,
        update_time: START,
        version: 1,
    };
    LeasedDelivery {
        delivery: Delivery {
            delivery_id: DeliveryId::new(START, &random),
            account_id,
            event_id: EventId::new(START, &random),
            event_type: "booking.created".to_owned(),
            endpoint_id,
            state: DeliveryState::Pending,
            state_reason: String::new(),
            revision: 1,
            attempt_count: 0,
            next_attempt_time: Some(START),
            create_time: START,
            update_time: START,
        },
        lease_token: LeaseToken::new(&random),
        payload: Bytes::new(),
        trace_parent: TraceParent::new(&random),
        swaps_signatures: false,
        schedule_start: ScheduleStart::AT_PUBLISH,
        target: Arc::new(target),
    }
}

fn empty_response(status: u16) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: Vec::new(),
        body_truncated: false,
        retry_after: None,
    }
}

/// What is made of an attempt at `now` that was answered with `status`, or with nothing.
fn judged(leased: &LeasedDelivery, status: Option<u16>, now: Timestamp) -> Verdict {
    let random = SeededRandom::new(2);
    let is_success = status.is_some_and(|status| (200..300).contains(&status));
    let exchange = Exchange {
        outcome: if is_success { Outcome::Succeeded } else { Outcome::HttpStatus },
        error_message: None,
        remote_address: None,
        response: status.map(empty_response),
        timing: Timing::default(),
    };
    let attempt = Attempt {
        attempt_id: AttemptId::new(now, &random),
        number: leased.delivery.attempt_count + 1,
        trigger: Trigger::Schedule,
        start_time: now,
        exchange,
    };
    judge(leased, attempt, &RetrySchedule::default(), now, &random)
}

/// The next attempt's delivery.
fn next(leased: &LeasedDelivery, verdict: Verdict) -> LeasedDelivery {
    let Verdict { delivery, swaps_signatures, .. } = verdict;
    LeasedDelivery { delivery, swaps_signatures, ..leased.clone() }
}

#[test]
fn each_401_or_403_in_an_overlap_swaps_the_signatures_and_nothing_else_does() {
    let mut leased = leased();
    for (status, swaps) in [(Some(503), false), (Some(401), true), (None, true), (Some(403), false)]
    {
        let verdict = judged(&leased, status, START);
        assert_eq!(verdict.swaps_signatures, swaps, "after {status:?}");
        assert_eq!(verdict.delivery.revision, leased.delivery.revision + 1);
        leased = next(&leased, verdict);
    }
    for status in [400, 402, 404, 407, 410, 500] {
        assert!(!judged(&self::leased(), Some(status), START).swaps_signatures, "{status}");
    }
}

#[test]
fn a_refusal_outside_an_overlap_swaps_nothing_and_forgets_the_swap() {
    let unswapped = leased();
    let swapped = LeasedDelivery { swaps_signatures: true, ..leased() };
    for (leased, status) in [(&unswapped, Some(401)), (&swapped, Some(401)), (&swapped, Some(503))]
    {
        assert!(!judged(leased, status, START + OVERLAP).swaps_signatures);
    }
}

/// The verdict on an attempt that was answered with a status.
fn answered(attempt_count: u32, status: u16, retry_after: Option<RetryAfter>) -> Delivery {
    let is_success = (200..300).contains(&status);
    let response = Response { retry_after, ..empty_response(status) };
    let attempt = Attempt {
        attempt_id: AttemptId::new(START, &SeededRandom::new(2)),
        number: attempt_count + 1,
        trigger: Trigger::Schedule,
        start_time: START,
        exchange: Exchange {
            outcome: if is_success { Outcome::Succeeded } else { Outcome::HttpStatus },
            error_message: (!is_success).then(|| format!("the receiver answered {status}")),
            remote_address: None,
            response: Some(response),
            timing: Timing::default(),
        },
    };
    let schedule = RetrySchedule::new(vec![Duration::from_secs(10)]).unwrap();
    let mut leased = leased();
    leased.delivery.attempt_count = attempt_count;
    judge(&leased, attempt, &schedule, START, &SeededRandom::new(3)).delivery
}

#[test]
fn a_429_or_503_lengthens_the_wait_by_its_retry_after_and_no_other_status_does() {
    let asked = Some(RetryAfter::Delay(Duration::from_secs(100)));
    for (status, retry_after, wait_seconds) in [
        (500, None, 8.0..=12.0),
        (503, None, 8.0..=12.0),
        (503, asked, 100.0..=120.0),
        (429, asked, 100.0..=120.0),
        (500, asked, 8.0..=12.0),
        (503, Some(RetryAfter::Delay(Duration::from_secs(1))), 8.0..=12.0),
        (503, Some(RetryAfter::Date(START + Duration::from_mins(1))), 60.0..=72.0),
        (503, Some(RetryAfter::Date(START - Duration::from_mins(1))), 8.0..=12.0),
    ] {
        let delivery = answered(0, status, retry_after);
        assert_eq!(delivery.state, DeliveryState::Retrying);
        let wait = delivery.next_attempt_time.unwrap().since(START).as_secs_f64();
        assert!(wait_seconds.contains(&wait), "{status} {retry_after:?}: {wait} s");
    }
}

#[test]
fn a_receiver_that_is_gone_is_not_tried_again() {
    let delivery = answered(0, 410, None);
    assert_eq!((delivery.state, delivery.next_attempt_time), (DeliveryState::Failed, None));
    assert_eq!(answered(0, 404, None).state, DeliveryState::Retrying);
}

#[test]
fn a_retry_after_adds_no_attempt_to_a_schedule_that_has_ended() {
    let asked = Some(RetryAfter::Delay(Duration::from_secs(100)));
    let delivery = answered(1, 503, asked);
    assert_eq!((delivery.state, delivery.next_attempt_time), (DeliveryState::Failed, None));
}

/// The arrows that the table of the page has: from a state, or from nothing, to a state.
fn documented_arrows() -> BTreeSet<(String, String)> {
    let page = include_str!("../../../docs/delivery-states.md");
    let section = page.split("\n## What moves it\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut arrows = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        for from in cells[1].split(", ") {
            arrows.extend(cells[2].split(", ").map(|to| (from.to_owned(), to.to_owned())));
        }
    }
    arrows
}

#[test]
fn the_page_on_states_has_the_arrows_that_there_are() {
    let name = |state: DeliveryState| state.name().to_uppercase();
    let mut arrows = BTreeSet::from([(String::new(), name(leased().delivery.state))]);
    for from in DeliveryState::OPEN {
        let mut leased = leased();
        leased.delivery.state = from;
        for to in [DeliveryState::Failed, DeliveryState::Cancelled] {
            arrows.insert((name(from), name(leased.delivery.closed(to, "", START).state)));
        }
        // The fourth attempt is the last of the default schedule.
        for (attempt_count, status) in [(0, 204), (0, 503), (0, 410), (3, 503)] {
            leased.delivery.attempt_count = attempt_count;
            arrows.insert((name(from), name(judged(&leased, Some(status), START).delivery.state)));
        }
    }
    for from in [DeliveryState::Succeeded, DeliveryState::Failed, DeliveryState::Cancelled] {
        let closed = Delivery { state: from, ..leased().delivery };
        arrows.insert((name(from), name(closed.resent(START).state)));
    }
    assert_eq!(documented_arrows(), arrows);
}

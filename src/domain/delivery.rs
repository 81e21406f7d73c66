//! A delivery: one event on its way to one endpoint. Its states, and the only ways between them:
//!
//! ```text
//!             first attempt due                 2xx
//! (new) ──> PENDING ───────────────────────────────> SUCCEEDED
//!              │  attempt failed, retries left          ^
//!              ├────────────> RETRYING ─────────────────┤
//!              │                 │ last retry failed, or 410 Gone
//!              ├─────────────────┴────────────> FAILED
//!              └─────────────────┴────────────> CANCELLED (endpoint disabled, suspended or deleted)
//! ```
//!
//! Being sent is a lease, not a state: it costs no change of a row to start an attempt.

use bytes::Bytes;

use super::account::AccountId;
use super::attempt::{Attempt, Outcome};
use super::clock::Timestamp;
use super::endpoint::Target;
use super::id::{DeliveryId, EndpointId, EventId, LeaseToken};
use super::random::Random;
use super::retry::{RetrySchedule, jittered_wait};
use super::trace_parent::TraceParent;

/// What became of a delivery so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// No attempt has ended yet.
    Pending,
    /// An attempt failed and another will be made.
    Retrying,
    /// Acknowledged.
    Succeeded,
    /// Every attempt failed, or one told that the receiver is gone.
    Failed,
    /// Given up before its schedule ended.
    Cancelled,
}

impl DeliveryState {
    /// The states in which attempts are still to come.
    pub const OPEN: [Self; 2] = [Self::Pending, Self::Retrying];

    /// Whether attempts are still to come.
    #[must_use]
    pub fn is_open(self) -> bool {
        Self::OPEN.contains(&self)
    }
}

/// A delivery as it is stored.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub delivery_id: DeliveryId,
    /// Whose it is.
    pub account_id: AccountId,
    /// The event that is delivered.
    pub event_id: EventId,
    /// The event's type, by name.
    pub event_type: String,
    /// Where it goes.
    pub endpoint_id: EndpointId,
    /// What became of it so far.
    pub state: DeliveryState,
    /// Why; empty while there is nothing to explain.
    pub state_reason: String,
    /// 1 when it was made, one more with every change.
    pub revision: u32,
    /// How many attempts have ended.
    pub attempt_count: u32,
    /// When the next attempt is due; `None` where none will be made.
    pub next_attempt_time: Option<Timestamp>,
    /// When it was made.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

/// A delivery that is held under a lease, with all that one attempt needs.
#[derive(Clone, Debug)]
pub struct LeasedDelivery {
    /// The delivery as it was when the lease was taken; nobody else changes it while the lease
    /// lasts, except by taking the lease away.
    pub delivery: Delivery,
    /// Proof of the lease.
    pub lease_token: LeaseToken,
    /// The exact body.
    pub payload: Bytes,
    /// The trace of the publish.
    pub trace_parent: TraceParent,
    /// Where it goes.
    pub target: Target,
}

/// What an attempt made of a leased delivery; recorded only while the lease holds.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The delivery after the attempt.
    pub delivery: Delivery,
    /// Its state before.
    pub previous_state: DeliveryState,
    /// The lease under which the attempt was made.
    pub lease_token: LeaseToken,
    /// The attempt.
    pub attempt: Attempt,
}

/// Decides what an attempt that ended at `now` makes of the delivery it was made for.
#[must_use]
pub fn judge(
    leased: &LeasedDelivery,
    attempt: Attempt,
    schedule: &RetrySchedule,
    now: Timestamp,
    random: &dyn Random,
) -> Verdict {
    let before = &leased.delivery;
    assert!(before.state.is_open(), "only an open delivery is attempted");
    assert_eq!(attempt.number, before.attempt_count + 1, "attempts are numbered without a gap");

    let retry_wait = schedule.wait_before_retry(attempt.number);
    let (state, next_attempt_time) = match (attempt.exchange.outcome, retry_wait) {
        (Outcome::Succeeded, _) => (DeliveryState::Succeeded, None),
        _ if attempt.exchange.is_gone() => (DeliveryState::Failed, None),
        (_, Some(wait)) => {
            let wait = jittered_wait(wait, attempt.exchange.asked_wait(now), random);
            (DeliveryState::Retrying, Some(now + wait))
        }
        (_, None) => (DeliveryState::Failed, None),
    };
    let delivery = Delivery {
        state,
        state_reason: attempt.exchange.error_message.clone().unwrap_or_default(),
        revision: before.revision + 1,
        attempt_count: attempt.number,
        next_attempt_time,
        update_time: now,
        ..before.clone()
    };
    Verdict { delivery, previous_state: before.state, lease_token: leased.lease_token, attempt }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::domain::attempt::{Exchange, Response, Timing, Trigger};
    use crate::domain::endpoint::{Endpoint, EndpointConfig, EndpointSecret, EndpointState};
    use crate::domain::endpoint_url::EndpointUrl;
    use crate::domain::id::{AttemptId, SecretId};
    use crate::domain::random::SeededRandom;
    use crate::domain::retry_after::RetryAfter;
    use crate::domain::secret::Secret;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_781_087_400_000);

    fn leased(attempt_count: u32) -> LeasedDelivery {
        let random: &dyn Random = &SeededRandom::new(1);
        let account_id: AccountId = "acct_1".parse().unwrap();
        let endpoint_id = EndpointId::new(NOW, random);
        let secret = EndpointSecret {
            secret_id: SecretId::new(NOW, random),
            secret: Secret::generate(random),
            create_time: NOW,
        };
        let endpoint = Endpoint {
            endpoint_id,
            account_id: account_id.clone(),
            config: EndpointConfig::new(EndpointUrl::stored("https://a.example/").unwrap()),
            state: EndpointState::Active,
            state_reason: String::new(),
            secret,
            create_time: NOW,
            update_time: NOW,
            version: 1,
        };
        let delivery = Delivery {
            delivery_id: DeliveryId::new(NOW, random),
            account_id,
            event_id: EventId::new(NOW, random),
            event_type: "booking.created".to_owned(),
            endpoint_id,
            state: DeliveryState::Pending,
            state_reason: String::new(),
            revision: attempt_count + 1,
            attempt_count,
            next_attempt_time: Some(NOW),
            create_time: NOW,
            update_time: NOW,
        };
        LeasedDelivery {
            delivery,
            lease_token: LeaseToken::new(random),
            payload: Bytes::new(),
            trace_parent: TraceParent::new(random),
            target: Arc::new(endpoint),
        }
    }

    /// The verdict on an attempt that was answered with a status.
    fn answered(attempt_count: u32, status: u16, retry_after: Option<RetryAfter>) -> Delivery {
        let is_success = (200..300).contains(&status);
        let response =
            Response { status, headers: vec![], body: vec![], body_truncated: false, retry_after };
        let attempt = Attempt {
            attempt_id: AttemptId::new(NOW, &SeededRandom::new(2)),
            number: attempt_count + 1,
            trigger: Trigger::Schedule,
            start_time: NOW,
            exchange: Exchange {
                outcome: if is_success { Outcome::Succeeded } else { Outcome::HttpStatus },
                error_message: (!is_success).then(|| format!("the receiver answered {status}")),
                remote_address: None,
                response: Some(response),
                timing: Timing::default(),
            },
        };
        let schedule = RetrySchedule::new(vec![Duration::from_secs(10)]).unwrap();
        judge(&leased(attempt_count), attempt, &schedule, NOW, &SeededRandom::new(3)).delivery
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
            (503, Some(RetryAfter::Date(NOW + Duration::from_mins(1))), 60.0..=72.0),
            (503, Some(RetryAfter::Date(NOW - Duration::from_mins(1))), 8.0..=12.0),
        ] {
            let delivery = answered(0, status, retry_after);
            assert_eq!(delivery.state, DeliveryState::Retrying);
            let wait = delivery.next_attempt_time.unwrap().since(NOW).as_secs_f64();
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
}

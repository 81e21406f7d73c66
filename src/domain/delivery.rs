//! A delivery: one event on its way to one endpoint. Its states, and the only ways between them:
//!
//! ```text
//!             first attempt due                 2xx
//! (new) ──> PENDING ───────────────────────────────> SUCCEEDED
//!              │  attempt failed, retries left          ^
//!              ├────────────> RETRYING ─────────────────┤
//!              │                 │ last retry failed
//!              ├─────────────────┴────────────> FAILED
//!              └─────────────────┴────────────> CANCELLED (endpoint disabled or deleted)
//! ```
//!
//! Being sent is a lease, not a state: it costs no change of a row to start an attempt.

use std::sync::Arc;

use bytes::Bytes;

use super::account::AccountId;
use super::attempt::{Attempt, Outcome};
use super::clock::Timestamp;
use super::endpoint::Target;
use super::id::{DeliveryId, EndpointId, EventId, LeaseToken};
use super::random::Random;
use super::retry::{RetrySchedule, with_jitter};
use super::trace_parent::TraceParent;

/// The statuses by which a receiver refuses a signature (RFC 9110, sections 15.5.2 and 15.5.4).
const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;

/// What became of a delivery so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// No attempt has ended yet.
    Pending,
    /// An attempt failed and another will be made.
    Retrying,
    /// Acknowledged.
    Succeeded,
    /// Every attempt failed.
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

impl Delivery {
    /// The open delivery as it is when it is given up without another attempt.
    #[must_use]
    pub fn closed(&self, state: DeliveryState, reason: &str, now: Timestamp) -> Self {
        assert!(self.state.is_open() && !state.is_open(), "an open delivery is closed");
        Self {
            state,
            state_reason: reason.to_owned(),
            revision: self.revision + 1,
            next_attempt_time: None,
            update_time: now,
            ..self.clone()
        }
    }
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
    /// Whether the two signatures of an overlap change places: see [`judge`].
    pub swaps_signatures: bool,
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
    /// Where it went.
    pub target: Target,
    /// Whether the next attempt swaps the two signatures of an overlap.
    pub swaps_signatures: bool,
}

/// Decides what an attempt that ended at `now` makes of the delivery it was made for.
///
/// During the overlap of two secrets a receiver may hold one of them and read one header, the one
/// with the other's signature. So a 401 or 403 makes the next attempt swap the two, and another
/// swaps them back.
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
        (_, Some(wait)) => (DeliveryState::Retrying, Some(now + with_jitter(wait, random))),
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
    Verdict {
        delivery,
        previous_state: before.state,
        lease_token: leased.lease_token,
        swaps_signatures: swaps_next(leased, &attempt),
        attempt,
        target: Arc::clone(&leased.target),
    }
}

fn swaps_next(leased: &LeasedDelivery, attempt: &Attempt) -> bool {
    let was_signed_twice = leased.target.secrets.previous_at(attempt.start_time).is_some();
    let status = attempt.exchange.response.as_ref().map(|response| response.status);
    let was_refused = matches!(status, Some(UNAUTHORIZED | FORBIDDEN));
    // A swap belongs to its overlap: the next rotation begins without.
    was_signed_twice && leased.swaps_signatures != was_refused
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::attempt::{Exchange, Response, Timing, Trigger};
    use crate::domain::endpoint::{Endpoint, EndpointConfig, EndpointState};
    use crate::domain::endpoint_secrets::{EndpointSecret, EndpointSecrets};
    use crate::domain::endpoint_url::EndpointUrl;
    use crate::domain::id::{AttemptId, SecretId};
    use crate::domain::random::SeededRandom;
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
            secrets,
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
            target: Arc::new(target),
        }
    }

    /// What is made of an attempt at `now` that was answered with `status`, or with nothing.
    fn judged(leased: &LeasedDelivery, status: Option<u16>, now: Timestamp) -> Verdict {
        let random = SeededRandom::new(2);
        let is_success = status.is_some_and(|status| (200..300).contains(&status));
        let response = |status| Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            body_truncated: false,
        };
        let exchange = Exchange {
            outcome: if is_success { Outcome::Succeeded } else { Outcome::HttpStatus },
            error_message: None,
            remote_address: None,
            response: status.map(response),
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
        for (status, swaps) in
            [(Some(503), false), (Some(401), true), (None, true), (Some(403), false)]
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
        for (leased, status) in
            [(&unswapped, Some(401)), (&swapped, Some(401)), (&swapped, Some(503))]
        {
            assert!(!judged(leased, status, START + OVERLAP).swaps_signatures);
        }
    }
}

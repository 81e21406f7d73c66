//! A delivery: one event on its way to one endpoint. Its states, and the only ways between them:
//!
//! ```text
//!             first attempt due                 2xx
//! (new) ──> PENDING ───────────────────────────────> SUCCEEDED
//!              │  attempt failed, retries left          ^
//!              ├────────────> RETRYING ─────────────────┤
//!              │                 │ last retry failed, or 410 Gone
//!              ├─────────────────┴────────────> FAILED
//!              └─────────────────┴────────────> CANCELLED (endpoint disabled, suspended or deleted,
//!                                                          or CancelDelivery)
//! SUCCEEDED, FAILED, CANCELLED ──> PENDING (ResendDelivery; RecoverEndpoint: not of SUCCEEDED)
//! ```
//!
//! A delivery that is sent again starts its retry schedule anew; its attempts are counted on.
//!
//! Being sent is a lease, not a state: it costs no change of a row to start an attempt.

use std::sync::Arc;

use bytes::Bytes;

use super::account::AccountId;
use super::attempt::{Attempt, Outcome, Trigger};
use super::clock::Timestamp;
use super::endpoint::Target;
use super::id::{DeliveryId, EndpointId, EventId, LeaseToken};
use super::random::Random;
use super::retry::{RetrySchedule, jittered_wait};
use super::trace_parent::TraceParent;

/// The statuses by which a receiver refuses a signature (RFC 9110, sections 15.5.2 and 15.5.4).
const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;

/// What became of a delivery so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// No attempt has ended since it was made or sent again.
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

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

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

    /// The closed delivery as it is when it is sent again from `now` on.
    #[must_use]
    pub fn resent(&self, now: Timestamp) -> Self {
        assert!(!self.state.is_open(), "only a closed delivery is sent again");
        Self {
            state: DeliveryState::Pending,
            state_reason: String::new(),
            revision: self.revision + 1,
            next_attempt_time: Some(now),
            update_time: now,
            ..self.clone()
        }
    }
}

/// How the retry schedule that a delivery is on began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleStart {
    /// How many attempts had ended before it.
    pub attempts_before: u32,
    /// Why its attempts are made.
    pub trigger: Trigger,
}

impl ScheduleStart {
    /// The schedule of a delivery that is made when its event is published.
    pub const AT_PUBLISH: Self = Self { attempts_before: 0, trigger: Trigger::Schedule };
    /// The schedule of a delivery that a recovery makes.
    pub const AT_RECOVERY: Self = Self { attempts_before: 0, trigger: Trigger::Manual };
}

/// A delivery that is held under a lease, with all that one attempt needs.
#[derive(Clone, Debug)]
pub struct LeasedDelivery {
    /// The delivery as it was when the lease was taken; nobody else changes it while the lease
    /// lasts, except by taking the lease away.
    pub delivery: Delivery,
    /// The schedule that it is on.
    pub schedule_start: ScheduleStart,
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

    let attempts_of_schedule = attempt.number.saturating_sub(leased.schedule_start.attempts_before);
    let retry_wait = schedule.wait_before_retry(attempts_of_schedule);
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
    let was_signed_twice = leased.target.open_secrets().previous_at(attempt.start_time).is_some();
    let status = attempt.exchange.response.as_ref().map(|response| response.status);
    let was_refused = matches!(status, Some(UNAUTHORIZED | FORBIDDEN));
    // A swap belongs to its overlap: the next rotation begins without.
    was_signed_twice && leased.swaps_signatures != was_refused
}

#[cfg(test)]
mod tests;

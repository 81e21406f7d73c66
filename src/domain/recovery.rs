//! A recovery: bringing back to an endpoint what did not arrive there in a range of time.

use super::account::AccountId;
use super::clock::Timestamp;
use super::delivery::DeliveryState;
use super::id::{EndpointId, RecoveryId};

/// What a recovery brings back; at least one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoveryKinds {
    /// Deliveries that ended FAILED.
    pub failed: bool,
    /// Deliveries that ended CANCELLED.
    pub cancelled: bool,
    /// Events to which the endpoint subscribes and that have no delivery to it.
    pub missed: bool,
}

impl RecoveryKinds {
    /// Whether any delivery may be sent again.
    #[must_use]
    pub fn resends(self) -> bool {
        self.failed || self.cancelled
    }

    /// The states of the deliveries that are sent again.
    pub fn states(self) -> impl Iterator<Item = DeliveryState> {
        let failed = self.failed.then_some(DeliveryState::Failed);
        failed.into_iter().chain(self.cancelled.then_some(DeliveryState::Cancelled))
    }
}

/// What is asked of a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Its id.
    pub recovery_id: RecoveryId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Where everything goes.
    pub endpoint_id: EndpointId,
    /// The beginning of the range: deliveries by when they were made, events by when they were
    /// published.
    pub start_time: Timestamp,
    /// The end of the range, itself not in it.
    pub end_time: Timestamp,
    /// What is brought back.
    pub kinds: RecoveryKinds,
    /// When it was asked for: what closes later is not sent again.
    pub create_time: Timestamp,
}

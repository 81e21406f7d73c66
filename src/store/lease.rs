//! Leases: how long they last, extending them, and freeing those that ran out.

use std::time::Duration;

use super::error::StoreError;
use super::queue::Queue;
use super::tables::Lease;
use crate::domain::endpoint::{Endpoint, REQUEST_TIMEOUT_MAX};
use crate::failpoint;

/// What a lease outlives twice the deadline by: writing the outcome down, and a slow disk.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// Leases that one rescue frees; the next frees the next.
const RESCUE_LEASES_MAX: u64 = 1_000;
/// Leases that one transaction extends or gives back.
const LEASES_MAX: usize = 500;
/// Time left below which a lease is extended: several rounds of who extends them.
const LEASE_LOW: Duration = Duration::from_secs(5);

/// The terms on which deliveries are leased.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTerms {
    /// The deadline of requests to endpoints that set none of their own.
    pub request_timeout: Duration,
}

impl LeaseTerms {
    /// How long the longest lease lasts.
    #[must_use]
    pub fn longest() -> Duration {
        2 * REQUEST_TIMEOUT_MAX + LEASE_MARGIN
    }

    /// How long a lease for a request to `target` lasts: more than twice its deadline, so that
    /// whoever takes over finds the request long over.
    #[must_use]
    pub fn duration(&self, target: &Endpoint) -> Duration {
        let deadline = target.config.request_timeout.unwrap_or(self.request_timeout);
        2 * deadline + LEASE_MARGIN
    }
}

impl Queue {
    /// Whether any lease has little time left, or none.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_leases_running_out(&self) -> Result<bool, StoreError> {
        self.tables.has_lease_out(LEASE_LOW, self.clock.now()).await
    }

    /// Extends leases that this process holds and that have little time left, or none. One that
    /// somebody else has taken over stays theirs.
    ///
    /// # Errors
    /// The database's.
    pub async fn extend(&self, leases: &[Lease]) -> Result<(), StoreError> {
        let now = self.clock.now();
        for some in leases.chunks(LEASES_MAX) {
            let mut transaction = self.tables.begin_in_background().await?;
            transaction.extend(some, LEASE_LOW, LeaseTerms::longest(), now).await?;
            failpoint::hit("extend.before_commit");
            transaction.commit().await?;
            failpoint::hit("extend.after_commit");
        }
        Ok(())
    }

    /// Gives leases back that this process holds and has no more time for: what they hold is sent
    /// at once by whoever has, and their claim counts as none. One that somebody else has taken over stays theirs.
    ///
    /// # Errors
    /// The database's.
    pub async fn release(&self, leases: &[Lease]) -> Result<u64, StoreError> {
        let mut released = 0;
        for some in leases.chunks(LEASES_MAX) {
            let mut transaction = self.tables.begin_in_background().await?;
            released += transaction.release(some).await?;
            transaction.commit().await?;
        }
        Ok(released)
    }

    /// Frees the leases that ran out, a bounded number at a time, and says how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn rescue(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let mut transaction = self.tables.begin_in_background().await?;
        let freed = transaction.free_expired(RESCUE_LEASES_MAX, now).await?;
        transaction.commit().await?;
        Ok(freed)
    }

    /// Frees every lease. For the start on SQLite, where no other process can hold one: what the
    /// process before had under way is sent again at once.
    pub(super) async fn free_all_leases(&self) -> Result<u64, StoreError> {
        let mut transaction = self.tables.begin_in_background().await?;
        let freed = transaction.free_all().await?;
        transaction.commit().await?;
        Ok(freed)
    }
}

/// A duration as it is stored.
pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

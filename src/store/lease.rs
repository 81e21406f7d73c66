//! How long a lease lasts.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::endpoint::{Endpoint, REQUEST_TIMEOUT_MAX};

/// What a lease outlives twice the deadline by: writing the outcome down, and a slow disk.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// The terms on which deliveries are leased.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTerms {
    /// The deadline of requests to endpoints that set none of their own.
    pub request_timeout: Duration,
}

impl LeaseTerms {
    /// When the longest lease that is taken now runs out.
    #[must_use]
    pub fn longest_expiry(now: Timestamp) -> Timestamp {
        now + 2 * REQUEST_TIMEOUT_MAX + LEASE_MARGIN
    }

    /// When a lease taken now for a request to `target` runs out: more than twice its deadline
    /// from now, so that whoever takes over finds the request long over.
    #[must_use]
    pub fn expiry(&self, target: &Endpoint, now: Timestamp) -> Timestamp {
        let deadline = target.config.request_timeout.unwrap_or(self.request_timeout);
        now + 2 * deadline + LEASE_MARGIN
    }
}

//! How long a lease lasts.

use std::time::Duration;

use crate::domain::clock::Timestamp;
use crate::domain::endpoint::Endpoint;

/// What a lease outlives twice the deadline by: writing the outcome down, and a slow disk.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// The terms on which deliveries are leased.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTerms {
    /// The deadline of requests to endpoints that set none of their own.
    pub request_timeout: Duration,
}

impl LeaseTerms {
    /// When a lease taken now for a request to `target` runs out: more than twice its deadline
    /// from now, so that whoever takes over finds the request long over.
    #[must_use]
    pub fn expiry(&self, target: &Endpoint, now: Timestamp) -> Timestamp {
        let deadline = target.config.request_timeout.unwrap_or(self.request_timeout);
        now + 2 * deadline + LEASE_MARGIN
    }
}

//! How long a lease lasts.

use std::time::Duration;

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

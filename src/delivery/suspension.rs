//! Suspension: switches off the endpoints to which nothing but failure has been recorded for long,
//! and cancels what is open for those that are suspended, these and the ones whose receiver is
//! gone. Their owners switch them on again.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::account::AccountId;
use crate::domain::clock::Clock;
use crate::domain::id::EndpointId;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::queue::Queue;
use crate::store::suspension::{FailingEndpoint, FailingList};

/// Attempts that must have failed: an endpoint that gets an event a month is not judged by two.
const ATTEMPTS_MIN: u64 = 20;
/// Looks within the time after which an endpoint is suspended: it happens a tenth late at most …
const LOOKS: u32 = 10;
/// … but a look costs a query, and the streaks that it makes the recorder forget one each …
const LOOK_INTERVAL_MIN: Duration = Duration::from_millis(500);
/// … and what one process remembers of streaks that others may have changed is to be fresh.
const LOOK_INTERVAL_MAX: Duration = Duration::from_mins(1);
/// Endpoints that one query lists.
const PAGE_ENDPOINTS: u64 = 100;

/// Looks for endpoints to suspend.
pub struct Suspension {
    /// Where they are.
    pub store: Arc<Store>,
    /// How long an endpoint must have failed. Default 5 days.
    pub after: Duration,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
}

impl Suspension {
    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let interval = (self.after / LOOKS).clamp(LOOK_INTERVAL_MIN, LOOK_INTERVAL_MAX);
        while stop.run_until_cancelled(tokio::time::sleep(interval)).await.is_some() {
            // Between two steps: what is not looked at now is at the next start.
            match stop.run_until_cancelled(self.look()).await {
                None | Some(Ok(())) => {}
                Some(Err(error)) => tracing::warn!(%error, "cannot suspend who fails for long"),
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        self.store.forget_streaks();
        let since_at_latest = self.clock.now() - self.after;
        let mut after = None;
        loop {
            let list = FailingList { since_at_latest, after, limit: PAGE_ENDPOINTS };
            let page = self.store.failing_endpoints(list).await?;
            for failing in &page {
                self.suspend(failing).await?;
            }
            match page.last() {
                Some(last) if page.len() as u64 == PAGE_ENDPOINTS => after = Some(last.endpoint_id),
                _ => break,
            }
        }
        // Of endpoints that were switched off when the database failed or the caller gave up.
        self.store.queue().cancel_leftovers().await?;
        Ok(())
    }

    async fn suspend(&self, failing: &FailingEndpoint) -> Result<(), StoreError> {
        let reason = format!("every attempt has failed since {}", failing.failing_since);
        if self.store.suspend_failing(failing, ATTEMPTS_MIN, &reason).await? {
            settle(self.store.queue(), &failing.account_id, failing.endpoint_id, &reason).await;
        }
        Ok(())
    }
}

/// After an endpoint was suspended: tells the operator, and cancels what is open for it.
pub async fn settle(queue: &Queue, account_id: &AccountId, endpoint_id: EndpointId, reason: &str) {
    queue.metrics().suspended();
    tracing::warn!(%account_id, %endpoint_id, reason, "an endpoint was suspended");
    if let Err(error) = queue.cancel_suspended(account_id, endpoint_id, reason).await {
        tracing::warn!(%endpoint_id, %error, "what is open for it is cancelled later");
    }
}

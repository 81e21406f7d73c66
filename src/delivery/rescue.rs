//! Rescue: frees the leases that ran out, so that what a dead or stuck process held is claimed by
//! one that lives.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// How often to look: what this adds to the time that a lost delivery waits.
const RESCUE_INTERVAL: Duration = Duration::from_secs(1);

/// Runs until `stop`.
pub async fn run(store: Arc<Store>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(RESCUE_INTERVAL)).await.is_some() {
        match store.rescue().await {
            Ok(0) => {}
            Ok(freed) => tracing::warn!(freed, "leases ran out and were freed"),
            Err(error) => tracing::warn!(%error, "cannot free the leases that ran out"),
        }
    }
}

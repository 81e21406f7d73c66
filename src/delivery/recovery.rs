//! Recovery: takes what callers asked to bring back further, step by step and one in turn with the
//! others, until all are finished; also what a process before left unfinished.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// Time between two steps, which is left to the other writers: as much as a step takes.
const STEP_PAUSE: Duration = Duration::from_millis(10);
/// The longest time between two looks: what a step that failed waits at most until it is tried
/// again.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Runs until `stop`.
pub async fn run(store: Arc<Store>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if take_steps(&store, &stop).await {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = store.recovery_begun() => {}
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
        }
    }
}

/// One step of each unfinished recovery; says whether one was taken.
async fn take_steps(store: &Store, stop: &CancellationToken) -> bool {
    let unfinished = store.unfinished_recoveries().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot look for recoveries");
        Vec::new()
    });
    let mut has_stepped = false;
    for recovery_id in unfinished {
        // A step is one transaction: it is not left in the middle.
        match store.continue_recovery(recovery_id).await {
            Ok(()) => has_stepped = true,
            Err(error) => tracing::warn!(%recovery_id, %error, "a step of a recovery failed"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(STEP_PAUSE)).await.is_none() {
            break;
        }
    }
    has_stepped
}

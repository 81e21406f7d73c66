//! Counting: takes what the log says into the figures of deliveries, as it comes.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::store::Store;
use crate::store::database::in_time;
use crate::store::error::StoreError;
use crate::store::prune::Step;

/// How far the figures are behind: seldom enough that many changes are counted at once.
const INTERVAL: Duration = Duration::from_secs(1);
/// Between two steps where there is more than one takes: what a step takes, for the others.
const STEP_PAUSE: Duration = Duration::from_millis(10);

/// Runs until `stop`.
pub async fn run(store: Arc<Store>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        // A step that is cut short is undone; the next start takes it again.
        match stop.run_until_cancelled(count(&store)).await {
            None | Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, "cannot count what became of deliveries"),
        }
    }
}

async fn count(store: &Store) -> Result<(), StoreError> {
    let step = || in_time(Box::pin(store.count_changes()));
    while store.metrics().timed("count", step()).await? == Step::More {
        tokio::time::sleep(STEP_PAUSE).await;
    }
    Ok(())
}

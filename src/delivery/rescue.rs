//! Rescue: frees the leases that ran out, so that what a dead or stuck process held is claimed by
//! one that lives. First it gives back the leases of what was ready for an endpoint that has fallen
//! behind, and extends the leases of what this process still has under way, so that
//! an outcome that had to wait for the database is not sent again. Those of which it is not known
//! whether they were taken are freed at once: nobody sends what they hold.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::under_way::UnderWay;
use crate::store::Store;
use crate::store::database::in_time;
use crate::store::error::StoreError;

/// How often to look: what this adds to the time that a lost delivery waits.
const RESCUE_INTERVAL: Duration = Duration::from_secs(1);

/// Runs until `stop`.
pub async fn run(store: Arc<Store>, under_way: UnderWay, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(RESCUE_INTERVAL)).await.is_some() {
        match in_time(extend_then_free(&store, &under_way)).await {
            Ok(0) => {}
            Ok(freed) => {
                store.metrics().leases_rescued(freed);
                tracing::warn!(freed, "leases ran out and were freed");
            }
            Err(error) => tracing::warn!(%error, "cannot free the leases that ran out"),
        }
    }
}

/// Where extending fails nothing is freed: what is under way would be sent again.
async fn extend_then_free(store: &Store, under_way: &UnderWay) -> Result<u64, StoreError> {
    let doubtful = store.free_doubtful().await?;
    if doubtful > 0 {
        tracing::info!(doubtful, "leases were freed whose commit was not answered");
    }
    give_back(store, under_way).await?;
    if !store.has_leases_running_out().await? {
        return Ok(0);
    }
    let metrics = store.metrics();
    metrics.timed("extend", store.extend(&under_way.leases())).await?;
    metrics.timed("rescue", store.rescue()).await
}

/// What was leased and is not to be sent soon waits in the table, for whoever sends it first.
async fn give_back(store: &Store, under_way: &UnderWay) -> Result<(), StoreError> {
    let returns = under_way.returns();
    if returns.is_empty() {
        return Ok(());
    }
    store.release(&returns).await?;
    under_way.given_back(&returns);
    store.wakeup().look();
    Ok(())
}

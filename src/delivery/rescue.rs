//! Rescue: frees the leases that ran out, so that what a dead or stuck process held is claimed by
//! one that lives. First it gives back the leases of what was ready for an endpoint that has fallen
//! behind, and extends the leases of what this process still has under way, so that
//! an outcome that had to wait for the database is not sent again. Those of which it is not known
//! whether they were taken are freed at once: nobody sends what they hold.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::under_way::UnderWay;
use crate::store::database::in_time;
use crate::store::error::StoreError;
use crate::store::queue::Queue;

/// How often to look: what this adds to the time that a lost delivery waits.
const RESCUE_INTERVAL: Duration = Duration::from_secs(1);

/// Runs until `stop`.
pub async fn run(queue: Arc<Queue>, under_way: UnderWay, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(RESCUE_INTERVAL)).await.is_some() {
        match in_time(extend_then_free(&queue, &under_way)).await {
            Ok(0) => {}
            Ok(freed) => {
                queue.metrics().leases_rescued(freed);
                tracing::warn!(freed, "leases ran out and were freed");
            }
            Err(error) => tracing::warn!(%error, "cannot free the leases that ran out"),
        }
    }
}

/// Where extending fails nothing is freed: what is under way would be sent again.
async fn extend_then_free(queue: &Queue, under_way: &UnderWay) -> Result<u64, StoreError> {
    let doubtful = queue.free_doubtful().await?;
    if doubtful > 0 {
        tracing::info!(doubtful, "leases were freed whose commit was not answered");
    }
    give_back(queue, under_way).await?;
    if !queue.has_leases_running_out().await? {
        return Ok(0);
    }
    let metrics = queue.metrics();
    metrics.timed("extend", queue.extend(&under_way.leases())).await?;
    metrics.timed("rescue", queue.rescue()).await
}

/// What was leased and is not to be sent soon waits in the table, for whoever sends it first.
async fn give_back(queue: &Queue, under_way: &UnderWay) -> Result<(), StoreError> {
    let returns = under_way.returns();
    if returns.is_empty() {
        return Ok(());
    }
    queue.release(&returns).await?;
    under_way.given_back(&returns);
    queue.wakeup().look();
    Ok(())
}

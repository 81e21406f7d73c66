//! Checkpoints: the write-ahead log is written back into the database beside the writer. SQLite
//! would do it in the commit that made the log long enough, and whoever waits for that commit
//! would wait for some thousand pages.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr};

use super::sqlite::Sqlite;

/// How often the log is written back: before it is so long that SQLite does it in a commit.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);
/// Writes back what no reader needs any more, and waits for nobody.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// Starts the task that writes back. It ends with the connections.
pub fn start(sqlite: &Arc<Sqlite>) {
    tokio::spawn(write_back_regularly(Arc::downgrade(sqlite)));
}

async fn write_back_regularly(sqlite: Weak<Sqlite>) {
    loop {
        tokio::time::sleep(CHECKPOINT_INTERVAL).await;
        let Some(sqlite) = sqlite.upgrade().filter(|open| !open.is_closed()) else { return };
        if let Err(error) = write_back(&sqlite).await {
            tracing::warn!(%error, "cannot write the log of the database back");
        }
    }
}

/// Most of it beside the writer; then, in a turn of the writer's, the little that was committed
/// meanwhile. Only when nothing is left does the log begin anew instead of growing.
async fn write_back(sqlite: &Sqlite) -> Result<(), DbErr> {
    sqlite.checkpointer.execute_unprepared(CHECKPOINT).await?;
    let _turn = sqlite.background_turn().await;
    sqlite.writer.execute_unprepared(CHECKPOINT).await?;
    Ok(())
}

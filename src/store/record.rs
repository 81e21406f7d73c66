//! Recording: what an attempt made of a delivery, the attempt itself, and the log row, in one
//! transaction; many outcomes in one commit. Only the holder of the lease records.

use std::collections::HashSet;
use std::sync::Arc;

use super::changes::ChangeLog;
use super::clock_jump;
use super::database::in_time;
use super::error::StoreError;
use super::group_commit::{Pending, answer_group};
use super::streaks::{StreakChanges, Streaks};
use super::tables::{Tables, TablesTransaction};
use super::wakeup::{DueEndpoint, Wakeup};
use crate::domain::clock::Clock;
use crate::domain::delivery::Verdict;
use crate::domain::endpoint::{Addressee, GONE_REASON};
use crate::domain::id::EndpointId;
use crate::failpoint;
use crate::telemetry::metrics::Metrics;

/// Outcomes that are written in one transaction before the next begins: as many as the publishes of
/// one may bring to come, else these get ahead for as long as they go on.
pub const GROUP_VERDICTS_MAX: usize = 1_024;

/// Whether an outcome was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is on disk.
    Yes,
    /// It is on disk, and with it that the endpoint is suspended, because its receiver is gone:
    /// what is open for it is to be cancelled.
    EndpointSuspended,
    /// The lease was taken away or ran out and somebody else holds the delivery: the outcome is
    /// dropped.
    LeaseLost,
}

/// What recording needs beside the outcomes.
pub struct Recorder {
    /// Where it is written.
    pub tables: Arc<dyn Tables>,
    /// Who is known to be failing.
    pub streaks: Arc<Streaks>,
    /// Told of retries to come.
    pub wakeup: Arc<Wakeup>,
    /// Told of each commit.
    pub change_log: Arc<ChangeLog>,
    /// Counts what is recorded.
    pub metrics: Metrics,
    /// Says whether an outcome was judged by a clock that was set back since.
    pub clock: Arc<dyn Clock>,
}

impl Recorder {
    /// Commits a group of outcomes and answers each.
    pub async fn commit(&self, group: Vec<Pending<Verdict, Recorded>>) {
        self.metrics.group("record", group.len());
        let answers = self.metrics.timed("record", in_time(self.write(&group))).await;
        if answers.is_err() {
            self.streaks.forget_all();
        }
        answer_group(group, answers);
    }

    async fn write(
        &self,
        group: &[Pending<Verdict, Recorded>],
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut transaction = self.tables.begin_in_background().await?;
        let now = self.clock.now();
        let verdicts: Vec<_> =
            group.iter().map(|one| clock_jump::stamped(&one.write, now)).collect();
        let verdicts: Vec<&Verdict> = verdicts.iter().map(AsRef::as_ref).collect();
        let held = transaction.set_outcomes(&verdicts).await?;
        let recorded_ones: Vec<&Verdict> =
            verdicts.iter().zip(&held).filter(|(_, held)| **held).map(|(one, _)| *one).collect();
        transaction.log_outcomes(&recorded_ones).await?;
        let news = self.streaks.only_news(StreakChanges::of(recorded_ones.iter().copied()));
        transaction.set_streaks(&news).await?;
        let mut suspended = suspend_gone(&mut *transaction, &recorded_ones).await?;
        failpoint::hit("record.before_commit");
        transaction.commit().await?;
        failpoint::hit("record.after_commit");
        self.streaks.learn(&news);

        self.change_log.committed();
        for verdict in recorded_ones {
            if let Some(first_due) = verdict.delivery.next_attempt_time {
                let addressee = Addressee::of(&verdict.target);
                self.wakeup.tell(DueEndpoint { addressee, first_due });
            } else {
                self.metrics.closed(verdict.delivery.state.name(), 1);
            }
        }
        let recorded = |(verdict, held): (&&Verdict, bool)| {
            if !held {
                Recorded::LeaseLost
            } else if suspended.remove(&verdict.delivery.endpoint_id) {
                // One of several is told.
                Recorded::EndpointSuspended
            } else {
                Recorded::Yes
            }
        };
        Ok(verdicts.iter().zip(held).map(recorded).collect())
    }
}

/// Suspends the endpoints whose receiver is gone, and says which of them were active.
async fn suspend_gone(
    transaction: &mut dyn TablesTransaction,
    verdicts: &[&Verdict],
) -> Result<HashSet<EndpointId>, StoreError> {
    let gone: Vec<_> =
        verdicts.iter().filter(|verdict| verdict.attempt.exchange.is_gone()).collect();
    let Some(now) = gone.iter().map(|verdict| verdict.delivery.update_time).max() else {
        return Ok(HashSet::new());
    };
    let ids: Vec<_> = gone.iter().map(|verdict| verdict.delivery.endpoint_id).collect();
    transaction.suspend(&ids, GONE_REASON, now).await
}

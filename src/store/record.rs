//! Recording: what an attempt made of a delivery, the attempt itself, and the log row, in one
//! transaction; many outcomes in one commit. Only the holder of the lease records.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sea_orm::sea_query::IntoCondition;
use sea_orm::{ColumnTrait, ConnectionTrait, Statement, Value};
use uuid::Uuid;

use super::changes::ChangeLog;
use super::database::session::Transaction;
use super::database::{Connections, in_time};
use super::entity::endpoints;
use super::error::StoreError;
use super::group_commit::{Pending, answer_group};
use super::insert::{Inserts, bind_rows, rows_max};
use super::streaks::{StreakChanges, Streaks};
use super::wakeup::{DueEndpoint, Wakeup};
use super::{clock_jump, new_row, row, suspension};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::delivery::Verdict;
use crate::domain::endpoint::{Addressee, GONE_REASON};
use crate::domain::id::{DeliveryId, EndpointId};
use crate::failpoint;
use crate::telemetry::metrics::Metrics;

/// Outcomes that are written in one transaction before the next begins: as many as the publishes of
/// one may bring to come, else these get ahead for as long as they go on.
pub const GROUP_VERDICTS_MAX: usize = 1_024;
/// Values of a row in [`Recorder::update`].
const COLUMNS: usize = 9;

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
    pub connections: Arc<Connections>,
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
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let now = self.clock.now();
        let verdicts: Vec<_> =
            group.iter().map(|one| clock_jump::stamped(&one.write, now)).collect();
        let verdicts: Vec<&Verdict> = verdicts.iter().map(AsRef::as_ref).collect();
        let held = Self::update(&transaction, &verdicts).await?;
        let recorded_ones: Vec<&Verdict> =
            verdicts.iter().zip(&held).filter(|(_, held)| **held).map(|(one, _)| *one).collect();
        let (mut attempts, mut changes) = (Vec::new(), Vec::new());
        for verdict in &recorded_ones {
            attempts.push(new_row::attempt(verdict.delivery.delivery_id, &verdict.attempt));
            changes.push(new_row::attempt_change(verdict));
        }
        let mut inserts = Inserts::new(transaction.get_database_backend());
        inserts.add(&new_row::ATTEMPTS, attempts);
        inserts.add(&new_row::CHANGES, changes);
        inserts.execute(&transaction).await?;
        let news = self.streaks.only_news(StreakChanges::of(recorded_ones.iter().copied()));
        news.write(&transaction).await?;
        let mut suspended = Self::suspend_gone(&transaction, recorded_ones.iter().copied()).await?;
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

    /// Suspends the endpoints whose receiver is gone, and says which of them were active.
    async fn suspend_gone<'a>(
        transaction: &Transaction,
        verdicts: impl Iterator<Item = &'a Verdict>,
    ) -> Result<HashSet<EndpointId>, StoreError> {
        let gone: Vec<_> = verdicts.filter(|verdict| verdict.attempt.exchange.is_gone()).collect();
        let Some(now) = gone.iter().map(|verdict| verdict.delivery.update_time).max() else {
            return Ok(HashSet::new());
        };
        let ids = gone.iter().map(|verdict| verdict.delivery.endpoint_id.as_uuid());
        let which = endpoints::Column::EndpointId.is_in(ids).into_condition();
        suspension::suspend(transaction, which, GONE_REASON, now).await
    }

    /// Sets the deliveries whose lease still holds, and says of each outcome whether it does.
    async fn update(
        transaction: &Transaction,
        verdicts: &[&Verdict],
    ) -> Result<Vec<bool>, StoreError> {
        let mut held = vec![false; verdicts.len()];
        for some in rounds(verdicts).iter().flat_map(|round| round.chunks(rows_max(COLUMNS))) {
            let set = Self::update_some(transaction, some.iter().map(|at| verdicts[*at])).await?;
            for at in some {
                held[*at] = set.contains(&verdicts[*at].delivery.delivery_id.as_uuid());
            }
        }
        Ok(held)
    }

    /// The same of some that are of a delivery each; says which were set.
    async fn update_some(
        transaction: &Transaction,
        some: impl Iterator<Item = &Verdict>,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let backend = transaction.get_database_backend();
        let mut values = Vec::new();
        let rows = some.flat_map(verdict_values);
        let rows = bind_rows(backend, &mut values, rows, COLUMNS);
        let sql = format!(
            "UPDATE deliveries SET state = v.column3, state_reason = v.column4, \
             revision = v.column5, attempt_count = v.column6, next_attempt_time = v.column7, \
             update_time = v.column8, swaps_signatures = v.column9, claim_count = 0, \
             lease_token = NULL, lease_expire_time = NULL FROM ({rows}) AS v \
             WHERE deliveries.delivery_id = v.column1 AND deliveries.lease_token = v.column2 \
             RETURNING deliveries.delivery_id",
        );
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let set = transaction.query_all_raw(statement).await?;
        set.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }
}

/// Where the outcomes are, in their order, in as many parts as one delivery has of them: one that comes
/// late, and that of whoever holds the lease now, may come together.
fn rounds(verdicts: &[&Verdict]) -> Vec<Vec<usize>> {
    let mut counts: HashMap<DeliveryId, usize> = HashMap::new();
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for (at, verdict) in verdicts.iter().enumerate() {
        let count = counts.entry(verdict.delivery.delivery_id).or_default();
        if rounds.len() == *count {
            rounds.push(Vec::with_capacity(verdicts.len()));
        }
        rounds[*count].push(at);
        *count += 1;
    }
    rounds
}

fn verdict_values(verdict: &Verdict) -> [Value; COLUMNS] {
    let delivery = &verdict.delivery;
    [
        delivery.delivery_id.as_uuid().into(),
        verdict.lease_token.as_stored().into(),
        row::delivery_state_number(delivery.state).into(),
        delivery.state_reason.clone().into(),
        row::stored_count(delivery.revision).into(),
        row::stored_count(delivery.attempt_count).into(),
        delivery.next_attempt_time.map(Timestamp::as_unix_nanos).into(),
        delivery.update_time.as_unix_nanos().into(),
        verdict.swaps_signatures.into(),
    ]
}

//! Counting: takes the log into the figures, a bounded step at a time. The figures and the place up
//! to which the log is in them are written in one transaction: whatever dies or fails, each change
//! is counted once.
//!
//! What is counted is read beside that transaction. Of several replicas that count the same, the
//! one whose transaction moves the place is right, and the others let go of what they have.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, Statement,
};
use uuid::Uuid;

use super::{ALL_ACCOUNTS, ALL_ENDPOINTS, FIGURES, Key, read_row, write_row};
use crate::domain::clock::Timestamp;
use crate::domain::delivery_stats::{DeliveryStats, Hour};
use crate::domain::latency::LatencyBucket;
use crate::failpoint;
use crate::store::Store;
use crate::store::changes::LogPosition;
use crate::store::database::dialect;
use crate::store::database::session::Transaction;
use crate::store::entity::{delivery_changes, delivery_stats, store_identity};
use crate::store::error::StoreError;
use crate::store::insert::bind_rows;
use crate::store::prune::Step;
use crate::store::row;

/// Changes that one step counts: some 5 ms of reading, beside the writers.
const STEP_CHANGES_MAX: u64 = 5_000;
/// Rows of figures that one statement reads or writes: the most that one has places for.
const MERGE_ROWS_MAX: usize = 256;

/// How far the log was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// All up to this place.
    pub position: LogPosition,
    /// Which is all that could be read of the log at this time.
    pub time: Timestamp,
}

type Figures = HashMap<Key, DeliveryStats>;

impl Store {
    /// Counts the next changes of the log.
    ///
    /// # Errors
    /// The database's; the step is undone then, and can be taken again.
    pub async fn count_changes(&self) -> Result<Step, StoreError> {
        let reader = self.connections.reader();
        // Before the log is looked at: what could be read by then is counted.
        let now = self.clock.now();
        let head = self.change_log.head().await?;
        let from = Counted::read(reader).await?;
        if head <= from.position {
            return Ok(Step::Done);
        }
        let full = full_step(reader, from.position).await?;
        let to = full.unwrap_or(Counted { position: head, time: now });
        let backend = reader.get_database_backend();
        let (transaction_id, sequence) = to.position.numbers();
        let step = behind(reader, from.position).add(dialect::log_up_to(
            backend,
            transaction_id,
            sequence,
        ));
        let figures = count(reader, step).await?;

        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        if !from.move_to(to, &transaction).await? {
            return Ok(Step::Done);
        }
        merge(&transaction, figures).await?;
        failpoint::hit("count.before_commit");
        transaction.commit().await?;
        failpoint::hit("count.after_commit");
        Ok(if full.is_some() { Step::More } else { Step::Done })
    }
}

/// Counts all that is left of a log that is about to begin anew.
///
/// # Errors
/// The database's.
pub async fn count_rest(transaction: &Transaction) -> Result<(), StoreError> {
    let from = Counted::read(transaction).await?;
    let figures = count(transaction, behind(transaction, from.position)).await?;
    let start = Counted { position: LogPosition::START, ..from };
    if start != from {
        from.move_to(start, transaction).await?;
    }
    merge(transaction, figures).await
}

impl Counted {
    /// Reads it.
    ///
    /// # Errors
    /// The database's.
    pub async fn read<C: ConnectionTrait>(connection: &C) -> Result<Self, StoreError> {
        let row = store_identity::Entity::find_by_id(1).one(connection).await?;
        let row = row.ok_or_else(|| row::corrupt("counted_sequence", "no row"))?;
        Ok(Self {
            position: LogPosition::at(row.counted_transaction, row.counted_sequence),
            time: Timestamp::from_unix_nanos(row.counted_time),
        })
    }

    /// Writes another in its place, and says whether it was still there.
    async fn move_to(self, to: Self, transaction: &Transaction) -> Result<bool, StoreError> {
        use store_identity::Column;
        let (from_transaction, from_sequence) = self.position.numbers();
        let (to_transaction, to_sequence) = to.position.numbers();
        let moved = store_identity::Entity::update_many()
            .col_expr(Column::CountedTransaction, Expr::value(to_transaction))
            .col_expr(Column::CountedSequence, Expr::value(to_sequence))
            .col_expr(Column::CountedTime, Expr::value(to.time.as_unix_nanos()))
            .filter(Column::CountedTransaction.eq(from_transaction))
            .filter(Column::CountedSequence.eq(from_sequence))
            .exec(transaction)
            .await?;
        Ok(moved.rows_affected > 0)
    }
}

/// Where the largest step from a place ends, if the log goes on so far.
async fn full_step<C: ConnectionTrait>(
    connection: &C,
    from: LogPosition,
) -> Result<Option<Counted>, StoreError> {
    use delivery_changes::Column;
    let (transaction_id, sequence) = from.numbers();
    let last: Option<(i64, i64, i64)> =
        dialect::log_after(connection.get_database_backend(), transaction_id, sequence)
            .select_only()
            .columns([Column::TransactionId, Column::Sequence, Column::CommitTime])
            .offset(STEP_CHANGES_MAX - 1)
            .limit(1)
            .into_tuple()
            .one(connection)
            .await?;
    Ok(last.map(|(transaction_id, sequence, commit_time)| Counted {
        position: LogPosition::at(transaction_id, sequence),
        // What could be read before this change was made stands before it.
        time: Timestamp::from_unix_nanos(commit_time),
    }))
}

fn behind<C: ConnectionTrait>(connection: &C, place: LogPosition) -> Condition {
    let (transaction_id, sequence) = place.numbers();
    dialect::log_behind(connection.get_database_backend(), transaction_id, sequence)
}

/// Changes that are alike.
#[derive(FromQueryResult)]
struct Alike {
    account_id: String,
    endpoint_id: Uuid,
    hour: i64,
    previous_state: Option<i16>,
    state: i16,
    latency_bucket: Option<i16>,
    changes: i64,
}

/// What these changes add to the figures.
async fn count<C: ConnectionTrait>(
    connection: &C,
    which: Condition,
) -> Result<Figures, StoreError> {
    use delivery_changes::Column;
    let hour = || Expr::cust(format!("create_time / {}", Hour::NANOS));
    let all_alike = delivery_changes::Entity::find()
        .select_only()
        .columns([Column::AccountId, Column::EndpointId])
        .expr_as(hour(), "hour")
        .columns([Column::PreviousState, Column::State, Column::LatencyBucket])
        .expr_as(Expr::cust("COUNT(*)"), "changes")
        .filter(which)
        .group_by(Column::AccountId)
        .group_by(Column::EndpointId)
        .group_by(hour())
        .group_by(Column::PreviousState)
        .group_by(Column::State)
        .group_by(Column::LatencyBucket)
        .into_model::<Alike>()
        .all(connection)
        .await?;
    let mut figures = Figures::new();
    for alike in all_alike {
        let change = alike.change()?;
        for key in alike.keys()? {
            figures.entry(key).or_default().add(&change);
        }
    }
    Ok(figures)
}

impl Alike {
    /// Of the endpoint, of the account, of all.
    fn keys(self) -> Result<[Key; 3], StoreError> {
        let hour = i32::try_from(self.hour).map_err(|error| row::corrupt("create_time", error))?;
        Ok([
            (self.endpoint_id, self.account_id.clone(), hour),
            (ALL_ENDPOINTS, self.account_id, hour),
            (ALL_ENDPOINTS, ALL_ACCOUNTS.to_owned(), hour),
        ])
    }

    fn change(&self) -> Result<DeliveryStats, StoreError> {
        let mut change = DeliveryStats::default();
        let from = self.previous_state.map(row::delivery_state).transpose()?;
        change.moved(from, row::delivery_state(self.state)?, self.changes);
        if let Some(number) = self.latency_bucket {
            let bucket = u16::try_from(number).ok().and_then(LatencyBucket::from_number);
            let bucket = bucket.ok_or_else(|| row::corrupt("latency_bucket", number))?;
            change.attempts.add(bucket, self.changes.unsigned_abs());
        }
        Ok(change)
    }
}

/// Adds to the figures that are kept. Nobody else does until the transaction is over: its place in
/// the log was moved in it.
async fn merge(transaction: &Transaction, figures: Figures) -> Result<(), StoreError> {
    let mut changes: Vec<_> = figures.into_iter().collect();
    // In the order of the key, so that each page of the table is gone to once.
    changes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    for some in changes.chunks(MERGE_ROWS_MAX) {
        let mut kept = kept(transaction, some.iter().map(|(key, _)| key)).await?;
        let merged = some.iter().map(|(key, change)| {
            let mut stats = kept.remove(key).unwrap_or_default();
            stats.add(change);
            write_row(key.clone(), &stats)
        });
        FIGURES.insert(transaction, merged.collect()).await?;
    }
    Ok(())
}

/// The figures that are kept for these keys.
async fn kept(
    transaction: &Transaction,
    keys: impl Iterator<Item = &Key>,
) -> Result<Figures, StoreError> {
    let backend = transaction.get_database_backend();
    let keys = keys.flat_map(|(endpoint_id, account_id, hour)| {
        [(*endpoint_id).into(), account_id.as_str().into(), (*hour).into()]
    });
    let mut values = Vec::new();
    let rows = bind_rows(backend, &mut values, keys, 3);
    let sql = format!(
        "SELECT kept.* FROM ({rows}) AS v JOIN delivery_stats AS kept \
         ON kept.endpoint_id = v.column1 AND kept.account_id = v.column2 \
         AND kept.hour = v.column3",
    );
    let statement = Statement::from_sql_and_values(backend, sql, values);
    let rows = delivery_stats::Model::find_by_statement(statement).all(transaction).await?;
    rows.into_iter()
        .map(|row| {
            let stats = read_row(&row)?;
            Ok(((row.endpoint_id, row.account_id, row.hour), stats))
        })
        .collect()
}

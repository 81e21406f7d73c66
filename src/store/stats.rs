//! Figures of deliveries: reading them. They are kept by the hour in which deliveries were made, in
//! a row for each endpoint, one for each account and one for all, so that an answer costs what its
//! range has hours. `counting` makes them from the log.

mod counting;
mod oldest_open;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Value,
};
use uuid::Uuid;

pub(super) use self::counting::{Counted, count_rest};
use super::Store;
use super::deliveries::ShownDelivery;
use super::entity::delivery_stats;
use super::error::StoreError;
use super::insert::Insertion;
use super::row;
use crate::domain::account::AccountScope;
use crate::domain::clock::Timestamp;
use crate::domain::delivery_stats::{DeliveryStats, Hour};
use crate::domain::id::EndpointId;
use crate::domain::latency::LatencyBucket;

/// Rows that are read at once; a longer range takes several reads.
const READ_HOURS_MAX: u64 = 1_000;
/// What stands for all endpoints of an account, and for all accounts, where a row is of one.
const ALL_ENDPOINTS: Uuid = Uuid::nil();
const ALL_ACCOUNTS: &str = "-";

/// Of which deliveries.
#[derive(Clone, Debug)]
pub struct StatsRange {
    /// Whose.
    pub scope: AccountScope,
    /// To this endpoint; `None`: to all.
    pub endpoint_id: Option<EndpointId>,
    /// Made in this hour or later.
    pub from: Hour,
    /// Made before this hour.
    pub before: Hour,
}

/// Figures, and how new they are.
#[derive(Clone, Debug)]
pub struct CountedStats {
    /// The figures.
    pub stats: DeliveryStats,
    /// Whatever could be read of the log at this time is in them.
    pub as_of: Timestamp,
}

impl Store {
    /// Reads the figures of the deliveries of a range.
    ///
    /// # Errors
    /// The database's.
    pub async fn delivery_stats(&self, range: &StatsRange) -> Result<CountedStats, StoreError> {
        let now = self.clock.now();
        let head = self.change_log.head().await?;
        // Before the rows: what is counted meanwhile is in them or not.
        let counted = Counted::read(self.connections.reader()).await?;
        let as_of = if counted.position >= head { now } else { counted.time };
        let mut stats = DeliveryStats::default();
        let mut from = range.from;
        loop {
            let rows = of_range(range, from).all(self.connections.reader()).await?;
            for row in &rows {
                stats.add(&read_row(row)?.not_negative());
            }
            match rows.last() {
                Some(last) if rows.len() as u64 == READ_HOURS_MAX => {
                    from = Hour::from_number(last.hour + 1);
                }
                _ => return Ok(CountedStats { stats, as_of }),
            }
        }
    }

    /// The oldest open delivery, of an endpoint or of all.
    ///
    /// # Errors
    /// The database's.
    pub async fn oldest_open(
        &self,
        scope: &AccountScope,
        endpoint_id: Option<EndpointId>,
    ) -> Result<Option<ShownDelivery>, StoreError> {
        oldest_open::find(self.connections.reader(), scope, endpoint_id).await
    }
}

fn of_range(range: &StatsRange, from: Hour) -> Select<delivery_stats::Entity> {
    use delivery_stats::Column;
    let rows = delivery_stats::Entity::find()
        .filter(Column::Hour.gte(from.number()))
        .filter(Column::Hour.lt(range.before.number()))
        .order_by_asc(Column::Hour)
        .limit(READ_HOURS_MAX);
    let (account, endpoint_id) = (range.scope.account(), range.endpoint_id);
    let rows =
        rows.filter(Column::EndpointId.eq(endpoint_id.map_or(ALL_ENDPOINTS, EndpointId::as_uuid)));
    match (account, endpoint_id) {
        (Some(account), _) => rows.filter(Column::AccountId.eq(account.as_str())),
        (None, None) => rows.filter(Column::AccountId.eq(ALL_ACCOUNTS)),
        // An endpoint is of one account.
        (None, Some(_)) => rows,
    }
}

/// The rows of all accounts.
pub(super) fn of_everything() -> Condition {
    use delivery_stats::Column;
    Condition::all()
        .add(Column::EndpointId.eq(ALL_ENDPOINTS))
        .add(Column::AccountId.eq(ALL_ACCOUNTS))
}

fn read_row(row: &delivery_stats::Model) -> Result<DeliveryStats, StoreError> {
    let mut stats = DeliveryStats {
        pending: row.pending,
        retrying: row.retrying,
        succeeded: row.succeeded,
        failed: row.failed,
        cancelled: row.cancelled,
        ..DeliveryStats::default()
    };
    let buckets: Vec<(u16, u64)> = row::from_json(&row.attempts)?;
    for (number, count) in buckets {
        let bucket = LatencyBucket::from_number(number);
        stats.attempts.add(bucket.ok_or_else(|| row::corrupt("attempts", number))?, count);
    }
    Ok(stats)
}

/// Whose figures a row has: the endpoint, the account and the hour.
type Key = (Uuid, String, i32);

/// Figures, in the place of those that are there.
const FIGURES: Insertion<9> = Insertion {
    table: "delivery_stats",
    columns: [
        "endpoint_id",
        "account_id",
        "hour",
        "pending",
        "retrying",
        "succeeded",
        "failed",
        "cancelled",
        "attempts",
    ],
    constants: &[],
    on_conflict: "ON CONFLICT (endpoint_id, account_id, hour) DO UPDATE SET \
        pending = excluded.pending, retrying = excluded.retrying, \
        succeeded = excluded.succeeded, failed = excluded.failed, \
        cancelled = excluded.cancelled, attempts = excluded.attempts",
};

/// A row of [`FIGURES`].
fn write_row((endpoint_id, account_id, hour): Key, stats: &DeliveryStats) -> [Value; 9] {
    let buckets: Vec<_> =
        stats.attempts.buckets().map(|(bucket, count)| (bucket.number(), count)).collect();
    [
        endpoint_id.into(),
        account_id.into(),
        hour.into(),
        stats.pending.into(),
        stats.retrying.into(),
        stats.succeeded.into(),
        stats.failed.into(),
        stats.cancelled.into(),
        row::to_json(&buckets).into(),
    ]
}

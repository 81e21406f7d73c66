//! What the two databases say differently. Statements that are written out and have few values number
//! them as `$1`, which both understand.

use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter,
    QueryOrder, Select, Statement, Value,
};
use uuid::Uuid;

use super::session::Transaction;
use crate::domain::account::AccountId;
use crate::domain::clock::Timestamp;
use crate::store::entity::delivery_changes;
use crate::store::insert::bind_rows;

/// PostgreSQL's clock, in Unix nanoseconds.
const POSTGRES_NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000";
/// The first transaction that is not over yet: what those before it wrote is all there. An engine
/// without it has an equal in the time up to which its transactions are closed.
const POSTGRES_XMIN: &str = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

/// The default of `delivery_changes.transaction_id`: PostgreSQL's number of the transaction.
pub const POSTGRES_TRANSACTION: &str = "(pg_current_xact_id()::text::bigint)";

/// The time by which leases run out, in Unix nanoseconds: PostgreSQL's own, so that it is the same
/// for all replicas even where one was asleep; on SQLite the process's.
#[must_use]
pub fn lease_now(backend: DbBackend, now: Timestamp) -> SimpleExpr {
    match backend {
        DbBackend::Postgres => Expr::cust(POSTGRES_NOW),
        _ => Expr::value(now.as_unix_nanos()),
    }
}

/// [`lease_now`] in a statement that is written out; its value is bound behind those that are.
#[must_use]
pub fn lease_now_text(backend: DbBackend, bound: &mut Vec<Value>, now: Timestamp) -> &'static str {
    if backend == DbBackend::Postgres {
        return POSTGRES_NOW;
    }
    bound.push(now.as_unix_nanos().into());
    "?"
}

/// The next value of a statement that is written out; it is bound behind those that are.
#[must_use]
pub fn place(backend: DbBackend, bound: &mut Vec<Value>, value: Value) -> String {
    bound.push(value);
    match backend {
        DbBackend::Postgres => format!("${}", bound.len()),
        _ => "?".to_owned(),
    }
}

/// No bytes, as a value in SQL.
#[must_use]
pub fn no_bytes(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "''::bytea",
        _ => "x''",
    }
}

/// What a claim wants of one endpoint.
pub struct DueOf {
    /// The endpoint.
    pub endpoint_id: Uuid,
    /// Rows at most.
    pub rows_max: i64,
    /// For how long they are leased, in nanoseconds.
    pub lease: i64,
}

/// A query for the oldest due and free rows of several endpoints, with the columns `delivery_id`
/// and `lease`; its values are bound behind those that are. On PostgreSQL rows that another replica
/// is claiming are passed over.
#[must_use]
pub fn due_rows(
    backend: DbBackend,
    bound: &mut Vec<Value>,
    due_by: Timestamp,
    wanted: &[DueOf],
) -> String {
    let due_by = due_by.as_unix_nanos();
    if backend == DbBackend::Postgres {
        let values = wanted
            .iter()
            .flat_map(|of| [of.endpoint_id.into(), of.rows_max.into(), of.lease.into()]);
        let rows = bind_rows(backend, bound, values, 3);
        bound.push(due_by.into());
        let due_by = bound.len();
        return format!(
            "SELECT due.delivery_id, wanted.column3 AS lease FROM ({rows}) AS wanted \
             CROSS JOIN LATERAL (SELECT delivery_id FROM deliveries \
             WHERE endpoint_id = wanted.column1 AND lease_token IS NULL \
             AND next_attempt_time <= ${due_by} ORDER BY next_attempt_time \
             LIMIT wanted.column2 FOR UPDATE SKIP LOCKED) AS due",
        );
    }
    let mut sql = String::new();
    // Without numbers, which SQLite would have to look up in a list.
    for (place, of) in wanted.iter().enumerate() {
        sql.push_str(if place == 0 { "" } else { " UNION ALL " });
        sql.push_str(
            "SELECT delivery_id, lease FROM (SELECT delivery_id, ? AS lease FROM deliveries \
             WHERE endpoint_id = ? AND lease_token IS NULL AND next_attempt_time <= ? \
             ORDER BY next_attempt_time LIMIT ?)",
        );
        let values = [of.lease.into(), of.endpoint_id.into(), due_by.into(), of.rows_max.into()];
        bound.extend(values);
    }
    sql
}

/// The log in the order in which it can be read: on PostgreSQL by transaction, because a number is
/// drawn before its transaction commits and others may commit in between.
#[must_use]
pub fn log_order(
    backend: DbBackend,
    log: Select<delivery_changes::Entity>,
) -> Select<delivery_changes::Entity> {
    use delivery_changes::Column;
    match backend {
        DbBackend::Postgres => {
            log.order_by_asc(Column::TransactionId).order_by_asc(Column::Sequence)
        }
        _ => log.order_by_asc(Column::Sequence),
    }
}

/// The rows of the log behind a place, in order, as far as nothing can come between them any more.
#[must_use]
pub fn log_after(
    backend: DbBackend,
    transaction_id: i64,
    sequence: i64,
) -> Select<delivery_changes::Entity> {
    let rows = delivery_changes::Entity::find();
    let rows = rows.filter(log_behind(backend, transaction_id, sequence));
    let rows = match backend {
        DbBackend::Postgres => rows.filter(Expr::cust(settled())),
        _ => rows,
    };
    log_order(backend, rows)
}

/// The rows of the log behind a place, also those between which others may still come.
#[must_use]
pub fn log_behind(backend: DbBackend, transaction_id: i64, sequence: i64) -> Condition {
    use delivery_changes::Column;
    match backend {
        DbBackend::Postgres => {
            let row = Expr::tuple([Expr::col(Column::TransactionId), Expr::col(Column::Sequence)]);
            let place = Expr::tuple([Expr::value(transaction_id), Expr::value(sequence)]);
            Condition::all().add(row.gt(place))
        }
        _ => Condition::all().add(Column::Sequence.gt(sequence)),
    }
}

/// The rows of the log up to a place.
#[must_use]
pub fn log_up_to(backend: DbBackend, transaction_id: i64, sequence: i64) -> Condition {
    use delivery_changes::Column;
    match backend {
        DbBackend::Postgres => {
            let row = Expr::tuple([Expr::col(Column::TransactionId), Expr::col(Column::Sequence)]);
            let place = Expr::tuple([Expr::value(transaction_id), Expr::value(sequence)]);
            Condition::all().add(row.lte(place))
        }
        _ => Condition::all().add(Column::Sequence.lte(sequence)),
    }
}

fn settled() -> String {
    format!("transaction_id < {POSTGRES_XMIN}")
}

/// One row: the place up to which the log was pruned, and that of its last row, or NULL. Read in
/// one statement, and so at one moment.
#[must_use]
pub fn log_bounds(backend: DbBackend) -> String {
    match backend {
        DbBackend::Postgres => format!(
            "SELECT log_floor_transaction, log_floor, head.transaction_id, head.sequence \
             FROM store_identity LEFT JOIN LATERAL (SELECT transaction_id, sequence \
             FROM delivery_changes WHERE transaction_id < {POSTGRES_XMIN} \
             ORDER BY transaction_id DESC, sequence DESC LIMIT 1) AS head ON TRUE WHERE id = 1"
        ),
        _ => "SELECT log_floor_transaction, log_floor, 0, \
              (SELECT MAX(sequence) FROM delivery_changes) FROM store_identity WHERE id = 1"
            .to_owned(),
    }
}

/// Whether rows of the log are committed that cannot be read yet, because an older transaction is
/// not over. `None` where that cannot be.
#[must_use]
pub fn log_has_unsettled(backend: DbBackend) -> Option<String> {
    (backend == DbBackend::Postgres).then(|| {
        format!("SELECT EXISTS (SELECT 1 FROM delivery_changes WHERE NOT ({}))", settled())
    })
}

/// Whether the log has rows, or ends at a place, of transactions that are yet to come, so that it was
/// written on another server. `None` where that cannot be.
#[must_use]
pub fn log_is_ahead(backend: DbBackend) -> Option<String> {
    const POSTGRES_XMAX: &str = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
    (backend == DbBackend::Postgres).then(|| {
        format!(
            "SELECT EXISTS (SELECT 1 FROM delivery_changes WHERE transaction_id >= {POSTGRES_XMAX}) \
             OR EXISTS (SELECT 1 FROM store_identity \
             WHERE GREATEST(log_floor_transaction, counted_transaction) >= {POSTGRES_XMAX})"
        )
    })
}

/// Keeps other transactions from adding to the account until this one is over. SQLite has one
/// transaction at a time.
///
/// # Errors
/// The database's.
pub async fn lock_account(transaction: &Transaction, account: &AccountId) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        let values = [account.as_str().into()];
        transaction.query_one_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    }
    Ok(())
}

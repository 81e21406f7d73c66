//! Outcomes of attempts: the rows of their deliveries, set where the lease still holds.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, Statement, Value};
use uuid::Uuid;

use crate::domain::clock::Timestamp;
use crate::domain::delivery::Verdict;
use crate::domain::id::DeliveryId;
use crate::store::database::session::Transaction;
use crate::store::error::StoreError;
use crate::store::insert::{Inserts, bind_rows, rows_max};
use crate::store::{new_row, row};

/// Values of a row in [`set`].
const COLUMNS: usize = 9;

/// Sets the deliveries whose lease still holds, and says of each outcome whether it does.
pub async fn set(
    transaction: &Transaction,
    verdicts: &[&Verdict],
) -> Result<Vec<bool>, StoreError> {
    let mut held = vec![false; verdicts.len()];
    let rows_max = rows_max(transaction.get_database_backend(), COLUMNS);
    for some in rounds(verdicts).iter().flat_map(|round| round.chunks(rows_max)) {
        let set = set_some(transaction, some.iter().map(|at| verdicts[*at])).await?;
        for at in some {
            held[*at] = set.contains(&verdicts[*at].delivery.delivery_id.as_uuid());
        }
    }
    Ok(held)
}

/// The same of some that are of a delivery each; says which were set.
async fn set_some(
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

/// Adds the attempts, and their rows of the log.
pub async fn log(transaction: &Transaction, verdicts: &[&Verdict]) -> Result<(), StoreError> {
    let (mut attempts, mut changes) = (Vec::new(), Vec::new());
    for verdict in verdicts {
        attempts.push(new_row::attempt(verdict.delivery.delivery_id, &verdict.attempt));
        changes.push(new_row::attempt_change(verdict));
    }
    let mut inserts = Inserts::new(transaction.get_database_backend());
    inserts.add(&new_row::ATTEMPTS, attempts);
    inserts.add(&new_row::CHANGES, changes);
    inserts.execute(transaction).await
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

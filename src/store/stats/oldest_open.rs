//! The oldest open delivery, by the index that has just the open ones.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use crate::domain::account::{AccountId, AccountScope};
use crate::domain::id::EndpointId;
use crate::store::deliveries::{ShownDelivery, shown};
use crate::store::endpoints;
use crate::store::entity::deliveries;
use crate::store::error::StoreError;

/// Steps through the index of what is open from endpoint to endpoint, to the first of each: its
/// cost grows with the number of endpoints that have open deliveries, not with the deliveries. The
/// next of the account, else the first of the next account: of a comparison of pairs SQLite would
/// use the account alone.
const OF_ALL: &str = "
WITH RECURSIVE heads (account_id, endpoint_id, delivery_id) AS (
    SELECT account_id, endpoint_id, delivery_id FROM deliveries
    WHERE delivery_id = (
        SELECT delivery_id FROM deliveries WHERE next_attempt_time IS NOT NULL
        ORDER BY account_id, endpoint_id, delivery_id LIMIT 1)
    UNION ALL
    SELECT d.account_id, d.endpoint_id, d.delivery_id
    FROM heads JOIN deliveries AS d ON d.delivery_id = COALESCE((
        SELECT delivery_id FROM deliveries
        WHERE account_id = heads.account_id AND next_attempt_time IS NOT NULL
        AND endpoint_id > heads.endpoint_id
        ORDER BY endpoint_id, delivery_id LIMIT 1), (
        SELECT delivery_id FROM deliveries
        WHERE account_id > heads.account_id AND next_attempt_time IS NOT NULL
        ORDER BY account_id, endpoint_id, delivery_id LIMIT 1))
)
SELECT delivery_id FROM heads ORDER BY delivery_id LIMIT 1";
/// The same within one account, `$1`.
const OF_ACCOUNT: &str = "
WITH RECURSIVE heads (endpoint_id, delivery_id) AS (
    SELECT endpoint_id, delivery_id FROM deliveries
    WHERE delivery_id = (
        SELECT delivery_id FROM deliveries
        WHERE account_id = $1 AND next_attempt_time IS NOT NULL
        ORDER BY endpoint_id, delivery_id LIMIT 1)
    UNION ALL
    SELECT d.endpoint_id, d.delivery_id
    FROM heads JOIN deliveries AS d ON d.delivery_id = (
        SELECT delivery_id FROM deliveries
        WHERE account_id = $1 AND next_attempt_time IS NOT NULL
        AND endpoint_id > heads.endpoint_id
        ORDER BY endpoint_id, delivery_id LIMIT 1)
)
SELECT delivery_id FROM heads ORDER BY delivery_id LIMIT 1";

/// Finds it.
///
/// # Errors
/// The database's.
pub async fn find<C: ConnectionTrait>(
    connection: &C,
    scope: &AccountScope,
    endpoint_id: Option<EndpointId>,
) -> Result<Option<ShownDelivery>, StoreError> {
    let found = match (endpoint_id, scope.account()) {
        (Some(endpoint_id), Some(account)) => of_endpoint(connection, account, endpoint_id).await?,
        (Some(endpoint_id), None) => {
            // The index begins with the account. What was open when an endpoint was deleted is
            // cancelled.
            match endpoints::account_of(connection, endpoint_id).await? {
                Some(account) => of_endpoint(connection, &account, endpoint_id).await?,
                None => None,
            }
        }
        (None, account) => first_of_heads(connection, account).await?,
    };
    let Some(delivery_id) = found else { return Ok(None) };
    let query = deliveries::Entity::find_by_id(delivery_id);
    Ok(shown(connection, query).await?.pop())
}

async fn of_endpoint<C: ConnectionTrait>(
    connection: &C,
    account: &AccountId,
    endpoint_id: EndpointId,
) -> Result<Option<Uuid>, StoreError> {
    use deliveries::Column;
    let first = deliveries::Entity::find()
        .select_only()
        .column(Column::DeliveryId)
        .filter(Column::AccountId.eq(account.as_str()))
        .filter(Column::EndpointId.eq(endpoint_id.as_uuid()))
        .filter(Column::NextAttemptTime.is_not_null())
        .order_by_asc(Column::DeliveryId)
        .limit(1)
        .into_tuple()
        .one(connection)
        .await?;
    Ok(first)
}

async fn first_of_heads<C: ConnectionTrait>(
    connection: &C,
    account: Option<&AccountId>,
) -> Result<Option<Uuid>, StoreError> {
    let backend = connection.get_database_backend();
    let statement = match account {
        None => Statement::from_string(backend, OF_ALL),
        Some(account) => {
            Statement::from_sql_and_values(backend, OF_ACCOUNT, [account.as_str().into()])
        }
    };
    let row = connection.query_one_raw(statement).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

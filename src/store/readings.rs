//! What gauges and health ask: whether the database answers, and figures that cost little whatever
//! there is in the tables.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Statement};

use super::Store;
use super::database::session::Pool;
use super::entity::{delivery_stats, endpoints};
use super::error::StoreError;
use super::row;
use super::stats::of_everything;
use crate::telemetry::gauges::{EndpointStates, OpenDeliveries, PoolUse, Pools};

impl Store {
    /// Whether the database answers.
    ///
    /// # Errors
    /// The database's.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let reader = self.connections.reader();
        let statement = Statement::from_string(reader.get_database_backend(), "SELECT 1");
        reader.query_one_raw(statement).await?;
        Ok(())
    }

    /// How many deliveries are open, from the figures that are kept by the hour: as many rows are
    /// read as the time has hours for which deliveries are kept.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_deliveries(&self) -> Result<OpenDeliveries, StoreError> {
        use delivery_stats::Column;
        // The sum of integers is a decimal on PostgreSQL, unless it is told otherwise.
        let sum = |column: &str| Expr::cust(format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT)"));
        let sums: Option<(i64, i64)> = delivery_stats::Entity::find()
            .select_only()
            .expr_as(sum("pending"), "pending")
            .expr_as(sum("retrying"), "retrying")
            .filter(of_everything())
            // Most hours have none.
            .filter(Column::Pending.ne(0).or(Column::Retrying.ne(0)))
            .into_tuple()
            .one(self.connections.reader())
            .await?;
        let (pending, retrying) = sums.unwrap_or_default();
        let count = |sum: i64| u64::try_from(sum).unwrap_or(0);
        Ok(OpenDeliveries { pending: count(pending), retrying: count(retrying) })
    }

    /// How many endpoints are in which state.
    ///
    /// # Errors
    /// The database's.
    pub async fn endpoint_states(&self) -> Result<EndpointStates, StoreError> {
        use crate::domain::endpoint::EndpointState::{Active, Disabled, Suspended};
        let counts: Vec<(i16, i64)> = endpoints::Entity::find()
            .select_only()
            .column(endpoints::Column::State)
            .expr_as(Expr::cust("COUNT(*)"), "endpoints")
            .group_by(endpoints::Column::State)
            .into_tuple()
            .all(self.connections.reader())
            .await?;
        let of = |state| {
            let number = row::endpoint_state_number(state);
            let found = counts.iter().find(|(state, _)| *state == number);
            found.map_or(0, |(_, count)| count.unsigned_abs())
        };
        Ok(EndpointStates { active: of(Active), disabled: of(Disabled), suspended: of(Suspended) })
    }

    /// For how long what has waited longest was due, as of the last look at what waits.
    #[must_use]
    pub fn oldest_due_age(&self) -> Duration {
        let oldest = self.wakeup.oldest_due();
        oldest.map_or(Duration::ZERO, |due| self.clock.now().since(due))
    }

    /// The connections that are open.
    #[must_use]
    pub fn pools(&self) -> Pools {
        let [writer, reader] =
            [self.connections.writer(), self.connections.reader()].map(Pool::size);
        let of = |(open, idle): (u32, usize)| {
            let (open, idle) = (u64::from(open), idle as u64);
            // Two numbers that are not read at the same moment.
            PoolUse { used: open.saturating_sub(idle), idle }
        };
        Pools { writer: of(writer), reader: of(reader) }
    }
}

//! Leases: how long they last, extending them, and freeing those that ran out.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryFilter, QuerySelect,
    UpdateMany,
};

use super::Store;
use super::database::dialect;
use super::entity::deliveries;
use super::error::StoreError;
use crate::domain::endpoint::{Endpoint, REQUEST_TIMEOUT_MAX};
use crate::domain::id::{DeliveryId, LeaseToken};
use crate::failpoint;

/// What a lease outlives twice the deadline by: writing the outcome down, and a slow disk.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// Leases that one rescue frees; the next frees the next.
const RESCUE_ROWS_MAX: u64 = 1_000;
/// Leases that one transaction extends or gives back.
const LEASES_MAX: usize = 500;
/// Time left below which a lease is extended: several rounds of who extends them.
const LEASE_LOW: Duration = Duration::from_secs(5);

/// The terms on which deliveries are leased.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTerms {
    /// The deadline of requests to endpoints that set none of their own.
    pub request_timeout: Duration,
}

impl LeaseTerms {
    /// How long the longest lease lasts.
    #[must_use]
    pub fn longest() -> Duration {
        2 * REQUEST_TIMEOUT_MAX + LEASE_MARGIN
    }

    /// How long a lease for a request to `target` lasts: more than twice its deadline, so that
    /// whoever takes over finds the request long over.
    #[must_use]
    pub fn duration(&self, target: &Endpoint) -> Duration {
        let deadline = target.config.request_timeout.unwrap_or(self.request_timeout);
        2 * deadline + LEASE_MARGIN
    }
}

impl Store {
    /// Whether any lease has little time left, or none.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_leases_running_out(&self) -> Result<bool, StoreError> {
        let soon = self.lease_now().add(nanos(LEASE_LOW));
        let first = deliveries::Entity::find()
            .select_only()
            .column(deliveries::Column::LeaseExpireTime)
            .filter(deliveries::Column::LeaseToken.is_not_null())
            .filter(is_lease_out(soon))
            .limit(1)
            .into_tuple::<i64>()
            .one(self.connections.reader())
            .await?;
        Ok(first.is_some())
    }

    /// Extends leases that this process holds and that have little time left, or none. One that
    /// somebody else has taken over stays theirs.
    ///
    /// # Errors
    /// The database's.
    pub async fn extend(&self, leases: &[(DeliveryId, LeaseToken)]) -> Result<(), StoreError> {
        let now = self.lease_now();
        for some in leases.chunks(LEASES_MAX) {
            let _turn = self.connections.background_turn().await;
            let transaction = self.connections.begin().await?;
            deliveries::Entity::update_many()
                .col_expr(
                    deliveries::Column::LeaseExpireTime,
                    now.clone().add(nanos(LeaseTerms::longest())),
                )
                .filter(is_one_of(some))
                .filter(is_lease_out(now.clone().add(nanos(LEASE_LOW))))
                .exec(&transaction)
                .await?;
            failpoint::hit("extend.before_commit");
            transaction.commit().await?;
            failpoint::hit("extend.after_commit");
        }
        Ok(())
    }

    /// Gives leases back that this process holds and has no more time for: what they hold is sent
    /// at once by whoever has, and their claim counts as none. One that somebody else has taken over stays theirs.
    ///
    /// # Errors
    /// The database's.
    pub async fn release(&self, leases: &[(DeliveryId, LeaseToken)]) -> Result<u64, StoreError> {
        let mut released = 0;
        for some in leases.chunks(LEASES_MAX) {
            let update = freeing().col_expr(deliveries::Column::ClaimCount, one_claim_less());
            released += self.update_leases(update.filter(is_one_of(some))).await?;
        }
        Ok(released)
    }

    /// Frees the leases that ran out, a bounded number at a time, and says how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn rescue(&self) -> Result<u64, StoreError> {
        let expired = Query::select()
            .column(deliveries::Column::DeliveryId)
            .from(deliveries::Entity)
            .and_where(deliveries::Column::LeaseToken.is_not_null())
            .and_where(is_lease_out(self.lease_now()))
            .order_by(deliveries::Column::LeaseExpireTime, Order::Asc)
            .limit(RESCUE_ROWS_MAX)
            // What another replica is freeing, or the holder is extending, is left to them.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .to_owned();
        self.free(deliveries::Column::DeliveryId.in_subquery(expired).into()).await
    }

    /// Frees every lease. For the start on SQLite, where no other process can hold one: what the
    /// process before had under way is sent again at once.
    pub(super) async fn free_all_leases(&self) -> Result<u64, StoreError> {
        self.free(deliveries::Column::LeaseToken.is_not_null().into()).await
    }

    /// What time it is for leases.
    fn lease_now(&self) -> SimpleExpr {
        let backend = self.connections.reader().get_database_backend();
        dialect::lease_now(backend, self.clock.now())
    }

    pub(super) async fn free(&self, which: Condition) -> Result<u64, StoreError> {
        self.update_leases(freeing().filter(which)).await
    }

    async fn update_leases(
        &self,
        update: UpdateMany<deliveries::Entity>,
    ) -> Result<u64, StoreError> {
        let _turn = self.connections.background_turn().await;
        let transaction = self.connections.begin().await?;
        let freed = update.exec(&transaction).await?;
        transaction.commit().await?;
        Ok(freed.rows_affected)
    }
}

/// Frees leases.
fn freeing() -> UpdateMany<deliveries::Entity> {
    let none = || Expr::value(Option::<i64>::None);
    deliveries::Entity::update_many()
        .col_expr(deliveries::Column::LeaseToken, none())
        .col_expr(deliveries::Column::LeaseExpireTime, none())
}

/// What was born leased was not claimed.
fn one_claim_less() -> SimpleExpr {
    let claims = || Expr::col(deliveries::Column::ClaimCount);
    Expr::case(claims().gt(0), claims().sub(1)).finally(0).into()
}

fn is_one_of(leases: &[(DeliveryId, LeaseToken)]) -> Condition {
    let ids = leases.iter().map(|(delivery_id, _)| delivery_id.as_uuid());
    let tokens = leases.iter().map(|(_, token)| token.as_stored());
    // Tokens are random: that of another delivery of the list does not fit by chance.
    Condition::all()
        .add(deliveries::Column::DeliveryId.is_in(ids))
        .add(deliveries::Column::LeaseToken.is_in(tokens))
}

fn is_lease_out(at: SimpleExpr) -> SimpleExpr {
    Expr::col(deliveries::Column::LeaseExpireTime).lt(at)
}

/// A duration as it is stored.
pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

//! The change log: one row for every revision of every delivery, appended in the transaction that
//! makes it, never changed.

use sea_orm::entity::prelude::*;

/// A delivery as one change left it. What an attempt did to it is in `attempts`, under its
/// `attempt_count`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_changes")]
pub struct Model {
    /// The place in the log, within the transaction.
    #[sea_orm(primary_key)]
    pub sequence: i64,
    /// The transaction that wrote it, by PostgreSQL's number, in whose order the log is read; 0 on
    /// SQLite, where one transaction ends before the next begins.
    pub transaction_id: i64,
    /// The delivery's account.
    pub account_id: String,
    /// The delivery.
    pub delivery_id: Uuid,
    /// Its event.
    pub event_id: Uuid,
    /// Its event's type.
    pub event_type: String,
    /// Its endpoint.
    pub endpoint_id: Uuid,
    /// Its revision after the change.
    pub revision: i32,
    /// Its state before; unset for a new one.
    pub previous_state: Option<i16>,
    /// Its state after.
    pub state: i16,
    /// Why.
    pub state_reason: String,
    /// How many attempts had ended.
    pub attempt_count: i32,
    /// When the next attempt is due.
    pub next_attempt_time: Option<i64>,
    /// When the delivery was made.
    pub create_time: i64,
    /// How long the attempt took that made the change, by the number of its bucket; unset where
    /// none did.
    pub latency_bucket: Option<i16>,
    /// When the change was made: the delivery's `update_time`.
    pub commit_time: i64,
}

/// Joined by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

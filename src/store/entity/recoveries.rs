//! What is brought back to endpoints, and how far that has come.

use sea_orm::entity::prelude::*;

/// One recovery. It is unfinished while `finish_time` is not set.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recoveries")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub recovery_id: Uuid,
    /// Whose it is.
    pub account_id: String,
    /// Where everything goes.
    pub endpoint_id: Uuid,
    /// The beginning of the range, in nanoseconds since the Unix epoch.
    pub start_time: i64,
    /// The end of the range, itself not in it, in nanoseconds since the Unix epoch.
    pub end_time: i64,
    /// Whether FAILED deliveries are sent again.
    pub failed: bool,
    /// Whether CANCELLED deliveries are sent again.
    pub cancelled: bool,
    /// Whether missed events are delivered.
    pub missed: bool,
    /// How many deliveries that was to be, counted beforehand.
    pub delivery_count: i32,
    /// 1 resending, 2 delivering what was missed, 3 done, 4 cancelled.
    pub stage: i16,
    /// The last event that the second stage has looked at: its publish time, in nanoseconds since
    /// the Unix epoch.
    pub cursor_time: i64,
    /// The last delivery or event that the present stage has looked at; nil at its beginning.
    pub cursor_id: Uuid,
    /// The request that asked for it (AIP-155), unique within the account.
    pub request_id: Option<Uuid>,
    /// SHA-256 over what that request asked for.
    pub request_digest: Option<Vec<u8>>,
    /// Nanoseconds since the Unix epoch.
    pub create_time: i64,
    /// Nanoseconds since the Unix epoch.
    pub finish_time: Option<i64>,
}

/// Joined by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

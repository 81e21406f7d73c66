//! What happened, with the exact bytes that are sent.

use sea_orm::entity::prelude::*;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The account in which it happened.
    pub account_id: String,
    /// The type's name.
    pub event_type: String,
    /// Unique within the account where set.
    pub idempotency_key: Option<String>,
    /// When it happened, in nanoseconds since the Unix epoch.
    pub create_time: i64,
    /// When it was stored, in nanoseconds since the Unix epoch.
    pub publish_time: i64,
    /// How many endpoints were subscribed.
    pub delivery_count: i32,
    /// The exact body.
    pub payload: Vec<u8>,
    /// The publish's `traceparent`.
    pub trace_parent: String,
}

/// Deliveries refer to it; joined by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Events on their way to endpoints.

use sea_orm::entity::prelude::*;

/// One delivery.
///
/// It is open while `next_attempt_time` is set; free to be claimed while `lease_token` is not.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: Uuid,
    /// Whose it is.
    pub account_id: String,
    /// The event that is delivered.
    pub event_id: Uuid,
    /// The event's type, by name.
    pub event_type: String,
    /// Where it goes.
    pub endpoint_id: Uuid,
    /// 1 pending, 2 retrying, 3 succeeded, 4 failed, 5 cancelled.
    pub state: i16,
    /// Why.
    pub state_reason: String,
    /// 1 when it was made, one more with every change.
    pub revision: i32,
    /// How many attempts have ended; the last one's number.
    pub attempt_count: i32,
    /// How many of these had ended when the present retry schedule began.
    pub attempts_before_schedule: i32,
    /// Why the attempts of the present schedule are made: 1 schedule, 2 manual.
    pub trigger: i16,
    /// When the next attempt is due, in nanoseconds since the Unix epoch.
    pub next_attempt_time: Option<i64>,
    /// How often it was claimed since an outcome was last recorded.
    pub claim_count: i32,
    /// Whether the next attempt swaps the two signatures of an overlap.
    pub swaps_signatures: bool,
    /// Who may record an outcome.
    pub lease_token: Option<i64>,
    /// Until when, in nanoseconds since the Unix epoch.
    pub lease_expire_time: Option<i64>,
    /// Nanoseconds since the Unix epoch.
    pub create_time: i64,
    /// Nanoseconds since the Unix epoch.
    pub update_time: i64,
}

/// Joined by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

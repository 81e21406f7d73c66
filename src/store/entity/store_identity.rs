//! Which database this is: tokens that clients keep are bound to it; where its log begins, and how
//! far the log was counted.

use sea_orm::entity::prelude::*;

/// The one row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "store_identity")]
pub struct Model {
    /// Always 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    /// Random, made with the database.
    pub database_id: Uuid,
    /// The last place of the log that was pruned: its transaction; 0 while none was.
    pub log_floor_transaction: i64,
    /// And its sequence.
    pub log_floor: i64,
    /// The last place of the log that is in `delivery_stats`: its transaction; 0 at first.
    pub counted_transaction: i64,
    /// And its sequence.
    pub counted_sequence: i64,
    /// Whatever could be read of the log at this time is counted, in nanoseconds since the Unix
    /// epoch.
    pub counted_time: i64,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

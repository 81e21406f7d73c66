//! Which database this is: tokens that clients keep are bound to it; and where its log begins.

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
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! What became of the deliveries that were made in an hour, in figures: those to one endpoint, those
//! of one account, and all.

use sea_orm::entity::prelude::*;

/// One hour.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_stats")]
pub struct Model {
    /// The endpoint; nil for all of the account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub endpoint_id: Uuid,
    /// The account; `-` for all.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    /// The hour of UTC in which they were made, counted from 1970 on.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hour: i32,
    /// How many are PENDING. Like the other counts it may be below zero where the first part of
    /// the hour's changes was removed before the last.
    pub pending: i64,
    /// How many are RETRYING.
    pub retrying: i64,
    /// How many have SUCCEEDED.
    pub succeeded: i64,
    /// How many have FAILED.
    pub failed: i64,
    /// How many were CANCELLED.
    pub cancelled: i64,
    /// JSON: a list of pairs of a latency's bucket and how many attempts are in it.
    pub attempts: String,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Requests to send a delivery again that their callers named: made twice, they resend once.

use sea_orm::entity::prelude::*;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resends")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: String,
    /// The request's id (AIP-155).
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: Uuid,
    /// SHA-256 over what it asked for.
    pub request_digest: Vec<u8>,
    /// The delivery that it sent again.
    pub delivery_id: Uuid,
    /// Nanoseconds since the Unix epoch.
    pub create_time: i64,
}

/// Joined by hand.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! The secrets that sign an endpoint's requests.

use sea_orm::entity::prelude::*;

/// One secret. It has no `Debug`: it holds key material.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "endpoint_secrets")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub secret_id: Uuid,
    /// The endpoint that it signs for.
    pub endpoint_id: Uuid,
    /// The secret's text.
    pub secret: String,
    /// Nanoseconds since the Unix epoch.
    pub create_time: i64,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("endpoint_secrets").field(&self.secret_id).finish()
    }
}

/// None that the ORM is told of.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

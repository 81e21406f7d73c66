//! The processes that use this database, where there are several.

use sea_orm::entity::prelude::*;

/// One process. It says every second that it lives; its row goes when it stops, or a while after
/// it died.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "replicas")]
pub struct Model {
    /// Random, made at its start.
    #[sea_orm(primary_key, auto_increment = false)]
    pub replica_id: Uuid,
    /// When it last said so, by the database's clock.
    pub heartbeat_time: i64,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! The schema's history, oldest first. A migration that has been released is never edited: the
//! next change is a new file, and adds rather than alters, so that the version before can go on
//! beside it.

mod m20261124_000001_create_tables;

use sea_orm::EntityTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::seaql_migrations;

/// Brings a database to the schema that this build expects.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261124_000001_create_tables::Migration)]
    }

    /// Those that this build knows: beside newer replicas an older one starts all the same.
    async fn get_migration_models<C: ConnectionTrait>(
        db: &C,
    ) -> Result<Vec<seaql_migrations::Model>, DbErr> {
        Self::install(db).await?;
        let known: Vec<_> = Self::migrations().iter().map(|one| one.name().to_owned()).collect();
        let mut applied = seaql_migrations::Entity::find().all(db).await?;
        applied.retain(|model| known.contains(&model.version));
        Ok(applied)
    }
}

//! The schema's history, oldest first. A migration that has been released is never edited: the
//! next change is a new file, and adds rather than alters, so that the version before can go on
//! beside it.

mod m20261124_000001_create_tables;

use sea_orm_migration::prelude::*;

/// Brings a database to the schema that this build expects.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261124_000001_create_tables::Migration)]
    }
}

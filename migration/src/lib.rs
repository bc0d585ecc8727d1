//! The history of Weir's schema, one file per step, for SQLite and PostgreSQL alike.
//!
//! A step is frozen once it has been released: it is written in the databases' own words and
//! never depends on `entity`, which describes the schema of today. Each step runs in one
//! transaction on both databases, so a process that dies halfway leaves the schema as it was.

mod dialect;
mod m20261121_000001_ground_floor;
mod m20261121_000002_letters;
mod m20261121_000003_operators;

use sea_orm_migration::{MigrationTrait, async_trait};

pub use sea_orm_migration::MigratorTrait;

/// All steps from an empty database to the schema that this binary speaks.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_ground_floor::Migration),
            Box::new(m20261121_000002_letters::Migration),
            Box::new(m20261121_000003_operators::Migration),
        ]
    }
}

/// The names of all steps this binary knows, oldest first. A database that has taken a step
/// not listed here was written by a newer binary and must be refused, not read with old eyes.
pub fn known_names() -> Vec<String> {
    Migrator::migrations().iter().map(|step| step.name().to_owned()).collect()
}

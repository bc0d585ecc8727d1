//! Letters, the durable list of all work that is not finished, and those who may hold them.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait,
};

use crate::dialect::Dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Wanted on SQLite too, where sea-orm would run the step without a transaction.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_database_backend())?;
        let database = manager.get_connection();

        for text in [letters(dialect), holders(dialect)] {
            database.execute_unprepared(&text).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(DOWN).await?;
        Ok(())
    }
}

const DOWN: &str = "
drop table holders;
drop table letters;
";

/// A letter that is held from the first moment to the last is in no index but its key: that is
/// the path of nearly all of them. The states are 0 waiting, 1 held, 2 to be reconciled, 3 dead.
///
/// Columns stand as in `orders`: what is never null and eight bytes wide first, texts last.
fn letters(Dialect { uuid, by_bytes, stored_by_key, .. }: &Dialect) -> String {
    format!(
        "
create table letters (
    id {uuid} not null primary key,
    batch_id {uuid} not null,
    due_at bigint not null,
    fence bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    attempts integer not null,
    state smallint not null check (state between 0 and 3),
    holder {uuid},
    client varchar(64){by_bytes} not null,
    undecided text not null,
    trouble text,
    last_error text
){stored_by_key};
create index letters_in_line on letters (client, due_at, id) where state in (0, 2);
"
    )
}

/// One row per process start. On PostgreSQL `expires_at` is in the time of the database's own
/// clock, which alone judges leases.
fn holders(Dialect { uuid, stored_by_key, .. }: &Dialect) -> String {
    format!(
        "
create table holders (
    epoch {uuid} not null primary key,
    started_at bigint not null,
    expires_at bigint not null,
    ended boolean not null default false,
    instance varchar(255) not null
){stored_by_key};
"
    )
}

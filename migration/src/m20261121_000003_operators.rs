//! What operators did, and what they have paused.

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

        for text in [audit(dialect), (dialect.append_only)("audit"), pauses(dialect)] {
            database.execute_unprepared(&text).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let dialect = Dialect::of(manager.get_database_backend())?;
        let database = manager.get_connection();

        database.execute_unprepared("drop table pauses; drop table audit;").await?;
        database.execute_unprepared(&(dialect.not_append_only)("audit")).await?;
        Ok(())
    }
}

/// Lines are added and never changed or removed: the database itself refuses that.
fn audit(Dialect { uuid, by_bytes, stored_by_key, .. }: &Dialect) -> String {
    format!(
        "
create table audit (
    id {uuid} not null primary key,
    at bigint not null,
    kind varchar(20){by_bytes} not null,
    target varchar(255){by_bytes} not null,
    action varchar(20){by_bytes} not null,
    operator varchar(64){by_bytes} not null,
    instance varchar(255) not null,
    reason varchar(200) not null,
    before text,
    after text
){stored_by_key};
create index audit_by_target on audit (kind, target, id);
"
    )
}

/// What is paused now. Who resumes it deletes the row.
fn pauses(Dialect { by_bytes, stored_by_key, .. }: &Dialect) -> String {
    format!(
        "
create table pauses (
    kind varchar(20){by_bytes} not null,
    name varchar(64){by_bytes} not null,
    since bigint not null,
    operator varchar(64){by_bytes} not null,
    reason varchar(200) not null,
    primary key (kind, name)
){stored_by_key};
"
    )
}

//! The first contact with the database: the schema is brought up to date, once, whoever else
//! starts at the same moment; only then the gate opens.

use entity::counters;
use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, TransactionTrait,
    sea_query::Expr,
};

use super::gate::Side;
use super::journal::ORDER_IDS;
use super::pools::Pool;
use super::{Store, error};
use crate::ports::Failure;

/// The advisory lock under which instances that start together take turns to migrate.
const MIGRATION_LOCK: i64 = 0x5745_4952;
/// Why the store could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// Waiting helps.
    #[error("the database does not answer")]
    Away(#[source] Failure),
    /// Waiting does not.
    #[error(
        "the schema is newer than this binary (it has {}): start a newer weir, or restore the \
         database from before the upgrade",
        unknown.join(", ")
    )]
    Newer { unknown: Vec<String> },
    /// Waiting does not.
    #[error("the schema could not be brought up to date: {0}")]
    Schema(String),
}

/// A step of the schema's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    pub name: String,
    pub applied: bool,
}

impl Store {
    /// Makes the first contact: migrates, reads the reference data and opens the gate.
    pub async fn prepare(&self) -> Result<(), PrepareError> {
        self.migrate().await?;
        self.start_ids().await?;
        self.warn_of_too_many_connections().await;
        self.first_references().await.map_err(of_migration)?;
        self.gate.open();
        Ok(())
    }

    /// Brings the schema up to date, in one transaction. On PostgreSQL a lock makes instances
    /// that start together take turns; on SQLite the lock file already did.
    pub async fn migrate(&self) -> Result<(), PrepareError> {
        self.ask().await.map_err(of_contact)?;
        let pass = self.gate.enter_closed(Side::Write, "schema.migrate").await;
        let _pass = pass.map_err(PrepareError::Away)?;
        let transaction = self.writer().orm().begin().await.map_err(of_migration)?;
        if let Pool::Postgres { .. } = self.writer() {
            // Neither the wait for a turn nor a step is a write that somebody waits for.
            let lock = format!(
                "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
            );
            transaction.execute_unprepared(&lock).await.map_err(of_migration)?;
        }
        let known = migration::known_names();
        let mut unknown = applied(&transaction).await?;
        unknown.retain(|name| !known.contains(name));
        if !unknown.is_empty() {
            return Err(PrepareError::Newer { unknown });
        }
        Migrator::up(&transaction, None).await.map_err(of_migration)?;
        transaction.commit().await.map_err(of_migration)
    }

    /// All steps that this binary knows, and whether the database has taken them. What looking
    /// makes is rolled back.
    pub async fn migrations(&self) -> Result<Vec<MigrationState>, PrepareError> {
        self.ask().await.map_err(of_contact)?;
        let transaction = self.writer().orm().begin().await.map_err(of_migration)?;
        let applied = applied(&transaction).await?;
        transaction.rollback().await.map_err(of_migration)?;
        let state = |name: String| MigrationState { applied: applied.contains(&name), name };
        Ok(migration::known_names().into_iter().map(state).collect())
    }

    /// Where ids start is decided once, before the first one is given out.
    async fn start_ids(&self) -> Result<(), PrepareError> {
        use counters::Column::{Name, Next};
        let start = counters::Entity::update_many()
            .col_expr(Next, Expr::val(self.first_order_id))
            .filter(Name.eq(ORDER_IDS))
            .filter(Next.eq(1));
        start.exec(self.writer().orm()).await.map(drop).map_err(of_migration)
    }

    /// A pool that PostgreSQL cannot serve fails only under load; better to hear of it now.
    async fn warn_of_too_many_connections(&self) {
        let Pool::Postgres { pool, .. } = self.writer() else { return };
        let allowed = "SELECT current_setting('max_connections')::bigint \
                       - current_setting('superuser_reserved_connections')::bigint";
        let allowed = sqlx::query_scalar::<_, i64>(allowed).fetch_one(pool).await;
        let needed = i64::from(self.instances) * i64::from(self.pool_max);
        if let Ok(allowed) = allowed
            && needed > allowed
        {
            log::warn!(
                needed, allowed, instances = self.instances, pool_max = self.pool_max;
                "pool.instances x pool.max exceeds what PostgreSQL allows: lower pool.max or raise max_connections"
            );
        }
    }
}

/// The names of the steps that the database has taken, known to this binary or not.
async fn applied(connection: &impl ConnectionTrait) -> Result<Vec<String>, PrepareError> {
    let models = Migrator::get_migration_models(connection).await.map_err(of_migration)?;
    Ok(models.into_iter().map(|model| model.version).collect())
}

/// No database answered, or what is there is none: only the first may change by waiting.
fn of_contact(failure: Failure) -> PrepareError {
    match failure {
        Failure::Broken { reason } => PrepareError::Schema(reason),
        failure @ (Failure::Exhausted { .. }
        | Failure::Away { .. }
        | Failure::Lost { .. }
        | Failure::TooSlow
        | Failure::Collision { .. }
        | Failure::Full { .. }
        | Failure::Data { .. }
        | Failure::Taken { .. }) => PrepareError::Away(failure),
    }
}

fn of_migration(error: DbErr) -> PrepareError {
    match error::of_orm(&error) {
        // Too slow is also an instance that waits while another one migrates.
        failure @ (Failure::Away { .. }
        | Failure::Lost { .. }
        | Failure::Exhausted { .. }
        | Failure::TooSlow
        | Failure::Collision { .. }) => PrepareError::Away(failure),
        Failure::Full { .. }
        | Failure::Data { .. }
        | Failure::Taken { .. }
        | Failure::Broken { .. } => PrepareError::Schema(error.to_string()),
    }
}

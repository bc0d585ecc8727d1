//! A database with Weir's schema and no Weir before it: what the same rows cost when nothing
//! parses, checks, answers or watches.

mod grouped;
mod plain;
mod postgres;
mod rows;
mod sqlite;

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::{SqlxPostgresConnector, SqlxSqliteConnector};
use tokio::task::JoinHandle;

use super::load::{Samples, Window};
use crate::support::{Database, Kind};

/// How the rows are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Everything that waits goes down in one commit: the bound.
    Grouped,
    /// The same for batches that are sent: written with a letter each, then settled.
    GroupedAndSent,
    /// A transaction of single inserts for each batch, on a pool.
    Plain,
}

/// An open database, ready to be written to.
#[derive(Clone)]
pub(crate) struct Bare {
    way: Way,
    pool: Pool,
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Bare {
    /// To be called on the runtime that will write: connections belong to it.
    pub(crate) async fn open(database: Database, way: Way) -> Self {
        let connections = match (database.kind, way) {
            (Kind::Sqlite, _) => 1,
            (Kind::Postgres, Way::Grouped | Way::GroupedAndSent) => 2,
            // The best of those tried: more of them get in each other's way.
            (Kind::Postgres, Way::Plain) => 32,
        };
        let pool = match database.kind {
            Kind::Sqlite => Pool::sqlite(&database, connections).await,
            Kind::Postgres => Pool::postgres(&database, connections).await,
        };
        Self { way, pool }
    }

    /// Starts so many closed loops, each of which hands over a batch and waits for its commit.
    pub(crate) fn start(&self, clients: u16, window: Window) -> Vec<JoinHandle<Samples>> {
        match self.way {
            Way::Grouped => grouped::start(&self.pool, clients, window, false),
            Way::GroupedAndSent => grouped::start(&self.pool, clients, window, true),
            Way::Plain => plain::start(&self.pool, clients, window),
        }
    }

    pub(crate) async fn close(self) {
        match self.pool {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

impl Pool {
    /// The same durability and the same bound of the WAL as Weir's own writer has.
    async fn sqlite(database: &Database, connections: u32) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(database.file())
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .statement_cache_capacity(200)
            .pragma("wal_autocheckpoint", "8192");
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .test_before_acquire(false)
            .acquire_timeout(super::PATIENCE)
            .connect_with(options);
        let pool = pool.await.unwrap();
        let orm = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone());
        Migrator::up(&orm, None).await.unwrap();
        Self::Sqlite(pool)
    }

    async fn postgres(database: &Database, connections: u32) -> Self {
        let options: PgConnectOptions = database.url.parse().unwrap();
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(connections)
            .test_before_acquire(false)
            .acquire_timeout(super::PATIENCE)
            .connect_with(options);
        let pool = pool.await.unwrap();
        let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Migrator::up(&orm, None).await.unwrap();
        Self::Postgres(pool)
    }
}

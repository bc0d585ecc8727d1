//! The two pools: readers with a read limit, and a few writers.
//!
//! Time limits are options of the connection, so that no statement pays for them: on PostgreSQL
//! `statement_timeout`, on SQLite an interrupt that is armed when a connection is taken.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::pool::{PoolConnectionMetadata, PoolOptions};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPool};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqliteSynchronous,
};
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};

use super::gate::Seats;
use super::outage::Outage;
use crate::ports::clock::Clock;
use crate::settings::{DatabaseUrl, Settings};

/// Connections that the write side has beside the ledger's lanes: one for what must not wait
/// behind them, one for the start.
const WRITERS_BESIDE_LANES: u32 = 2;
/// A connection that cannot be made for so long will not be made: sqlx goes on trying a server
/// that refuses, and the gate has no part in that wait.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A connection that was idle for longer is asked whether it is still there.
const VALIDATE_AFTER: Duration = Duration::from_secs(30);
/// How many steps of its machine SQLite takes between two looks at the clock: microseconds.
const INTERRUPT_EVERY: i32 = 1000;
/// Statements that a SQLite connection keeps prepared: more than there are texts.
const STATEMENTS_KEPT: usize = 200;
/// The WAL's bound in pages of 4 KiB; an idle writer checkpoints long before.
const WAL_PAGES_MAX: &str = "8192";

/// Would the driver take this address? The settings look at no more than its outside.
pub(super) fn check(url: &DatabaseUrl) -> Result<(), sqlx::Error> {
    match url {
        DatabaseUrl::Sqlite { .. } => Ok(()),
        DatabaseUrl::Postgres { url } => url.expose().parse::<PgConnectOptions>().map(drop),
    }
}

/// A pool of either database, with sea-orm's view of it.
pub(super) enum Pool {
    Postgres { pool: PgPool, orm: DatabaseConnection },
    Sqlite { pool: SqlitePool, orm: DatabaseConnection },
}

pub(super) struct Pools {
    pub(super) read: Pool,
    pub(super) write: Pool,
    seats: Seats,
}

impl Pools {
    pub(super) fn new(
        settings: &Settings,
        clock: &Arc<dyn Clock>,
        outage: &Arc<Outage>,
    ) -> Result<Self, sqlx::Error> {
        Ok(match &settings.database.url {
            DatabaseUrl::Sqlite { path } => {
                let base = sqlite_options(settings).filename(path);
                let readers = settings.pool.sqlite_readers;
                let seats = Seats { read: readers, write: 1 };
                let read = base.clone().read_only(true).create_if_missing(false);
                let limits = (settings.database.read_within, settings.database.write_within);
                Self {
                    read: Pool::sqlite(seats.read, read, clock, limits.0),
                    write: Pool::sqlite(seats.write, base, clock, limits.1),
                    seats,
                }
            }
            DatabaseUrl::Postgres { url } => {
                let lanes = u32::try_from(settings.ledger.lanes).unwrap_or(u32::MAX);
                let write = lanes.saturating_add(WRITERS_BESIDE_LANES);
                let read = settings.pool.max.saturating_sub(write).max(1);
                let base = url.expose().parse::<PgConnectOptions>()?.application_name("weir");
                let limits = (settings.database.read_within, settings.database.write_within);
                let reading = limited(base.clone(), limits.0)
                    .options([("default_transaction_read_only", "on")])
                    // A plan that is kept may be older than most of the rows.
                    .options([("plan_cache_mode", "force_custom_plan")]);
                let writing = limited(base, limits.1);
                let idle = settings.pool.min_idle.saturating_sub(write);
                Self {
                    read: Pool::postgres(read, idle, reading, settings, outage),
                    write: Pool::postgres(write, write, by_key(writing), settings, outage),
                    seats: Seats { read, write },
                }
            }
        })
    }

    pub(super) fn seats(&self) -> Seats {
        self.seats
    }

    /// Connections that are open now.
    pub(super) fn open(&self) -> u32 {
        self.read.size() + self.write.size()
    }

    pub(super) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Pool {
    pub(super) fn orm(&self) -> &DatabaseConnection {
        match self {
            Self::Postgres { orm, .. } | Self::Sqlite { orm, .. } => orm,
        }
    }

    fn size(&self) -> u32 {
        match self {
            Self::Postgres { pool, .. } => pool.size(),
            Self::Sqlite { pool, .. } => pool.size(),
        }
    }

    async fn close(&self) {
        match self {
            Self::Postgres { pool, .. } => pool.close().await,
            Self::Sqlite { pool, .. } => pool.close().await,
        }
    }

    /// Opens one connection beside the pool and asks it something.
    pub(super) async fn ask(&self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres { pool, .. } => {
                let mut connection = pool.connect_options().connect().await?;
                connection.ping().await?;
                connection.close().await
            }
            Self::Sqlite { pool, .. } => {
                let mut connection = pool.connect_options().connect().await?;
                connection.ping().await?;
                connection.close().await
            }
        }
    }

    fn postgres(
        max: u32,
        idle: u32,
        options: PgConnectOptions,
        settings: &Settings,
        outage: &Arc<Outage>,
    ) -> Self {
        let (outage, validation) = (Arc::clone(outage), settings.pool.validation_timeout);
        let pool = PoolOptions::new()
            .max_connections(max)
            .min_connections(idle.min(max))
            .acquire_timeout(settings.pool.acquire_timeout.min(CONNECT_WITHIN))
            .idle_timeout(settings.pool.idle_timeout)
            .max_lifetime(settings.pool.lifetime_max)
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let (outage, validation) = (Arc::clone(&outage), validation);
                Box::pin(async move { Ok(is_sound(connection, meta, &outage, validation).await) })
            })
            .connect_lazy_with(options);
        let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Self::Postgres { pool, orm }
    }

    fn sqlite(
        max: u32,
        options: SqliteConnectOptions,
        clock: &Arc<dyn Clock>,
        within: Duration,
    ) -> Self {
        let (clock, first) = (Arc::clone(clock), Arc::clone(clock));
        let pool = PoolOptions::new()
            .max_connections(max)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            // A connection's first user gets it fresh from here, and not from the idle ones.
            .after_connect(move |connection, _| {
                let clock = Arc::clone(&first);
                Box::pin(async move { arm(connection, clock, within).await })
            })
            .before_acquire(move |connection: &mut SqliteConnection, _| {
                let clock = Arc::clone(&clock);
                Box::pin(async move {
                    // SQLite ended a transaction by itself (interrupt, full disk), the driver
                    // did not notice, and would refuse every transaction to come.
                    if connection.is_in_transaction() {
                        return Ok(false);
                    }
                    arm(connection, clock, within).await.map(|()| true)
                })
            })
            .connect_lazy_with(options);
        let orm = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool.clone());
        Self::Sqlite { pool, orm }
    }
}

fn limited(options: PgConnectOptions, within: Duration) -> PgConnectOptions {
    options.options([("statement_timeout", within.as_millis().to_string())])
}

/// Writers reach rows by their keys, from lists whose length no plan knows. One plan is kept for
/// all lengths, and it may have been made when a table was small or empty: it must be good when
/// the table has grown. So no such statement has a join, and each finds its rows in the order of
/// a key.
fn by_key(options: PgConnectOptions) -> PgConnectOptions {
    let off = ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"];
    let options = options.options([("plan_cache_mode", "force_generic_plan")]);
    options.options(off.map(|option| (option, "off")))
}

fn sqlite_options(settings: &Settings) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL waits for the disk at every commit: "accepted" must survive a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(settings.database.write_within)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .pragma("wal_autocheckpoint", WAL_PAGES_MAX)
}

/// Is a pooled connection fit to be used? One from before an outage is not; one that was idle
/// for long is asked.
async fn is_sound(
    connection: &mut sqlx::PgConnection,
    meta: PoolConnectionMetadata,
    outage: &Outage,
    validation: Duration,
) -> bool {
    if outage.outlived_by(meta.age) {
        return false;
    }
    if meta.idle_for < VALIDATE_AFTER {
        return true;
    }
    matches!(tokio::time::timeout(validation, connection.ping()).await, Ok(Ok(())))
}

/// Arms the interrupt: whatever runs on this connection from now on ends within the limit.
async fn arm(
    connection: &mut SqliteConnection,
    clock: Arc<dyn Clock>,
    within: Duration,
) -> Result<(), sqlx::Error> {
    let until = clock.instant() + within;
    let mut handle = connection.lock_handle().await?;
    handle.set_progress_handler(INTERRUPT_EVERY, move || clock.instant() < until);
    Ok(())
}

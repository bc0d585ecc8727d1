//! The database behind the store ports.
//!
//! One gate stands before everything (`gate`); two pools stand behind it (`pools`): readers
//! with a read limit, and a few writers for the ledger. What was asked stands in one file per
//! kind of statement. The statements that carry the load go through sqlx, since sea-orm builds
//! bulk inserts at half the speed; everything else goes through sea-orm on the same pools.

mod audit;
mod batches;
mod board;
mod catalogue;
mod change;
mod claim;
mod collect;
mod decide;
mod error;
mod fates;
mod find;
mod gate;
mod journal;
mod known;
mod lease;
mod letters;
mod library;
mod lock;
mod outage;
mod pools;
mod post;
mod prepare;
mod record;
mod rows;
mod settle;
mod sql;
mod take_back;
mod tally;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr, sqlx};
use tokio::task::JoinError;

use self::catalogue::Snapshot;
use self::gate::Gate;
pub use self::gate::Side;
pub use self::lock::{LockError, StoreLock};
use self::outage::Outage;
use self::pools::{Pool, Pools};
pub use self::prepare::{MigrationState, PrepareError};
use self::watch::Doubt;
use crate::ports::Failure;
use crate::ports::clock::Clock;
use crate::ports::meter::PoolMeter;
use crate::settings::{DatabaseSettings, DatabaseUrl, Settings};

/// What an answer of the database may take beyond its own limit.
const SLACK: Duration = Duration::from_secs(2);

/// Why the store cannot be opened; waiting does not help.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("database.url cannot be used: {reason}")]
    Url { reason: String },
}

/// Can this address be used at all? Asked before anything is opened.
pub fn check_url(url: &DatabaseUrl) -> Result<(), OpenError> {
    pools::check(url).map_err(unusable)
}

fn unusable(error: sqlx::Error) -> OpenError {
    OpenError::Url { reason: error.to_string() }
}

/// The store. It is made without touching the database; [`Store::prepare`] makes the first
/// contact, and until then the gate is closed.
pub struct Store {
    pools: Pools,
    gate: Gate,
    clock: Arc<dyn Clock>,
    catalogue: Snapshot,
    doubt: Doubt,
    patience: Patience,
    /// How long a process holds its letters without a sign of life.
    lease: Duration,
    first_order_id: i64,
    instances: u32,
    pool_max: u32,
    /// Held for as long as the process uses the file (SQLite only).
    _lock: Option<StoreLock>,
}

impl Store {
    /// Takes the file's lock (SQLite) and sets the pools up. Nothing is connected yet.
    pub fn open(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        meter: Arc<dyn PoolMeter>,
    ) -> Result<Self, OpenError> {
        check_url(&settings.database.url)?;
        let lock = StoreLock::take(&settings.database.url)?;
        let outage = Arc::new(Outage::new(Arc::clone(&clock)));
        let pools = Pools::new(settings, &clock, &outage).map_err(unusable)?;
        let gate = Gate::new(pools.seats(), settings.pool.acquire_timeout, &clock, meter, outage);
        Ok(Self {
            pools,
            gate,
            clock,
            catalogue: Snapshot::default(),
            doubt: Doubt::default(),
            patience: Patience::of(&settings.database),
            lease: settings.mailbox.lease,
            first_order_id: settings.ledger.first_order_id,
            instances: settings.pool.instances,
            pool_max: settings.pool.max,
            _lock: lock,
        })
    }

    /// Ends all connections, so that the database hears a proper goodbye.
    pub async fn close(&self) {
        self.pools.close().await;
    }

    /// Runs a read. A read may be repeated, so one that met a broken connection is: after a
    /// restart of the database the first statement on each old connection breaks.
    ///
    /// The statement is a task of its own: a caller who hangs up gives no place back while the
    /// connection is still busy with what it asked.
    async fn read<T, F, Run>(&self, doing: &'static str, run: Run) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, DbErr>> + Send + 'static,
        Run: Fn(DatabaseConnection) -> F + Send + Sync,
        T: Send + 'static,
    {
        let once = || async {
            let pass = self.gate.enter(Side::Read, doing).await?;
            let statement = run(self.pools.read.orm().clone());
            let limit = self.patience.read;
            let task = tokio::spawn(async move {
                let outcome = tokio::time::timeout(limit, statement).await;
                drop(pass);
                outcome
            });
            let broken = |error: JoinError| Failure::Broken { reason: error.to_string() };
            match task.await.map_err(broken)? {
                Ok(outcome) => outcome.map_err(|error| error::of_orm(&error)),
                Err(_) => Err(silent(limit)),
            }
        };
        match once().await {
            Err(lost @ Failure::Lost { .. }) => {
                self.judge(lost).await;
                match once().await {
                    Err(failure) => Err(self.judge(failure).await),
                    read => read,
                }
            }
            Err(failure) => Err(self.judge(failure).await),
            read => read,
        }
    }

    /// Runs a write behind the gate.
    async fn write<T>(
        &self,
        doing: &'static str,
        limit: Duration,
        run: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let _pass = self.gate.enter(Side::Write, doing).await?;
        let written = tokio::time::timeout(limit, run).await;
        match written.unwrap_or_else(|_| Err(silent(limit))) {
            Err(failure) => Err(self.judge(failure).await),
            written => written,
        }
    }

    /// Runs a write on the writers' side of sea-orm.
    async fn write_orm<T>(
        &self,
        doing: &'static str,
        run: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, Failure> {
        let run = async { run.await.map_err(|error| error::of_orm(&error)) };
        self.write(doing, self.patience.write, run).await
    }

    /// The pool that writes go through.
    fn writer(&self) -> &Pool {
        &self.pools.write
    }
}

/// How long an answer may take before the connection counts as broken. The database ends its
/// statements itself, well before; these end the wait for one that cannot be heard any more.
struct Patience {
    read: Duration,
    write: Duration,
    /// A write of many statements, each within its own limit.
    long_write: Duration,
}

impl Patience {
    fn of(database: &DatabaseSettings) -> Self {
        Self {
            read: database.read_within * 2 + SLACK,
            write: database.write_within + SLACK,
            long_write: database.write_within * 3 + SLACK,
        }
    }
}

fn silent(limit: Duration) -> Failure {
    Failure::Lost { reason: format!("no answer within {limit:?}") }
}

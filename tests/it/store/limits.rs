//! Limits: no read, no write and no wait is without end, and what was cut short leaves nothing
//! behind, neither rows nor a connection that bites.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, raw_sql};
use weir::ports::Failure;
use weir::ports::gauge::PoolGauge;
use weir::ports::journal::{Change, Changed, Journal};
use weir::ports::library::Library;
use weir::store::Store;

use super::shelf::{
    LANE, RushingClock, assert_tallies_are_true, batch, change, fresh_with, order, settings,
};
use crate::support::{Database, Kind, on_both, wait_for};

/// What a test may take beyond a limit on a busy machine.
const SLACK: Duration = Duration::from_secs(2);

on_both! {
    read_that_takes_too_long_is_ended_on_every_connection,
    write_that_takes_too_long_is_ended_and_leaves_nothing,
    full_house_turns_readers_away_in_time_and_tells_who_is_in,
}

/// Something that keeps statements on the orders from ending.
enum Obstacle {
    /// Another session holds the table.
    Lock(PgConnection),
    /// A view without end stands where the table was.
    Endless(Database),
}

impl Obstacle {
    async fn put(database: &Database) -> Self {
        match database.kind {
            Kind::Postgres => {
                let mut other = PgConnection::connect(&database.url).await.unwrap();
                let lock = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE";
                raw_sql(lock).execute(&mut other).await.unwrap();
                Self::Lock(other)
            }
            Kind::Sqlite => {
                database
                    .execute(
                        "ALTER TABLE orders RENAME TO orders_away;
                         CREATE VIEW orders AS
                         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                         SELECT o.* FROM n JOIN orders_away o ON o.id = -n.i",
                    )
                    .await;
                Self::Endless(database.clone())
            }
        }
    }

    async fn away(self) {
        match self {
            Self::Lock(mut other) => drop(raw_sql("ROLLBACK").execute(&mut other).await.unwrap()),
            Self::Endless(database) => {
                let back = "DROP VIEW orders; ALTER TABLE orders_away RENAME TO orders";
                database.execute(back).await;
            }
        }
    }
}

async fn read_that_takes_too_long_is_ended_on_every_connection(kind: Kind) {
    let limit = Duration::from_millis(300);
    let (database, store) = fresh_with(kind, &[("database.read_within", "300ms")]).await;
    store.record(LANE, &[batch([order(1)])]).await.unwrap();
    let readers = readers(&store);
    let obstacle = Obstacle::put(&database).await;

    // Twice: a connection that is used for the first time has no other limits than later.
    for _ in 0..2 {
        let started = Instant::now();
        let read = async || {
            let ended = tokio::time::timeout(limit + SLACK, store.order(1)).await;
            (ended.expect("the read ends"), started.elapsed())
        };
        let ended = join_all((0..readers).map(|_| read())).await;
        for (outcome, took) in ended {
            assert_eq!(outcome, Err(Failure::TooSlow));
            assert!((limit..limit + SLACK).contains(&took), "took {took:?}");
        }
    }

    obstacle.away().await;
    let after = join_all((0..readers).map(|_| store.order(1))).await;
    assert_eq!(after, vec![Ok(Some(order(1))); readers as usize]);
    assert!(store.state().is_serving());
}

/// How many places the read side has.
fn readers(store: &Store) -> u32 {
    match store.sample().max {
        5 => 4,
        max => max - 4,
    }
}

async fn write_that_takes_too_long_is_ended_and_leaves_nothing(kind: Kind) {
    let limit = Duration::from_millis(300);
    let (database, store) = fresh_with(kind, &[("database.write_within", "300ms")]).await;
    store.record(LANE, &[batch([order(1)])]).await.unwrap();
    let mut holder = Holder::of_row_1(&database).await;
    let remove = Change::RemoveOrder { id: 1, version: 1 };

    let started = Instant::now();
    let refused = store.change(LANE, std::slice::from_ref(&remove)).await;
    let took = started.elapsed();

    let named = refused.as_ref().map_err(Failure::label);
    let expected = if kind == Kind::Postgres { "too_slow" } else { "collision" };
    assert_eq!(named.err(), Some(expected), "{refused:?}");
    assert!((limit..limit + SLACK).contains(&took), "took {took:?}");
    holder.let_go().await;
    assert_eq!(store.order(1).await, Ok(Some(order(1))));
    assert_tallies_are_true(&database).await;
    assert_eq!(change(&store, remove).await, Ok(Changed::Removed));
}

/// Another process that does not let go of an order.
enum Holder {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Holder {
    async fn of_row_1(database: &Database) -> Self {
        match database.kind {
            Kind::Postgres => {
                let mut other = PgConnection::connect(&database.url).await.unwrap();
                let hold = "BEGIN; SELECT * FROM orders WHERE id = 1 FOR UPDATE";
                raw_sql(hold).execute(&mut other).await.unwrap();
                Self::Postgres(other)
            }
            Kind::Sqlite => {
                let options = SqliteConnectOptions::new().filename(database.file());
                let mut other = options.connect().await.unwrap();
                raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
                Self::Sqlite(other)
            }
        }
    }

    async fn let_go(&mut self) {
        match self {
            Self::Postgres(other) => drop(raw_sql("ROLLBACK").execute(other).await.unwrap()),
            Self::Sqlite(other) => drop(raw_sql("ROLLBACK").execute(other).await.unwrap()),
        }
    }
}

async fn full_house_turns_readers_away_in_time_and_tells_who_is_in(kind: Kind) {
    let waited = Duration::from_millis(200);
    let small = [
        ("pool.acquire_timeout", "200ms"),
        ("pool.validation_timeout", "200ms"),
        ("database.read_within", "1500ms"),
    ];
    let (database, store) = fresh_with(kind, &small).await;
    store.record(LANE, &[batch([order(1)])]).await.unwrap();
    let readers = readers(&store);
    let obstacle = Obstacle::put(&database).await;
    let read = || {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.order(1).await })
    };
    let inside: Vec<_> = (0..readers).map(|_| read()).collect();
    wait_for("every place to be taken", SLACK, async || store.sample().active == readers).await;

    let started = Instant::now();
    let outside = read();
    wait_for("somebody to wait", SLACK, async || store.sample().waiting == 1).await;
    let refused = outside.await.unwrap();
    let took = started.elapsed();

    assert_eq!(refused, Err(Failure::Exhausted { waited }));
    assert!((waited..waited + Duration::from_secs(1)).contains(&took), "took {took:?}");
    assert_eq!((store.sample().waiting, store.timeouts()), (0, 1));
    let holds = store.holds();
    assert_eq!(holds.len(), readers as usize);
    assert!(holds.iter().all(|hold| hold.doing == "orders.read" && hold.held >= waited));
    for read in inside {
        let ended = tokio::time::timeout(2 * SLACK, read).await.expect("the read ends");
        assert_eq!(ended.unwrap(), Err(Failure::TooSlow));
    }
    assert_eq!((store.sample().active, store.holds().len()), (0, 0));
    obstacle.away().await;
    assert_eq!(store.order(1).await, Ok(Some(order(1))));
}

/// SQLite rolls the transaction back by itself when it is interrupted, as it does on a full disk:
/// the connection must not go on as if it were still in it.
#[actix_web::test]
async fn sqlite_write_that_is_interrupted_leaves_nothing_and_the_next_one_works() {
    let database = Database::fresh(Kind::Sqlite).await;
    let clock = Arc::new(RushingClock::default());
    let clock_of_store: Arc<dyn weir::ports::clock::Clock> = clock.clone();
    let store = Store::open(&settings(&database, &[]), clock_of_store, Arc::new(())).unwrap();
    store.prepare().await.unwrap();
    let many = batch((1..=1000).map(order));

    clock.rush(60);
    let refused = store.record(LANE, std::slice::from_ref(&many)).await;
    clock.rush(0);

    assert_eq!(refused, Err(Failure::TooSlow));
    assert_eq!(store.recorded(&[1, 512, 513, 1000]).await, Ok(HashSet::new()));
    assert_eq!(store.record(LANE, &[many]).await, Ok(()));
    let remove = Change::RemoveOrder { id: 1000, version: 1 };
    assert_eq!(change(&store, remove).await, Ok(Changed::Removed));
    assert_eq!(database.number("SELECT count(*) FROM orders").await, 999);
    assert_tallies_are_true(&database).await;
}

/// The same for the changes, which go through sea-orm.
#[actix_web::test]
async fn sqlite_change_that_is_interrupted_leaves_nothing_and_the_next_one_works() {
    let database = Database::fresh(Kind::Sqlite).await;
    let clock = Arc::new(RushingClock::default());
    let clock_of_store: Arc<dyn weir::ports::clock::Clock> = clock.clone();
    let store = Store::open(&settings(&database, &[]), clock_of_store, Arc::new(())).unwrap();
    store.prepare().await.unwrap();
    store.record(LANE, &[batch((1..=1000).map(order))]).await.unwrap();
    let remove = |id| Change::RemoveOrder { id, version: 1 };
    let changes: Vec<Change> = (1..=1000).map(remove).collect();

    clock.rush(60);
    let refused = store.change(LANE, &changes).await;
    clock.rush(0);

    assert_eq!(refused, Err(Failure::TooSlow));
    assert_eq!(database.number("SELECT count(*) FROM orders").await, 1000);
    let outcomes = store.change(LANE, &changes).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(Changed::Removed)));
    assert_tallies_are_true(&database).await;
}

/// 32 MiB are 8192 pages; a transaction that is under way at the bound may still add its own.
const WAL_BYTES_MAX: u64 = 40 << 20;

#[actix_web::test]
async fn sqlite_wal_is_bounded_and_an_idle_moment_empties_it_into_the_file() {
    let (database, store) = fresh_with(Kind::Sqlite, &[]).await;
    let wal = database.file().with_extension("db-wal");
    let size = || std::fs::metadata(&wal).unwrap().len();
    let long = "x".repeat(24);
    let order = |id| {
        let mut order = order(id);
        order.terms.portfolio_id.clone_from(&long);
        order
    };
    let mut largest = 0;
    for first in (0..160_000).step_by(4000) {
        let group: Vec<_> = (first..first + 4000).step_by(1000).collect();
        let group: Vec<_> = group.iter().map(|id| batch((*id..id + 1000).map(order))).collect();
        store.record(LANE, &group).await.unwrap();
        largest = largest.max(size());
    }
    assert!(largest > 24 << 20, "{largest} bytes come nowhere near the bound");
    assert!(largest < WAL_BYTES_MAX, "the WAL grew to {largest} bytes");

    store.tidy().await;

    // The file alone, without its WAL, has everything.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(database.file(), &copy).unwrap();
    let copy = Database::at(format!("sqlite://{}", copy.display()));
    assert_eq!(copy.number("SELECT count(*) FROM orders").await, 160_000);
    // And what comes next begins at the WAL's front instead of making it longer.
    let before = size();
    store.record(LANE, &[batch((160_000..161_000).map(order))]).await.unwrap();
    assert_eq!(size(), before);
}

/// Anything may ask for it at any time, on either database.
#[actix_web::test]
async fn tidying_postgres_does_nothing_and_fails_nothing() {
    if Kind::Postgres.is_available() {
        let (_database, store) = fresh_with(Kind::Postgres, &[]).await;

        store.tidy().await;

        assert!(store.state().is_serving());
    }
}

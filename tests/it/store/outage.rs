//! A database that goes away and comes back: told quickly, survived without a restart.

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{join, join_all};
use sea_orm::sqlx::{Connection, PgConnection, raw_sql};
use weir::ports::Failure;
use weir::ports::gauge::{DatabaseState, PoolGauge};
use weir::ports::journal::Journal;
use weir::ports::library::Library;
use weir::store::Store;

use super::shelf::{LANE, assert_tallies_are_true, batch, order, serving, unprepared};
use crate::support::postgres::Cluster;
use crate::support::{Database, wait_for};

/// Nobody hears of an outage later than this.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

#[actix_web::test]
async fn outage_is_told_quickly_and_its_end_leaves_no_connection_that_bites() {
    let Some(cluster) = Cluster::start_private() else { return };
    let database = Database::at(cluster.create_database().await);
    let store = serving(&database, &[("pool.max", "40")]).await;
    // As many connections open as there are places: each is a trap after the outage.
    assert_eq!(reads_and_records(&store, 0).await, [(); 40].map(Ok));

    for round in 1..=2 {
        cluster.stop();
        let started = Instant::now();
        let told = reads_and_records(&store, 1000).await;
        let took = started.elapsed();

        let away = |told: &Result<(), Failure>| {
            matches!(told, Err(Failure::Away { .. } | Failure::Lost { .. }))
        };
        assert!(told.iter().all(away), "{told:?}");
        assert!(took < TOLD_WITHIN, "told after {took:?}");
        assert!(matches!(store.probe().await, DatabaseState::Away { .. }));
        let started = Instant::now();
        assert!(reads_and_records(&store, 1000).await.iter().all(away));
        assert!(started.elapsed() < Duration::from_millis(200), "a closed gate answers at once");

        cluster.start();
        assert_eq!(store.probe().await, DatabaseState::Serving);
        let after = reads_and_records(&store, round * 100).await;
        assert_eq!(after, [(); 40].map(Ok), "round {round}");
    }
    assert_eq!(database.number("SELECT count(*) FROM orders").await, 60);
    assert_eq!(store.sample().active, 0);
    assert_tallies_are_true(&database).await;
}

/// All places but one are taken, and all open connections with them, so the next reader must open another, to a server that is
/// not there; the gate has not heard of it yet.
#[actix_web::test]
async fn outage_is_told_quickly_to_those_who_need_a_new_connection() {
    let Some(cluster) = Cluster::start_private() else { return };
    let database = Database::at(cluster.create_database().await);
    let store = serving(&database, &[]).await;
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let lock = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE";
    raw_sql(lock).execute(&mut other).await.unwrap();
    let readers = store.sample().max - 4;
    let mut busy = Box::pin(join_all((1..readers).map(|_| store.order(1))));
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    wait_for("all but one to wait for the lock", TOLD_WITHIN, async || {
        assert!((&mut busy).now_or_never().is_none());
        database.number(waiting).await == i64::from(readers) - 1
    })
    .await;
    cluster.stop();

    let started = Instant::now();
    let told = store.order(2).await;
    let took = started.elapsed();

    assert!(matches!(told, Err(Failure::Away { .. })), "{told:?}");
    assert!(took < TOLD_WITHIN, "told after {took:?}");
    let away = |told: &Result<_, _>| matches!(told, Err(Failure::Away { .. }));
    assert!(busy.await.iter().all(away));
}

#[actix_web::test]
async fn database_that_is_away_at_the_start_is_prepared_when_it_comes() {
    let Some(cluster) = Cluster::start_private() else { return };
    let database = Database::at(cluster.create_database().await);
    cluster.stop();
    let store = unprepared(&database, &[]).unwrap();

    let refused = store.prepare().await;

    assert!(matches!(refused, Err(weir::store::PrepareError::Away(_))), "{refused:?}");
    assert_eq!(store.probe().await, DatabaseState::Starting);
    cluster.start();
    assert_eq!(store.prepare().await.map_err(|error| error.to_string()), Ok(()));
    assert_eq!(reads_and_records(&store, 0).await, [(); 40].map(Ok));
}

/// Twenty reads and twenty records, all at once.
async fn reads_and_records(store: &Store, first: i64) -> Vec<Result<(), Failure>> {
    let reads = join_all((0..20).map(|id| store.order(id)));
    let records = join_all((first..first + 20).map(async |id| {
        let shard = LANE + (id % 2) as u16;
        store.record(shard, &[batch([order(id)])]).await
    }));
    let (reads, records) = join(reads, records).await;
    reads.into_iter().map(|read| read.map(drop)).chain(records).collect()
}

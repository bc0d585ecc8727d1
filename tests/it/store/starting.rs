//! The first contact: once, whoever else starts at the same moment, and never with old eyes.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use weir::ports::Failure;
use weir::ports::gauge::{DatabaseState, PoolGauge};
use weir::ports::journal::Journal;
use weir::ports::library::Library;
use weir::store::{LockError, OpenError, PrepareError};

use super::shelf::{LANE, batch, fresh, order, serving, snapshot, unprepared};
use crate::support::{Database, Kind, on_both};

on_both! {
    nobody_is_served_before_the_first_contact,
    preparing_again_changes_nothing,
    looking_at_the_history_changes_nothing,
    schema_from_the_future_is_refused_in_a_sentence,
    first_order_id_is_obeyed_on_a_new_database_only,
    reserved_ids_never_overlap,
}

async fn nobody_is_served_before_the_first_contact(kind: Kind) {
    let database = Database::fresh(kind).await;
    let store = unprepared(&database, &[]).unwrap();

    let read = store.order(1).await;
    let written = store.record(LANE, &[batch([order(1)])]).await;
    let probed = store.probe().await;

    assert!(matches!(read, Err(Failure::Away { .. })), "{read:?}");
    assert!(matches!(written, Err(Failure::Away { .. })), "{written:?}");
    assert_eq!(probed, DatabaseState::Starting);
    store.prepare().await.unwrap();
    assert_eq!(store.state(), DatabaseState::Serving);
    assert_eq!(store.order(1).await, Ok(None));
    assert_eq!(snapshot(&store).statuses.len(), 10);
}

async fn preparing_again_changes_nothing(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch([order(1)])]).await.unwrap();

    store.prepare().await.unwrap();

    assert_eq!(store.order(1).await, Ok(Some(order(1))));
    assert_eq!(database.number("SELECT count(*) FROM blotters").await, 5);
}

async fn looking_at_the_history_changes_nothing(kind: Kind) {
    let database = Database::fresh(kind).await;
    let store = unprepared(&database, &[]).unwrap();
    let tables = match kind {
        Kind::Sqlite => "SELECT count(*) FROM sqlite_master",
        Kind::Postgres => "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'",
    };

    let before = store.migrations().await.unwrap();
    let tables_after_looking = database.number(tables).await;
    store.migrate().await.unwrap();
    let after = store.migrations().await.unwrap();

    assert!(!before.is_empty() && before.iter().all(|step| !step.applied), "{before:?}");
    assert_eq!(tables_after_looking, 0);
    assert!(after.iter().all(|step| step.applied), "{after:?}");
    assert_eq!(store.state(), DatabaseState::Starting);
}

async fn schema_from_the_future_is_refused_in_a_sentence(kind: Kind) {
    let database = Database::fresh(kind).await;
    serving(&database, &[]).await.close().await;
    let future = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20990101_x', 1)";
    database.execute(future).await;
    let store = unprepared(&database, &[]).unwrap();

    let refused = store.prepare().await.unwrap_err();

    assert!(matches!(&refused, PrepareError::Newer { unknown } if *unknown == ["m20990101_x"]));
    assert_eq!(
        refused.to_string(),
        "the schema is newer than this binary (it has m20990101_x): start a newer weir, or \
         restore the database from before the upgrade"
    );
    assert!(!store.state().is_serving());
    database.execute("DELETE FROM seaql_migrations WHERE version = 'm20990101_x'").await;
    store.prepare().await.unwrap();
}

async fn first_order_id_is_obeyed_on_a_new_database_only(kind: Kind) {
    let database = Database::fresh(kind).await;
    let new = serving(&database, &[("ledger.first_order_id", "5000")]).await;

    let first = new.reserve_order_ids(10).await;
    new.close().await;
    drop(new);
    let old = serving(&database, &[("ledger.first_order_id", "1")]).await;
    let second = old.reserve_order_ids(1).await;
    old.close().await;
    drop(old);
    let old = serving(&database, &[("ledger.first_order_id", "90000")]).await;
    let third = old.reserve_order_ids(7).await;

    assert_eq!((first, second, third), (Ok(5000..5010), Ok(5010..5011), Ok(5011..5018)));
}

async fn reserved_ids_never_overlap(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mut stores = vec![store];
    if kind == Kind::Postgres {
        stores.push(serving(&database, &[]).await);
    }
    let turns = stores.iter().cycle().take(50).zip((1..=7).cycle());

    let taken = join_all(turns.map(|(store, count)| store.reserve_order_ids(count))).await;

    let mut ids = BTreeSet::new();
    for range in taken {
        let range = range.unwrap();
        assert!((1..=7).contains(&(range.end - range.start)));
        for id in range {
            assert!(ids.insert(id), "{id} was given out twice");
        }
    }
    assert_eq!(ids.first(), Some(&1));
    assert_eq!(database.number("SELECT next FROM counters").await, ids.last().unwrap() + 1);
}

#[actix_web::test]
async fn instances_that_start_together_migrate_in_turns() {
    if !Kind::Postgres.is_available() {
        return;
    }
    for _ in 0..5 {
        let database = Database::fresh(Kind::Postgres).await;
        let [one, other] = [0, 1].map(|_| unprepared(&database, &[]).unwrap());

        let (first, second) = join(one.prepare(), other.prepare()).await;

        first.unwrap();
        second.unwrap();
        assert_eq!(database.number("SELECT count(*) FROM blotters").await, 5);
        assert!(one.state().is_serving() && other.state().is_serving());
        assert_eq!(snapshot(&one), snapshot(&other));
    }
}

#[actix_web::test]
async fn second_store_on_the_same_file_is_turned_away() {
    let (database, store) = fresh(Kind::Sqlite).await;

    let second = unprepared(&database, &[]).err();

    let Some(OpenError::Lock(LockError::Taken { path })) = &second else { panic!("{second:?}") };
    assert_eq!(path, database.file());
    store.close().await;
    drop(store);
    assert!(unprepared(&database, &[]).is_ok());
}

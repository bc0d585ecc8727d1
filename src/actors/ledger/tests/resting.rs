//! Panics, senders that hang up, housekeeping, and what the ledger tells of itself.

use super::fake::{Plan, Step};
use super::*;

#[actix::test]
async fn a_panic_in_a_lane_is_unknown_to_its_senders_and_frees_the_lane() {
    let house = House::gated(ONE_LANE);
    house.journal.plan(Step::Record, 2, Plan::Panic);
    let asked = ["a", "b", "c"].map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();

    for (asked, told) in asked.into_iter().zip(["a", "unknown lost", "unknown lost"]) {
        assert_eq!(house.hear(asked).await, told);
    }
    assert_eq!(house.ask_and_hear("d").await, "d");
    let snapshot = house.observe().await;
    assert_eq!(counters(&snapshot)["panics"], 1);
    assert_eq!(snapshot.state, "idle");
    assert!(snapshot.last_error.unwrap().contains("stopped unexpectedly"));
}

#[actix::test]
async fn a_drain_ends_also_when_the_last_lane_panics() {
    let house = House::gated(ONE_LANE);
    house.journal.plan(Step::Change, 1, Plan::Panic);
    let change = house.remove(1, 1);
    settle().await;
    let drain = house.drain();
    settle().await;

    house.journal.release_all();

    drain.await.unwrap();
    assert!(matches!(change.await.unwrap(), Err(Refused::Unknown(_))));
}

#[actix::test]
async fn a_sender_that_hangs_up_has_its_orders_all_the_same() {
    let house = House::gated(ONE_LANE);
    let on_its_way = house.ledger.send(record("a"));
    let in_the_line = house.ledger.send(record("b"));
    let patient = house.ask("c");
    settle().await;

    drop(on_its_way);
    drop(in_the_line);
    settle().await;
    house.journal.release_all();

    assert_eq!(house.hear(patient).await, "c");
    assert_eq!(house.journal.groups(), ["a", "b c"]);
    assert_eq!((house.journal.copies("a"), house.journal.copies("b")), (1, 1));
    assert_eq!(house.observe().await.state, "idle");
}

#[actix::test]
async fn an_idle_ledger_tidies_once_after_it_rested_a_second() {
    let house = House::open(ONE_LANE);
    house.ask_and_hear("a").await;

    tokio::time::sleep(Duration::from_millis(950)).await;
    assert_eq!(house.journal.count(Step::Tidy), 0);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(house.journal.count(Step::Tidy), 1);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.journal.count(Step::Tidy), 1);

    house.remove(1, 1).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(house.journal.count(Step::Tidy), 2);
}

#[actix::test]
async fn a_ledger_that_never_wrote_has_nothing_to_tidy() {
    let house = House::open(ONE_LANE);

    tokio::time::sleep(Duration::from_mins(1)).await;

    assert_eq!(house.journal.count(Step::Tidy), 0);
}

#[actix::test]
async fn a_ledger_at_work_does_not_tidy() {
    let house = House::gated(Limits { lanes: 2, ..ONE_LANE });
    let slow = house.ask("a");
    settle().await;
    let quick = house.ask("b");
    settle().await;

    house.journal.release(1);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(house.journal.count(Step::Tidy), 0);

    house.journal.release_all();
    assert_eq!((house.hear(slow).await, house.hear(quick).await), ("a".into(), "b".into()));
    // The lane came to rest only now: the second is counted from here.
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(house.journal.count(Step::Tidy), 0);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(house.journal.count(Step::Tidy), 1);
}

#[actix::test]
async fn a_ledger_with_a_request_every_moment_does_not_tidy() {
    let house = House::open(ONE_LANE);

    for index in 0..20 {
        house.ask_and_hear(&format!("a{index}")).await;
        tokio::time::sleep(Duration::from_millis(900)).await;
    }

    assert_eq!(house.journal.count(Step::Tidy), 0);
}

#[actix::test]
async fn requests_wait_for_a_tidy_that_has_the_only_lane_and_are_not_lost() {
    let house = House::gated(ONE_LANE);
    house.journal.release(1);
    house.ask_and_hear("a").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(house.journal.count(Step::Tidy), 1);

    let asked = house.ask("b");
    settle().await;
    assert_eq!(house.observe().await.depth, 1);

    house.journal.release_all();
    assert_eq!(house.hear(asked).await, "b");
}

#[actix::test]
async fn a_panic_in_the_housekeeping_frees_the_lane() {
    let house = House::open(ONE_LANE);
    house.journal.plan(Step::Tidy, 1, Plan::Panic);
    house.ask_and_hear("a").await;
    tokio::time::sleep(Duration::from_secs(3)).await;

    assert_eq!(counters(&house.observe().await)["panics"], 1);
    assert_eq!(house.ask_and_hear("b").await, "b");
}

#[actix::test]
async fn the_ledger_tells_its_state_its_line_and_what_it_did() {
    let house = House::gated(ONE_LANE);
    let fresh = house.observe().await;
    assert_eq!((fresh.name, fresh.state, fresh.depth), ("ledger", "idle", 0));
    assert_eq!(fresh.last_error, None);
    let asked = ["a", "b", "c"].map(|words| house.ask(words));
    let change = house.remove(1, 1);
    settle().await;

    let writing = house.observe().await;
    assert_eq!((writing.state, writing.depth), ("writing", 3));
    assert_eq!(writing.since, fresh.since);

    house.journal.release_all();
    for asked in asked {
        house.hear(asked).await;
    }
    change.await.unwrap().unwrap();
    let rested = house.observe().await;
    assert_eq!((rested.state, rested.depth), ("idle", 0));
    let told = [("busy", 0), ("groups", 3), ("panics", 0), ("requests", 4)];
    assert_eq!(counters(&rested), BTreeMap::from(told));
}

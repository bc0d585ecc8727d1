//! A full line, and a ledger that is told to stop.

use super::*;

/// Defect 2 of the ancestor.
#[actix::test]
async fn a_full_line_is_busy_and_nothing_is_written() {
    let house = House::gated(Limits { line_max: 3, ..ONE_LANE });
    let mut asked = vec![house.ask("a")];
    settle().await;
    asked.extend(["b", "c", "d"].map(|words| house.ask(words)));
    settle().await;

    assert_eq!(house.ask_and_hear("e").await, "busy");
    assert_eq!(house.remove(1, 1).await.unwrap().unwrap_err().label(), "busy");
    assert_eq!(counters(&house.observe().await)["busy"], 2);

    house.journal.release_all();
    for asked in asked {
        house.hear(asked).await;
    }
    assert_eq!(house.journal.groups(), ["a", "b c d"]);
    assert_eq!(house.ask_and_hear("e").await, "e");
}

#[actix::test]
async fn changes_and_records_share_the_bound() {
    let house = House::gated(Limits { line_max: 2, ..ONE_LANE });
    let first = house.ask("a");
    settle().await;
    let change = house.remove(1, 1);
    let second = house.ask("b");
    settle().await;

    assert_eq!(house.ask_and_hear("c").await, "busy");

    house.journal.release_all();
    assert_eq!(change.await.unwrap(), Ok(Changed::Removed));
    assert_eq!((house.hear(first).await, house.hear(second).await), ("a".into(), "b".into()));
}

#[actix::test]
async fn the_wait_that_busy_names_follows_the_pace_between_one_and_sixty_seconds() {
    let house = House::gated(Limits { line_max: 3, ..ONE_LANE });
    let mut waits = Vec::new();
    for took in [Duration::ZERO, Duration::from_secs(20), Duration::from_secs(3_600)] {
        let first = house.ask("a");
        settle().await;
        tokio::time::sleep(took).await;
        house.journal.release(1);
        first.answer.await.unwrap().unwrap();
        waits.push(retry_after(&house).await);
    }

    let seconds: Vec<u64> = waits.iter().map(Duration::as_secs).collect();
    assert_eq!(seconds[0], 1);
    // A fifth of the new pace counts: 3 requests at (20 / 5) seconds, a little less by now.
    assert!((5..=13).contains(&seconds[1]), "{waits:?}");
    assert_eq!(seconds[2], 60);
}

/// Fills the line, hears how long to wait, and empties it again.
async fn retry_after(house: &House) -> Duration {
    let mut asked = vec![house.ask("b")];
    settle().await;
    asked.extend(["c", "d", "e"].map(|words| house.ask(words)));
    settle().await;
    let refused = house.ask("f").answer.await.unwrap().unwrap_err();
    house.journal.release(2);
    for asked in asked {
        asked.answer.await.unwrap().unwrap();
    }
    let Refused::Busy { retry_after } = refused else { panic!("{refused:?}") };
    retry_after
}

#[actix::test]
async fn a_drain_ends_when_everything_taken_is_decided() {
    let house = House::gated(ONE_LANE);
    let asked = [house.ask("a"), house.ask("b")];
    let change = house.remove(1, 1);
    settle().await;
    let drains = [(), ()].map(|()| house.drain());
    settle().await;

    assert_eq!(house.ask_and_hear("late").await, "stopping");
    assert_eq!(house.remove(2, 1).await.unwrap(), Err(Refused::Stopping));
    assert_eq!(house.observe().await.state, "stopping");
    house.journal.release(2);
    settle().await;
    assert!(drains.iter().all(|drain| !drain.is_finished()));

    house.journal.release_all();
    for drain in drains {
        drain.await.unwrap();
    }
    for (asked, told) in asked.into_iter().zip(["a", "b"]) {
        assert!(asked.answer.is_finished());
        assert_eq!(house.hear(asked).await, told);
    }
    assert_eq!(change.await.unwrap(), Ok(Changed::Removed));
}

#[actix::test]
async fn an_idle_ledger_is_drained_at_once() {
    let house = House::open(ONE_LANE);
    let started = SystemClock.instant();

    house.drain().await.unwrap();

    assert_eq!(SystemClock.instant(), started);
    assert_eq!(house.ask_and_hear("late").await, "stopping");
    assert!(house.journal.groups().is_empty());
}

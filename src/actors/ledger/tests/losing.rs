//! Commits whose answer was lost: they stand or not, and that is found out.

use super::fake::{Plan, Step};
use super::*;

#[actix::test]
async fn a_lost_commit_that_stood_is_told_as_recorded_and_stands_once() {
    let house = House::gated(ONE_LANE);
    house.journal.plan(Step::Record, 2, Plan::After(lost()));
    let asked = ["a", "b", "c"].map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();

    for (asked, told) in asked.into_iter().zip(["a", "b", "c"]) {
        assert_eq!(house.hear(asked).await, told);
    }
    assert_eq!(house.journal.orders(), 3);
    assert_eq!(house.journal.groups(), ["a", "b c", "b c"]);
    assert_eq!(house.journal.count(Step::Screen), 0);
}

#[actix::test]
async fn a_lost_commit_that_did_not_stand_is_stored_by_the_second_try() {
    let house = House::open(ONE_LANE);
    house.journal.plan(Step::Record, 1, Plan::Before(lost()));

    assert_eq!(house.ask_and_hear("a b").await, "a b");

    assert_eq!(house.journal.orders(), 2);
    assert_eq!(house.journal.count(Step::LookUp), 0);
}

#[actix::test]
async fn a_lost_commit_waits_for_a_database_that_comes_back_in_time() {
    let house = House::open(ONE_LANE);
    house.journal.plan(Step::Record, 1, Plan::After(lost()));
    let exhausted = Failure::Exhausted { waited: Duration::from_secs(5) };
    house.journal.plan(Step::Record, 2, Plan::Before(exhausted));
    for nth in 3..30 {
        house.journal.plan(Step::Record, nth, Plan::Before(away()));
    }

    assert_eq!(house.ask_and_hear("a").await, "a");

    assert_eq!(house.journal.orders(), 1);
}

#[actix::test]
async fn a_lost_commit_is_unknown_when_the_database_stays_away() {
    for plan in [Plan::Before(lost()), Plan::After(lost())] {
        let house = House::gated(ONE_LANE);
        house.journal.plan(Step::Record, 1, plan);
        house.journal.plan_from(Step::Record, 2, Plan::Before(away()));
        let started = SystemClock.instant();
        house.journal.release_all();

        assert_eq!(house.ask_and_hear("a").await, "unknown lost");

        let waited = SystemClock.instant().duration_since(started);
        assert!((10..=11).contains(&waited.as_secs()), "{waited:?}");
        tokio::time::resume();
    }
}

#[actix::test]
async fn a_connection_that_breaks_again_and_again_ends_as_unknown() {
    let house = House::open(ONE_LANE);
    house.journal.plan_from(Step::Record, 1, Plan::Before(lost()));

    assert_eq!(house.ask_and_hear("a").await, "unknown lost");
    assert_eq!(house.observe().await.state, "idle");
}

#[actix::test]
async fn a_look_up_that_fails_is_repeated_and_never_told_as_a_failure() {
    let house = House::open(ONE_LANE);
    house.journal.plan(Step::Record, 1, Plan::After(lost()));
    house.journal.plan(Step::LookUp, 1, Plan::Before(away()));

    assert_eq!(house.ask_and_hear("a b").await, "a b");

    assert_eq!(house.journal.orders(), 2);
}

/// The first try may still run on the server and hold what the second one waits for.
#[actix::test]
async fn no_failure_of_a_later_try_hides_that_the_first_may_stand() {
    let exhausted = Failure::Exhausted { waited: Duration::from_secs(5) };
    let broken = Failure::Broken { reason: "planned".to_owned() };
    let later = [Failure::TooSlow, full(), broken, collision(), away(), exhausted, lost()];
    for failure in later {
        let house = House::open(ONE_LANE);
        house.journal.plan(Step::Record, 1, Plan::After(lost()));
        house.journal.plan(Step::Record, 2, Plan::Before(failure.clone()));

        assert_eq!(house.ask_and_hear("a b").await, "a b", "after {failure}");
        assert_eq!(house.journal.orders(), 2);
        tokio::time::resume();

        let house = House::open(ONE_LANE);
        house.journal.plan(Step::Record, 1, Plan::After(lost()));
        house.journal.plan_from(Step::Record, 2, Plan::Before(failure.clone()));

        assert_eq!(house.ask_and_hear("a b").await, "unknown lost", "after {failure}");
        tokio::time::resume();
    }
}

#[actix::test]
async fn a_guilty_order_in_a_lost_group_is_still_found() {
    let house = House::gated(ONE_LANE);
    house.journal.make_guilty("guilty");
    house.journal.plan(Step::Record, 2, Plan::Before(lost()));
    let asked = ["a", "b", "c guilty"].map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();

    for (asked, told) in asked.into_iter().zip(["a", "b", "c !Refused"]) {
        assert_eq!(house.hear(asked).await, told);
    }
}

#[actix::test]
async fn a_lost_change_is_unknown() {
    let house = House::open(ONE_LANE);
    house.journal.plan(Step::Change, 1, Plan::After(lost()));

    assert_eq!(house.remove(1, 1).await.unwrap(), Err(Refused::Unknown(lost())));
}

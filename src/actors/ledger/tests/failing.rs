//! Failures that leave nothing on the disk: the guilty, the collided, the refused.

use super::fake::{Plan, Step};
use super::*;
use crate::domain::order::FaultKind;
use crate::domain::order::amend::Refusal;
use crate::ports::journal::ChangeRefusal;

#[actix::test]
async fn only_the_guilty_request_of_a_group_is_screened() {
    let house = House::gated(ONE_LANE);
    house.journal.make_guilty("guilty");
    let first = house.ask("a");
    settle().await;
    let requests = ["b", "c !x", "d guilty e", "f"];
    let asked = requests.map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();

    assert_eq!(house.hear(first).await, "a");
    let answers = ["b", "c !Missing", "d !Refused e", "f"];
    for (asked, told) in asked.into_iter().zip(answers) {
        assert_eq!(house.hear(asked).await, told);
    }
    assert_eq!(house.journal.calls(Step::Screen), ["d guilty e"]);
    let halves = ["a", "b c d guilty e f", "b c", "d guilty e f", "d guilty e", "f"];
    assert_eq!(house.journal.groups(), halves);
}

#[actix::test]
async fn only_the_guilty_change_of_a_group_is_refused() {
    let house = House::gated(ONE_LANE);
    house.journal.make_guilty("#3");
    let asked = [1, 2, 3, 4].map(|id| house.remove(id, 1));
    settle().await;

    house.journal.release_all();

    let [first, second, guilty, fourth] = asked;
    for innocent in [first, second, fourth] {
        assert_eq!(innocent.await.unwrap(), Ok(Changed::Removed));
    }
    let refused = guilty.await.unwrap().unwrap_err();
    let Refused::Change(ChangeRefusal::Fault(fault)) = refused else { panic!("{refused:?}") };
    assert_eq!(fault.kind, FaultKind::Refused);
}

#[actix::test]
async fn each_change_of_a_group_hears_its_own_answer() {
    let house = House::gated(ONE_LANE);
    let asked = [(1, 1), (2, 1), (3, 9), (4, 1)].map(|(id, version)| house.remove(id, version));
    settle().await;

    house.journal.release_all();

    let stale = Refusal::Stale { id: 3, given: 9, current: 1 };
    let [first, second, late, fourth] = asked;
    assert_eq!(late.await.unwrap(), Err(Refused::Change(stale.into())));
    for change in [first, second, fourth] {
        assert_eq!(change.await.unwrap(), Ok(Changed::Removed));
    }
}

#[actix::test]
async fn a_collision_is_tried_again_as_a_whole() {
    let house = House::gated(ONE_LANE);
    for nth in 2..=6 {
        house.journal.plan(Step::Record, nth, Plan::Before(collision()));
    }
    let asked = ["a", "b", "c"].map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();

    for (asked, told) in asked.into_iter().zip(["a", "b", "c"]) {
        assert_eq!(house.hear(asked).await, told);
    }
    assert_eq!(house.journal.groups(), ["a", "b c", "b c", "b c", "b c", "b c", "b c"]);
}

#[actix::test]
async fn a_collision_without_end_is_given_up() {
    let house = House::open(ONE_LANE);
    house.journal.plan_from(Step::Record, 1, Plan::Before(collision()));
    house.journal.plan_from(Step::Change, 1, Plan::Before(collision()));

    assert_eq!(house.ask_and_hear("a").await, "failed collision");
    assert_eq!(house.remove(1, 1).await.unwrap(), Err(Refused::Failed(collision())));

    assert_eq!(house.journal.count(Step::Record), 6);
    assert_eq!(house.journal.count(Step::Change), 6);
}

#[actix::test]
async fn a_full_disk_refuses_the_whole_group_at_once() {
    let house = House::gated(ONE_LANE);
    house.journal.plan(Step::Record, 2, Plan::Before(full()));
    let asked = ["a", "b", "c"].map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();

    for (asked, told) in asked.into_iter().zip(["a", "failed full", "failed full"]) {
        assert_eq!(house.hear(asked).await, told);
    }
    assert_eq!(house.journal.groups(), ["a", "b c"]);
}

#[actix::test]
async fn what_never_reached_the_database_has_failed_and_is_not_unknown() {
    let exhausted = Failure::Exhausted { waited: Duration::from_secs(5) };
    let broken = Failure::Broken { reason: "planned".to_owned() };
    let house = House::open(ONE_LANE);
    for (nth, failure) in [(1, away()), (2, exhausted), (3, broken)] {
        house.journal.plan(Step::Record, nth, Plan::Before(failure));
    }

    assert_eq!(house.ask_and_hear("a").await, "failed away");
    assert_eq!(house.ask_and_hear("b").await, "failed exhausted");
    assert_eq!(house.ask_and_hear("c").await, "failed broken");
    assert_eq!(house.ask_and_hear("d").await, "d");

    assert_eq!(house.journal.count(Step::Record), 4);
}

#[actix::test]
async fn one_half_of_a_group_may_fail_for_good_and_the_other_stand() {
    let house = House::gated(ONE_LANE);
    house.journal.slow_over(2);
    house.journal.plan(Step::Record, 3, Plan::Before(away()));
    let asked = ["a", "b", "c", "d", "e"].map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();

    let answers = ["a", "failed away", "failed away", "d", "e"];
    for (asked, told) in asked.into_iter().zip(answers) {
        assert_eq!(house.hear(asked).await, told);
    }
}

#[actix::test]
async fn a_screen_that_fails_says_whether_anything_may_stand() {
    let house = House::open(ONE_LANE);
    house.journal.make_guilty("guilty");
    house.journal.plan(Step::Screen, 1, Plan::Before(away()));
    house.journal.plan(Step::Screen, 2, Plan::After(lost()));

    assert_eq!(house.ask_and_hear("a guilty").await, "failed away");
    assert_eq!(house.ask_and_hear("b guilty").await, "unknown lost");
}

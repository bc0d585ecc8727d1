//! Groups that the database cannot take in time.

use super::fake::{Plan, Step};
use super::*;

#[actix::test]
async fn a_group_that_is_too_slow_is_halved() {
    let house = House::gated(ONE_LANE);
    house.journal.slow_over(2);
    let asked = ["a", "b", "c", "d", "e"].map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();

    for (asked, told) in asked.into_iter().zip(["a", "b", "c", "d", "e"]) {
        assert_eq!(house.hear(asked).await, told);
    }
    assert_eq!(house.journal.groups(), ["a", "b c d e", "b c", "d e"]);
    assert_eq!(house.journal.count(Step::Part), 0);
}

#[actix::test]
async fn changes_that_are_too_slow_are_halved_and_one_alone_has_failed() {
    let house = House::gated(ONE_LANE);
    house.journal.plan(Step::Change, 2, Plan::Before(Failure::TooSlow));
    house.journal.plan(Step::Change, 3, Plan::Before(Failure::TooSlow));
    let asked = [1, 2, 3].map(|id| house.remove(id, 1));
    settle().await;

    house.journal.release_all();

    let [first, slow, third] = asked;
    assert_eq!(slow.await.unwrap(), Err(Refused::Failed(Failure::TooSlow)));
    for change in [first, third] {
        assert_eq!(change.await.unwrap(), Ok(Changed::Removed));
    }
    assert_eq!(house.journal.groups(), ["#1", "#2 #3", "#2", "#3"]);
}

#[actix::test]
async fn a_lone_batch_that_is_too_slow_goes_in_parts_and_then_its_own_row() {
    let house = House::open(ONE_LANE);
    house.journal.slow_over(2);

    assert_eq!(house.ask_and_hear("a b !x c d e").await, "a b !Missing c d e");

    assert_eq!(house.journal.calls(Step::Part), ["a b", "c d e", "c d", "e", ""]);
    assert_eq!(house.journal.orders(), 5);
}

#[actix::test]
async fn an_order_that_is_too_slow_alone_is_refused_and_the_rest_stands() {
    let house = House::open(ONE_LANE);
    house.journal.make_slow("slow");

    assert_eq!(house.ask_and_hear("a slow b c").await, "a !TooSlow b c");
    assert_eq!(house.ask_and_hear("slow").await, "!TooSlow");
    assert_eq!(house.ask_and_hear("slow d").await, "!TooSlow d");

    assert_eq!(house.journal.copies("slow"), 0);
}

#[actix::test]
async fn a_guilty_order_in_a_batch_that_is_too_slow_is_refused_and_the_rest_stands() {
    let house = House::open(ONE_LANE);
    house.journal.slow_over(2);
    house.journal.make_guilty("guilty");

    assert_eq!(house.ask_and_hear("guilty a b c").await, "!Refused a b c");
    assert_eq!(house.ask_and_hear("d e !x f").await, "d e !Missing f");
}

#[actix::test]
async fn what_fails_after_a_part_stood_is_told_item_by_item() {
    let house = House::open(ONE_LANE);
    house.journal.slow_over(3);
    house.journal.plan(Step::Part, 2, Plan::Before(away()));

    assert_eq!(house.ask_and_hear("a b c d !x e").await, "a b c !TooSlow !Missing !TooSlow");
    assert_eq!(house.journal.orders(), 3);
}

#[actix::test]
async fn what_fails_before_any_part_stood_has_failed() {
    let house = House::open(ONE_LANE);
    house.journal.slow_over(3);
    house.journal.plan(Step::Part, 1, Plan::Before(away()));

    assert_eq!(house.ask_and_hear("a b c d").await, "failed away");
    assert_eq!(house.journal.orders(), 0);
}

#[actix::test]
async fn a_lost_part_makes_the_batch_unknown() {
    let house = House::open(ONE_LANE);
    house.journal.slow_over(3);
    house.journal.plan(Step::Part, 2, Plan::After(lost()));

    assert_eq!(house.ask_and_hear("a b c d").await, "unknown lost");
}

#[actix::test]
async fn a_slow_database_is_given_ten_seconds_and_no_more() {
    let house = House::open(ONE_LANE);
    house.journal.take_time(Duration::from_secs(5));
    house.journal.slow_over(0);
    let asked = ["a", "b", "c", "d", "e"].map(|words| house.ask(words));

    for asked in asked {
        assert_eq!(asked.answer.await.unwrap(), Err(Refused::Failed(Failure::TooSlow)));
    }
    assert_eq!(house.journal.groups(), ["a", "b c d e", "b c", "d e"]);
    assert_eq!(house.journal.orders(), 0);
}

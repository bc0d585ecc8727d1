//! What goes down together, and on how many lanes.

use super::*;

#[actix::test]
async fn requests_that_come_during_a_commit_go_down_together_in_the_next() {
    let house = House::gated(ONE_LANE);
    let first = house.ask("a");
    settle().await;
    let others = [house.ask("b c"), house.ask("d"), house.ask("e")];
    settle().await;

    house.journal.release_all();

    assert_eq!(house.hear(first).await, "a");
    for (asked, told) in others.into_iter().zip(["b c", "d", "e"]) {
        assert_eq!(house.hear(asked).await, told);
    }
    assert_eq!(house.journal.groups(), ["a", "b c d e"]);
}

#[actix::test]
async fn a_group_has_no_more_requests_than_it_may() {
    let house = House::gated(Limits { group_max: 3, ..ONE_LANE });
    let asked = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|words| house.ask(words));
    settle().await;

    house.journal.release_all();
    for asked in asked {
        house.hear(asked).await;
    }

    assert_eq!(house.journal.groups(), ["a", "b c d", "e f g", "h"]);
}

#[actix::test]
async fn changes_have_the_same_bound_as_records() {
    let house = House::gated(Limits { group_max: 2, ..ONE_LANE });
    let asked = [1, 2, 3, 4].map(|id| house.remove(id, 1));
    settle().await;

    house.journal.release_all();
    for asked in asked {
        assert_eq!(asked.await.unwrap(), Ok(Changed::Removed));
    }

    assert_eq!(house.journal.groups(), ["#1", "#2 #3", "#4"]);
}

#[actix::test]
async fn a_group_has_no_more_orders_than_a_statement_can_carry() {
    let house = House::gated(ONE_LANE);
    let batches = [("a", 1), ("b", 4_000), ("c", 6_000), ("d", 1)];
    let asked = batches.map(|(name, orders)| house.ask(&many(name, orders)));
    settle().await;

    house.journal.release_all();
    for asked in asked {
        house.answered(asked).await;
    }

    assert_eq!(sizes(&house), [1, 10_000, 1]);
}

#[actix::test]
async fn a_batch_that_is_larger_than_any_group_goes_alone() {
    let house = House::gated(ONE_LANE);
    let batches = [("a", 1), ("b", 1), ("c", 10_001), ("d", 1)];
    let asked = batches.map(|(name, orders)| house.ask(&many(name, orders)));
    settle().await;

    house.journal.release_all();
    for asked in asked {
        house.answered(asked).await;
    }

    assert_eq!(sizes(&house), [1, 1, 10_001, 1]);
}

/// Defect 1 of the ancestor.
#[actix::test]
async fn two_lanes_carry_two_commits_and_never_a_third() {
    let house = House::gated(Limits { lanes: 2, group_max: 1, ..ONE_LANE });
    let asked = ["a", "b", "c", "d", "e"].map(|words| house.ask(words));
    settle().await;

    assert_eq!(house.journal.groups().len(), 2);
    assert_eq!(house.observe().await.depth, 3);
    house.journal.release(1);
    settle().await;
    assert_eq!(house.journal.groups().len(), 3);
    assert_eq!(house.observe().await.depth, 2);

    house.journal.release_all();
    for asked in asked {
        house.hear(asked).await;
    }
    assert_eq!(house.journal.under_way_max(), 2);
}

#[actix::test]
async fn an_answer_has_the_items_in_request_order_with_their_faults_among_them() {
    let house = House::open(ONE_LANE);

    assert_eq!(house.ask_and_hear("!x a !y b").await, "!Missing a !Missing b");
}

#[actix::test]
async fn records_and_changes_do_not_starve_each_other() {
    let house = House::gated(ONE_LANE);
    let mut asked = vec![house.ask("a")];
    settle().await;
    asked.push(house.ask("b"));
    settle().await;
    let change = house.remove(1, 1);
    settle().await;

    // Records keep coming, and still the change goes when it is the oldest.
    for words in ["c", "d", "e"] {
        asked.push(house.ask(words));
        house.journal.release(1);
        settle().await;
    }
    house.journal.release_all();

    assert_eq!(change.await.unwrap(), Ok(Changed::Removed));
    for asked in asked {
        house.hear(asked).await;
    }
    assert_eq!(house.journal.groups(), ["a", "b c", "#1", "d e"]);
}

#[actix::test]
async fn a_record_goes_down_between_changes_that_keep_coming() {
    let house = House::gated(ONE_LANE);
    let mut changes = vec![house.remove(1, 1)];
    settle().await;
    let asked = house.ask("a");
    settle().await;

    for id in [2, 3, 4] {
        changes.push(house.remove(id, 1));
        house.journal.release(1);
        settle().await;
    }
    house.journal.release_all();

    assert_eq!(house.hear(asked).await, "a");
    for change in changes {
        assert_eq!(change.await.unwrap(), Ok(Changed::Removed));
    }
    assert_eq!(house.journal.groups(), ["#1", "a", "#2 #3", "#4"]);
}

impl House {
    /// Like `hear`, for batches that are too large to look at each order.
    async fn answered(&self, asked: Asked) {
        assert_eq!(told(&asked.answer.await.unwrap()), asked.words);
    }
}

/// A batch of so many orders: `a0 a1 a2`.
fn many(name: &str, orders: usize) -> String {
    (0..orders).map(|index| format!("{name}{index}")).collect::<Vec<_>>().join(" ")
}

fn sizes(house: &House) -> Vec<usize> {
    house.journal.groups().iter().map(|group| group.split(' ').count()).collect()
}

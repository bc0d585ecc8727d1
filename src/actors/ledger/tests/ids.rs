//! Order ids: reserved in blocks, given out once.

use futures_util::future::join_all;

use super::fake::{Plan, Step};
use super::*;

#[actix::test]
async fn a_block_serves_many_groups() {
    let house = House::open(Limits { ids_block: 100, ..ONE_LANE });

    for index in 0..100 {
        house.ask_and_hear(&format!("a{index}")).await;
    }
    assert_eq!(house.journal.count(Step::Reserve), 1);

    house.ask_and_hear("b").await;
    assert_eq!(house.journal.count(Step::Reserve), 2);
}

#[actix::test]
async fn two_lanes_waste_no_ids() {
    let limits = Limits { lanes: 2, group_max: 4, line_max: 1_000, ids_block: 100 };
    let house = House::open(limits);
    house.journal.take_time(Duration::from_millis(1));

    let words: Vec<String> = (0..1_000).map(|index| format!("a{index}")).collect();
    let answers = join_all(words.iter().map(|words| house.ask_and_hear(words))).await;

    assert_eq!(answers, words);
    assert_eq!(house.journal.under_way_max(), 2);
    assert!(house.journal.groups().len() >= 250);
    // Ten blocks hold them all; when the ids run out, each lane may fetch a block for itself.
    let reserved = house.journal.count(Step::Reserve);
    assert!((10..=12).contains(&reserved), "{reserved} blocks");
}

#[actix::test]
async fn a_lane_takes_no_ids_that_the_other_lane_needs() {
    let house = House::open(Limits { lanes: 2, group_max: 1, ids_block: 100, ..ONE_LANE });
    house.journal.take_time(Duration::from_millis(1));

    for index in 0..40 {
        let pair = [format!("a{index}"), format!("b{index}")].map(|words| house.ask(&words));
        for asked in pair {
            house.hear(asked).await;
        }
    }

    assert_eq!(house.journal.under_way_max(), 2);
    // In the first round both lanes find the ledger without any.
    assert_eq!(house.journal.count(Step::Reserve), 2);
}

#[actix::test]
async fn a_group_that_needs_more_than_a_block_reserves_what_it_needs() {
    let house = House::open(Limits { ids_block: 2, ..ONE_LANE });

    assert_eq!(house.ask_and_hear("a b c d e").await, "a b c d e");

    assert_eq!(house.journal.count(Step::Reserve), 1);
}

#[actix::test]
async fn faulty_items_use_no_ids() {
    let house = House::open(Limits { ids_block: 2, ..ONE_LANE });

    assert_eq!(house.ask_and_hear("!x a !y").await, "!Missing a !Missing");
    assert_eq!(house.ask_and_hear("!x b !y").await, "!Missing b !Missing");

    assert_eq!(house.journal.count(Step::Reserve), 1);
}

#[actix::test]
async fn ids_that_cannot_be_reserved_fail_the_group_and_the_next_one_works() {
    let house = House::open(ONE_LANE);
    house.journal.plan(Step::Reserve, 1, Plan::Before(away()));

    assert_eq!(house.ask_and_hear("a b").await, "failed away");
    assert_eq!(house.ask_and_hear("c").await, "c");

    assert_eq!(house.journal.groups(), ["c"]);
}

/// The house checks on its way out that no id was seen in two batches.
#[actix::test]
async fn an_id_is_never_given_out_twice_whatever_fails() {
    let house = House::open(Limits { lanes: 2, group_max: 3, line_max: 1_000, ids_block: 5 });
    house.journal.take_time(Duration::from_millis(1));
    house.journal.make_guilty("a17");
    house.journal.make_slow("a33");
    let plans = [
        (2, Plan::Before(full())),
        (4, Plan::After(lost())),
        (6, Plan::Panic),
        (8, Plan::Before(lost())),
        (10, Plan::Before(collision())),
        (13, Plan::Before(away())),
    ];
    for (nth, plan) in plans {
        house.journal.plan(Step::Record, nth, plan);
    }
    house.journal.plan(Step::Reserve, 4, Plan::Before(lost()));

    let words: Vec<String> = (0..60).map(|index| format!("a{index}")).collect();
    let answers = join_all(words.iter().map(|words| house.ask_and_hear(words))).await;

    let recorded = words.iter().zip(&answers).filter(|(word, answer)| word == answer).count();
    assert_eq!(house.journal.orders(), recorded);
    assert!(recorded >= 40, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| *answer == "!Refused").count(), 1, "{answers:?}");
}

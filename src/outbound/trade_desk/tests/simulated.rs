//! Each outcome as the trade simulator brings it about, held against its book.

use super::*;

fn ids(placing: &Placing) -> Vec<(i64, i64)> {
    let Placing::Placed(trades) = placing else { panic!("not placed: {placing:?}") };
    trades.iter().map(|it| (it.order_id, it.id)).collect()
}

/// `over` and the wait of an unknown outcome.
fn unknown(placing: &Placing) -> (bool, Option<u64>) {
    let Placing::Unknown { over, wait, .. } = placing else { panic!("not unknown: {placing:?}") };
    (*over, wait.map(|wait| wait.as_secs()))
}

#[actix_web::test]
async fn what_was_placed_is_told_by_order_and_can_be_looked_up() {
    let sim = Simulator::start();
    let desk = desk(&sim.base);
    let mut three = orders([7, 8, 9]);
    three[1].terms.limit_price = Some(Amount::parse("12.25").unwrap());
    sim.script(r#"[{"kind": "shuffled"}]"#);

    let placing = place(&desk, &three).await;

    assert_eq!(ids(&placing), [(9, 3), (8, 2), (7, 1)]);
    let Placing::Placed(trades) = placing else { unreachable!() };
    for trade in &trades {
        let order = three.iter().find(|order| order.id == trade.order_id).unwrap();
        assert!(trade.is_of(order, &references()), "{trade:?}");
    }
    assert_eq!(look_up(&desk, 8).await, Finding::Found(trades[1].clone()));
    assert_eq!(look_up(&desk, 10).await, Finding::Absent);
    sim.stop().await;
}

#[actix_web::test]
async fn an_answer_names_what_it_names() {
    let sim = Simulator::start();
    sim.script(r#"[{"kind": "partial"}]"#);

    let placing = place(&desk(&sim.base), &orders(1..=4)).await;

    assert_eq!(ids(&placing), [(1, 1), (2, 2)]);
    assert_eq!(sim.sim.totals().placed, 4);
    sim.stop().await;
}

#[actix_web::test]
async fn a_refusal_blames_an_order() {
    let sim = Simulator::start();
    let mut three = orders([7, 8, 9]);
    three[2].terms.portfolio_id = " ".to_owned();

    let placing = place(&desk(&sim.base), &three).await;

    let Placing::Refused { reason, index } = placing else { panic!("{placing:?}") };
    assert_eq!(index, Some(2));
    assert!(reason.ends_with("at index 2: Portfolio ID is required"), "{reason}");
    assert_eq!(sim.sim.totals().placed, 0);
    sim.stop().await;
}

#[actix_web::test]
async fn orders_that_exist_already_are_an_unknown_outcome() {
    let sim = Simulator::start();
    let desk = desk(&sim.base);
    place(&desk, &orders([7])).await;

    let placing = place(&desk, &orders([7, 8])).await;

    assert_eq!(unknown(&placing), (true, None));
    assert!(matches!(look_up(&desk, 7).await, Finding::Found(trade) if trade.id == 1));
    assert_eq!(look_up(&desk, 8).await, Finding::Absent);
    sim.stop().await;
}

#[actix_web::test]
async fn what_breaks_after_the_sending_is_unknown_whether_it_was_placed_or_not() {
    let sim = Simulator::start();
    let table = [
        ("error_before", true, false),
        ("error_after", true, true),
        ("reset_before", false, false),
        ("reset_after", false, true),
        ("garbage_before", true, false),
        ("garbage_after", true, true),
        ("truncated_before", true, false),
        ("truncated_after", true, true),
        ("cut_after", false, true),
    ];
    for (id, (kind, over, placed)) in (1..).zip(table) {
        sim.script(&format!(r#"[{{"kind": "{kind}"}}]"#));

        let placing = place(&desk(&sim.base), &orders([id])).await;

        assert_eq!(unknown(&placing), (over, None), "{kind}: {placing:?}");
        let count = sim.sim.count(id.try_into().unwrap()).placed;
        assert_eq!(count, usize::from(placed), "{kind}");
    }
    sim.stop().await;
}

#[actix_web::test]
async fn a_call_without_an_answer_is_given_up_and_unknown() {
    let sim = Simulator::start();
    sim.script(r#"[{"kind": "hang_before"}, {"kind": "hang_after"}]"#);

    for placed in [0, 1] {
        let placing = place(&hasty(&sim.base), &orders([7])).await;
        assert_eq!(unknown(&placing), (false, None), "{placing:?}");
        assert_eq!(sim.sim.count(7).placed, placed);
    }
    sim.stop().await;
}

#[actix_web::test]
async fn a_slow_answer_is_heard_to_its_end_or_given_up() {
    let sim = Simulator::start();
    sim.faults(r#"{"dripMs": 2, "rates": {"drip": 1}}"#);
    assert_eq!(ids(&place(&desk(&sim.base), &orders([7])).await), [(7, 1)]);

    let hasty = hasty(&sim.base);
    assert_eq!(ids(&place(&hasty, &orders([8])).await), [(8, 2)]);
    sim.faults(r#"{"dripMs": 60, "rates": {"drip": 1}}"#);
    let placing = place(&hasty, &orders([9])).await;

    assert_eq!(unknown(&placing), (false, None), "{placing:?}");
    assert_eq!(sim.sim.count(9).placed, 1);
    sim.faults("{}");
    let next = place(&hasty, &orders([10])).await;
    assert_eq!(ids(&next), [(10, 4)], "the rest of an answer is no answer to the next call");
    sim.stop().await;
}

#[actix_web::test]
async fn whoever_asks_for_a_pause_is_heard() {
    let sim = Simulator::start();
    let desk = desk(&sim.base);
    sim.script(
        r#"[{"kind": "too_many", "retryAfter": 7}, {"kind": "unavailable", "retryAfter": 9},
            {"kind": "too_many", "on": "lookup", "retryAfter": 3}]"#,
    );

    let throttled = place(&desk, &orders([7])).await;
    let busy = place(&desk, &orders([7])).await;
    let finding = look_up(&desk, 7).await;

    let wait = Some(Duration::from_secs(7));
    assert!(matches!(throttled, Placing::Deferred { wait: told, .. } if told == wait));
    assert_eq!(unknown(&busy), (true, Some(9)));
    let wait = Some(Duration::from_secs(3));
    assert!(matches!(finding, Finding::Unclear { wait: told, .. } if told == wait));
    sim.stop().await;
}

#[actix_web::test]
async fn a_service_that_is_down_was_sent_nothing() {
    let sim = Simulator::start();
    let desk = desk(&sim.base);
    place(&desk, &orders([7])).await;
    sim.faults(r#"{"down": {"mode": "refuse"}}"#);
    sim.sim.settle().await.unwrap();

    let placing = place(&desk, &orders([8])).await;

    assert!(matches!(placing, Placing::NotSent { .. }), "{placing:?}");
    assert!(matches!(look_up(&desk, 7).await, Finding::Unclear { wait: None, .. }));
    sim.faults("{}");
    sim.sim.settle().await.unwrap();
    assert_eq!(ids(&place(&desk, &orders([8])).await), [(8, 2)]);
    sim.stop().await;
}

#[actix_web::test]
async fn a_broken_look_up_says_nothing() {
    let sim = Simulator::start();
    let desk = desk(&sim.base);
    place(&desk, &orders([7])).await;
    let kinds = ["error_before", "reset_before", "garbage_before", "truncated_after", "cut_after"];
    for kind in kinds {
        sim.script(&format!(r#"[{{"kind": "{kind}", "on": "lookup"}}]"#));
        let finding = look_up(&desk, 7).await;
        assert!(matches!(finding, Finding::Unclear { wait: None, .. }), "{kind}: {finding:?}");
    }
    sim.script(r#"[{"kind": "hang_before", "on": "lookup"}]"#);
    assert!(matches!(look_up(&hasty(&sim.base), 7).await, Finding::Unclear { .. }));
    assert!(matches!(look_up(&desk, 7).await, Finding::Found(_)));
    sim.stop().await;
}

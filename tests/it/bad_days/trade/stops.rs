//! SIGTERM while orders are on their way and in line, and kill -9 in the hands of a worker: what
//! was begun is finished or let go, and the next start goes on.

use std::time::Duration;

use serde_json::json;

use super::market::Market;
use super::{drained, expect_in_order, ids, letters, orders, post_async};
use crate::support::{Kind, on_both, wait_for};

on_both! {
    defect_61_sigterm_under_load_loses_nothing_and_costs_what_waits_no_attempt,
    defect_09_a_crash_in_the_middle_of_a_call_leaves_no_order_claimed_for_ever,
}

const DEADLINE: Duration = Duration::from_secs(30);

async fn defect_61_sigterm_under_load_loses_nothing_and_costs_what_waits_no_attempt(kind: Kind) {
    let market = Market::open_to_duplicates();
    // Longer than the posting takes.
    market.treat(json!({"latencyMs": 5000})).await;
    let plan = market.plan(kind).set("supervisor.chunk", 5).set("trade.bulk_max", 20);
    let plan = plan
        .set("server.keep_alive", "1m")
        .set("trade.answer_timeout", "20s")
        .set("trade.connect_timeout", "5s");
    let mut weir = plan.start().await;
    // Fifteen calls of twenty orders at most; what would fill as many, in line; and the others in
    // the database.
    let mut accepted = Vec::new();
    for number in 0..20 {
        let answer = post_async(&weir, "desk", &orders(&format!("p{number}"), 50)).await;
        accepted.extend(ids(&answer.expect(202)));
    }
    market.has_a_call().await;

    weir.run().signal("TERM");
    wait_for("readiness to go", DEADLINE, async || {
        let ready = weir.request("GET", "/actuator/health/readiness").try_send().await;
        ready.map_or(true, |ready| ready.status == 503)
    })
    .await;
    let status = weir.run().wait_for_end().await;

    assert_eq!(status.code(), Some(0));
    assert_eq!(weir.logged("stopped").len(), 1);
    let left = letters(&weir.database).await;
    assert!(left.len() >= 200 - 60, "too little was left to wait: {left:#?}");
    let is_untouched = |letter: &&String| letter.starts_with("waiting 0 ");
    assert_eq!(left.iter().find(|letter| !is_untouched(letter)), None);
    let sent = "SELECT count(*) FROM orders WHERE status_id = 2 AND trade_order_id IS NOT NULL";
    let placed = market.sim.totals().placed;
    assert_eq!(weir.database.number(sent).await, placed as i64, "what was begun was finished");
    let calls = market.calls().await.len();

    market.return_well().await;
    weir.restart().await;
    drained(&weir.database).await;

    let calls = market.calls().await.split_off(calls);
    expect_in_order(&calls, &accepted);
    for id in accepted {
        market.trade_of(id);
    }
    assert_eq!(weir.database.number(sent).await, 1000);
    assert_eq!(market.sim.totals().placed, 1000);
}

async fn defect_09_a_crash_in_the_middle_of_a_call_leaves_no_order_claimed_for_ever(kind: Kind) {
    let market = Market::open_to_duplicates();
    market.treat(json!({"latencyMs": 500})).await;
    let mut weir = market.plan(kind).start().await;
    let answer = post_async(&weir, "desk", &orders("p", 10)).await.expect(202);
    market.has_a_call().await;

    weir.kill_9();
    market.return_well().await;
    weir.restart().await;
    drained(&weir.database).await;

    for id in ids(&answer) {
        let trade = market.trade_of(id);
        let order = weir.get(&format!("/api/v1/order/{id}")).await.expect(200);
        assert_eq!(order.body["status"]["abbreviation"], "SENT", "{}", order.text);
        assert_eq!(order.body["tradeOrderId"], trade, "{}", order.text);
    }
    assert_eq!(market.calls().await.len(), 1, "what is there is found, and not sent again");
}

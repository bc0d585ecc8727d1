//! A trade service that stores and says nothing, says something else, or breaks off: nothing is
//! lost, and nothing is placed twice, although it would take it.

use std::time::Duration;

use serde_json::{Value, json};

use super::market::Market;
use super::{BATCH, batch_in, drained, ids, orders, post_async, results, statuses};
use crate::support::{Kind, on_both};

on_both! {
    defect_39_whatever_the_trade_service_does_no_order_is_lost_or_placed_twice,
    defect_10_an_order_of_unknown_outcome_is_neither_failed_nor_free,
    a_pause_that_the_trade_service_asks_for_is_kept,
}

/// A refusal comes first: of a call that has one order left by then, it would be a true one.
const WAYS: [&str; 18] = [
    "reject",
    "error_after",
    "error_before",
    "reset_after",
    "reset_before",
    "hang_after",
    "hang_before",
    "late",
    "garbage_after",
    "garbage_before",
    "truncated_after",
    "truncated_before",
    "cut_after",
    "drip",
    "partial",
    "shuffled",
    "too_many",
    "unavailable",
];

async fn defect_39_whatever_the_trade_service_does_no_order_is_lost_or_placed_twice(kind: Kind) {
    let market = Market::open_to_duplicates();
    market.treat(json!({"lateMs": 500, "dripMs": 5})).await;
    let weir = market.plan(kind).start().await;
    let steps: Vec<Value> = WAYS.iter().map(|way| json!({ "kind": way })).collect();
    market.script(json!(steps));

    let mut accepted = Vec::new();
    while accepted.is_empty() || market.script_left().await > 0 {
        let clients: Vec<String> = (0..WAYS.len()).map(|number| format!("desk-{number}")).collect();
        let batch = orders(&format!("p{}", accepted.len()), 8);
        let posts = clients.iter().map(|client| post_async(&weir, client, &batch));
        for answer in futures_util::future::join_all(posts).await {
            let answer = answer.expect(202);
            assert!(statuses(&answer).iter().all(|status| *status == "QUEUED"), "{}", answer.text);
            accepted.extend(ids(&answer));
        }
        drained(&weir.database).await;
    }

    let book = market.book().await;
    for way in WAYS {
        assert!(book["totals"]["faults"][way].as_u64() >= Some(1), "{way}: {}", book["totals"]);
    }
    for id in &accepted {
        let trade = market.trade_of(*id);
        let order = weir.get(&format!("/api/v1/order/{id}")).await.expect(200);
        assert_eq!(order.body["status"]["abbreviation"], "SENT", "{}", order.text);
        assert_eq!(order.body["tradeOrderId"], trade, "{}", order.text);
    }
    assert_eq!(market.sim.totals().placed, accepted.len());
}

async fn defect_10_an_order_of_unknown_outcome_is_neither_failed_nor_free(kind: Kind) {
    let market = Market::open_to_duplicates();
    let weir = market.plan(kind).start().await;
    market.script(json!([{"kind": "hang_after"}]));

    let answer = weir.post(BATCH, &orders("p", 3)).await.expect(202);

    assert_eq!(statuses(&answer), ["QUEUED"; 3], "{}", answer.text);
    let id = ids(&answer)[0];
    let taken_back = weir.delete(&format!("/api/v1/order/{id}?version=1")).await.expect(409);
    assert_eq!(taken_back.body["code"], "ORDER_IN_SUBMISSION", "{}", taken_back.text);
    let again = json!({ "orderIds": ids(&answer) });
    let again = weir.post("/api/v1/orders/batch/submit", &again).await;
    assert!([200, 202].contains(&again.status), "{}", again.text);
    let done = batch_in(&weir, answer.body["batchId"].as_str().unwrap(), "DONE").await;
    for item in results(&done) {
        let trade = market.trade_of(item["orderId"].as_i64().unwrap());
        assert_eq!(item["tradeOrderId"], trade, "{}", done.text);
    }
    assert_eq!(market.calls().await.len(), 1, "what is there is found, and not sent again");
}

async fn a_pause_that_the_trade_service_asks_for_is_kept(kind: Kind) {
    for way in ["too_many", "unavailable"] {
        let market = Market::open_to_duplicates();
        let weir = market.plan(kind).start().await;
        market.script(json!([{"kind": way, "retryAfter": 3}]));

        let answer = weir.post(BATCH, &orders("p", 3)).await.expect(202);
        drained(&weir.database).await;

        assert_eq!(statuses(&answer), ["QUEUED"; 3], "{}", answer.text);
        for id in ids(&answer) {
            market.trade_of(id);
        }
        let calls = market.calls().await;
        let [first, second, ..] = &calls[..] else { panic!("{calls:#?}") };
        let pause = at(second) - at(first);
        assert!(pause >= Duration::from_secs(3), "{way}: {pause:?}");
    }
}

fn at(call: &Value) -> Duration {
    let text = call["at"].as_str().unwrap();
    let moment = weir::domain::moment::Moment::parse(text).unwrap();
    Duration::from_micros(u64::try_from(moment.micros()).unwrap())
}

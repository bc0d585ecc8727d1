//! Nobody listens where the trade service should be: batches are accepted all the same, and go
//! there in their order when it returns.

use std::time::{Duration, Instant};

use super::market::Market;
use super::{
    BATCH, batch_in, drained, expect_in_order, ids, orders, post_async, results, statuses,
};
use crate::bad_days::metric;
use crate::support::{Answer, Kind, Weir, on_both, wait_for};

on_both! {
    defect_57_a_trade_service_that_is_away_costs_callers_no_time_and_orders_no_attempt,
    first_attempts_of_a_client_begin_in_the_order_of_acceptance,
}

const DEADLINE: Duration = Duration::from_secs(30);
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
const OPEN: Option<f64> = Some(2.0);

async fn opens(weir: &Weir) {
    wait_for("the trade breaker to open", DEADLINE, async || {
        let state = metric(weir, r#"circuit_breaker_state{breaker="trade"}"#).await;
        if state == OPEN { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
}

/// Waits until the breaker has probed so often and opened again.
async fn probes_in_vain(weir: &Weir, rounds: f64) {
    let changes = "circuit_breaker_state_transitions_total";
    let again = format!(r#"{changes}{{breaker="trade",from="half_open",to="open"}}"#);
    wait_for("probes in vain", DEADLINE, async || metric(weir, &again).await >= Some(rounds)).await;
}

#[track_caller]
fn expect_queued(answer: Answer, took: Duration) -> Answer {
    assert!(took < ANSWER_WITHIN, "{took:?}: {}", answer.text);
    let answer = answer.expect(202);
    assert_eq!(answer.body["status"], "SUCCESS", "{}", answer.text);
    assert!(statuses(&answer).iter().all(|status| *status == "QUEUED"), "{}", answer.text);
    answer
}

async fn defect_57_a_trade_service_that_is_away_costs_callers_no_time_and_orders_no_attempt(
    kind: Kind,
) {
    let market = Market::open_to_duplicates();
    market.leave().await;
    let weir = market.plan(kind).set("supervisor.wait_max", "5s").start().await;

    let mut answers = Vec::new();
    for number in 0..30 {
        let asked = Instant::now();
        let answer = weir.post(BATCH, &orders(&format!("p{number}"), 5)).await;
        answers.push(expect_queued(answer, asked.elapsed()));
    }
    opens(&weir).await;
    probes_in_vain(&weir, 1.0).await;
    for answer in &answers {
        let id = answer.body["batchId"].as_str().unwrap();
        let batch = weir.get(&format!("/api/v1/batches/{id}")).await.expect(200);
        assert_eq!(batch.body["state"], "QUEUED", "{}", batch.text);
        for item in results(&batch) {
            assert_eq!(item["waiting"]["attempts"], 0, "{}", batch.text);
        }
    }
    let health = weir.get("/actuator/health/readiness").await;
    assert_eq!(health.status, 200, "the trade service is not ours: {}", health.text);

    market.return_well().await;
    drained(&weir.database).await;

    for answer in &answers {
        let done = batch_in(&weir, answer.body["batchId"].as_str().unwrap(), "DONE").await;
        for item in results(&done) {
            let trade = market.trade_of(item["orderId"].as_i64().unwrap());
            assert_eq!(item["tradeOrderId"], trade, "{}", done.text);
        }
    }
    assert_eq!(market.sim.totals().placed, 150);
}

async fn first_attempts_of_a_client_begin_in_the_order_of_acceptance(kind: Kind) {
    let market = Market::open_to_duplicates();
    market.leave().await;
    // Small calls, so that there are many.
    let plan = market.plan(kind).set("supervisor.chunk", 5).set("trade.bulk_max", 20);
    let weir = plan.start().await;

    let mut accepted = Vec::new();
    for number in 0..200 {
        let answer = post_async(&weir, "desk", &orders(&format!("p{number}"), 5)).await;
        accepted.extend(ids(&answer.expect(202)));
    }
    probes_in_vain(&weir, 2.0).await;
    market.return_well().await;
    drained(&weir.database).await;

    expect_in_order(&market.calls().await, &accepted);
    let trades: Vec<i64> = accepted.iter().map(|id| market.trade_of(*id)).collect();
    assert_eq!(trades.len(), 1000);
}

//! More comes than the trade service takes: callers are told to come later, in turn by client, and
//! what was accepted is sent.

use std::time::Duration;

use serde_json::{Value, json};

use super::market::Market;
use super::{BATCH, drained, ids, orders};
use crate::support::{Answer, Kind, Weir, on_both, wait_for};

on_both! {
    who_brings_too_much_is_turned_away_and_others_are_not,
}

const DEADLINE: Duration = Duration::from_secs(60);

async fn who_brings_too_much_is_turned_away_and_others_are_not(kind: Kind) {
    let market = Market::open();
    market.treat(json!({"latencyMs": 1000})).await;
    let plan = market.plan(kind).set("supervisor.line_max", "1s").set("trade.bulk_max", 50);
    let weir = plan.set("supervisor.pace_at_first", 10).start().await;

    let mut accepted = Vec::new();
    let first = post(&weir, "heavy", "first").await.expect(202);
    accepted.extend(ids(&first));
    let refused = wait_for("somebody to be turned away", DEADLINE, async || {
        let answer = post(&weir, "heavy", &format!("p{}", accepted.len())).await;
        if answer.status == 503 {
            return Ok(answer);
        }
        accepted.extend(ids(&answer.expect(202)));
        Err(format!("{} accepted", accepted.len()))
    })
    .await;
    let light = post(&weir, "light", "light").await;
    let again = post(&weir, "heavy", "first").await;

    assert_eq!(refused.body["code"], "SERVICE_OVERLOADED", "{}", refused.text);
    let wait = refused.body["retryAfter"].as_u64();
    assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), wait.map(|wait| wait.to_string()).as_deref());
    accepted.extend(ids(&light.expect(202)));
    assert_eq!(again.expect(202).text, first.text, "what came in is answered as before");
    let metrics = weir.admin_get("/metrics").await.expect(200).text;
    let line = "admission_refused_total{reason=\"line\"} ";
    let count = metrics.lines().find_map(|it| it.strip_prefix(line)?.parse::<f64>().ok());
    assert!(count >= Some(1.0), "{metrics}");
    assert_eq!(weir.logged("more comes than can be done: callers are told to come later").len(), 1);

    drained(&weir.database).await;
    for id in &accepted {
        market.trade_of(*id);
    }
    assert_eq!(market.sim.totals().placed, accepted.len(), "and nothing else");
    wait_for("everybody to be taken in again", DEADLINE, async || {
        let answer = post(&weir, "heavy", "last").await;
        if answer.status == 202 { Ok(()) } else { Err(answer.text) }
    })
    .await;
}

/// Twenty orders, under a key of their own, answered when they are stored.
async fn post(weir: &Weir, client: &str, portfolio: &str) -> Answer {
    let orders: Value = orders(portfolio, 20);
    let request = weir.request("POST", BATCH).header("X-Client-Id", client);
    let request = request.header("Idempotency-Key", portfolio).header("Prefer", "respond-async");
    request.json(&orders).send().await
}

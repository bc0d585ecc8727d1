//! A hundred thousand orders wait when the process is killed: the next start is ready at once, and
//! sends the first of them while it still takes up the rest.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::market::Market;
use super::{BATCH, orders};
use crate::support::{Kind, Weir, on_both};

on_both! {
    a_hundred_thousand_waiting_orders_keep_no_start_waiting,
}

const BATCHES: usize = 100;
/// Five seconds are promised; the rest is for a busy machine and an unoptimized binary.
const READY_WITHIN: Duration = Duration::from_secs(10);
const FIRST_WITHIN: Duration = Duration::from_secs(20);

async fn a_hundred_thousand_waiting_orders_keep_no_start_waiting(kind: Kind) {
    let market = Market::open_to_duplicates();
    market.leave().await;
    let plan = market.plan(kind).set("trade_breaker.open_for", "1m");
    let mut weir = plan.set("trade.answer_timeout", "10s").start().await;
    let body = orders("p", 1000);
    let posts = (0..4).map(|number| post_many(&weir, number, &body));
    futures_util::future::join_all(posts).await;
    assert_eq!(weir.database.number("SELECT count(*) FROM orders").await, 100_000);

    weir.kill_9();
    market.return_well().await;
    let started = Instant::now();
    weir.restart().await;
    let ready = started.elapsed();
    market.places(1000).await;
    let first = started.elapsed();

    eprintln!("{kind:?}: ready after {ready:?}, the first thousand placed after {first:?}");
    assert!(ready < READY_WITHIN, "{ready:?}");
    assert!(first < FIRST_WITHIN, "{first:?}");
    // It serves meanwhile.
    let late = weir.post(BATCH, &orders("late", 3)).await;
    assert!([200, 202].contains(&late.status), "{}", late.text);
    weir.kill_9();
    assert_eq!(market.sim.totals().placed_twice, 0);
}

async fn post_many(weir: &Weir, number: usize, body: &Value) {
    for _ in 0..BATCHES / 4 {
        let request = weir.request("POST", BATCH).header("Prefer", "respond-async");
        let request = request.header("X-Client-Id", format!("desk-{number}"));
        // The orders are the same each time: the key says that they are meant to be others.
        let key = format!("key-{number}-{}", fastrand::u64(..));
        request.header("Idempotency-Key", key).json(body).send().await.expect(202);
    }
}

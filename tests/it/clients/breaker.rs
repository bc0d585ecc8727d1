//! The service's breaker is open: nobody calls before the time that the service tells, and what
//! was refused is brought then.

use std::time::Duration;

use serde_json::json;
use weir_client::{Outcome, QueueReason};

use super::{BATCH, DEADLINE, House, expect_submitted, open, orders};
use crate::support::{Kind, wait_for};

/// What the service asks for at least, with the shortest opening.
const RETRY_AFTER: Duration = Duration::from_secs(1);

async fn house() -> House {
    House::planned(Kind::Sqlite, |plan| plan.set("pool_breaker.open_for", "1s")).await
}

async fn order(house: &House, state: &str) {
    let request = house.weir.admin_request("POST", "/admin/breakers/pool");
    request.json(&json!({"state": state, "reason": "a drill"})).send().await.expect(200);
}

#[track_caller]
fn expect_rest_after_the_first_call(house: &House) {
    let calls = house.proxy.calls();
    let rest = calls[1].at.duration_since(calls[0].at);
    assert!(rest >= RETRY_AFTER, "{rest:?}");
    assert!(calls.iter().all(|call| call.key == calls[0].key), "{calls:?}");
}

#[actix_web::test]
async fn what_an_open_breaker_refuses_waits_on_the_disk_and_is_brought_when_it_is_closed() {
    let house = house().await;
    let mut settings = house.settings();
    settings.retry.attempts = 1;
    let client = open(settings).await;
    order(&house, "FORCE_OPEN").await;

    let outcome = client.submit(orders("p")).await.unwrap();

    assert_eq!(outcome, Outcome::Queued { count: BATCH, reason: QueueReason::BreakerOpen });
    assert_eq!(house.depth().await.waiting, 1);
    assert_eq!(house.weir.database.number("SELECT count(*) FROM orders").await, 0);
    order(&house, "RESET").await;
    house.expect_each_once(BATCH).await;
    expect_rest_after_the_first_call(&house);
}

#[actix_web::test]
async fn a_submission_waits_as_long_as_an_open_breaker_asks_for() {
    let house = house().await;
    let mut settings = house.settings();
    settings.retry.attempts = 5;
    let client = open(settings).await;
    order(&house, "FORCE_OPEN").await;

    let (outcome, ()) = tokio::join!(client.submit(orders("p")), async {
        wait_for("a refusal", DEADLINE, async || {
            let breaker = house.weir.admin_get("/admin/breakers/pool").await.expect(200);
            if breaker.body["totals"]["refused"] == 1 { Ok(()) } else { Err(breaker.text) }
        })
        .await;
        order(&house, "RESET").await;
    });

    expect_submitted(&outcome.unwrap());
    expect_rest_after_the_first_call(&house);
    house.expect_each_once(BATCH).await;
}

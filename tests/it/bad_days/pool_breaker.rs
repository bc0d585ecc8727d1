//! The breaker before the connection pool: an operator's orders, and a pool that is used up.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Lock, expect_refusal, metric};
use crate::support::{Answer, Kind, Weir, on_both, wait_for};

on_both! {
    what_an_operator_forces_open_refuses_by_its_head_until_it_is_reset,
    every_actor_tells_of_itself,
}

const DEADLINE: Duration = Duration::from_secs(20);
const ORDERS: &str = "/api/v1/orders";
const POOL: &str = "/admin/breakers/pool";

async fn order(weir: &Weir, state: &str) -> Answer {
    let request = weir.admin_request("POST", POOL);
    request.json(&json!({"state": state, "reason": "a drill"})).send().await.expect(200)
}

#[track_caller]
fn expect_breaker(answer: &Answer) {
    expect_refusal(answer, "SERVICE_OVERLOADED");
    assert_eq!(answer.body["details"], json!({"breaker": "pool"}), "{}", answer.text);
    let message = answer.body["message"].as_str().unwrap();
    assert!(message.starts_with("System temporarily overloaded"), "{message}");
}

async fn system(weir: &Weir) -> Value {
    weir.get("/api/v1/system/health").await.expect(200).body
}

async fn what_an_operator_forces_open_refuses_by_its_head_until_it_is_reset(kind: Kind) {
    let weir = Weir::on(kind).start().await;
    let batch = json!([{
        "blotterId": 1, "statusId": 1, "portfolioId": "p", "orderTypeId": 1, "securityId": "s",
        "quantity": 1,
    }]);
    weir.post(ORDERS, &batch).await.expect(200);

    let forced = order(&weir, "FORCE_OPEN").await;

    assert_eq!(forced.body["to"], "FORCED_OPEN");
    expect_breaker(&weir.post(ORDERS, &batch).await);
    let read = weir.get(ORDERS).await;
    expect_breaker(&read);
    assert!(read.body["retryAfter"].as_u64() >= Some(15), "{}", read.text);
    unread_body_is_refused(&weir).await;
    let health = system(&weir).await;
    assert_eq!(health["status"], "UNHEALTHY", "{health}");
    assert_eq!(health["circuitBreaker"]["state"], "FORCED_OPEN", "{health}");
    assert_eq!(health["circuitBreaker"]["open"], true, "{health}");
    for path in ["/actuator/health/liveness", "/actuator/health/readiness", "/openapi.json"] {
        weir.get(path).await.expect(200);
    }
    assert_eq!(metric(&weir, "circuit_breaker_state").await, Some(3.0));
    assert_eq!(metric(&weir, "circuit_breaker_rejections_total").await, Some(3.0));

    order(&weir, "RESET").await;

    weir.post(ORDERS, &batch).await.expect(200);
    weir.get(ORDERS).await.expect(200);
    assert_eq!(system(&weir).await["status"], "HEALTHY");
    assert_eq!(metric(&weir, "circuit_breaker_state").await, Some(0.0));
    let lines = weir.logged("breaker changed");
    let told = |line: &Value| (line["to"].clone(), line["note"].clone());
    let told: Vec<_> = lines.iter().map(told).collect();
    let drill = |to: &str| (json!(to), json!("a drill"));
    assert_eq!(told, [drill("forced_open"), drill("closed")]);
}

/// The head of a request with a body that never comes.
async fn unread_body_is_refused(weir: &Weir) {
    let mut client = weir.connect().await;
    let head = "POST /api/v1/orders HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\n\
                Content-Length: 100000\r\n\r\n";
    client.write(head).await.unwrap();
    let asked = Instant::now();

    let answer = client.read_answer(DEADLINE).await;

    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(answer.status, 503, "{}", answer.head);
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let header = format!("retry-after: {}\r\n", body["retryAfter"]);
    assert!(answer.head.to_lowercase().contains(&header), "{}", answer.head);
}

async fn every_actor_tells_of_itself(kind: Kind) {
    let weir = Weir::on(kind).start().await;

    let expected = [
        ("batch_supervisor", "idle"),
        ("retry_mailbox", "holding"),
        ("ledger", "idle"),
        ("pool_monitor", "healthy"),
        ("pool_breaker", "closed"),
        ("trade_breaker", "closed"),
        ("lookout", "unwatched"),
    ];
    let expected_states = expected.map(|(name, state)| (json!(name), json!(state)));
    // The lease is asked for when the database is there, and so shortly after the first answer.
    wait_for("every actor to be at rest", Duration::from_secs(20), async || {
        let body = weir.admin_get("/debug/actors").await.expect(200).body;
        let actors = body["actors"].as_array().unwrap().iter();
        let states = actors.map(|actor| (actor["name"].clone(), actor["state"].clone()));
        states.collect::<Vec<_>>() == expected_states
    })
    .await;
    for name in expected.map(|(name, _)| name) {
        let actor = weir.admin_get(&format!("/debug/actors/{name}")).await.expect(200).body;
        assert_eq!(actor["name"], name);
    }
    weir.admin_get("/debug/actors/nobody").await.expect(404);
    let breakers = weir.admin_get("/admin/breakers").await.expect(200).body;
    assert_eq!(breakers["breakers"][0]["name"], "pool");
    assert_eq!(breakers["breakers"][1]["name"], "trade");
    weir.admin_get("/admin/breakers/trade").await.expect(200);
    weir.admin_get("/admin/breakers/nobody").await.expect(404);
}

/// Reads that are stuck behind a lock use the pool up; the breaker opens, keeps others from
/// waiting in vain, and closes by itself when the lock is gone.
#[actix_web::test]
async fn a_pool_that_is_used_up_opens_the_breaker_and_it_closes_by_itself() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let weir = Weir::on(Kind::Postgres).set("pool.max", 15).set("pool.reserve", 0);
    let weir = weir.set("pool.min_idle", 4).set("pool.acquire_timeout", "1s");
    let weir = weir.set("pool.validation_timeout", "1s").set("pool.sample_every", "200ms");
    let weir = weir.set("pool_breaker.open_for", "3s").start().await;
    let lock = Lock::readers_out(&weir.database).await;

    let stuck = join_all((0..40).map(|_| weir.get(ORDERS)));
    let looks = async {
        wait_for("the breaker to open", DEADLINE, async || {
            system(&weir).await["circuitBreaker"]["open"] == true
        })
        .await;
        let asked = Instant::now();
        let refused = weir.get(ORDERS).await;
        (refused, asked.elapsed())
    };
    let (stuck, (refused, took)) = tokio::join!(stuck, looks);

    expect_breaker(&refused);
    assert!(took < Duration::from_millis(900), "{took:?}: it waited for a connection");
    assert!(stuck.iter().all(|answer| answer.status == 503));
    lock.release().await;
    wait_for("the breaker to close", DEADLINE, async || {
        weir.get(ORDERS).await;
        system(&weir).await["circuitBreaker"]["state"] == "CLOSED"
    })
    .await;
    weir.get(ORDERS).await.expect(200);
    let opened = "circuit_breaker_state_transitions_total\
                  {breaker=\"pool\",from=\"closed\",to=\"open\"}";
    let text = weir.admin_get("/metrics").await.expect(200).text;
    let line = text.lines().find_map(|line| line.strip_prefix(opened)).unwrap();
    assert_eq!(line.trim(), "1");
    assert_eq!(metric(&weir, "circuit_breaker_permits_out").await, Some(0.0));
}

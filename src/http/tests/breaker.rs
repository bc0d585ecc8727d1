//! The breaker of the connection pool as callers meet it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::test::TestRequest;
use resilience::breaker::{Command, StateName};
use serde_json::{Value, json};

use super::house::{Answer, House};
use super::orders::order;
use crate::actors::circuit_breaker::PoolSampled;
use crate::ports::Failure;

const ORDERS: &str = "/api/v1/orders";

impl House {
    fn with_time_paused() -> Self {
        tokio::time::pause();
        Self::new()
    }

    /// Opens the breaker as the monitor does.
    async fn trip(&self) {
        let sample = self.state().sample;
        let sampled = PoolSampled { sample, acquire_timeouts_in_a_row: 3 };
        self.breaker.send(sampled).await.unwrap();
        assert_eq!(self.breaker_state(), StateName::Open);
        let calm = PoolSampled { sample, acquire_timeouts_in_a_row: 0 };
        self.breaker.send(calm).await.unwrap();
    }

    async fn trip_and_wait(&self) {
        self.trip().await;
        tokio::time::sleep(Duration::from_millis(1300)).await;
        assert_eq!(self.breaker_state(), StateName::HalfOpen);
    }

    fn breaker_state(&self) -> StateName {
        self.doors.pool_breaker.view().state()
    }

    fn permits_out(&self) -> usize {
        self.doors.pool_breaker.view().permits_out()
    }
}

#[track_caller]
fn expect_refusal(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (503, "SERVICE_OVERLOADED"), "{answer:?}");
    let message = answer.body["message"].as_str().unwrap();
    assert!(message.starts_with("System temporarily overloaded"), "{message}");
    assert_eq!(answer.body["details"], json!({"breaker": "pool"}));
}

#[actix::test]
async fn an_open_breaker_refuses_every_route_that_needs_the_pool_before_it_reads_anything() {
    let house = House::new();
    house.operate(Command::ForceOpen).await;

    for answer in [
        house.get("/api/v1/orders?limit=0").await,
        house.get("/api/v1/order/x").await,
        house.get("/api/v1/blotters").await,
        house.get("/api/v1/orderTypes/1").await,
        house.delete("/api/v1/order/1").await,
        house.delete("/api/v1/status/1").await,
        house.post(ORDERS, "{").await,
        house.post("/api/v1/blotters", "{").await,
        house.put("/api/v1/order/1", "{").await,
        house.put("/api/v1/blotter/1", "{").await,
    ] {
        expect_refusal(&answer);
    }
    assert_eq!(house.state().records, 0);
}

#[actix::test]
async fn what_needs_no_connection_is_answered_all_the_same() {
    let house = House::new();
    house.operate(Command::ForceOpen).await;

    for uri in [
        "/health",
        "/actuator/health",
        "/actuator/health/liveness",
        "/actuator/health/readiness",
        "/actuator/health/startup",
        "/api/v1/health/connection-pool",
        "/api/v1/system/health/connection-pool",
        "/openapi.json",
    ] {
        assert_eq!(house.get(uri).await.status, 200, "{uri}");
    }
    assert_eq!(house.get("/api/v1/nothing").await.status, 404);
    assert_eq!(house.call_admin(TestRequest::get().uri("/metrics")).await.status, 200);
}

#[actix::test]
async fn a_closing_house_says_so_first() {
    let house = House::new();
    house.operate(Command::ForceOpen).await;
    house.doors.draining.store(true, Ordering::Release);

    assert_eq!(house.post(ORDERS, "[]").await.code(), "SERVICE_STOPPING");
    expect_refusal(&house.get(ORDERS).await);
}

/// Defect 15 of the ancestor.
#[actix::test]
async fn a_refusal_tells_at_least_what_remains_of_the_opening() {
    let house = House::with_time_paused();
    house.trip().await;

    for _ in 0..20 {
        let answer = house.get(ORDERS).await;
        expect_refusal(&answer);
        assert_eq!(answer.header("retry-after"), Some("2"));
    }
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(house.get(ORDERS).await.header("retry-after"), Some("1"));
}

#[actix::test]
async fn a_closed_breaker_is_not_asked_and_counts_nothing() {
    let house = House::new();

    for _ in 0..5 {
        assert_eq!(house.get(ORDERS).await.status, 200);
        assert_eq!(house.get("/api/v1/order/77").await.status, 404);
    }

    let totals = house.observe_breaker().await.picture.totals;
    assert_eq!(totals, Default::default());
}

#[actix::test]
async fn one_request_probes_for_all_and_its_success_closes() {
    let house = House::with_time_paused();
    house.trip_and_wait().await;
    house.state().hangs = true;
    let mut probe = Box::pin(house.knock(TestRequest::get().uri(ORDERS)));
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut probe).await.is_err());
    assert_eq!(house.permits_out(), 1);

    for request in [TestRequest::get().uri(ORDERS), TestRequest::post().uri(ORDERS)] {
        let other = house.knock(request).await;
        expect_refusal(&other);
        assert_eq!(other.header("retry-after"), Some("2"), "a second, and a little by chance");
    }

    drop(probe);
    house.state().hangs = false;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(house.get(ORDERS).await.status, 200);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let seen = house.observe_breaker().await;
    assert_eq!(seen.picture.state, StateName::Closed);
    assert_eq!((seen.permits_out, seen.picture.totals.returned), (0, 1));
}

#[actix::test]
async fn a_write_probes_as_well_as_a_read() {
    let house = House::with_time_paused();
    house.trip_and_wait().await;

    assert_eq!(house.post(ORDERS, json!([order()])).await.status, 200);

    assert_eq!(house.observe_breaker().await.picture.state, StateName::Closed);
}

#[actix::test]
async fn what_a_probe_hears_decides() {
    let waited = Duration::from_secs(5);
    tokio::time::pause();
    let away = || Failure::Away { reason: "gone".to_owned() };
    let read = |uri: &'static str, failure: Option<Failure>| (uri, failure);
    for ((uri, failure), state) in [
        (read(ORDERS, Some(Failure::Exhausted { waited })), StateName::Open),
        (read(ORDERS, Some(Failure::TooSlow)), StateName::Open),
        (read(ORDERS, Some(away())), StateName::HalfOpen),
        (read("/api/v1/orders?limit=0", None), StateName::HalfOpen),
        (read("/api/v1/order/x", None), StateName::HalfOpen),
        (read("/api/v1/order/77", None), StateName::Closed),
        (read(ORDERS, None), StateName::Closed),
    ] {
        let house = House::new();
        house.trip_and_wait().await;
        house.state().read_failure = failure;

        house.get(uri).await;

        let seen = house.observe_breaker().await;
        assert_eq!(seen.picture.state, state, "{uri}");
        assert_eq!(seen.permits_out, 0);
    }
}

#[actix::test]
async fn a_probe_that_is_too_late_gives_its_permit_back() {
    let house = House::with_time_paused();
    house.trip_and_wait().await;
    house.state().hangs = true;

    assert_eq!(house.get(ORDERS).await.code(), "ANSWER_TIMEOUT");

    let seen = house.observe_breaker().await;
    assert_eq!((seen.picture.state, seen.permits_out), (StateName::HalfOpen, 0));
    assert_eq!(seen.picture.totals.returned, 1);
}

#[actix::test]
async fn a_breaker_that_died_keeps_nobody_out() {
    let house = House::with_time_paused();
    house.trip_and_wait().await;
    house.breaker_stops().await;

    assert_eq!(house.get(ORDERS).await.status, 200);
}

#[actix::test]
async fn health_tells_of_the_breaker_and_asks_nobody() {
    let house = House::new();
    let told = async || house.get("/api/v1/system/health").await.body;
    let breaker = |open: bool, state: &str, failures: u32, rejections: u32| -> Value {
        json!({
            "open": open, "state": state, "failureCount": failures, "rejections": rejections,
        })
    };
    let body = told().await;
    assert_eq!(body["circuitBreaker"], breaker(false, "CLOSED", 0, 0));
    assert_eq!(body["status"], "HEALTHY");

    house.operate(Command::ForceOpen).await;
    house.get(ORDERS).await;
    house.state().timeouts_in_a_row = 4;
    let body = told().await;
    assert_eq!(body["circuitBreaker"], breaker(true, "FORCED_OPEN", 4, 1));
    assert_eq!(body["status"], "UNHEALTHY");

    house.operate(Command::MetricsOnly).await;
    let body = told().await;
    assert_eq!(body["circuitBreaker"], breaker(false, "METRICS_ONLY", 4, 1));
    assert_eq!(body["status"], "HEALTHY");
}

#[actix_web::test]
async fn an_open_trade_breaker_is_told_and_keeps_nobody_out() {
    let house = House::new();
    let told = async || house.get("/api/v1/system/health").await.body;
    let breaker = |name: &str, open: bool, state: &str| -> Value {
        json!({"name": name, "open": open, "state": state, "rejections": 0})
    };
    let pool = breaker("pool", false, "CLOSED");
    assert_eq!(told().await["breakers"], json!([&pool, breaker("trade", false, "CLOSED")]));

    let order = json!({"state": "FORCE_OPEN", "reason": "a drill"});
    assert_eq!(house.order("/admin/breakers/trade", order).await.status, 200);

    let body = told().await;
    assert_eq!(body["breakers"], json!([&pool, breaker("trade", true, "FORCED_OPEN")]));
    assert_eq!(
        (&body["status"], &body["circuitBreaker"]["open"]),
        (&json!("HEALTHY"), &json!(false))
    );
    assert_eq!(house.get(ORDERS).await.status, 200);
}

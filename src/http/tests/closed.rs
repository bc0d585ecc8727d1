//! When the house cannot do what it is asked: in time, with a code, and with a time to come back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::house::House;
use super::orders::order;
use crate::ports::Failure;
use crate::ports::gauge::DatabaseState;

const BATCH: &str = "/api/v1/batches/01a1fd4a-aee9-76d6-86b7-ffffcc304811";

fn reason() -> String {
    "secret driver text".to_owned()
}

#[actix::test]
async fn without_a_database_every_data_route_says_so_before_it_reads_anything() {
    let house = House::new();
    house.state().database = DatabaseState::Away { reason: reason() };
    for answer in [
        house.get("/api/v1/orders?limit=0").await,
        house.get("/api/v1/order/x").await,
        house.get("/api/v1/blotters").await,
        house.get("/api/v1/orderTypes/1").await,
        house.delete("/api/v1/order/1").await,
        house.delete("/api/v1/status/1").await,
        house.post("/api/v1/orders", "{").await,
        house.post("/api/v1/orders/batch", "{").await,
        house.post("/api/v1/orders/batch/submit", "{").await,
        house.post("/api/v1/orders/x/submit", "").await,
        house.get("/api/v1/batches/x").await,
        house.post("/api/v1/blotters", "{").await,
        house.put("/api/v1/order/1", "{").await,
        house.put("/api/v1/blotter/1", "{").await,
    ] {
        assert_eq!((answer.status, answer.code()), (503, "DATABASE_UNAVAILABLE"));
        assert!(!answer.text.contains("secret"));
    }
    assert_eq!(house.get("/api/v1/nothing").await.status, 404);
}

#[actix::test]
async fn a_closing_house_takes_no_writes() {
    let house = House::new();
    house.doors.draining.store(true, Ordering::Release);
    for answer in [
        house.post("/api/v1/orders", json!([order()])).await,
        house.post("/api/v1/orders/batch", json!([order()])).await,
        house.post("/api/v1/orders/batch/submit", "{").await,
        house.post("/api/v1/orders/1/submit", "").await,
        house.put("/api/v1/order/1", order()).await,
        house.delete("/api/v1/order/1?version=1").await,
        house.post("/api/v1/statuses", "{}").await,
    ] {
        assert_eq!((answer.status, answer.code()), (503, "SERVICE_STOPPING"));
    }
}

#[actix::test]
async fn failed_reads_become_their_codes() {
    let house = House::new();
    let table = [
        (Failure::Exhausted { waited: Duration::from_secs(5) }, 503, "SERVICE_OVERLOADED"),
        (Failure::Away { reason: reason() }, 503, "DATABASE_UNAVAILABLE"),
        (Failure::Lost { reason: reason() }, 503, "DATABASE_UNAVAILABLE"),
        (Failure::TooSlow, 503, "DATABASE_TIMEOUT"),
        (Failure::Collision { reason: reason() }, 503, "SERVICE_OVERLOADED"),
        (Failure::Broken { reason: reason() }, 500, "DATABASE_ERROR"),
    ];
    for (failure, status, code) in table {
        house.state().read_failure = Some(failure);
        for uri in
            ["/api/v1/orders", "/api/v1/order/1", "/api/v1/blotters", "/api/v1/status/1", BATCH]
        {
            let answer = house.get(uri).await;

            assert_eq!((answer.status, answer.code()), (status, code), "{uri}");
            assert!(!answer.text.contains("secret"));
            if code == "SERVICE_OVERLOADED" {
                let message = answer.body["message"].as_str().unwrap();
                assert!(message.starts_with("System temporarily overloaded"));
            }
        }
    }
}

#[actix::test]
async fn failed_writes_become_their_codes() {
    let house = House::new();
    let table = [
        (Failure::Exhausted { waited: Duration::from_secs(5) }, 503, "SERVICE_OVERLOADED"),
        (Failure::Away { reason: reason() }, 503, "DATABASE_UNAVAILABLE"),
        (Failure::Full { reason: reason() }, 507, "STORAGE_FULL"),
        (Failure::Broken { reason: reason() }, 500, "DATABASE_ERROR"),
    ];
    for (failure, status, code) in table {
        house.state().write_failure = Some(failure);
        for answer in [
            house.post("/api/v1/orders", json!([order()])).await,
            house.put("/api/v1/order/1", order()).await,
            house.delete("/api/v1/order/1?version=1").await,
            house.post("/api/v1/blotters", json!({"name": "a"})).await,
            house.put("/api/v1/blotter/1", json!({"name": "a", "version": 1})).await,
            house.delete("/api/v1/blotter/1?version=1").await,
        ] {
            assert_eq!((answer.status, answer.code()), (status, code));
            assert!(!answer.text.contains("secret"));
        }
    }
    assert!(house.state().orders.is_empty());
}

#[actix::test]
async fn a_full_line_is_overload_with_a_time_to_come_back() {
    let house = House::with_line(0);

    let answer = house.post("/api/v1/orders", json!([order()])).await;

    assert_eq!((answer.status, answer.code()), (503, "SERVICE_OVERLOADED"));
    assert!((1..=60).contains(&answer.body["retryAfter"].as_u64().unwrap()));
}

#[actix::test]
async fn an_answer_that_is_not_ready_in_time_is_cut() {
    let mut house = House::new();
    house.doors.limits.answer_within = Duration::from_millis(20);
    house.state().hangs = true;

    let answer = house.get("/api/v1/order/1").await;

    assert_eq!((answer.status, answer.code()), (503, "ANSWER_TIMEOUT"));
    let answered = house.state().answered.last().cloned().unwrap();
    assert_eq!(answered, ("GET", "/api/v1/order/{id}".to_owned(), 503));
}

#[actix::test]
async fn a_ledger_that_is_gone_leaves_the_outcome_unknown() {
    let problem = super::super::problem::Problem::from(actix::MailboxError::Closed);

    assert_eq!(problem.code().name(), "OUTCOME_UNKNOWN");
    let lost = crate::actors::ledger::Refused::Unknown(Failure::Lost { reason: reason() });
    let problem = super::super::problem::Problem::from(lost);
    assert_eq!(problem.code().name(), "OUTCOME_UNKNOWN");
}

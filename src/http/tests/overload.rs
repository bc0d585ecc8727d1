//! Callers who were told to come later: they hear it again by their request's head alone, and
//! nobody else hears it.

use std::time::Duration;

use actix_web::test::TestRequest;

use super::house::{House, json};
use super::submissions::{BATCH, orders};
use crate::domain::admission::{Later, Shortage};
use crate::domain::caller::Caller;
use crate::domain::client::ClientId;
use crate::ports::clock::{Clock, SystemClock};

const LATER: Later =
    Later { why: Shortage::Line, wait: Duration::from_secs(7), holds_for: Duration::from_secs(60) };

fn heavy() -> ClientId {
    ClientId::from_header(b"heavy").unwrap()
}

fn of(client: &str) -> TestRequest {
    TestRequest::post().uri(BATCH).insert_header(("X-Client-Id", client))
}

fn house() -> House {
    let house = House::new();
    house.doors.doorway.shut(Caller::Named(heavy()), LATER, SystemClock.instant());
    house
}

#[actix::test]
async fn who_was_told_to_come_later_hears_it_again_and_nothing_is_read() {
    let house = house();

    // Its body would be at fault: nobody looks at it.
    for uri in [BATCH, "/api/v1/orders/batch/submit", "/api/v1/orders/7/submit"] {
        let request = TestRequest::post().uri(uri).insert_header(("X-Client-Id", "heavy"));
        let answer = house.call(json(request, "{")).await;

        assert_eq!((answer.status, answer.code()), (503, "SERVICE_OVERLOADED"), "{}", answer.text);
        let message = answer.body["message"].as_str().unwrap();
        assert!(message.starts_with("System temporarily overloaded"), "{message}");
        let wait = answer.body["retryAfter"].as_u64().unwrap();
        assert!((7..=9).contains(&wait), "{wait} s");
        assert_eq!(answer.header("retry-after").unwrap(), wait.to_string());
    }
}

#[actix::test]
async fn nobody_else_is_turned_away_and_reads_and_records_go_on() {
    let house = house();

    let light = house.call(json(of("light"), orders(1))).await;
    let nameless = house.post(BATCH, orders(1)).await;
    let record = TestRequest::post().uri("/api/v1/orders").insert_header(("X-Client-Id", "heavy"));
    let record = house.call(json(record, orders(1))).await;
    let read = house.get("/api/v1/orders").await;

    for answer in [light, nameless, record, read] {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[actix::test]
async fn a_request_that_came_in_before_is_answered_although_its_sender_is_turned_away() {
    let house = house();
    house.doors.doorway.remember(&heavy(), "known");
    let under = |key: &str| of("heavy").insert_header(("Idempotency-Key", key.to_owned()));

    let known = house.call(json(under("known"), orders(1))).await;
    let new = house.call(json(under("new"), orders(1))).await;

    assert_eq!(known.status, 200, "{}", known.text);
    assert_eq!(new.status, 503, "{}", new.text);
}

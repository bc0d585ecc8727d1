//! Clients that bring more than their quota: told when to come back, alone, and charged for what
//! came in and for nothing else.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::test::TestRequest;
use serde_json::json;

use super::super::quota::Quotas;
use super::house::{Answer, House, json};
use super::submissions::{BATCH, orders};
use crate::actors::ledger::Refused;
use crate::domain::client::ClientId;
use crate::domain::moment::Moment;
use crate::domain::quota::Rate;
use crate::ports::Failure;
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::meter::DispatchMeter;

const STANDING: &str = "/api/v1/orders/batch/submit";

/// Time goes on when the test says so.
struct Steps(Mutex<Instant>);

impl Clock for Steps {
    fn instant(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn utc(&self) -> Moment {
        Moment::from_micros(0)
    }
}

/// Reasons to come later, as they were counted.
#[derive(Default)]
struct Reasons(Mutex<Vec<&'static str>>);

impl DispatchMeter for Reasons {
    fn declined(&self, reason: &'static str) {
        self.0.lock().unwrap().push(reason);
    }
}

struct Bank {
    house: House,
    clock: Arc<Steps>,
    reasons: Arc<Reasons>,
}

impl Bank {
    /// A client may bring an order a second, and ten at once.
    fn new(tells: bool) -> Self {
        let clock = Arc::new(Steps(Mutex::new(SystemClock.instant())));
        let reasons = Arc::new(Reasons::default());
        let rate = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(10).unwrap() };
        let quotas = Quotas::new(rate, tells, reasons.clone(), clock.instant());
        let mut house = House::new();
        (house.doors.quotas, house.doors.clock) = (Some(quotas), clock.clone());
        Self { house, clock, reasons }
    }

    fn pass(&self, seconds: u64) {
        *self.clock.0.lock().unwrap() += Duration::from_secs(seconds);
    }

    async fn post(&self, client: &str, count: usize) -> Answer {
        self.house.call(json(of(client, BATCH), orders(count))).await
    }

    async fn post_under(&self, key: &str, count: usize) -> Answer {
        let request = of("heavy", BATCH).insert_header(("Idempotency-Key", key));
        self.house.call(json(request, orders(count))).await
    }
}

fn of(client: &str, uri: &str) -> TestRequest {
    TestRequest::post().uri(uri).insert_header(("X-Client-Id", client))
}

fn left(answer: &Answer) -> &str {
    answer.header("ratelimit").unwrap()
}

#[actix::test]
async fn who_brings_more_than_its_quota_is_told_when_to_come_back_and_does() {
    let bank = Bank::new(false);
    assert_eq!(bank.post("heavy", 8).await.status, 200);

    let answer = bank.post("heavy", 7).await;

    assert_eq!((answer.status, answer.code()), (429, "QUOTA_EXCEEDED"), "{}", answer.text);
    let wait = answer.body["retryAfter"].as_u64().unwrap();
    assert!((5..=6).contains(&wait), "five are missing: {wait} s");
    assert_eq!(answer.header("retry-after").unwrap(), wait.to_string());
    assert_eq!(*bank.reasons.0.lock().unwrap(), ["quota"]);
    assert_eq!(bank.house.state().book.entries.len(), 1, "nothing of it is stored");
    bank.pass(wait);
    assert_eq!(bank.post("heavy", 7).await.status, 200);
}

#[actix::test]
async fn who_has_nothing_left_hears_it_before_anything_is_read() {
    let bank = Bank::new(false);
    assert_eq!(bank.post("heavy", 10).await.status, 200);

    // Its body would be at fault: nobody looks at it.
    for uri in [BATCH, STANDING, "/api/v1/orders/7/submit"] {
        let answer = bank.house.call(json(of("heavy", uri), "{")).await;

        assert_eq!((answer.status, answer.code()), (429, "QUOTA_EXCEEDED"), "{}", answer.text);
    }
}

#[actix::test]
async fn others_notice_nothing_and_reads_and_records_go_on() {
    let bank = Bank::new(false);
    assert_eq!(bank.post("heavy", 10).await.status, 200);

    let light = bank.post("light", 10).await;
    let record = bank.house.call(json(of("heavy", "/api/v1/orders"), orders(20))).await;
    let read = bank.house.get("/api/v1/orders").await;

    for answer in [light, record, read] {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[actix::test]
async fn ids_cost_as_much_as_new_orders_each_once() {
    let bank = Bank::new(true);
    let record = bank.house.call(json(of("heavy", "/api/v1/orders"), orders(3))).await;
    assert_eq!(record.header("ratelimit"), None, "it is not counted");

    let body = json!({"orderIds": [1, 2, 1]});
    let ids = bank.house.call(json(of("heavy", STANDING), body)).await;
    let one = bank.house.call(of("heavy", "/api/v1/orders/3/submit")).await;

    assert_eq!((ids.status, left(&ids)), (200, "\"orders\";r=8;t=2"), "{}", ids.text);
    assert_eq!((one.status, left(&one)), (200, "\"orders\";r=7;t=3"), "{}", one.text);
}

#[actix::test]
async fn answers_tell_what_is_left_if_they_shall() {
    let bank = Bank::new(true);
    let mut faulty = orders(3);
    faulty[1]["quantity"] = json!(-1);
    let faulty = bank.house.call(json(of("heavy", BATCH), faulty)).await;
    let refused = bank.post("heavy", 9).await;
    let last = bank.post("heavy", 8).await;
    let at_the_door = bank.post("heavy", 1).await;
    bank.pass(60);
    let unread = bank.house.call(json(of("heavy", BATCH), "{")).await;

    let told = [
        (&faulty, 207, "\"orders\";r=8;t=2"),
        (&refused, 429, "\"orders\";r=8;t=2"),
        (&last, 200, "\"orders\";r=0;t=10"),
        (&at_the_door, 429, "\"orders\";r=0;t=10"),
        (&unread, 400, "\"orders\";r=10;t=0"),
    ];
    for (answer, status, limit) in told {
        assert_eq!((answer.status, left(answer)), (status, limit), "{}", answer.text);
        assert_eq!(answer.header("ratelimit-policy"), Some("\"orders\";q=10;w=10"));
    }

    let silent = Bank::new(false);
    for answer in [silent.post("heavy", 10).await, silent.post("heavy", 1).await] {
        let told = ["ratelimit", "ratelimit-policy"].map(|name| answer.header(name));
        assert_eq!(told, [None, None]);
    }
}

#[actix::test]
async fn what_came_in_before_costs_nothing_and_is_answered_although_nothing_is_left() {
    let bank = Bank::new(true);
    let first = bank.post_under("k", 4).await;
    // As after a restart: only the ledger knows it.
    let again = bank.post_under("k", 4).await;
    assert_eq!(bank.post("heavy", 6).await.status, 200);
    bank.house.doors.doorway.remember(&ClientId::from_header(b"heavy").unwrap(), "k");

    let spent = bank.post_under("k", 4).await;
    let other = bank.post_under("another", 4).await;

    for (answer, limit) in [(&first, "r=6;t=4"), (&again, "r=6;t=4"), (&spent, "r=0;t=10")] {
        assert_eq!((answer.status, left(answer)), (200, &*format!("\"orders\";{limit}")));
        assert_eq!(answer.text, first.text);
    }
    assert_eq!(other.status, 429);
}

#[actix::test]
async fn only_what_may_have_come_in_is_charged() {
    let bank = Bank::new(true);
    let failure = || Failure::Lost { reason: "gone".to_owned() };
    let busy = Refused::Busy { retry_after: Duration::from_secs(3) };
    let table = [
        (busy, 503, "r=10;t=0"),
        (Refused::Failed(failure()), 503, "r=10;t=0"),
        (Refused::Unknown(failure()), 503, "r=8;t=2"),
    ];
    for (refused, status, limit) in table {
        bank.house.state().book.refuses = Some(refused);

        let answer = bank.post("heavy", 2).await;

        assert_eq!((answer.status, left(&answer)), (status, &*format!("\"orders\";{limit}")));
    }
}

//! POST /api/v1/orders/batch: what a submitted batch comes to, and how long its sender waits.
//!
//! Numbers in names, as in `defect_42`, are the ancestor's defects that a test keeps out.

use std::time::Duration;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::house::{Answer, House, json};
use super::orders::order;
use crate::actors::batch_supervisor::OrderFate;
use crate::actors::ledger::Refused;
use crate::ports::Failure;

pub(super) const BATCH: &str = "/api/v1/orders/batch";

/// Orders that say when they were made, and differ.
pub(super) fn orders(count: usize) -> Value {
    (0..count)
        .map(|place| {
            let mut order = order();
            order["quantity"] = json!(place + 1);
            order
        })
        .collect()
}

pub(super) fn rejected() -> OrderFate {
    OrderFate::Rejected { message: "the blotter is closed".to_owned() }
}

pub(super) fn queued() -> OrderFate {
    OrderFate::Queued { reason: "the trade service is away".to_owned() }
}

fn dead() -> OrderFate {
    OrderFate::Dead { reason: "TRADE_ID_CONFLICT: the trade is another order's".to_owned() }
}

/// Status, message and error code of each result.
pub(super) fn told(answer: &Answer) -> Vec<(&str, &str, &str)> {
    let results = answer.body["results"].as_array().unwrap();
    results.iter().map(told_item).collect()
}

fn told_item(item: &Value) -> (&str, &str, &str) {
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    (text("status"), text("message"), text("errorCode"))
}

fn counts(answer: &Answer) -> [u64; 5] {
    let names = ["totalRequested", "totalReceived", "successful", "failed", "queued"];
    names.map(|name| answer.body[name].as_u64().unwrap())
}

fn location(answer: &Answer) -> String {
    format!("/api/v1/batches/{}", answer.body["batchId"].as_str().unwrap())
}

#[actix::test]
async fn a_batch_that_is_sent_is_a_success_with_its_trades() {
    let house = House::new();

    for body in [orders(2), json!({"note": 1, "orders": orders(2)})] {
        house.state().book.entries.clear();
        let answer = house.post(BATCH, body).await;

        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["status"], "SUCCESS");
        assert_eq!(answer.body["message"], "All 2 orders submitted successfully");
        assert_eq!(counts(&answer), [2, 2, 2, 0, 0]);
        assert_eq!(
            (&answer.body["success"], &answer.body["successRate"]),
            (&json!(true), &json!(1.0))
        );
        assert_eq!(answer.header("location"), Some(&*location(&answer)));
        let id = answer.body["results"][1]["orderId"].as_i64().unwrap();
        assert_eq!(
            answer.body["results"][1],
            json!({
                "requestIndex": 1, "orderId": id, "status": "SUCCESS",
                "message": "Order submitted successfully", "tradeOrderId": 1000 + id,
                "success": true, "failure": false,
            })
        );
    }
}

#[actix::test]
async fn what_is_not_decided_is_queued_and_accepted() {
    let house = House::new();
    house.state().book.fates.extend([(1, queued()), (2, dead())]);

    let answer = house.post(BATCH, orders(3)).await;

    assert_eq!((answer.status, &answer.body["status"]), (202, &json!("SUCCESS")));
    assert_eq!(answer.body["message"], "1 of 3 orders submitted successfully, 2 queued");
    assert_eq!(counts(&answer), [3, 3, 1, 0, 2]);
    assert_eq!(
        told(&answer)[1..],
        [
            (
                "QUEUED",
                "Order accepted: it will be submitted later (the trade service is away)",
                ""
            ),
            (
                "QUEUED",
                "Order accepted, but an operator has to decide before it goes on \
                 (TRADE_ID_CONFLICT: the trade is another order's)",
                ""
            ),
        ]
    );
    assert_eq!(answer.header("location"), Some(&*location(&answer)));
}

#[actix::test]
async fn defect_42_and_86_a_mixed_batch_adds_up_and_every_failure_has_its_code() {
    let house = House::new();
    house.state().book.fates.extend([(0, rejected()), (2, queued())]);
    let mut items = orders(5);
    items[1]["quantity"] = json!(0);
    items[4]["statusId"] = json!(6);

    let answer = house.post(BATCH, items).await;

    assert_eq!((answer.status, &answer.body["status"]), (207, &json!("PARTIAL")));
    assert_eq!(answer.body["message"], "1 of 5 orders submitted successfully, 1 queued");
    assert_eq!(counts(&answer), [5, 5, 1, 3, 1]);
    assert_eq!(answer.body["successRate"], 0.2);
    let refusal = "The trade service refused the order: the blotter is closed";
    let on_hold = "The order is HOLD: it must be NEW to be submitted";
    let told = told(&answer);
    assert_eq!(told[0], ("FAILURE", refusal, "ORDER_REJECTED"));
    assert_eq!(told[1], ("FAILURE", "Quantity must be positive", "INVALID_FIELD_VALUE"));
    assert_eq!((told[2].0, told[3].0), ("SUCCESS", "QUEUED"));
    assert_eq!(told[4], ("FAILURE", on_hold, "INVALID_ORDER_STATE"));
    assert_eq!(answer.body["results"][4]["field"], "statusId");
    assert!(answer.body["results"][0]["orderId"].is_i64(), "it stands, NEW and free");
    let places: Vec<_> = answer.body["results"].as_array().unwrap().iter().collect();
    assert!(places.iter().enumerate().all(|(place, item)| item["requestIndex"] == place));
}

#[actix::test]
async fn nothing_but_refusals_is_a_failure_that_stands() {
    let house = House::new();
    house.state().book.fates.extend([(0, rejected()), (1, rejected())]);

    let answer = house.post(BATCH, orders(2)).await;

    assert_eq!((answer.status, &answer.body["status"]), (207, &json!("FAILURE")));
    assert_eq!(answer.body["message"], "0 of 2 orders submitted successfully");
    assert_eq!(counts(&answer), [2, 2, 0, 2, 0]);
    assert_eq!(answer.header("location"), Some(&*location(&answer)));
}

#[actix::test]
async fn a_batch_of_nothing_but_faults_is_not_recorded() {
    let house = House::new();

    let answer = house.post(BATCH, json!([null, {"clientOrderId": "mine"}])).await;

    assert_eq!((answer.status, &answer.body["status"]), (207, &json!("FAILURE")));
    assert_eq!(counts(&answer), [2, 2, 0, 2, 0]);
    assert!(answer.body.get("batchId").is_none() && answer.header("location").is_none());
    assert_eq!(answer.body["results"][1]["clientOrderId"], "mine");
    assert!(house.state().book.entries.is_empty());
}

#[actix::test]
async fn names_that_the_sender_gave_come_back_with_every_item() {
    let house = House::new();
    let mut items = orders(3);
    items[0]["clientOrderId"] = json!(" one ");
    items[2]["clientOrderId"] = json!("three");
    items[2]["quantity"] = json!(-1);

    for (route, member) in [(BATCH, "results"), ("/api/v1/orders", "orders")] {
        let answer = house.post(route, &items).await;

        let names = [0, 1, 2].map(|place| answer.body[member][place]["clientOrderId"].clone());
        assert_eq!(names, [json!("one"), Value::Null, json!("three")], "{route}");
    }
}

#[actix::test]
async fn empty_and_oversized_batches_have_the_lists_shape() {
    let mut house = House::new();
    house.doors.limits.body_max = 1 << 20;
    let many = json!(vec![Value::Null; 1001]);
    let table = [
        (json!([]), 400, "VALIDATION_ERROR", "No orders to process"),
        (json!({"orders": []}), 400, "VALIDATION_ERROR", "No orders to process"),
        (many, 413, "PAYLOAD_TOO_LARGE", "Batch size 1001 exceeds maximum allowed size of 1000"),
    ];
    for (body, status, code, message) in table {
        let answer = house.post(BATCH, body).await;

        assert_eq!((answer.status, answer.code()), (status, code));
        assert_eq!(
            (&answer.body["message"], &answer.body["status"]),
            (&json!(message), &json!("FAILURE"))
        );
        assert_eq!(counts(&answer), [0; 5]);
        assert_eq!(answer.body["results"], json!([]));
    }
}

#[actix::test]
async fn defect_66_a_bad_request_is_the_callers_and_never_a_500() {
    let house = House::new();
    for route in [BATCH, "/api/v1/orders/batch/submit"] {
        for body in ["{", "5", "\"x\"", "[[1]]", r#"{"orders": 5, "orderIds": 5}"#] {
            let answer = house.post(route, body).await;
            assert_eq!((answer.status, answer.code()), (400, "INVALID_REQUEST_FORMAT"), "{body}");
        }
        let bare = house.call(TestRequest::post().uri(route).set_payload("[]")).await;
        assert_eq!((bare.status, bare.code()), (415, "UNSUPPORTED_MEDIA_TYPE"));
        let got = house.get(route).await;
        assert_eq!((got.status, got.header("allow")), (405, Some("POST")));
    }
    for uri in ["/api/v1/batches/1", "/api/v1/batches/none"] {
        let answer = house.get(uri).await;
        assert_eq!((answer.status, answer.code()), (400, "INVALID_FIELD_VALUE"));
    }
    let answer = house.post("/api/v1/orders/x/submit", "").await;
    assert_eq!((answer.status, answer.code()), (400, "INVALID_FIELD_VALUE"));
}

#[actix::test]
async fn a_refusal_before_anything_is_stored_is_a_code_with_a_time_to_come_back() {
    let house = House::new();
    let secret = || "secret driver text".to_owned();
    let table = [
        (Refused::Busy { retry_after: Duration::from_secs(3) }, "SERVICE_OVERLOADED"),
        (Refused::Stopping, "SERVICE_STOPPING"),
        (Refused::Failed(Failure::Away { reason: secret() }), "DATABASE_UNAVAILABLE"),
        (Refused::Unknown(Failure::Lost { reason: secret() }), "OUTCOME_UNKNOWN"),
    ];
    for (refused, code) in table {
        house.state().book.refuses = Some(refused);
        for answer in [
            house.post(BATCH, orders(1)).await,
            house.post("/api/v1/orders/batch/submit", json!({"orderIds": [1]})).await,
            house.post("/api/v1/orders/1/submit", "").await,
        ] {
            assert_eq!((answer.status, answer.code()), (503, code));
            assert!(!answer.text.contains("secret"));
        }
    }
}

/// (39, 58) What was submitted is not told as "nothing was stored" for want of a look at it.
#[actix::test]
async fn an_order_that_cannot_be_read_after_its_submission_is_not_told_as_failed() {
    let house = House::new();
    house.post("/api/v1/orders", json!([order()])).await;
    house.state().read_failure = Some(Failure::Broken { reason: "secret driver text".to_owned() });

    let answer = house.post("/api/v1/orders/1/submit", "").await;

    assert_eq!((answer.status, answer.code()), (503, "OUTCOME_UNKNOWN"), "{}", answer.text);
    let batch_id = house.state().book.entries.last().unwrap().id.to_string();
    assert!(answer.text.contains(&batch_id) && !answer.text.contains("secret"), "{}", answer.text);
}

#[actix::test]
async fn defect_74_what_others_said_is_one_bounded_line() {
    let house = House::new();
    let page = format!("<html>\n\u{1b}[31m{}", "x".repeat(5000));
    house.state().book.fates.insert(0, OrderFate::Rejected { message: page });

    let answer = house.post(BATCH, orders(1)).await;

    let message = answer.body["results"][0]["message"].as_str().unwrap();
    assert!(message.chars().count() < 260 && !message.chars().any(char::is_control), "{message}");
}

/// Posts a batch that nobody decides, and tells how long the answer took on the paused clock.
async fn post_undecided(house: &House, prefer: &'static str) -> (Answer, Duration) {
    house.state().book.waits = true;
    house.state().book.entries.clear();
    let started = house.doors.clock.instant();
    let request = json(TestRequest::post().uri(BATCH), orders(2));
    let request =
        if prefer.is_empty() { request } else { request.insert_header(("Prefer", prefer)) };
    let answer = house.call(request).await;
    (answer, house.doors.clock.instant().duration_since(started))
}

#[actix::test]
async fn defect_58_nobody_waits_longer_than_promised_and_what_is_known_is_told() {
    tokio::time::pause();
    let mut house = House::new();
    house.doors.limits.answer_within = Duration::from_secs(25);
    let table = [
        ("", 5, None),
        ("respond-async", 0, Some("respond-async")),
        ("wait=0", 0, Some("wait=0")),
        ("wait=7", 7, Some("wait=7")),
        ("wait=600", 24, Some("wait=600")),
        ("respond-async, wait=2", 2, Some("respond-async, wait=2")),
        ("return=minimal", 5, None),
    ];
    for (prefer, seconds, applied) in table {
        let (answer, took) = post_undecided(&house, prefer).await;

        assert_eq!(answer.status, 202, "{prefer}: {answer:?}");
        assert_eq!(answer.header("preference-applied"), applied, "{prefer}");
        assert_eq!(counts(&answer), [2, 2, 0, 0, 2]);
        assert_eq!(answer.body["message"], "All 2 orders accepted and queued");
        assert_eq!(told(&answer)[0], ("QUEUED", "Order accepted: it waits for its turn", ""));
        let expected = Duration::from_secs(seconds);
        assert!(took.abs_diff(expected) < Duration::from_millis(500), "{prefer}: {took:?}");
    }
}

#[actix::test]
async fn defect_49_a_load_that_was_taken_is_waited_for_and_its_answer_agrees_with_the_record() {
    tokio::time::pause();
    let mut house = House::new();
    house.doors.limits.answer_within = Duration::from_secs(25);
    house.state().book.waits = true;
    let world = house.world.clone();
    let worker = async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let progress = world.state().book.entries[0].progress.clone().unwrap();
        progress.set([(1, OrderFate::OnTheWay), (2, OrderFate::OnTheWay)]);
        tokio::time::sleep(Duration::from_secs(9)).await;
        world.state().fulfil(&[1], &progress);
    };
    let started = house.doors.clock.instant();

    let (answer, ()) =
        tokio::join!(house.call(json(TestRequest::post().uri(BATCH), orders(2))), worker);

    assert_eq!(answer.status, 202);
    let took = house.doors.clock.instant().duration_since(started);
    assert!(took.abs_diff(Duration::from_secs(24)) < Duration::from_secs(1), "{took:?}");
    let way = "Order accepted: it is on its way to the trade service";
    assert_eq!(
        told(&answer),
        [("SUCCESS", "Order submitted successfully", ""), ("QUEUED", way, "")]
    );

    let again = house.post(BATCH, orders(2)).await;

    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.body["batchId"], answer.body["batchId"]);
    assert_eq!(house.state().orders.len(), 2, "nothing came twice");
}

#[actix::test]
async fn an_answer_does_not_wait_once_everything_is_decided() {
    tokio::time::pause();
    let house = House::new();
    house.state().book.waits = true;
    let world = house.world.clone();
    let worker = async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let progress = world.state().book.entries[0].progress.clone().unwrap();
        world.state().fulfil(&[1, 2], &progress);
    };
    let started = house.doors.clock.instant();

    let (answer, ()) =
        tokio::join!(house.call(json(TestRequest::post().uri(BATCH), orders(2))), worker);

    assert_eq!(answer.status, 200);
    assert!(
        house.doors.clock.instant().duration_since(started) < Duration::from_millis(400),
        "{:?}",
        house.doors.clock.instant().duration_since(started)
    );
}

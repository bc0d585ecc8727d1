//! The same request sent again, on every route that creates or submits.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::house::{Answer, House, json};
use super::submissions::{BATCH, orders, queued};
use crate::actors::batch_supervisor::OrderFate;

const ORDERS: &str = "/api/v1/orders";
const SUBMIT: &str = "/api/v1/orders/batch/submit";
const SUBMIT_ONE: &str = "/api/v1/orders/1/submit";

/// Everything is recorded by the clerk, who knows keys.
fn house() -> House {
    let mut house = House::new();
    house.doors.recorder = house.clerk.clone().recipient();
    house
}

async fn post(house: &House, uri: &str, key: &str, body: &Value) -> Answer {
    let request = json(TestRequest::post().uri(uri), body);
    house.call(request.insert_header(("Idempotency-Key", key))).await
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

/// Each route with a body that it takes; order 1 to 3 stand.
async fn house_with_routes() -> (House, [(&'static str, Value); 4]) {
    let house = house();
    house.post(ORDERS, orders(3)).await;
    house.state().book.entries.clear();
    let routes = [
        (ORDERS, orders(2)),
        (BATCH, orders(2)),
        (SUBMIT, json!({"orderIds": [2, 3, 99]})),
        (SUBMIT_ONE, Value::Null),
    ];
    (house, routes)
}

/// Defect 35 of the ancestor.
#[actix::test]
async fn defect_36_under_a_key_the_same_request_hears_the_same_bytes_and_creates_nothing() {
    let (house, routes) = house_with_routes().await;
    for (uri, body) in routes {
        let first = post(&house, uri, "k-1", &body).await;
        let stood = house.state().orders.len();
        assert!([200, 207].contains(&first.status) && !is_replayed(&first), "{uri}: {first:?}");

        // Nothing that happens in between changes what is heard, not even a new start.
        house.state().book.restarts();
        house.state().orders[0].version += 7;
        for _ in 0..2 {
            let again = post(&house, uri, "\"k-1\"", &body).await;

            assert_eq!((again.status, &again.text), (first.status, &first.text), "{uri}");
            assert_eq!(again.header("location"), first.header("location"));
            assert!(is_replayed(&again));
        }
        assert_eq!(house.state().orders.len(), stood, "{uri}");
    }
    assert_eq!(house.state().book.freezes, 4, "each answer was kept once");
}

#[actix::test]
async fn defect_36_the_same_body_with_times_is_the_same_request_and_hears_how_things_stand() {
    let house = house();
    house.state().book.fates.insert(0, queued());
    for (uri, member) in [(BATCH, "results"), (ORDERS, "orders")] {
        let first = house.post(uri, orders(2)).await;

        let again = house.post(uri, orders(2)).await;

        let ids = |answer: &Answer| {
            [0, 1].map(|place| answer.body[member][place]["orderId"].as_i64().unwrap())
        };
        assert_eq!((ids(&first), is_replayed(&first)), (ids(&again), false));
        assert_eq!((again.status, is_replayed(&again)), (first.status, true), "{uri}");
        assert_eq!(again.body["batchId"], first.body["batchId"]);
    }
    house.state().meet(1, &OrderFate::Sent { trade_order_id: 77 });
    let later = house.post(BATCH, orders(2)).await;
    assert_eq!((later.status, &later.body["results"][0]["tradeOrderId"]), (200, &json!(77)));
    let state = house.state();
    assert_eq!((state.orders.len(), state.book.freezes), (4, 0));
}

#[actix::test]
async fn bodies_without_times_are_two_requests() {
    let house = house();
    let mut timeless = orders(2);
    timeless[1].as_object_mut().unwrap().remove("orderTimestamp");
    for uri in [BATCH, ORDERS] {
        let before = house.state().orders.len();
        for body in [&timeless, &timeless] {
            let answer = house.post(uri, body).await;
            assert_eq!((answer.status, is_replayed(&answer)), (200, false));
        }
        assert_eq!(house.state().orders.len(), before + 4);
    }
    assert!(house.state().book.entries.iter().all(|entry| entry.key.is_none()));
}

#[actix::test]
async fn standing_orders_without_a_key_are_submitted_each_time() {
    let (house, _) = house_with_routes().await;
    for _ in 0..2 {
        let answer = house.post(SUBMIT, json!({"orderIds": [1]})).await;
        assert_eq!((answer.status, is_replayed(&answer)), (200, false));
    }
    assert!(house.state().book.entries.iter().all(|entry| entry.key.is_none()));
}

#[actix::test]
async fn another_request_under_the_same_key_is_refused() {
    let (house, routes) = house_with_routes().await;
    for (uri, body) in &routes {
        assert!(post(&house, uri, "k", body).await.status < 300, "{uri}");
    }
    let others = [
        (ORDERS, orders(1)),
        (BATCH, orders(1)),
        (SUBMIT, json!({"orderIds": [2]})),
        ("/api/v1/orders/2/submit", Value::Null),
    ];
    let stood = house.state().orders.len();
    for (uri, body) in others {
        let answer = post(&house, uri, "k", &body).await;

        assert_eq!((answer.status, answer.code()), (422, "IDEMPOTENCY_KEY_REUSED"), "{uri}");
        assert_eq!(answer.body["details"]["field"], "Idempotency-Key");
    }
    assert_eq!(house.state().orders.len(), stood);
}

#[actix::test]
async fn keys_belong_to_their_client_and_their_route() {
    let house = house();
    for client in ["desk-1", "desk-2"] {
        for uri in [BATCH, ORDERS] {
            let request = json(TestRequest::post().uri(uri), orders(1));
            let request = request.insert_header(("Idempotency-Key", "k"));
            let answer = house.call(request.insert_header(("X-Client-Id", client))).await;
            assert_eq!((answer.status, is_replayed(&answer)), (200, false), "{client} {uri}");
        }
    }
    assert_eq!(house.state().orders.len(), 4);
}

#[actix::test]
async fn what_is_no_key_is_refused_before_anything_is_read() {
    let house = house();
    let long = "k".repeat(256);
    for uri in [ORDERS, BATCH, SUBMIT, SUBMIT_ONE] {
        for key in ["", "a b", "\"open", "body:00", &long] {
            let answer = post(&house, uri, key, &json!("never read")).await;
            assert_eq!((answer.status, answer.code()), (400, "INVALID_FIELD_VALUE"), "{uri} {key}");
            assert_eq!(answer.body["details"]["field"], "Idempotency-Key");
        }
        let twice = json(TestRequest::post().uri(uri), "[]");
        let twice = twice.append_header(("Idempotency-Key", "a"));
        let answer = house.call(twice.append_header(("Idempotency-Key", "b"))).await;
        assert_eq!((answer.status, answer.code()), (400, "INVALID_FIELD_VALUE"));
    }
    assert!(house.state().book.entries.is_empty());
}

#[actix::test]
async fn an_accepted_answer_stays_what_it_was_and_the_batch_tells_the_rest() {
    let house = house();
    house.state().book.fates.insert(0, queued());
    let first = post(&house, BATCH, "k", &orders(1)).await;
    assert_eq!(first.status, 202);
    house.state().meet(1, &OrderFate::Sent { trade_order_id: 77 });

    let again = post(&house, BATCH, "k", &orders(1)).await;

    assert_eq!((again.status, &again.text), (202, &first.text));
    let batch = house.get(again.header("location").unwrap()).await;
    assert_eq!(
        (&batch.body["state"], &batch.body["results"][0]["tradeOrderId"]),
        (&json!("DONE"), &json!(77))
    );
}

#[actix::test]
async fn who_comes_while_it_is_under_way_joins_and_hears_the_same() {
    tokio::time::pause();
    let house = house();
    house.state().book.waits = true;
    let world = house.world.clone();
    let worker = async move {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let progress = world.state().book.entries[0].progress.clone().unwrap();
        world.state().fulfil(&[1, 2], &progress);
    };
    let request = || {
        let request = json(TestRequest::post().uri(BATCH), orders(2));
        request.insert_header(("Idempotency-Key", "k"))
    };

    let (one, two, ()) = tokio::join!(house.knock(request()), house.knock(request()), worker);

    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(one.text, two.text);
    assert!(is_replayed(&one) != is_replayed(&two));
    assert_eq!(house.state().orders.len(), 2);
}

#[actix::test]
async fn an_answer_that_was_never_kept_is_composed_once_and_kept() {
    let house = house();
    for (uri, body) in
        [(ORDERS, orders(2)), (BATCH, orders(2)), (SUBMIT, json!({"orderIds": [1, 9]}))]
    {
        // The process ended between the commit and the answer.
        house.state().book.freezing_fails = true;
        let lost = post(&house, uri, "k", &body).await;
        assert_eq!((lost.status, lost.code()), (503, "OUTCOME_UNKNOWN"), "{uri}");
        assert!(lost.body["message"].as_str().unwrap().contains("the same Idempotency-Key"));
        assert!(!lost.text.contains("secret"));
        house.state().book.freezing_fails = false;
        house.state().book.restarts();
        let stood = house.state().orders.len();

        let first = post(&house, uri, "k", &body).await;
        house.state().orders[0].version += 1;
        let again = post(&house, uri, "k", &body).await;

        assert!(first.status < 300, "{uri}: {first:?}");
        assert_eq!((again.status, &again.text), (first.status, &first.text), "{uri}");
        assert!(is_replayed(&first) && is_replayed(&again));
        assert_eq!(house.state().orders.len(), stood);
    }
}

#[actix::test]
async fn a_batch_that_was_forgotten_between_two_looks_is_asked_for_again() {
    let house = house();
    house.post(BATCH, orders(1)).await;
    house.state().book.hides = true;

    let answer = house.post(BATCH, orders(1)).await;

    assert_eq!((answer.status, answer.code()), (503, "SERVICE_OVERLOADED"));
}

#[actix::test]
async fn an_order_known_by_its_senders_name_is_the_first_one() {
    let house = house();
    let mut first = orders(1);
    first[0]["clientOrderId"] = json!("mine");
    let mut second = orders(2);
    second[1] = first[0].clone();
    let recorded = house.post(ORDERS, first).await;

    let answer = house.post(ORDERS, second).await;

    assert_eq!(answer.status, 200);
    let item = &answer.body["orders"][1];
    assert_eq!(item["orderId"], recorded.body["orders"][0]["orderId"]);
    assert_eq!(item["message"], "Order stands since an earlier request");
    assert_eq!(item["clientOrderId"], "mine");
    assert_eq!(answer.body["orders"][0]["message"], "Order created successfully");
}

#[actix::test]
async fn an_order_that_was_deleted_since_is_told_so() {
    let house = house();
    house.post(ORDERS, orders(2)).await;
    house.state().orders.remove(0);

    let answer = house.post(ORDERS, orders(2)).await;

    assert_eq!((answer.status, is_replayed(&answer)), (207, true));
    let item = &answer.body["orders"][0];
    assert_eq!(
        (&item["errorCode"], &item["message"]),
        (&json!("NOT_FOUND"), &json!("Order 1 was deleted since"))
    );
}

//! Submitting orders that stand already, and reading batches.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::house::{Answer, House};
use super::orders::order;
use super::submissions::{BATCH, orders, queued, rejected, told};
use crate::actors::batch_supervisor::OrderFate;

const SUBMIT: &str = "/api/v1/orders/batch/submit";

/// A house with orders 1 to `count`, all NEW.
async fn with_orders(count: usize) -> House {
    let house = House::new();
    assert_eq!(house.post("/api/v1/orders", orders(count)).await.status, 200);
    house
}

async fn submit(house: &House, ids: Value) -> Answer {
    house.post(SUBMIT, json!({ "orderIds": ids })).await
}

fn ids(answer: &Answer) -> Vec<i64> {
    let results = answer.body["results"].as_array().unwrap();
    results.iter().map(|item| item["orderId"].as_i64().unwrap()).collect()
}

fn trades(answer: &Answer) -> Vec<Option<i64>> {
    let results = answer.body["results"].as_array().unwrap();
    results.iter().map(|item| item["tradeOrderId"].as_i64()).collect()
}

#[actix::test]
async fn standing_orders_are_submitted_in_the_ancestors_words() {
    let house = with_orders(2).await;

    let answer = submit(&house, json!([2, 1])).await;

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["message"], "All 2 orders submitted successfully");
    assert_eq!(
        (&answer.body["totalRequested"], &answer.body["successful"]),
        (&json!(2), &json!(2))
    );
    assert_eq!((ids(&answer), trades(&answer)), (vec![2, 1], vec![Some(1002), Some(1001)]));
    assert_eq!(told(&answer)[0], ("SUCCESS", "Order submitted successfully", ""));
    assert!(answer.header("location").unwrap().starts_with("/api/v1/batches/"));
}

#[actix::test]
async fn defect_40_overlapping_requests_get_an_answer_for_each_order() {
    let house = with_orders(3).await;
    assert_eq!(submit(&house, json!([1])).await.status, 200);
    house.state().book.fates.insert(1, OrderFate::OnTheWay);

    tokio::time::pause();
    let answer = submit(&house, json!([1, 2, 3])).await;

    assert_eq!((answer.status, &answer.body["status"]), (202, &json!("SUCCESS")));
    let told = told(&answer);
    assert_eq!(told[0], ("SUCCESS", "Order submitted successfully by an earlier request", ""));
    assert_eq!((told[1].0, told[2].0), ("SUCCESS", "QUEUED"));
    assert_eq!(trades(&answer), [Some(1001), Some(1002), None]);
}

#[actix::test]
async fn defect_41_results_are_joined_by_order_id() {
    let house = with_orders(3).await;
    house.state().book.reverses = true;
    house.state().book.fates.insert(1, rejected());

    let answer = submit(&house, json!([3, 1, 2])).await;

    assert_eq!(ids(&answer), [3, 1, 2]);
    assert_eq!(trades(&answer), [Some(1003), None, Some(1002)]);
    assert_eq!(told(&answer)[1].2, "ORDER_REJECTED");
}

#[actix::test]
async fn defect_43_every_requested_id_has_its_own_reason() {
    let house = with_orders(2).await;
    house.state().orders[1].terms.status_id = 6;

    let answer = submit(&house, json!([99, 2, 1])).await;

    assert_eq!((answer.status, &answer.body["status"]), (207, &json!("PARTIAL")));
    assert_eq!(answer.body["message"], "1 of 3 orders submitted successfully");
    assert_eq!(ids(&answer), [99, 2, 1]);
    let told_first = told(&answer);
    assert_eq!(told_first[0], ("FAILURE", "Order 99 does not exist", "NOT_FOUND"));
    assert_eq!(told_first[1], ("FAILURE", "Order must be NEW", "INVALID_ORDER_STATE"));

    let answer = submit(&house, json!([99, 2, -1])).await;

    assert_eq!((answer.status, &answer.body["status"]), (207, &json!("FAILURE")));
    assert_eq!((&answer.body["failed"], &answer.body["totalRequested"]), (&json!(3), &json!(3)));
    assert_eq!(
        told(&answer).iter().map(|item| item.2).collect::<Vec<_>>(),
        ["NOT_FOUND", "INVALID_ORDER_STATE", "NOT_FOUND"]
    );
}

#[actix::test]
async fn defect_45_an_id_that_is_there_twice_gets_the_same_result_twice() {
    let house = with_orders(2).await;
    house.state().book.fates.insert(1, rejected());

    let answer = submit(&house, json!([1, 2, 1, 7, 2, 7])).await;

    assert_eq!(ids(&answer), [1, 2, 1, 7, 2, 7]);
    let told = told(&answer);
    assert_eq!((told[0], told[1], told[3]), (told[2], told[4], told[5]));
    assert_eq!(trades(&answer), [Some(1001), None, Some(1001), None, None, None]);
    let body = &answer.body;
    assert_eq!([&body["successful"], &body["failed"]], [&json!(2), &json!(4)]);
    assert_eq!(body["totalRequested"], 6);
}

#[actix::test]
async fn lists_that_cannot_be_submitted_say_so_in_the_ancestors_words() {
    let house = House::new();
    let missing = "Request body is required and must contain orderIds array";
    let many = json!({"orderIds": vec![1; 101]}).to_string();
    let table = [
        ("", 400, "MISSING_REQUIRED_FIELD", missing),
        ("null", 400, "MISSING_REQUIRED_FIELD", missing),
        ("{}", 400, "MISSING_REQUIRED_FIELD", missing),
        (r#"{"orderIds": null}"#, 400, "MISSING_REQUIRED_FIELD", missing),
        (r#"{"orderIds": []}"#, 400, "VALIDATION_ERROR", "Order IDs list cannot be empty"),
        (
            r#"{"orderIds": [1, null]}"#,
            400,
            "VALIDATION_ERROR",
            "Order IDs cannot contain null values",
        ),
        (&many, 413, "PAYLOAD_TOO_LARGE", "Batch size 101 exceeds maximum allowed size of 100"),
    ];
    for (body, status, code, message) in table {
        let answer = house.post(SUBMIT, body).await;

        assert_eq!((answer.status, answer.code()), (status, code), "{body}");
        assert_eq!(answer.body["message"], message);
        assert_eq!(
            (&answer.body["status"], &answer.body["results"]),
            (&json!("FAILURE"), &json!([]))
        );
        assert_eq!(answer.body["totalRequested"], 0);
    }
    let ill = house.post(SUBMIT, r#"{"orderIds": [1, "x"]}"#).await;
    assert!(ill.body["message"].as_str().unwrap().contains("orderIds[1]"), "{}", ill.text);
    assert!(house.state().book.entries.is_empty());
}

/// As the portal asks: a JSON content type, and no body.
async fn submit_one(house: &House, id: i64) -> Answer {
    house.post(&format!("/api/v1/orders/{id}/submit"), "").await
}

#[actix::test]
async fn defect_44_a_submitted_order_is_a_success_however_often_it_is_asked() {
    let house = with_orders(1).await;

    for _ in 0..2 {
        let answer = submit_one(&house, 1).await;

        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            answer.body,
            json!({
                "id": 1, "blotterId": 1, "statusId": 2, "portfolioId": order()["portfolioId"],
                "orderTypeId": 1, "securityId": order()["securityId"], "quantity": 1,
                "limitPrice": null, "tradeOrderId": 1001,
                "orderTimestamp": "2026-01-05T14:30:00.181Z", "version": 2,
            })
        );
    }
    let bare = house.call(TestRequest::post().uri("/api/v1/orders/1/submit")).await;
    assert_eq!(bare.status, 200, "no body needs no content type");
}

#[actix::test]
async fn one_order_that_is_not_decided_is_queued_with_the_place_to_ask() {
    let house = with_orders(1).await;
    house.state().book.fates.insert(0, queued());

    let answer = submit_one(&house, 1).await;

    assert_eq!(answer.status, 202);
    let location = format!("/api/v1/batches/{}", answer.body["batchId"].as_str().unwrap());
    assert_eq!(answer.header("location"), Some(&*location));
    assert_eq!((&answer.body["tradeOrderId"], &answer.body["statusId"]), (&Value::Null, &json!(1)));
    assert!(answer.body["message"].as_str().unwrap().starts_with("Order accepted: "));
}

#[actix::test]
async fn one_order_that_is_not_submitted_says_why_and_so() {
    let house = with_orders(2).await;
    house.state().orders[1].terms.status_id = 6;
    house.state().book.fates.insert(0, rejected());
    let table =
        [(9, 404, "NOT_FOUND"), (2, 409, "INVALID_ORDER_STATE"), (1, 400, "ORDER_REJECTED")];
    for (id, status, code) in table {
        let answer = submit_one(&house, id).await;

        assert_eq!((answer.status, answer.code()), (status, code));
        assert_eq!(answer.body["status"], "not submitted");
    }
}

#[actix::test]
async fn a_batch_is_read_order_by_order() {
    let house = House::new();
    let dead = OrderFate::Dead { reason: "ATTEMPTS_EXHAUSTED: away".to_owned() };
    house.state().book.fates.extend([(1, rejected()), (2, queued()), (3, dead)]);
    house.state().book.fates.insert(4, OrderFate::OnTheWay);
    let mut items = orders(6);
    items[0]["clientOrderId"] = json!("mine");
    items[5]["quantity"] = json!(0);
    tokio::time::pause();
    let posted = house.post(BATCH, items).await;

    let answer = house.get(posted.header("location").unwrap()).await;

    assert_eq!((answer.status, &answer.body["state"]), (200, &json!("QUEUED")));
    assert_eq!(answer.body["acceptedAt"], "1970-01-01T00:00:00Z");
    let times = &answer.body["times"];
    assert_eq!((&times["loadMs"], &times["tradeMs"]), (&json!(5.0), &json!(7.0)));
    assert_eq!((&times["totalMs"], &times["msPerOrder"]), (&json!(20.0), &json!(10.0)));
    for member in ["batchId", "totalRequested", "successful", "failed", "queued", "status"] {
        assert_eq!(answer.body[member], posted.body[member], "{member}");
    }
    let results = &answer.body["results"];
    assert_eq!(
        (&results[0]["clientOrderId"], &results[0]["tradeOrderId"]),
        (&json!("mine"), &json!(1001))
    );
    assert_eq!(
        (&results[1]["errorCode"], &results[5]["errorCode"]),
        (&json!("ORDER_REJECTED"), &json!("INVALID_FIELD_VALUE"))
    );
    assert_eq!(
        results[2]["waiting"],
        json!({
            "reason": "waiting for its next try", "attempts": 2,
            "lastError": "the trade service is away", "nextTryAt": "2026-01-05T14:30:00Z",
        })
    );
    assert_eq!(
        results[3]["waiting"],
        json!({
            "reason": "dead until an operator decides", "attempts": 3,
            "lastError": "ATTEMPTS_EXHAUSTED: away",
        })
    );
    assert_eq!(results[4]["waiting"], json!({"reason": "being sent", "attempts": 0}));
}

#[actix::test]
async fn the_state_of_a_batch_is_one_word() {
    let sent = OrderFate::Sent { trade_order_id: 7 };
    let table = [
        (vec![sent.clone(), sent.clone()], "DONE"),
        (vec![sent.clone(), rejected()], "PARTIAL"),
        (vec![rejected(), rejected()], "FAILED"),
        (vec![rejected(), queued()], "QUEUED"),
    ];
    for (fates, state) in table {
        let house = House::new();
        house.state().book.fates = fates.into_iter().enumerate().collect();
        let posted = house.post(BATCH, orders(2)).await;

        let answer = house.get(posted.header("location").unwrap()).await;

        assert_eq!(answer.body["state"], state);
    }
    let mut house = House::new();
    house.doors.recorder = house.clerk.clone().recipient();
    let posted = house.post("/api/v1/orders", orders(2)).await;
    let uri = format!("/api/v1/batches/{}", posted.body["batchId"].as_str().unwrap());
    let answer = house.get(&uri).await;
    assert_eq!(
        (&answer.body["state"], &answer.body["successful"]),
        (&json!("RECORDED"), &json!(2))
    );
    assert_eq!(answer.body["message"], "2 of 2 orders stored");

    let nobody = house.get("/api/v1/batches/01a1fd4a-aee9-76d6-86b7-ffffcc304811").await;
    assert_eq!((nobody.status, nobody.code()), (404, "NOT_FOUND"));
}

#[actix::test]
async fn orders_that_left_a_batch_are_told_as_they_are() {
    let house = House::new();
    house.state().book.fates.extend([(0, queued()), (1, queued()), (2, queued())]);
    let posted = house.post(BATCH, orders(3)).await;
    {
        let mut state = house.state();
        state.book.letters.clear();
        state.orders.remove(0);
        state.orders[0].terms.status_id = 6;
    }

    let answer = house.get(posted.header("location").unwrap()).await;

    assert_eq!(answer.body["state"], "FAILED");
    let told = told(&answer);
    assert_eq!(told[0], ("FAILURE", "Order 1 does not exist", "NOT_FOUND"));
    assert_eq!(told[1].2, "INVALID_ORDER_STATE");
    let back = "Order is not being submitted: it was taken back, or could not be submitted in time; \
                submit it again";
    assert_eq!(told[2], ("FAILURE", back, "ORDER_REJECTED"));
}

#[actix::test]
async fn defect_24_there_is_one_set_of_words_for_batches_and_one_for_items() {
    for fates in
        [vec![], vec![(0, rejected())], vec![(0, rejected()), (1, rejected())], vec![(1, queued())]]
    {
        let house = House::new();
        house.state().book.fates.extend(fates);
        let answer = house.post(BATCH, orders(2)).await;

        let status = answer.body["status"].as_str().unwrap();
        assert!(["SUCCESS", "PARTIAL", "FAILURE"].contains(&status), "{status}");
        for (name, of) in [("success", "SUCCESS"), ("partial", "PARTIAL"), ("failure", "FAILURE")] {
            assert_eq!(answer.body[name], json!(status == of));
        }
        for item in answer.body["results"].as_array().unwrap() {
            let status = item["status"].as_str().unwrap();
            assert!(["SUCCESS", "QUEUED", "FAILURE"].contains(&status), "{status}");
            assert_eq!(item["success"], json!(status == "SUCCESS"));
            assert_eq!(item["failure"], json!(status == "FAILURE"));
            assert_eq!(item.get("errorCode").is_some(), status == "FAILURE", "(86)");
        }
    }
}

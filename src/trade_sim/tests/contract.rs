//! Every answer of the contract, as contract 4.1 has it.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::super::Rules;
use super::house::{ask, bulk, changed, get, order, place, sim};

#[actix_web::test]
async fn a_good_bulk_is_placed_and_told_order_by_order() {
    let sim = sim();
    let second = changed(18, "limitPrice", json!(101.25));

    let told = place(&sim, vec![order(17), second]).await;

    assert_eq!(told.status, 201);
    let expected = json!({
        "status": "SUCCESS", "message": "All trade orders created successfully",
        "totalRequested": 2, "successful": 2, "failed": 0,
        "results": [{
            "requestIndex": 0, "status": "SUCCESS",
            "message": "Trade order created successfully",
            "tradeOrder": {
                "id": 1, "orderId": 17, "portfolioId": "68a1b2c3d4e5f60718293a4b",
                "orderType": "BUY", "securityId": "68ffeeddccbbaa9988776655", "quantity": 5.5,
                "quantitySent": 0, "limitPrice": null,
                "tradeTimestamp": "2026-01-05T14:30:00.181Z",
                "blotter": {"id": 1, "abbreviation": "Default", "name": "Default", "version": 1},
                "submitted": false, "version": 1,
            },
        }, told.body["results"][1]],
    });
    assert_eq!(told.body, expected);
    let second = &told.body["results"][1]["tradeOrder"];
    assert_eq!((&second["id"], &second["limitPrice"]), (&json!(2), &json!(101.25)));
}

#[actix_web::test]
async fn one_bad_order_fails_the_whole_bulk_and_is_named() {
    let sim = sim();
    let told = place(&sim, vec![order(1), changed(2, "blotterId", json!(5)), order(3)]).await;

    assert_eq!(told.status, 400);
    assert_eq!(
        told.body["message"],
        "Bulk operation failed due to validation errors: \
         Validation failed for trade order at index 1: Blotter not found with ID: 5"
    );
    assert_eq!(told.body["status"], "FAILURE");
    assert_eq!([&told.body["successful"], &told.body["failed"]], [&json!(0), &json!(3)]);
    let results = told.body["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["status"] == "FAILURE"));
    assert!(results.iter().all(|result| result["tradeOrder"].is_null()));
    assert_eq!(sim.totals().placed, 0);
}

#[actix_web::test]
async fn a_duplicate_inside_the_bulk_is_400_and_one_in_the_table_is_500() {
    let sim = sim();
    assert_eq!(bulk(&sim, &[7, 7]).await.status, 400);
    assert_eq!(bulk(&sim, &[7]).await.status, 201);

    let told = bulk(&sim, &[6, 7]).await;

    assert_eq!((told.status, &told.body["status"]), (500, &json!(500)));
    assert_eq!(told.body["message"], "An unexpected error occurred");
    let count = sim.count(7);
    assert_eq!((count.placed, count.refused_duplicates, sim.count(6).placed), (1, 1, 0));
}

#[actix_web::test]
async fn empty_oversized_unreadable_and_undeclared_bodies_hear_the_default_errors() {
    let sim = sim();
    let many: Vec<_> = (1..=1001).map(order).collect();
    let uri = "/api/v1/tradeOrders/bulk";
    let json_text = |text: &'static str| {
        TestRequest::post()
            .uri(uri)
            .insert_header(("content-type", "application/json"))
            .set_payload(text)
    };
    for (told, status) in [
        (place(&sim, Vec::new()).await, 400),
        (place(&sim, many).await, 400),
        (ask(&sim, json_text("{}")).await, 400),
        (ask(&sim, json_text("[")).await, 400),
        (ask(&sim, json_text("")).await, 400),
        (ask(&sim, json_text(r#"{"tradeOrders":[{"orderId":"x"}]}"#)).await, 400),
        (ask(&sim, TestRequest::post().uri(uri).set_payload("{}")).await, 415),
    ] {
        assert_eq!((told.status, &told.body["status"]), (status, &json!(status)));
        assert_eq!(told.body["path"], uri);
        assert!(told.body["timestamp"].is_string() && told.body["results"].is_null());
    }
    assert_eq!(place(&sim, (1..=1000).map(order).collect()).await.status, 201);
}

#[actix_web::test]
async fn a_single_order_is_placed_or_refused_alone() {
    let sim = sim();
    let post = |order: Value| TestRequest::post().uri("/api/v1/tradeOrders").set_json(order);
    let bare = json!({"orderId": 7, "portfolioId": "P", "orderType": "SHORT", "securityId": 5,
        "quantity": "1e2", "limitPrice": null, "tradeTimestamp": null, "blotterId": null});

    let told = ask(&sim, post(bare)).await;

    assert_eq!(told.status, 201);
    assert_eq!(told.body["id"], 1);
    assert_eq!([&told.body["quantity"], &told.body["securityId"]], [&json!(100), &json!("5")]);
    assert!(told.body["tradeTimestamp"].is_string() && told.body["blotter"].is_null());
    assert_eq!(ask(&sim, post(order(7))).await.status, 500);
    assert_eq!(ask(&sim, post(changed(8, "quantity", json!(0)))).await.status, 400);
}

#[actix_web::test]
async fn trades_are_looked_up_by_order_under_both_versions() {
    let sim = sim();
    bulk(&sim, &[7, 8, 9]).await;
    for version in ["v1", "v2"] {
        let told = get(&sim, &format!("/api/{version}/tradeOrders?order_id=8")).await;
        assert_eq!((told.status, told.header("x-total-count")), (200, "1"));
        assert_eq!([&told.body[0]["id"], &told.body[0]["orderId"]], [&json!(2), &json!(8)]);
    }

    let none = get(&sim, "/api/v1/tradeOrders?order_id=99").await;
    assert_eq!((none.header("x-total-count"), &none.body), ("0", &json!([])));
    let page = get(&sim, "/api/v1/tradeOrders?limit=1&offset=1").await;
    assert_eq!((page.header("x-total-count"), &page.body[0]["id"]), ("3", &json!(2)));
    assert_eq!(page.body.as_array().unwrap().len(), 1);
    assert_eq!(get(&sim, "/api/v1/tradeOrders?order_id=x").await.status, 400);
    assert_eq!(get(&sim, "/api/v1/tradeOrder/3").await.body["orderId"], 9);
    for missing in ["/api/v1/tradeOrder/4", "/api/v1/tradeOrder/x", "/api/v3/tradeOrders"] {
        assert_eq!(get(&sim, missing).await.status, 404);
    }
}

#[actix_web::test]
async fn keys_are_recorded_always_and_honoured_by_rule() {
    let sim = sim();
    let keyed = |ids: &[i32]| {
        let orders: Vec<_> = ids.iter().map(|id| order(*id)).collect();
        let request = TestRequest::post().uri("/api/v1/tradeOrders/bulk");
        let request = request.insert_header(("idempotency-key", "k-1"));
        let request = request.insert_header(("traceparent", "00-a-b-01"));
        request.set_json(json!({ "tradeOrders": orders }))
    };
    let first = ask(&sim, keyed(&[7, 8])).await;
    assert_eq!(ask(&sim, keyed(&[7, 8])).await.status, 500);

    sim.set_rules(Rules { honour_keys: true, ..Rules::default() });
    let again = ask(&sim, keyed(&[7, 8])).await;

    assert_eq!((again.status, again.body), (201, first.body));
    assert_eq!(ask(&sim, keyed(&[7])).await.status, 422);
    let calls = get(&sim, "/sim/book?orders=false").await.body["calls"].clone();
    let effects: Vec<_> = calls.as_array().unwrap().iter().map(|call| &call["effect"]).collect();
    assert_eq!(effects, ["placed", "exists", "replayed", "invalid"]);
    assert_eq!(calls[0]["idempotencyKey"], "k-1");
    assert_eq!(calls[0]["traceparent"], "00-a-b-01");
    assert_eq!(calls[1]["orderIds"], json!([7, 8]));
}

//! Orders: created, read, listed, changed and deleted.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::house::{self, House};

/// An order as the portal writes it.
pub(super) fn order() -> Value {
    json!({
        "blotterId": 1, "statusId": 1, "portfolioId": "68a1b2c3d4e5f60718293a4b",
        "orderTypeId": 1, "securityId": "68ffeeddccbbaa9988776655", "quantity": 5.5,
        "limitPrice": null, "tradeOrderId": null, "orderTimestamp": "2026-01-05T14:30:00.181Z",
        "version": 1,
    })
}

fn order_with(field: &str, value: Value) -> Value {
    let mut order = order();
    order[field] = value;
    order
}

#[actix::test]
async fn a_good_batch_is_recorded_and_answered_with_its_orders() {
    let house = House::new();

    let answer = house
        .post("/api/v1/orders", json!([order(), order_with("limitPrice", json!("0.10"))]))
        .await;

    assert_eq!(answer.status, 200, "{answer:?}");
    let body = &answer.body;
    assert_eq!(body["status"], "SUCCESS");
    assert_eq!(body["message"], "All 2 orders processed successfully");
    assert!(body["batchId"].is_string());
    let counts = ["totalRequested", "totalReceived", "successful", "failed", "queued"];
    assert_eq!(counts.map(|name| body[name].as_u64().unwrap()), [2, 2, 2, 0, 0]);
    assert_eq!((&body["success"], &body["partial"]), (&json!(true), &json!(false)));
    assert_eq!(body["successRate"], 1.0);
    assert_eq!(
        body["orders"][1],
        json!({
            "status": "SUCCESS", "message": "Order created successfully", "orderId": 2,
            "requestIndex": 1, "success": true, "failure": false,
            "order": {
                "id": 2,
                "blotter": {"id": 1, "abbreviation": null, "name": "Default", "version": 1},
                "status": {"id": 1, "abbreviation": "NEW", "description": "NEW", "version": 1},
                "portfolio": {"portfolioId": "68a1b2c3d4e5f60718293a4b", "name": null},
                "orderType": {"id": 1, "abbreviation": "BUY", "description": "BUY", "version": 1},
                "security": {"securityId": "68ffeeddccbbaa9988776655", "ticker": null},
                "quantity": 5.5, "limitPrice": 0.1, "tradeOrderId": null,
                "orderTimestamp": "2026-01-05T14:30:00.181Z", "version": 1,
            },
        })
    );
    assert_eq!(house.state().orders.len(), 2);
}

#[actix::test]
async fn numbers_are_exact_from_the_body_to_the_answer() {
    let house = House::new();
    for (written, read) in [
        ("0.1", "0.1"),
        ("1e2", "100"),
        ("9999999999.99999999", "9999999999.99999999"),
        ("\"0.00000001\"", "0.00000001"),
        ("100.00000000", "100"),
    ] {
        let text = json!([order()]).to_string().replace("5.5", written);

        let answer = house.post("/api/v1/orders", text).await;

        let part = format!("\"quantity\":{read},");
        assert!(answer.text.contains(&part), "{written}: {}", answer.text);
    }
}

#[actix::test]
async fn bad_orders_fail_alone_with_code_field_and_sentence() {
    let house = House::new();
    let items = json!([
        order(),
        null,
        order_with("quantity", json!(0)),
        order_with("blotterId", json!(99)),
        order_with("blotterId", json!(null)),
        order_with("statusId", json!(2)),
    ]);

    let answer = house.post("/api/v1/orders", items).await;

    assert_eq!(answer.status, 207);
    assert_eq!(answer.body["status"], "PARTIAL");
    assert_eq!(answer.body["message"], "1 of 6 orders processed successfully");
    let told: Vec<_> = answer.body["orders"].as_array().unwrap()[1..]
        .iter()
        .map(|item| {
            assert_eq!((&item["status"], &item["failure"]), (&json!("FAILURE"), &json!(true)));
            assert!(item.get("order").is_none() && item.get("orderId").is_none());
            let text = |name: &str| item.get(name).map(|text| text.as_str().unwrap().to_owned());
            (text("errorCode").unwrap(), text("field"), text("message").unwrap())
        })
        .collect();
    let expected = [
        ("MISSING_REQUIRED_FIELD", None, "Order data is required"),
        ("INVALID_FIELD_VALUE", Some("quantity"), "Quantity must be positive"),
        ("INVALID_FIELD_VALUE", Some("blotterId"), "Blotter with ID 99 not found"),
        ("MISSING_REQUIRED_FIELD", Some("blotterId"), "Blotter ID is required"),
        ("INVALID_ORDER_STATE", Some("statusId"), "A new order must be NEW or HOLD, got SENT"),
    ];
    let expected = expected.map(|(code, field, message)| {
        (code.to_owned(), field.map(str::to_owned), message.to_owned())
    });
    assert_eq!(told, expected);
    assert_eq!(house.state().refreshes, 1, "the unknown id is looked up once");
}

#[actix::test]
async fn a_batch_of_nothing_but_faults_asks_nothing_of_the_ledger() {
    let house = House::new();

    let answer = house.post("/api/v1/orders", "[null, {}]").await;

    assert_eq!(answer.status, 207);
    assert_eq!(answer.body["status"], "FAILURE");
    assert_eq!(answer.body["message"], "All orders failed to process");
    assert_eq!((&answer.body["failed"], &answer.body["totalReceived"]), (&json!(2), &json!(2)));
    assert!(answer.body.get("batchId").is_none());
    assert_eq!(house.state().records, 0);
}

#[actix::test]
async fn a_reference_that_another_instance_added_is_found() {
    let house = House::new();
    {
        let mut state = house.state();
        let mut blotter = state.references.blotters[&1].clone();
        blotter.id = 2;
        state.references.blotters.insert(2, blotter);
    }

    let answer = house.post("/api/v1/orders", json!([order_with("blotterId", json!(2))])).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["orders"][0]["order"]["blotter"]["id"], 2);
}

#[actix::test]
async fn empty_and_oversized_batches_keep_the_ancestors_shape() {
    let house = House::new();
    let many = format!("[{}null]", "null,".repeat(1000));
    for (body, status, code, message) in [
        ("[]", 400, "VALIDATION_ERROR", "No orders to process"),
        (
            many.as_str(),
            413,
            "PAYLOAD_TOO_LARGE",
            "Batch size 1001 exceeds maximum allowed size of 1000",
        ),
    ] {
        let answer = house.post("/api/v1/orders", body).await;

        assert_eq!((answer.status, answer.code()), (status, code));
        assert_eq!(answer.body["message"], message);
        assert_eq!(answer.body["status"], "FAILURE");
        assert_eq!(answer.body["orders"], json!([]));
        assert_eq!(answer.body["totalReceived"], 0);
    }
}

#[actix::test]
async fn clients_have_presentable_names() {
    let house = House::new();
    let post = || house::json(TestRequest::post().uri("/api/v1/orders"), json!([order()]));

    let good = house.call(post().insert_header(("X-Client-Id", "desk-7"))).await;
    let bad = house.call(post().insert_header(("X-Client-Id", "a b"))).await;

    assert_eq!(good.status, 200);
    assert_eq!((bad.status, bad.code()), (400, "INVALID_FIELD_VALUE"));
    assert_eq!(bad.body["details"]["field"], "X-Client-Id");
}

#[actix::test]
async fn an_order_is_read_changed_and_deleted_by_version() {
    let house = House::new();
    house.post("/api/v1/orders", json!([order()])).await;

    let read = house.get("/api/v1/order/1").await;
    assert_eq!((read.status, &read.body["quantity"]), (200, &json!(5.5)));

    let changed = house.put("/api/v1/order/1", order_with("quantity", json!(7))).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!((&changed.body["quantity"], &changed.body["version"]), (&json!(7), &json!(2)));

    let stale = house.put("/api/v1/order/1", order()).await;
    assert_eq!((stale.status, stale.code()), (409, "VERSION_CONFLICT"));
    let stale = house.delete("/api/v1/order/1?version=1").await;
    assert_eq!((stale.status, stale.code()), (409, "VERSION_CONFLICT"));

    let gone = house.delete("/api/v1/order/1?version=2").await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    let missing = house.delete("/api/v1/order/1?version=2").await;
    assert_eq!((missing.status, missing.code()), (404, "NOT_FOUND"));
    let missing = house.get("/api/v1/order/1").await;
    assert_eq!((missing.status, missing.code()), (404, "NOT_FOUND"));
    let missing = house.put("/api/v1/order/1", order()).await;
    assert_eq!((missing.status, missing.code()), (404, "NOT_FOUND"));
}

#[actix::test]
async fn changes_that_the_rules_forbid_name_the_field() {
    let house = House::new();
    house.post("/api/v1/orders", json!([order(), order()])).await;
    house.state().orders[1].letter_id = Some(uuid::Uuid::nil());
    let table = [
        (1, order_with("version", json!(null)), 400, "MISSING_REQUIRED_FIELD", Some("version")),
        (
            1,
            order_with("version", json!(5_000_000_000_i64)),
            400,
            "INVALID_FIELD_VALUE",
            Some("version"),
        ),
        (1, json!(null), 400, "MISSING_REQUIRED_FIELD", None),
        (1, order_with("quantity", json!(-1)), 400, "INVALID_FIELD_VALUE", Some("quantity")),
        (
            1,
            order_with("portfolioId", json!("")),
            400,
            "MISSING_REQUIRED_FIELD",
            Some("portfolioId"),
        ),
        (1, order_with("statusId", json!(2)), 409, "INVALID_ORDER_STATE", Some("statusId")),
        (1, order_with("tradeOrderId", json!(2)), 409, "INVALID_ORDER_STATE", Some("tradeOrderId")),
        (2, order(), 409, "ORDER_IN_SUBMISSION", None),
    ];
    for (id, body, status, code, field) in table {
        let answer = house.put(&format!("/api/v1/order/{id}"), &body).await;

        assert_eq!((answer.status, answer.code()), (status, code), "{body}");
        assert_eq!(answer.body["details"]["field"].as_str(), field);
    }
    let answer = house.delete("/api/v1/order/2?version=1").await;
    assert_eq!((answer.status, answer.code()), (409, "ORDER_IN_SUBMISSION"));
    house.state().orders[0].terms.status_id = 2;
    let answer = house.delete("/api/v1/order/1?version=1").await;
    assert_eq!((answer.status, answer.code()), (409, "INVALID_ORDER_STATE"));
}

#[actix::test]
async fn ids_and_versions_are_integers() {
    let house = House::new();
    let table = [
        ("/api/v1/order/abc?version=1", "INVALID_FIELD_VALUE", "id"),
        ("/api/v1/order/99999999999999999999?version=1", "INVALID_FIELD_VALUE", "id"),
        ("/api/v1/order/1", "MISSING_REQUIRED_FIELD", "version"),
        ("/api/v1/order/1?version=", "MISSING_REQUIRED_FIELD", "version"),
        ("/api/v1/order/1?version=x", "INVALID_FIELD_VALUE", "version"),
        ("/api/v1/order/1?version=3000000000", "INVALID_FIELD_VALUE", "version"),
    ];
    for (uri, code, field) in table {
        let answer = house.delete(uri).await;

        assert_eq!((answer.status, answer.code()), (400, code), "{uri}");
        assert_eq!(answer.body["details"]["field"], field);
    }
    let answer = house.get("/api/v1/order/abc").await;
    assert_eq!((answer.status, answer.code()), (400, "INVALID_FIELD_VALUE"));
}

#[actix::test]
async fn the_list_pages_in_both_styles() {
    let house = House::new();
    house.post("/api/v1/orders", json!([order(), order(), order()])).await;

    let page = house.get("/api/v1/orders?limit=2&offset=1&sort=id&status.abbreviation=NEW").await;

    assert_eq!(page.status, 200);
    let ids: Vec<_> = page.body["content"].as_array().unwrap().iter().map(|o| &o["id"]).collect();
    assert_eq!(ids, [2, 3]);
    assert_eq!(
        page.body["pagination"],
        json!({"pageSize": 2, "offset": 1, "totalElements": 3, "totalPages": 2, "currentPage": 0,
               "hasNext": false, "hasPrevious": true})
    );
}

#[actix::test]
async fn a_list_that_cannot_be_read_says_so_in_the_ancestors_words() {
    let house = House::new();
    let table = [
        ("limit=0", 400, "INVALID_FIELD_VALUE", "Invalid limit parameter", "limit"),
        ("limit=abc", 400, "INVALID_FIELD_VALUE", "Invalid limit parameter", "limit"),
        ("offset=-1", 400, "INVALID_FIELD_VALUE", "Invalid offset parameter", "offset"),
        ("sort=x", 400, "INVALID_FIELD_VALUE", "Invalid sort parameter", "sort"),
        ("staus=NEW", 400, "INVALID_FIELD_VALUE", "Invalid filter parameter", "staus"),
        ("orderTimestamp=x", 400, "INVALID_FIELD_VALUE", "Validation error", "orderTimestamp"),
        (
            "security.ticker=A",
            501,
            "FILTER_NOT_AVAILABLE",
            "Filter not available",
            "security.ticker",
        ),
    ];
    for (query, status, code, error, field) in table {
        let answer = house.get(&format!("/api/v1/orders?{query}")).await;

        assert_eq!((answer.status, answer.code()), (status, code), "{query}");
        assert_eq!(
            (&answer.body["error"], &answer.body["details"]["field"]),
            (&json!(error), &json!(field))
        );
    }
    let sort = house.get("/api/v1/orders?sort=x").await;
    assert_eq!(sort.body["validSortFields"].as_array().unwrap().len(), 8);
    let filter = house.get("/api/v1/orders?x=1").await;
    assert_eq!(filter.body["validFilterFields"].as_array().unwrap().len(), 6);
}

#[actix::test]
async fn a_label_that_is_nowhere_is_null() {
    let house = House::new();
    house.post("/api/v1/orders", json!([order()])).await;
    house.state().orders[0].terms.blotter_id = 77;

    let read = house.get("/api/v1/order/1").await;

    assert_eq!((read.status, &read.body["blotter"]), (200, &Value::Null));
    assert_eq!(house.state().refreshes, 1);
}

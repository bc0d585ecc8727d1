//! `POST /api/v1/orders`: a batch is recorded, and a bad order fails alone.

use serde_json::{Value, json};

use super::desk::{Desk, at, members, problem};
use super::orders::{order, order_with, view, view_with, without};
use crate::support::{Answer, Kind, on_both};

on_both! {
    a_good_batch_is_answered_with_its_orders,
    the_first_failing_check_is_the_items_message,
    values_that_only_the_ancestors_database_refused_are_told_by_field,
    a_mixed_batch_keeps_places_and_totals,
    a_batch_has_1_to_1000_orders,
    a_new_order_is_new_or_hold_and_has_no_trade,
    a_body_that_is_no_batch_is_told_as_a_whole,
    clients_may_give_a_visible_name,
}

const ORDERS: &str = "/api/v1/orders";

/// What one failed item must be, whole.
fn failed(index: usize, code: &str, message: &str, field: Option<&str>) -> Value {
    let mut item = json!({
        "status": "FAILURE", "message": message, "requestIndex": index, "success": false,
        "failure": true, "errorCode": code,
    });
    if let Some(field) = field {
        item["field"] = field.into();
    }
    item
}

fn created(index: usize, order: &Value) -> Value {
    json!({
        "status": "SUCCESS", "message": "Order created successfully", "order": order,
        "orderId": order["id"], "requestIndex": index, "success": true, "failure": false,
    })
}

fn ids(answer: &Answer) -> Vec<i64> {
    let items = answer.body["orders"].as_array().unwrap();
    items.iter().filter_map(|item| item["orderId"].as_i64()).collect()
}

/// (24) One set of words for the status; (86) the portal's `errorCode`; Appendix A 2.
async fn a_good_batch_is_answered_with_its_orders(kind: Kind) {
    let desk = Desk::open(kind).await;
    let orders = json!([order(), order_with(json!({"blotterId": 5, "orderTypeId": 1}))]);

    let answer = desk.post(ORDERS, &orders).await.expect(200);

    let ids = ids(&answer);
    assert!(ids[0] > 0 && ids[1] > ids[0], "{ids:?}");
    let second = json!({
        "blotter": {"id": 5, "abbreviation": null, "name": "Crypto", "version": 1},
        "orderType": {"id": 1, "abbreviation": "BUY", "description": "Buy", "version": 1},
    });
    let batch_id = answer.body["batchId"].as_str().unwrap();
    assert_eq!(uuid::Uuid::parse_str(batch_id).unwrap().get_version_num(), 7);
    let expected = json!({
        "status": "SUCCESS", "message": "All 2 orders processed successfully",
        "batchId": batch_id, "totalRequested": 2, "totalReceived": 2, "successful": 2,
        "failed": 0, "queued": 0, "success": true, "failure": false, "partial": false,
        "successRate": 1.0,
        "orders": [created(0, &view(ids[0])), created(1, &view_with(ids[1], second))],
    });
    assert_eq!(answer.body, expected);
    for (index, id) in ids.iter().enumerate() {
        let read = desk.get(&format!("/api/v1/order/{id}")).await.expect(200);
        assert_eq!(read.body, answer.body["orders"][index]["order"], "POST and GET agree");
    }
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 2);
}

const MISSING: &str = "MISSING_REQUIRED_FIELD";
const INVALID: &str = "INVALID_FIELD_VALUE";
const STATE: &str = "INVALID_ORDER_STATE";

/// What repairs the fault before, and the next fault: its field, code and message.
const STEPS: [(&str, &str, &str, &str); 16] = [
    (r#"{}"#, "blotterId", MISSING, "Blotter ID is required"),
    (r#"{"blotterId": 99}"#, "blotterId", INVALID, "Blotter with ID 99 not found"),
    (r#"{"blotterId": 1}"#, "statusId", MISSING, "Status ID is required"),
    (r#"{"statusId": 98}"#, "statusId", INVALID, "Status with ID 98 not found"),
    // SENT is refused last: what is wrong in itself comes before what is not allowed.
    (r#"{"statusId": 2}"#, "portfolioId", MISSING, "Portfolio ID is required"),
    (
        r#"{"portfolioId": "xxxxxxxxxxxxxxxxxxxxxxxxx"}"#,
        "portfolioId",
        INVALID,
        "Portfolio ID must be at most 24 characters long, got 25",
    ),
    (
        r#"{"portfolioId": "xxxxxxxxxxxxxxxxxxxxxxxx"}"#,
        "orderTypeId",
        MISSING,
        "Order Type ID is required",
    ),
    (r#"{"orderTypeId": 97}"#, "orderTypeId", INVALID, "Order Type with ID 97 not found"),
    (r#"{"orderTypeId": 1}"#, "securityId", MISSING, "Security ID is required"),
    (
        r#"{"securityId": "yyyyyyyyyyyyyyyyyyyyyyyyy"}"#,
        "securityId",
        INVALID,
        "Security ID must be at most 24 characters long, got 25",
    ),
    (r#"{"securityId": "y"}"#, "quantity", MISSING, "Quantity must be positive"),
    (r#"{"quantity": 0}"#, "quantity", INVALID, "Quantity must be positive"),
    (r#"{"quantity": 1}"#, "limitPrice", INVALID, "Limit price must be positive when provided"),
    (
        r#"{"limitPrice": null}"#,
        "orderTimestamp",
        INVALID,
        "Order timestamp must be an ISO-8601 date and time with offset, such as \
             2026-01-05T14:30:00.181Z",
    ),
    (
        r#"{"orderTimestamp": "2026-01-05T14:30:00Z"}"#,
        "statusId",
        STATE,
        "A new order must be NEW or HOLD, got SENT",
    ),
    (
        r#"{"statusId": 6}"#,
        "tradeOrderId",
        STATE,
        "A new order has no trade order ID: only a submission sets it",
    ),
];

/// The table of contract 1.5: each order repairs the first fault of the one before it and keeps
/// all later ones. (67) Lengths, nulls and precision are told by field.
async fn the_first_failing_check_is_the_items_message(kind: Kind) {
    let desk = Desk::open(kind).await;
    let mut order = json!({"limitPrice": -1, "tradeOrderId": 5, "orderTimestamp": "yesterday"});
    let (mut orders, mut expected) = (vec![Value::Null], Vec::new());
    expected.push(failed(0, "MISSING_REQUIRED_FIELD", "Order data is required", None));
    for (repair, field, code, message) in STEPS {
        order = super::orders::with(order, serde_json::from_str(repair).unwrap());
        orders.push(order.clone());
        expected.push(failed(expected.len(), code, message, Some(field)));
    }
    orders.push(super::orders::with(order, json!({"tradeOrderId": null})));

    let answer = desk.post(ORDERS, &json!(orders)).await.expect(207);

    let items = answer.body["orders"].as_array().unwrap();
    for (item, expected) in items.iter().zip(&expected) {
        assert_eq!(item, expected);
    }
    assert_eq!(items[expected.len()]["success"], true, "{}", answer.text);
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 1);
}

/// (67, 68, 72) Never "rollback-only", never rounded, never padded.
async fn values_that_only_the_ancestors_database_refused_are_told_by_field(kind: Kind) {
    let desk = Desk::open(kind).await;
    let decimals = "must have at most 8 digits after the decimal point";
    let digits = "must have at most 10 digits before the decimal point";
    let table = [
        (r#""quantity": 0.000000001"#, "quantity", format!("Quantity {decimals}")),
        (r#""quantity": 1.123456789"#, "quantity", format!("Quantity {decimals}")),
        (r#""quantity": 1e-9"#, "quantity", format!("Quantity {decimals}")),
        (r#""quantity": 10000000000"#, "quantity", format!("Quantity {digits}")),
        (r#""quantity": 1e400"#, "quantity", format!("Quantity {digits}")),
        (r#""quantity": 99999999999999999999999999"#, "quantity", format!("Quantity {digits}")),
        (r#""quantity": -1"#, "quantity", "Quantity must be positive".into()),
        (r#""quantity": 0.00"#, "quantity", "Quantity must be positive".into()),
        (r#""quantity": "many""#, "quantity", "Quantity must be a decimal number".into()),
        (r#""quantity": "NaN""#, "quantity", "Quantity must be a decimal number".into()),
        (r#""limitPrice": 0.123456789"#, "limitPrice", format!("Limit price {decimals}")),
        (r#""limitPrice": 1e10"#, "limitPrice", format!("Limit price {digits}")),
        (r#""limitPrice": 0"#, "limitPrice", "Limit price must be positive when provided".into()),
        (r#""portfolioId": "  ""#, "portfolioId", "Portfolio ID is required".into()),
        (
            r#""securityId": "a\u0000b""#,
            "securityId",
            "Security ID must not hold control characters".into(),
        ),
        (r#""blotterId": 4294967297"#, "blotterId", "Blotter with ID 4294967297 not found".into()),
        (r#""statusId": -1"#, "statusId", "Status with ID -1 not found".into()),
    ];
    // A later member of the same name wins nowhere: each order names its fault's field once.
    let one = |(text, field, _): &(&str, &str, String)| {
        let rest = without(order(), field).to_string();
        format!("{{{text},{}", &rest[1..])
    };
    let body = format!("[{}]", table.iter().map(one).collect::<Vec<_>>().join(","));

    let answer = desk.write("POST", ORDERS, &body).await.expect(207);

    for (index, (text, field, message)) in table.iter().enumerate() {
        let item = &answer.body["orders"][index];
        let required = message.ends_with("is required");
        let code = if required { "MISSING_REQUIRED_FIELD" } else { "INVALID_FIELD_VALUE" };
        assert_eq!(item, &failed(index, code, message, Some(field)), "{text}");
    }
    let all_failed = json!({
        "status": "FAILURE", "message": "All orders failed to process", "totalRequested": 17,
        "totalReceived": 17, "successful": 0, "failed": 17, "queued": 0, "success": false,
        "failure": true, "partial": false, "successRate": 0.0, "orders": answer.body["orders"],
    });
    assert_eq!(answer.body, all_failed);
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 0);
}

/// (41, 42, 43, 45) Each answer stands in its order's place, each failure has its own reason, the
/// sums add up, and the same order written twice is two orders.
async fn a_mixed_batch_keeps_places_and_totals(kind: Kind) {
    let desk = Desk::open(kind).await;
    let twin = order_with(json!({"quantity": 7}));
    let bad = order_with(json!({"quantity": 0}));
    let orders = json!([bad, twin, null, twin, order_with(json!({"blotterId": 77})), order()]);

    let answer = desk.post(ORDERS, &orders).await.expect(207);

    let created_ids = ids(&answer);
    let seven = json!({"quantity": 7});
    let expected = json!({
        "status": "PARTIAL", "message": "3 of 6 orders processed successfully",
        "batchId": answer.body["batchId"], "totalRequested": 6, "totalReceived": 6,
        "successful": 3, "failed": 3, "queued": 0, "success": false, "failure": false,
        "partial": true, "successRate": 0.5,
        "orders": [
            failed(0, "INVALID_FIELD_VALUE", "Quantity must be positive", Some("quantity")),
            created(1, &view_with(created_ids[0], seven.clone())),
            failed(2, "MISSING_REQUIRED_FIELD", "Order data is required", None),
            created(3, &view_with(created_ids[1], seven)),
            failed(4, "INVALID_FIELD_VALUE", "Blotter with ID 77 not found", Some("blotterId")),
            created(5, &view(created_ids[2])),
        ],
    });
    assert_eq!(answer.body, expected);
    assert!(created_ids.is_sorted() && created_ids[0] != created_ids[1]);
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 3);
}

async fn a_batch_has_1_to_1000_orders(kind: Kind) {
    let desk = Desk::open(kind).await;
    let refused = |code: &str, message: &str| {
        json!({
            "code": code, "message": message, "status": "FAILURE", "totalRequested": 0,
            "totalReceived": 0, "successful": 0, "failed": 0, "queued": 0, "orders": [],
        })
    };

    let none = desk.post(ORDERS, &json!([])).await.expect(400);
    let most = desk.post(ORDERS, &json!(vec![order(); 1000])).await.expect(200);
    let more = desk.post(ORDERS, &json!(vec![order(); 1001])).await.expect(413);
    let nulls = desk.post(ORDERS, &json!(vec![Value::Null; 1500])).await.expect(413);

    assert_eq!(problem(&none), refused("VALIDATION_ERROR", "No orders to process"));
    let message = "Batch size 1001 exceeds maximum allowed size of 1000";
    assert_eq!(problem(&more), refused("PAYLOAD_TOO_LARGE", message));
    let message = "Batch size 1500 exceeds maximum allowed size of 1000";
    assert_eq!(problem(&nulls), refused("PAYLOAD_TOO_LARGE", message));
    assert_eq!(most.body["message"], "All 1000 orders processed successfully");
    let places = most.body["orders"].as_array().unwrap().iter().enumerate();
    assert!(places.into_iter().all(|(index, item)| item["requestIndex"] == index));
    let ids = ids(&most);
    assert!(ids.len() == 1000 && ids.is_sorted_by(|a, b| a < b), "each its own id");
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 1000);
}

/// (76) Nobody creates an order that claims a trade, or one that is on its way already.
async fn a_new_order_is_new_or_hold_and_has_no_trade(kind: Kind) {
    let desk = Desk::open(kind).await;
    let mut orders: Vec<_> = (1..=10).map(|id| order_with(json!({"statusId": id}))).collect();
    orders.push(order_with(json!({"tradeOrderId": 4711})));
    orders.push(order_with(json!({"version": 9})));

    let answer = desk.post(ORDERS, &json!(orders)).await.expect(207);

    for (index, (status, _)) in super::orders::STATUSES.iter().enumerate() {
        let item = &answer.body["orders"][index];
        if ["NEW", "HOLD"].contains(status) {
            assert_eq!(item["order"]["status"]["abbreviation"], *status, "{item}");
            assert_eq!(item["order"]["tradeOrderId"], Value::Null);
        } else {
            let message = format!("A new order must be NEW or HOLD, got {status}");
            assert_eq!(item, &failed(index, "INVALID_ORDER_STATE", &message, Some("statusId")));
        }
    }
    assert_eq!(answer.body["orders"][10]["errorCode"], "INVALID_ORDER_STATE");
    assert_eq!(answer.body["orders"][10]["field"], "tradeOrderId");
    assert_eq!(answer.body["orders"][11]["order"]["version"], 1, "a life begins with version 1");
}

/// (13, 66) Malformed and ill-typed bodies are 400, of the whole: nothing is stored.
async fn a_body_that_is_no_batch_is_told_as_a_whole(kind: Kind) {
    let desk = Desk::open(kind).await;
    let good = order().to_string();
    let ill_typed = |member: &str| format!("[{good}, {{{member}}}]");
    let table = [
        (String::new(), None),
        ("   ".into(), None),
        ("[".into(), None),
        (format!("[{good}"), None),
        (format!("[{good},]"), None),
        (format!("[{good}] trailing"), None),
        (good.clone(), None),
        ("null".into(), None),
        ("\"text\"".into(), None),
        ("17".into(), None),
        (format!("[{good}, 5]"), Some("[1]")),
        (format!("[{good}, []]"), Some("[1]")),
        (format!("[{good}, \"x\"]"), Some("[1]")),
        (ill_typed(r#""blotterId": "1x""#), Some("[1].blotterId")),
        (ill_typed(r#""statusId": 1.5"#), Some("[1].statusId")),
        (ill_typed(r#""orderTypeId": 99999999999999999999"#), Some("[1].orderTypeId")),
        (ill_typed(r#""portfolioId": {}"#), Some("[1].portfolioId")),
        (ill_typed(r#""portfolioId": 1.5"#), Some("[1].portfolioId")),
        (ill_typed(r#""securityId": true"#), Some("[1].securityId")),
        (ill_typed(r#""quantity": true"#), Some("[1].quantity")),
        (ill_typed(r#""limitPrice": [1]"#), Some("[1].limitPrice")),
        (ill_typed(r#""tradeOrderId": "x""#), Some("[1].tradeOrderId")),
        (ill_typed(r#""orderTimestamp": {}"#), Some("[1].orderTimestamp")),
        (ill_typed(r#""version": "one""#), Some("[1].version")),
    ];

    for (body, field) in table {
        let answer = desk.write("POST", ORDERS, &body).await.expect(400);

        assert_eq!(answer.body["code"], "INVALID_REQUEST_FORMAT", "{body}: {}", answer.text);
        assert_eq!(answer.body["details"]["field"].as_str(), field, "{body}: {}", answer.text);
        assert_eq!(members(&answer.body).len(), 4 + usize::from(field.is_some()));
    }
    let not_text = desk.ask("POST", ORDERS, |r| r.raw("application/json", *b"[\"\xff\"]")).await;
    assert_eq!(not_text.expect(400).body["code"], "INVALID_REQUEST_FORMAT");
    let unknown = order_with(json!({"someNewMember": {"deep": [1, 2]}, "id": 7}));
    desk.post(ORDERS, &json!([unknown])).await.expect(200);
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 1);
}

/// Design 10.15: the header says who asks, and is kept with the order.
async fn clients_may_give_a_visible_name(kind: Kind) {
    let desk = Desk::open(kind).await;
    let body = json!([order()]);
    let longest = "n".repeat(64);
    for name in ["desk-7", longest.as_str(), "a/b:c=~!"] {
        desk.ask("POST", ORDERS, |r| r.json(&body).header("X-Client-Id", name)).await.expect(200);
        let last = "SELECT client FROM orders ORDER BY id DESC LIMIT 1";
        assert_eq!(desk.weir.database.text(last).await.as_deref(), Some(name));
    }
    desk.post(ORDERS, &body).await.expect(200);

    let too_long = "n".repeat(65);
    for name in ["", "two words", too_long.as_str(), "tab\tin"] {
        let answer = desk.ask("POST", ORDERS, |r| r.json(&body).header("X-Client-Id", name)).await;

        let message = "X-Client-Id must be 1 to 64 visible ASCII characters";
        let expected = at("INVALID_FIELD_VALUE", message, "X-Client-Id");
        assert_eq!(problem(&answer.expect(400)), expected, "{name:?}");
    }
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 4);
}

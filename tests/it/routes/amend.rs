//! `GET` and `PUT /api/v1/order/{id}`: an order is read, and changed by who has read it.

use serde_json::{Value, json};

use super::desk::{Desk, at, problem};
use super::orders::{order, order_with, status, view, view_with, with, without};
use crate::support::{Kind, on_both};

on_both! {
    a_free_order_may_be_changed_in_everything_but_its_trade,
    an_order_is_changed_only_by_who_has_seen_it,
    a_change_is_checked_like_a_new_order,
    from_sent_on_everything_but_the_status_is_fixed,
    an_order_on_its_way_is_left_alone,
    ids_that_lead_nowhere_are_404_and_ill_typed_ones_400,
}

async fn a_free_order_may_be_changed_in_everything_but_its_trade(kind: Kind) {
    let desk = Desk::open(kind).await;
    let id = desk.create(order()).await;
    let path = format!("/api/v1/order/{id}");
    let wanted = json!({
        "id": 999, "blotterId": 3, "statusId": 6, "portfolioId": "P", "orderTypeId": 4,
        "securityId": 12, "quantity": 0.25, "limitPrice": 99.5, "tradeOrderId": null,
        "orderTimestamp": "2026-02-01T00:00:00+01:00", "version": 1, "unknown": [],
    });

    let answer = desk.put(&path, &wanted).await.expect(200);

    let expected = json!({
        "id": id,
        "blotter": {"id": 3, "abbreviation": null, "name": "Fixed Income", "version": 1},
        "status": status(6),
        "portfolio": {"portfolioId": "P", "name": null},
        "orderType": {"id": 4, "abbreviation": "COVER", "description": "Buy to Close", "version": 1},
        "security": {"securityId": "12", "ticker": null},
        "quantity": 0.25, "limitPrice": 99.5, "tradeOrderId": null,
        "orderTimestamp": "2026-01-31T23:00:00Z", "version": 2,
    });
    assert_eq!(answer.body, expected);
    assert_eq!(desk.get(&path).await.expect(200).body, expected, "it is on the disk");
    let page =
        desk.get("/api/v1/orders?status.abbreviation=HOLD&blotter.name=Fixed%20Income").await;
    assert_eq!(page.expect(200).body["content"], json!([expected]), "and in the list");
    let same = with(wanted, json!({"version": 2}));
    let raised = desk.put(&path, &same).await.expect(200);
    assert_eq!(raised.body["version"], 3, "a change that changes nothing is one, too");
    assert_eq!(desk.get("/api/v1/order/999").await.status, 404, "the body's id is not believed");
}

/// (47) The version is compared and raised; of two who read the same state one wins.
async fn an_order_is_changed_only_by_who_has_seen_it(kind: Kind) {
    let desk = Desk::open(kind).await;
    let id = desk.create(order()).await;
    let path = format!("/api/v1/order/{id}");
    let stale = |given: i32, current: i32| {
        let message = format!(
            "order {id} has version {current}, not {given}: read it again and repeat the change"
        );
        at("VERSION_CONFLICT", message, "version")
    };
    let change = |version: i32| order_with(json!({"quantity": version + 10, "version": version}));

    let ahead = desk.put(&path, &change(2)).await.expect(409);
    let (one, two) = (change(1), change(1));
    let (one, two) = tokio::join!(desk.put(&path, &one), desk.put(&path, &two));
    let behind = desk.put(&path, &change(1)).await.expect(409);
    let bad_and_behind = order_with(json!({"quantity": -1, "version": 1}));
    let bad_and_behind = desk.put(&path, &bad_and_behind).await.expect(409);

    assert_eq!(problem(&ahead), stale(2, 1));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", one.text, two.text);
    assert_eq!(problem(&behind), stale(1, 2));
    assert_eq!(problem(&bad_and_behind), stale(1, 2), "who has not seen it cannot judge it");
    let expected = view_with(id, json!({"quantity": 11, "version": 2}));
    assert_eq!(desk.get(&path).await.body, expected);

    let missing = desk.put(&path, &without(order(), "version")).await.expect(400);
    let message = "Version is required: the one that was read";
    assert_eq!(problem(&missing), at("MISSING_REQUIRED_FIELD", message, "version"));
    let null = desk.put(&path, &order_with(json!({"version": null}))).await.expect(400);
    assert_eq!(problem(&null), at("MISSING_REQUIRED_FIELD", message, "version"));
    let large = desk.put(&path, &order_with(json!({"version": 4_294_967_298_i64}))).await;
    let message = "Version must be an integer, got: 4294967298";
    assert_eq!(problem(&large.expect(400)), at("INVALID_FIELD_VALUE", message, "version"));
}

/// (66, 67) The faults of a PUT are 400 with the field; nothing is written.
async fn a_change_is_checked_like_a_new_order(kind: Kind) {
    let desk = Desk::open(kind).await;
    let id = desk.create(order()).await;
    let path = format!("/api/v1/order/{id}");
    let missing = "MISSING_REQUIRED_FIELD";
    let invalid = "INVALID_FIELD_VALUE";
    let table = [
        ("blotterId", Value::Null, missing, "Blotter ID is required"),
        ("blotterId", json!(99), invalid, "Blotter with ID 99 not found"),
        ("statusId", Value::Null, missing, "Status ID is required"),
        ("statusId", json!(0), invalid, "Status with ID 0 not found"),
        ("portfolioId", json!(""), missing, "Portfolio ID is required"),
        ("orderTypeId", Value::Null, missing, "Order Type ID is required"),
        ("orderTypeId", json!(6), invalid, "Order Type with ID 6 not found"),
        (
            "securityId",
            json!("s".repeat(30)),
            invalid,
            "Security ID must be at most 24 characters long, got 30",
        ),
        ("quantity", Value::Null, missing, "Quantity must be positive"),
        (
            "quantity",
            json!(0.000_000_001),
            invalid,
            "Quantity must have at most 8 digits after the decimal point",
        ),
        ("limitPrice", json!(-3), invalid, "Limit price must be positive when provided"),
        (
            "orderTimestamp",
            json!("2026-01-05T14:30:00"),
            invalid,
            "Order timestamp must be an ISO-8601 date and time with offset, such as \
             2026-01-05T14:30:00.181Z",
        ),
    ];
    for (field, value, code, message) in table {
        let answer = desk.put(&path, &order_with(json!({field: value}))).await.expect(400);
        assert_eq!(problem(&answer), at(code, message, field), "{field}");
    }
    let unreadable = [
        ("", None),
        ("{", None),
        ("[]", None),
        ("5", None),
        (r#"{"quantity": {}}"#, Some("quantity")),
        (r#"{"version": "x"}"#, Some("version")),
    ];
    for (body, field) in unreadable {
        let answer = desk.write("PUT", &path, body).await.expect(400);
        assert_eq!(answer.body["code"], "INVALID_REQUEST_FORMAT", "{body}");
        assert_eq!(answer.body["details"]["field"].as_str(), field, "{body}");
    }
    let null = desk.write("PUT", &path, "null").await.expect(400);
    assert_eq!(
        problem(&null),
        json!({"code": "MISSING_REQUIRED_FIELD", "message": "Order data is required"})
    );
    assert_eq!(desk.get(&path).await.body, view(id), "nothing was written");
}

/// (47) A SENT order is the trade service's; and nobody steals a trade id, of any order.
async fn from_sent_on_everything_but_the_status_is_fixed(kind: Kind) {
    let desk = Desk::open(kind).await;
    let id = desk.create(order()).await;
    let path = format!("/api/v1/order/{id}");
    let stolen = desk.put(&path, &order_with(json!({"tradeOrderId": 4711}))).await.expect(409);
    let message = "The trade order ID is set by the submission alone";
    assert_eq!(problem(&stolen), at("INVALID_ORDER_STATE", message, "tradeOrderId"));
    let sent = format!("UPDATE orders SET status_id = 2, trade_order_id = 4711 WHERE id = {id}");
    desk.weir.database.execute(&sent).await;

    let table = [
        ("blotterId", json!(2)),
        ("portfolioId", json!("other")),
        ("orderTypeId", json!(1)),
        ("securityId", json!("other")),
        ("quantity", json!(5.6)),
        ("limitPrice", json!(1)),
        ("orderTimestamp", json!("2026-01-05T14:30:00.182Z")),
    ];
    for (field, value) in table {
        // With and without a move of the status that would be allowed.
        for status_id in [2, 3] {
            let change = order_with(json!({"statusId": status_id, field: value}));
            let answer = desk.put(&path, &change).await.expect(409);
            let message = format!("An order that is SENT keeps its {field}: only its status moves");
            assert_eq!(problem(&answer), at("INVALID_ORDER_STATE", message, field));
        }
    }
    let other = order_with(json!({"statusId": 3, "tradeOrderId": 4712}));
    let other = desk.put(&path, &other).await.expect(409);
    assert_eq!(problem(&other), at("INVALID_ORDER_STATE", message, "tradeOrderId"));
    let sent = view_with(id, json!({"status": status(2), "tradeOrderId": 4711}));
    assert_eq!(desk.get(&path).await.body, sent, "nothing was written");

    // A caller who sends back what it read, or leaves the trade id out, moves the status.
    let working = order_with(json!({"statusId": 3, "tradeOrderId": 4711}));
    let working = desk.put(&path, &working).await.expect(200);
    let expected = json!({"status": status(3), "tradeOrderId": 4711, "version": 2});
    assert_eq!(working.body, view_with(id, expected));
    let filled = without(order_with(json!({"statusId": 4, "version": 2})), "tradeOrderId");
    let filled = desk.put(&path, &filled).await.expect(200);
    let expected = json!({"status": status(4), "tradeOrderId": 4711, "version": 3});
    assert_eq!(filled.body, view_with(id, expected));
}

/// (48) While a letter holds the order: 409, in the same statement that would change it.
async fn an_order_on_its_way_is_left_alone(kind: Kind) {
    let desk = Desk::open(kind).await;
    let id = desk.create(order()).await;
    let path = format!("/api/v1/order/{id}");
    let letter = match kind {
        Kind::Sqlite => "x'0198c0de7a3b7c119d523f1f0a6b7c88'",
        Kind::Postgres => "'0198c0de-7a3b-7c11-9d52-3f1f0a6b7c88'",
    };
    let hold = |letter: &str| format!("UPDATE orders SET letter_id = {letter} WHERE id = {id}");
    desk.weir.database.execute(&hold(letter)).await;

    let put = desk.put(&path, &order_with(json!({"quantity": 8}))).await.expect(409);
    let cancel = desk.put(&path, &order_with(json!({"statusId": 8}))).await.expect(409);
    let delete = desk.delete(&format!("{path}?version=1")).await.expect(409);

    for answer in [put, cancel, delete] {
        let message =
            format!("order {id} is on its way to the trade service: wait for the outcome");
        let expected = json!({"code": "ORDER_IN_SUBMISSION", "message": message});
        assert_eq!(problem(&answer), expected);
    }
    assert_eq!(desk.get(&path).await.expect(200).body, view(id), "it can be read, and stands");
    desk.weir.database.execute(&hold("NULL")).await;
    desk.put(&path, &order_with(json!({"quantity": 8}))).await.expect(200);
}

/// (66)
async fn ids_that_lead_nowhere_are_404_and_ill_typed_ones_400(kind: Kind) {
    let desk = Desk::open(kind).await;
    for id in ["1", "0", "-1", "2147483648", "9223372036854775807"] {
        let path = format!("/api/v1/order/{id}");
        let missing = at("NOT_FOUND", format!("order {id} does not exist"), "id");
        assert_eq!(problem(&desk.get(&path).await.expect(404)), missing);
        assert_eq!(problem(&desk.put(&path, &order()).await.expect(404)), missing);
        let delete = desk.delete(&format!("{path}?version=1")).await.expect(404);
        assert_eq!(problem(&delete), missing);
    }
    for id in ["abc", "1.5", "9223372036854775808", "1%20", "%31x"] {
        let path = format!("/api/v1/order/{id}");
        let get = desk.get(&path).await.expect(400);
        let put = desk.put(&path, &order()).await.expect(400);
        let delete = desk.delete(&format!("{path}?version=1")).await.expect(400);
        for answer in [get, put, delete] {
            assert_eq!(answer.body["code"], "INVALID_FIELD_VALUE", "{}", answer.text);
            assert_eq!(answer.body["details"], json!({"field": "id"}));
        }
    }
}

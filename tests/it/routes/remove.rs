//! `DELETE /api/v1/order/{id}?version=N`: only what nobody has sent, and only by who has seen it.

use serde_json::json;

use super::desk::{Desk, at, problem};
use super::orders::{STATUSES, order, order_with};
use crate::support::{Kind, on_both};

on_both! {
    a_free_order_is_deleted_by_who_has_seen_it,
    only_new_and_hold_orders_are_deleted,
}

/// (47, 71) 204, then 404: of a repeated DELETE that means that it is done.
async fn a_free_order_is_deleted_by_who_has_seen_it(kind: Kind) {
    let desk = Desk::open(kind).await;
    let ids = desk.create_all(&json!([order(), order()])).await;
    let path = format!("/api/v1/order/{}", ids[0]);
    desk.put(&path, &order_with(json!({"quantity": 8}))).await.expect(200);

    let bare = desk.delete(&path).await.expect(400);
    let empty = desk.delete(&format!("{path}?version=")).await.expect(400);
    let word = desk.delete(&format!("{path}?version=two")).await.expect(400);
    let stale = desk.delete(&format!("{path}?version=1")).await.expect(409);
    let page = desk.get("/api/v1/orders").await.body;
    assert_eq!(page["pagination"]["totalElements"], 2, "nothing was deleted yet");
    let done = desk.delete(&format!("{path}?version=2")).await.expect(204);
    let again = desk.delete(&format!("{path}?version=2")).await.expect(404);

    let message = "Version is required: the one that was read";
    assert_eq!(problem(&bare), at("MISSING_REQUIRED_FIELD", message, "version"));
    assert_eq!(problem(&empty), at("MISSING_REQUIRED_FIELD", message, "version"));
    let message = "Version must be an integer, got: two";
    assert_eq!(problem(&word), at("INVALID_FIELD_VALUE", message, "version"));
    let message =
        format!("order {} has version 2, not 1: read it again and repeat the change", ids[0]);
    assert_eq!(problem(&stale), at("VERSION_CONFLICT", message, "version"));
    assert_eq!(done.text, "");
    let message = format!("order {} does not exist", ids[0]);
    assert_eq!(problem(&again), at("NOT_FOUND", message, "id"));
    assert_eq!(desk.get(&path).await.status, 404);
    let page = desk.get("/api/v1/orders").await.body;
    assert_eq!(
        (&page["pagination"]["totalElements"], &page["content"][0]["id"]),
        (&json!(1), &json!(ids[1]))
    );
    let next = desk.create(order()).await;
    assert!(next > ids[1], "ids are not given twice");
}

/// (47)
async fn only_new_and_hold_orders_are_deleted(kind: Kind) {
    let desk = Desk::open(kind).await;
    let ids = desk.create_all(&json!(vec![order(); 10])).await;
    for (id, status_id) in ids.iter().zip(1..) {
        let set = format!("UPDATE orders SET status_id = {status_id} WHERE id = {id}");
        desk.weir.database.execute(&set).await;
        let (status, _) = STATUSES[status_id - 1];

        let answer = desk.delete(&format!("/api/v1/order/{id}?version=1")).await;

        if ["NEW", "HOLD"].contains(&status) {
            answer.expect(204);
        } else {
            let message =
                format!("An order that is {status} cannot be deleted: only NEW and HOLD can");
            let expected = at("INVALID_ORDER_STATE", message, "statusId");
            assert_eq!(problem(&answer.expect(409)), expected);
        }
    }
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 8);
}

//! The orders of these tests: how one is asked for, and how its readers must get it.

use serde_json::{Value, json};

pub(super) const PORTFOLIO: &str = "68a1b2c3d4e5f60718293a4b";
pub(super) const SECURITY: &str = "68ffeeddccbbaa9988776655";
pub(super) const ORDERED_AT: &str = "2026-01-05T14:30:00.181Z";

/// The statuses in the order of their ids, 1 to 10.
pub(super) const STATUSES: [(&str, &str); 10] = [
    ("NEW", "New"),
    ("SENT", "Sent"),
    ("WORK", "In progress"),
    ("FULL", "Filled"),
    ("PART", "Partial fill"),
    ("HOLD", "Hold"),
    ("CNCL", "Cancel"),
    ("CNCLD", "Cancelled"),
    ("CPART", "Cancelled with partial fill"),
    ("DEL", "Delete"),
];

/// As the portal writes it (contract 5.1).
pub(super) fn order() -> Value {
    json!({
        "blotterId": 1, "statusId": 1, "portfolioId": PORTFOLIO, "orderTypeId": 2,
        "securityId": SECURITY, "quantity": 5.5, "limitPrice": null, "tradeOrderId": null,
        "orderTimestamp": ORDERED_AT, "version": 1,
    })
}

/// [`order`] with some members set; a member that is set to null is written as null.
pub(super) fn order_with(changes: Value) -> Value {
    with(order(), changes)
}

pub(super) fn with(mut object: Value, changes: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    let Value::Object(changes) = changes else { panic!("no object: {changes}") };
    members.extend(changes);
    object
}

pub(super) fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name).expect("a member to leave out");
    object
}

pub(super) fn status(id: usize) -> Value {
    let (abbreviation, description) = STATUSES[id - 1];
    json!({"id": id, "abbreviation": abbreviation, "description": description, "version": 1})
}

/// The whole of what readers get for [`order`].
pub(super) fn view(id: i64) -> Value {
    json!({
        "id": id,
        "blotter": {"id": 1, "abbreviation": null, "name": "Default", "version": 1},
        "status": status(1),
        "portfolio": {"portfolioId": PORTFOLIO, "name": null},
        "orderType": {"id": 2, "abbreviation": "SELL", "description": "Sell", "version": 1},
        "security": {"securityId": SECURITY, "ticker": null},
        "quantity": 5.5, "limitPrice": null, "tradeOrderId": null,
        "orderTimestamp": ORDERED_AT, "version": 1,
    })
}

pub(super) fn view_with(id: i64, changes: Value) -> Value {
    with(view(id), changes)
}

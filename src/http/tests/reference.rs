//! Blotters, statuses and order types.

use serde_json::json;

use super::house::House;

#[actix::test]
async fn rows_are_listed_and_read_in_their_shapes() {
    let house = House::new();

    let blotters = house.get("/api/v1/blotters").await;
    let status = house.get("/api/v1/status/2").await;
    let singular = house.get("/api/v1/orderType/1").await;
    let plural = house.get("/api/v1/orderTypes/1").await;

    let blotter = json!({"id": 1, "abbreviation": null, "name": "Default", "version": 1});
    assert_eq!((blotters.status, &blotters.body), (200, &json!([blotter])));
    let sent = json!({"id": 2, "abbreviation": "SENT", "description": "SENT", "version": 1});
    assert_eq!(status.body, sent);
    assert_eq!(singular.body["abbreviation"], "BUY");
    assert_eq!(singular.body, plural.body);
    assert_eq!(house.get("/api/v1/statuses").await.body.as_array().unwrap().len(), 10);
    assert_eq!(house.get("/api/v1/orderTypes").await.body.as_array().unwrap().len(), 1);
}

#[actix::test]
async fn a_row_lives_from_post_to_delete() {
    let house = House::new();
    for (many, one, body) in [
        ("blotters", "blotter", json!({"name": " Crypto "})),
        ("statuses", "status", json!({"abbreviation": "ODD", "description": "Odd", "version": 1})),
        ("orderTypes", "orderType", json!({"abbreviation": 7, "description": "Seven"})),
    ] {
        let created = house.post(&format!("/api/v1/{many}"), &body).await;
        assert_eq!((created.status, &created.body["version"]), (200, &json!(1)), "{created:?}");
        let uri = format!("/api/v1/{one}/{}", created.body["id"]);
        let mut change = body.clone();
        change["version"] = json!(1);

        let changed = house.put(&uri, &change).await;
        assert_eq!((changed.status, &changed.body["version"]), (200, &json!(2)));
        let stale = house.put(&uri, &change).await;
        assert_eq!((stale.status, stale.code()), (409, "VERSION_CONFLICT"));
        let stale = house.delete(&format!("{uri}?version=1")).await;
        assert_eq!((stale.status, stale.code()), (409, "VERSION_CONFLICT"));
        let gone = house.delete(&format!("{uri}?version=2")).await;
        assert_eq!((gone.status, gone.text.as_str()), (204, ""));
        for missing in [
            house.get(&uri).await,
            house.put(&uri, &change).await,
            house.delete(&format!("{uri}?version=2")).await,
        ] {
            assert_eq!((missing.status, missing.code()), (404, "NOT_FOUND"));
        }
    }
    assert_eq!(house.get("/api/v1/blotter/3000000000").await.status, 404);
    assert_eq!(house.get("/api/v1/blotter/x").await.code(), "INVALID_FIELD_VALUE");
}

#[actix::test]
async fn fields_are_checked_by_kind() {
    let house = House::new();
    let table = [
        ("blotters", json!({}), "MISSING_REQUIRED_FIELD", "name"),
        ("blotters", json!({"name": "  "}), "MISSING_REQUIRED_FIELD", "name"),
        ("blotters", json!({"name": "x".repeat(61)}), "INVALID_FIELD_VALUE", "name"),
        ("blotters", json!({"name": "a\u{7}"}), "INVALID_FIELD_VALUE", "name"),
        ("blotters", json!({"name": "a", "version": 0}), "INVALID_FIELD_VALUE", "version"),
        ("statuses", json!({"description": "a"}), "MISSING_REQUIRED_FIELD", "abbreviation"),
        ("statuses", json!({"abbreviation": "a"}), "MISSING_REQUIRED_FIELD", "description"),
        (
            "statuses",
            json!({"abbreviation": "x".repeat(21), "description": "a"}),
            "INVALID_FIELD_VALUE",
            "abbreviation",
        ),
        (
            "orderTypes",
            json!({"abbreviation": "x".repeat(11), "description": "a"}),
            "INVALID_FIELD_VALUE",
            "abbreviation",
        ),
        (
            "orderTypes",
            json!({"abbreviation": "a", "description": "x".repeat(61)}),
            "INVALID_FIELD_VALUE",
            "description",
        ),
    ];
    for (many, body, code, field) in table {
        let answer = house.post(&format!("/api/v1/{many}"), &body).await;

        assert_eq!((answer.status, answer.code()), (400, code), "{body}");
        assert_eq!(answer.body["details"]["field"], field);
    }
    let answer = house.put("/api/v1/blotter/1", json!({"name": "a"})).await;
    assert_eq!((answer.status, answer.code()), (400, "MISSING_REQUIRED_FIELD"));
    let answer = house.delete("/api/v1/blotter/1").await;
    assert_eq!((answer.status, answer.code()), (400, "MISSING_REQUIRED_FIELD"));
}

#[actix::test]
async fn a_row_that_orders_use_stays() {
    let house = House::new();
    house.post("/api/v1/orders", json!([super::orders::order()])).await;

    let answer = house.delete("/api/v1/blotter/1?version=1").await;

    assert_eq!((answer.status, answer.code()), (409, "RESOURCE_IN_USE"));
}

#[actix::test]
async fn orders_see_a_new_row_at_once() {
    let house = House::new();
    let created = house.post("/api/v1/blotters", json!({"name": "Crypto"})).await;

    let snapshot = house.state().snapshot.clone();

    assert_eq!(i64::from(snapshot.blotters[&2].id), created.body["id"]);
}

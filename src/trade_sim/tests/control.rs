//! Faults, script, rules and book as they are set and read over HTTP, and the faults that need
//! no socket to be seen.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::house::{ask, bulk, get, sim};

fn put(path: &str, body: &Value) -> TestRequest {
    TestRequest::put().uri(path).set_json(body)
}

#[actix_web::test]
async fn faults_are_effective_when_they_are_answered_and_deleted_with_the_script() {
    let sim = sim();
    let set = json!({"rates": {"unavailable": 1.0}, "retryAfter": 7});

    let told = ask(&sim, put("/sim/faults", &set)).await;

    assert_eq!((told.status, &told.body["retryAfter"]), (200, &json!(7)));
    assert_eq!(ask(&sim, put("/sim/faults", &told.body)).await.body, told.body);
    let refused = bulk(&sim, &[1]).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "7"));
    let script = TestRequest::post().uri("/sim/script").set_json(json!([{"kind": "too_many"}]));
    assert_eq!(ask(&sim, script).await.status, 200);
    assert_eq!(ask(&sim, TestRequest::delete().uri("/sim/faults")).await.status, 200);
    assert_eq!(bulk(&sim, &[1]).await.status, 201);
}

#[actix_web::test]
async fn what_cannot_be_set_is_refused_and_changes_nothing() {
    let sim = sim();
    let script = json!([{"kind": "partial"}]);
    ask(&sim, put("/sim/script", &script)).await;
    for (path, body) in [
        ("/sim/faults", json!({"rates": {"explode": 1}})),
        ("/sim/faults", json!({"rates": {"drip": 2}})),
        ("/sim/faults", json!({"down": {}})),
        ("/sim/script", json!([{"kind": "ok"}, {"kind": "empty"}])),
        ("/sim/script", json!({"kind": "ok"})),
        ("/sim/rules", json!({"honorKeys": true})),
    ] {
        let told = ask(&sim, put(path, &body)).await;
        assert_eq!(told.status, 400, "{body}");
        assert!(told.body["message"].is_string());
    }
    let kept = get(&sim, "/sim/script").await.body;
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["kind"]), (1, &json!("partial")));
    assert_eq!(get(&sim, "/sim/book/x").await.status, 400);
}

#[actix_web::test]
async fn a_script_is_followed_call_by_call() {
    let sim = sim();
    let steps = json!([{"kind": "too_many", "retryAfter": 3}, {"kind": "reject", "index": 1},
        {"kind": "error_before"}, {"kind": "error_after"}, {"kind": "partial"},
        {"kind": "shuffled"}, {"kind": "empty", "on": "lookup"}]);
    ask(&sim, put("/sim/script", &steps)).await;

    let limited = bulk(&sim, &[1, 2]).await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, "3"));
    let rejected = bulk(&sim, &[1, 2]).await;
    assert_eq!(rejected.status, 400);
    assert!(rejected.body["message"].as_str().unwrap().contains("at index 1: Rejected"));
    assert_eq!((bulk(&sim, &[1, 2]).await.status, sim.totals().placed), (500, 0));
    assert_eq!((bulk(&sim, &[1, 2]).await.status, sim.totals().placed), (500, 2));
    let partial = bulk(&sim, &[3, 4]).await;
    assert_eq!((partial.status, &partial.body["successful"]), (201, &json!(2)));
    assert_eq!(partial.body["results"].as_array().unwrap().len(), 1);
    let shuffled = bulk(&sim, &[5, 6]).await.body;
    assert_eq!(shuffled["results"][0]["tradeOrder"]["orderId"], 6);
    assert_eq!(shuffled["results"][0]["requestIndex"], 0);
    assert_eq!(get(&sim, "/api/v1/tradeOrders?order_id=1").await.body, json!([]));
    assert_eq!(get(&sim, "/api/v1/tradeOrders?order_id=1").await.header("x-total-count"), "1");
}

#[actix_web::test]
async fn marked_orders_are_refused_until_they_come_no_more() {
    let sim = sim();
    ask(&sim, put("/sim/faults", &json!({"reject": {"orderIds": [3]}}))).await;

    let told = bulk(&sim, &[1, 2, 3]).await;

    assert!(told.body["message"].as_str().unwrap().contains("at index 2"));
    assert_eq!(bulk(&sim, &[3]).await.status, 400);
    assert_eq!(bulk(&sim, &[1, 2]).await.status, 201);
}

#[actix_web::test]
async fn stale_lookups_do_not_see_what_has_just_been_placed() {
    let sim = sim();
    bulk(&sim, &[1]).await;
    let look = || get(&sim, "/api/v1/tradeOrders?order_id=1");

    ask(&sim, put("/sim/faults", &json!({"staleMs": 60_000}))).await;
    assert_eq!(look().await.body, json!([]));
    ask(&sim, put("/sim/faults", &json!({"emptyLookups": 2}))).await;
    assert_eq!((look().await.body, look().await.body), (json!([]), json!([])));
    assert_eq!(look().await.body[0]["id"], 1);
}

#[actix_web::test]
async fn the_book_tells_totals_orders_and_calls() {
    let sim = sim();
    bulk(&sim, &[7, 8]).await;
    bulk(&sim, &[8]).await;
    get(&sim, "/api/v1/tradeOrders?order_id=7").await;

    let book = get(&sim, "/sim/book").await.body;

    let totals = json!({"placed": 2, "orders": 2, "placedTwice": 0, "refusedDuplicates": 1,
        "calls": 2, "lookups": 1, "pending": 0, "faults": {}});
    assert_eq!(book["totals"], totals);
    let eight = json!({"placed": 1, "refusedDuplicates": 1, "tradeId": 2});
    assert_eq!(book["orders"]["8"], eight);
    assert_eq!(book["calls"].as_array().unwrap().len(), 2);
    assert_eq!(get(&sim, "/sim/book/8").await.body, eight);
    assert_eq!(get(&sim, "/sim/book/9").await.body["placed"], 0);
    let short = get(&sim, "/sim/book?orders=false&calls=1").await.body;
    assert!(short["orders"].is_null() && short["calls"].as_array().unwrap().len() == 1);
}

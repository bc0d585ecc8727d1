//! Orders about letters that cannot be meant; what they come to is tried over a real database.

use actix_web::test::TestRequest;
use serde_json::json;

use super::house::House;

const ALL: &str = "/admin/letters/requeue";

#[actix::test]
async fn orders_about_many_letters_that_cannot_be_meant_are_refused() {
    let house = House::new();
    let wrong = |filter| json!({"reason": "r", "filter": filter});
    for (body, field) in [
        (json!({}), "reason"),
        (json!({"reason": "r", "limit": 0}), "limit"),
        (json!({"reason": "r", "limit": 10_001}), "limit"),
        (json!({"reason": "r", "ratePerSecond": 0}), "ratePerSecond"),
        (json!({"reason": "r", "ratePerSecond": 1001}), "ratePerSecond"),
        (wrong(json!({"state": "DEAD"})), "state"),
        (wrong(json!({"client": "a b"})), "client"),
        (wrong(json!({"olderThan": "soon"})), "olderThan"),
        (wrong(json!({"batch": "7"})), "batch"),
    ] {
        for uri in [ALL, "/admin/letters/discard"] {
            let answer = house.order(uri, body.clone()).await;

            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(answer.body["details"], json!({"field": field}), "{body}");
        }
    }
    let unknown = house.order(ALL, wrong(json!({"stat": "dead"}))).await;
    assert_eq!((unknown.status, unknown.code()), (400, "INVALID_REQUEST_FORMAT"));
}

#[actix::test]
async fn nothing_is_done_unless_the_order_says_so() {
    let house = House::new();

    let answer = house.order(ALL, json!({"reason": "r"})).await;

    // The world behind this house would fail if it were asked to decide.
    let expected = json!({"matched": 0, "done": 0, "failed": [], "dryRun": true});
    assert_eq!((answer.status, answer.body), (200, expected));
    assert!(house.state().audit.is_empty());
}

#[actix::test]
async fn letters_are_asked_for_in_words_that_mean_something() {
    let house = House::new();
    for (query, field) in [
        ("?state=gone", "state"),
        ("?client=a%20b", "client"),
        ("?olderThan=5", "olderThan"),
        ("?batch=x", "batch"),
        ("?limit=201", "limit"),
        ("?orderThan=5m", "orderThan"),
    ] {
        let uri = format!("/admin/letters{query}");
        let answer = house.call_admin(TestRequest::get().uri(&uri)).await;

        assert_eq!((answer.status, answer.code()), (400, "INVALID_FIELD_VALUE"), "{query}");
        assert_eq!(answer.body["details"], json!({"field": field}), "{query}");
    }
    let one = house.call_admin(TestRequest::get().uri("/admin/letters/7")).await;
    assert_eq!((one.status, one.code()), (400, "INVALID_FIELD_VALUE"));
}

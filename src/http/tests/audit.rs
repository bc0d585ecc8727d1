//! What an order to the house leaves behind, and how it is read.

use actix_web::test::TestRequest;
use resilience::breaker::StateName;
use serde_json::{Value, json};

use super::house::{Answer, House};
use crate::ports::Failure;

const POOL: &str = "/admin/breakers/pool";

async fn audit(house: &House, query: &str) -> Answer {
    house.call_admin(TestRequest::get().uri(&format!("/admin/audit{query}"))).await
}

fn away() -> Option<Failure> {
    Some(Failure::Away { reason: "unplugged".to_owned() })
}

#[actix::test]
async fn an_order_to_a_breaker_leaves_a_line_of_who_did_what_when_and_why() {
    let house = House::new();
    let order = json!({"state": "FORCE_OPEN", "reason": "a drill", "operator": " ann "});

    let answer = house.order(POOL, order).await;
    house.order(POOL, json!({"state": "RESET", "reason": "over"})).await;

    assert_eq!((answer.status, answer.body.get("warning")), (200, None), "{}", answer.text);
    let page = audit(&house, "").await.body;
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (2, &Value::Null));
    let mut first = page["items"][1].clone();
    let members = first.as_object_mut().unwrap();
    assert!(members.remove("id").is_some_and(|id| id.is_string()));
    assert!(members.remove("at").is_some_and(|at| at.as_str().unwrap().ends_with('Z')));
    let expected = json!({
        "operator": "ann", "kind": "breaker", "target": "pool", "action": "FORCE_OPEN",
        "reason": "a drill", "before": "CLOSED", "after": "FORCED_OPEN", "instance": "here:8080",
    });
    assert_eq!(first, expected);
    let second = &page["items"][0];
    assert_eq!((&second["operator"], &second["reason"]), (&json!("unnamed"), &json!("over")));
    assert_eq!((&second["before"], &second["after"]), (&json!("FORCED_OPEN"), &json!("CLOSED")));
}

#[actix::test]
async fn an_order_without_its_line_is_in_effect_and_says_what_is_missing() {
    let house = House::new();
    house.state().write_failure = away();

    let answer = house.order(POOL, json!({"state": "FORCE_OPEN", "reason": "r"})).await;

    assert_eq!((answer.status, &answer.body["to"]), (200, &json!("FORCED_OPEN")));
    assert!(answer.body["warning"].as_str().unwrap().contains("audit"), "{}", answer.text);
    assert_eq!(house.doors.pool_breaker.view().state(), StateName::ForcedOpen);
    assert!(house.state().audit.is_empty());
}

#[actix::test]
async fn an_order_that_is_refused_leaves_nothing() {
    let house = House::new();
    let long = "x".repeat(65);
    for (body, field) in [
        (json!({"state": "RESET"}), "reason"),
        (json!({"state": "RESET", "reason": "r", "operator": long}), "operator"),
        (json!({"state": "RESET", "reason": "r", "operator": "a\tb"}), "operator"),
        (json!({"state": "NOTHING", "reason": "r"}), "state"),
    ] {
        let answer = house.order(POOL, body.clone()).await;

        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.body["details"], json!({"field": field}), "{body}");
    }
    assert!(house.state().audit.is_empty());
}

#[actix::test]
async fn a_query_that_cannot_be_meant_is_refused() {
    let house = House::new();
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?limit=many", "limit"),
        ("?since=yesterday", "since"),
        ("?cursor=7", "cursor"),
        ("?operater=ann", "operater"),
    ] {
        let answer = audit(&house, query).await;

        assert_eq!((answer.status, answer.code()), (400, "INVALID_FIELD_VALUE"), "{query}");
        assert_eq!(answer.body["details"], json!({"field": field}), "{query}");
    }
    house.state().read_failure = away();
    assert_eq!(audit(&house, "").await.code(), "DATABASE_UNAVAILABLE");
}

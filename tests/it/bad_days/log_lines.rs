//! The log as a collector reads it.

use std::time::Duration;

use serde_json::{Value, json};

use super::book::Book;
use super::load::burst;
use crate::support::{Kind, Weir, on_both, wait_for};

on_both! {
    every_line_is_one_object_and_no_order_has_a_line,
    refused_request_is_found_by_its_callers_id,
}

const DEADLINE: Duration = Duration::from_secs(20);

/// All lines as objects; a line that is none fails the test.
fn objects(weir: &Weir) -> Vec<Value> {
    let object = |line: &String| {
        let parsed: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for member in ["timestamp", "level", "target", "message"] {
            assert!(parsed[member].is_string(), "{member} is missing: {line}");
        }
        parsed
    };
    weir.logs().iter().map(object).collect()
}

async fn every_line_is_one_object_and_no_order_has_a_line(kind: Kind) {
    let book = Book::open();
    let mut weir = Weir::on(kind).start().await;
    let before = objects(&weir).len();

    for _ in 0..5 {
        assert!(burst(&weir, &book, 10).await);
    }
    weir.get("/api/v1/orders").await.expect(200);
    weir.get("/api/v1/order/%0a%1b[31m").await;
    let after = objects(&weir);

    let said = &after[before..];
    assert!(said.len() < 10, "{} lines about {} orders", said.len(), book.borrow().stored());
    weir.terminate().await;
    assert_eq!(objects(&weir).last().unwrap()["message"], "stopped");
}

async fn refused_request_is_found_by_its_callers_id(kind: Kind) {
    let weir = Weir::on(kind).set("log.level", "debug").start().await;
    let refused = [
        ("GET", "/api/v1/order/77", "", 404),
        ("GET", "/nowhere", "", 404),
        ("PATCH", "/api/v1/orders", "", 405),
        ("POST", "/api/v1/orders", "[{", 400),
        ("POST", "/api/v1/orders", "[]", 400),
        ("PUT", "/api/v1/blotter/1", r#"{"name": "Other", "version": 9}"#, 409),
    ];

    for (number, (method, path, body, status)) in refused.into_iter().enumerate() {
        let id = format!("caller-{number}");
        let request = weir.request(method, path).header("x-request-id", &id);
        let answer = request.raw("application/json", body).send().await.expect(status);
        let line = wait_for("the line of the request", DEADLINE, async || {
            objects(&weir).into_iter().find(|line| line["request_id"] == *id)
        })
        .await;

        assert_eq!(answer.header("x-request-id"), Some(&*id));
        assert_eq!(answer.body["requestId"], *id);
        assert_eq!(line["code"], answer.body["code"], "{line}");
    }
}

#[actix_web::test]
async fn an_operator_opens_the_log_for_a_while() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let statements = || {
        let of_the_driver = |line: &&Value| line["target"].as_str().unwrap().starts_with("sqlx");
        objects(&weir).iter().filter(of_the_driver).count()
    };
    let list = async || {
        weir.get("/api/v1/orders").await.expect(200);
    };
    list().await;
    assert_eq!(statements(), 0);

    let order = async |body: Value| {
        let request = weir.admin_request("POST", "/admin/log-level").json(&body);
        request.send().await.expect(200).body
    };
    let level = "sqlx=debug,info";
    let told = order(json!({"level": level, "reason": "slow lists"})).await;
    assert_eq!(told, json!({"level": level, "then": null}));
    wait_for("statements in the log", DEADLINE, async || {
        list().await;
        statements() > 0
    })
    .await;
    let told = order(json!({"level": "off", "reason": "a pause", "forSeconds": 1})).await;
    assert_eq!(told, json!({"level": "off", "then": level}));
    wait_for("the filter to be put back", DEADLINE, async || {
        let told = weir.admin_get("/admin/log-level").await.expect(200).body;
        (told["level"] == level).then_some(()).ok_or(told)
    })
    .await;

    let changes = weir.logged("log filter changed");
    let told: Vec<_> = changes.iter().map(|line| json!([line["now"], line["reason"]])).collect();
    let expected = json!([[level, "slow lists"], ["off", "a pause"], [level, "its time is over"]]);
    assert_eq!(json!(told), expected);
}

//! What holds for every route: names of requests, wrong methods, media types, sizes and paces.

use std::time::Duration;

use serde_json::json;

use super::desk::{Desk, at, problem};
use super::orders::order;
use crate::support::{Kind, Weir, on_both};

on_both! {
    every_answer_carries_the_requests_name,
    unknown_routes_are_404_and_wrong_methods_405,
    bodies_must_be_declared_as_json,
    bodies_are_bounded_in_size_and_time,
    no_other_origin_and_no_debug_route_is_served,
}

const ORDERS: &str = "/api/v1/orders";

/// (84) The caller's name for the request comes back, on failures too; else a new one.
async fn every_answer_carries_the_requests_name(kind: Kind) {
    let desk = Desk::open(kind).await;
    let id = desk.create(order()).await;
    let one = format!("/api/v1/order/{id}");
    let good = json!([order()]).to_string();
    let requests = [
        ("GET", one.as_str(), None, 200),
        ("HEAD", one.as_str(), None, 200),
        ("POST", ORDERS, Some(("application/json", good.as_str())), 200),
        ("POST", ORDERS, Some(("application/json", "[null]")), 207),
        ("POST", ORDERS, Some(("application/json", "[")), 400),
        ("GET", "/nowhere", None, 404),
        ("PATCH", ORDERS, None, 405),
        ("PUT", one.as_str(), Some(("application/json", "{}")), 400),
        ("POST", ORDERS, Some(("text/plain", "[]")), 415),
        ("GET", "/health", None, 200),
        ("GET", "/openapi.json", None, 200),
        ("GET", "/docs/", None, 200),
        ("GET", "/api/v1/orders?security.ticker=A", None, 501),
        ("DELETE", one.as_str(), None, 400),
    ];
    for (method, path, body, status) in requests {
        let ask = async |name: Option<&str>| {
            let answer = desk.ask(method, path, |mut request| {
                if let Some(name) = name {
                    request = request.header("X-Request-Id", name);
                }
                match body {
                    Some((kind, text)) => request.raw(kind, text),
                    None => request,
                }
            });
            let answer = answer.await.expect(status);
            answer.header("x-request-id").unwrap().to_owned()
        };
        assert_eq!(ask(Some("desk-7/42")).await, "desk-7/42", "{method} {path}");
        let (one, other) = (ask(None).await, ask(None).await);
        assert!(uuid::Uuid::parse_str(&one).is_ok() && one != other, "{one} {other}");
        // What cannot be printed, or is long, is not echoed into logs.
        let long = "x".repeat(129);
        for bad in ["two words", long.as_str()] {
            assert!(uuid::Uuid::parse_str(&ask(Some(bad)).await).is_ok(), "{method} {path}");
        }
    }
    let many = vec![order(); 1001];
    let large = desk.ask("POST", ORDERS, |r| r.json(&json!(many)).header("X-Request-Id", "big"));
    assert_eq!(large.await.expect(413).header("x-request-id"), Some("big"));
}

/// (66) The same envelope; Allow says what the path does take.
async fn unknown_routes_are_404_and_wrong_methods_405(kind: Kind) {
    let desk = Desk::open(kind).await;
    for path in [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/order",
        "/api/v1/order/1/2",
        "/api/v1/orders/",
        "/api/v1/orders/7",
        "/api/v2/orders",
        "/API/v1/orders",
        "/api/v1/blotters/1",
        "/api/v1/%00",
        "/api/v1/..%2f..%2fetc/passwd",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = desk.ask(method, path, |request| request).await.expect(404);
            let code = answer.body["code"].as_str();
            assert_eq!((code, super::desk::members(&answer.body).len()), (Some("NOT_FOUND"), 4));
        }
    }
    for (method, path, allow) in [
        ("DELETE", ORDERS, "GET, HEAD, POST"),
        ("POST", "/api/v1/order/1", "GET, HEAD, PUT, DELETE"),
        ("PATCH", "/api/v1/order/abc", "GET, HEAD, PUT, DELETE"),
        ("PUT", "/api/v1/blotters", "GET, HEAD, POST"),
        ("DELETE", "/api/v1/orderTypes/1", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("OPTIONS", ORDERS, "GET, HEAD, POST"),
        ("TRACE", ORDERS, "GET, HEAD, POST"),
    ] {
        let answer = desk.ask(method, path, |request| request).await.expect(405);
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
        let message = format!("{path} takes {allow}, not {method}");
        assert_eq!(problem(&answer), json!({"code": "METHOD_NOT_ALLOWED", "message": message}));
    }
    let document = desk.weir.request("POST", "/openapi.json").send().await.expect(405);
    assert_eq!(document.header("allow"), Some("GET, HEAD"));
    let id = desk.create(order()).await;
    let get = desk.get(&format!("/api/v1/order/{id}")).await.expect(200);
    let head = desk.ask("HEAD", &format!("/api/v1/order/{id}"), |r| r).await.expect(200);
    assert_eq!(head.header("content-type"), get.header("content-type"));
    assert_eq!(head.text, "");
}

/// (66) Before the body is looked at: 415 on every route that takes one.
async fn bodies_must_be_declared_as_json(kind: Kind) {
    let desk = Desk::open(kind).await;
    let order_path = "/api/v1/order/1";
    for (method, path) in [
        ("POST", ORDERS),
        ("PUT", order_path),
        ("POST", "/api/v1/blotters"),
        ("PUT", "/api/v1/blotter/1"),
        ("POST", "/api/v1/statuses"),
        ("PUT", "/api/v1/status/1"),
        ("POST", "/api/v1/orderTypes"),
        ("PUT", "/api/v1/orderType/1"),
    ] {
        for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json"] {
            let answer = desk.ask(method, path, |request| request.raw(kind, "{")).await;
            assert_eq!(answer.status, 415, "{method} {path} {kind}: {}", answer.text);
            let expected = at(
                "UNSUPPORTED_MEDIA_TYPE",
                answer.body["message"].as_str().unwrap(),
                "content-type",
            );
            assert_eq!(problem(&answer), expected);
        }
        let none = desk.ask(method, path, |request| request).await.expect(415);
        let message = "The body must be declared: Content-Type: application/json";
        assert_eq!(problem(&none), at("UNSUPPORTED_MEDIA_TYPE", message, "content-type"));
    }
    let body = json!([order()]).to_string();
    for kind in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        "application/vnd.api+json",
    ] {
        desk.ask("POST", ORDERS, |request| request.raw(kind, body.as_str())).await.expect(200);
    }
}

/// (75) Announced, streamed, slow or torn off: each is told, closed, and stored nowhere.
async fn bodies_are_bounded_in_size_and_time(kind: Kind) {
    let plan = Weir::on(kind).set("server.body_max", 2048).set("server.body_within", "100ms");
    let desk = Desk::open_with(plan).await;
    let too_large = json!({
        "code": "PAYLOAD_TOO_LARGE", "message": "The body is larger than 2048 bytes",
    });
    let head = |method: &str, path: &str, length: &str| {
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}")
    };
    let mut closing = Vec::new();
    for (method, path) in [
        ("POST", ORDERS),
        ("PUT", "/api/v1/order/1"),
        ("POST", "/api/v1/blotters"),
        ("PUT", "/api/v1/blotter/1"),
        ("POST", "/api/v1/statuses"),
        ("PUT", "/api/v1/status/1"),
        ("POST", "/api/v1/orderTypes"),
        ("PUT", "/api/v1/orderType/1"),
    ] {
        let announced = head(method, path, "Content-Length: 9000000");
        let (raw, answer) = desk.ask_raw(&announced, "").await;
        closing.push(raw);
        assert_eq!(problem(&answer.expect(413)), too_large, "{method} {path}");

        let chunked = head(method, path, "Transfer-Encoding: chunked");
        let chunk = format!("C00\r\n{}\r\n", " ".repeat(0xC00));
        let (_, answer) = desk.ask_raw(&chunked, &chunk).await;
        assert_eq!(answer.header("connection"), Some("close"), "{method} {path}");
        assert_eq!(problem(&answer.expect(413)), too_large, "{method} {path}");

        let slow = head(method, path, "Content-Length: 100");
        let (raw, answer) = desk.ask_raw(&slow, "[").await;
        closing.push(raw);
        let message = "The body did not arrive within 100ms";
        let expected = json!({"code": "REQUEST_TIMEOUT", "message": message});
        assert_eq!(problem(&answer.expect(408)), expected, "{method} {path}");
    }
    for mut raw in closing {
        raw.read_until_closed(Duration::from_secs(10)).await;
    }
    let mut body = json!([order()]).to_string();
    body += &" ".repeat(2048 - body.len());
    desk.write("POST", ORDERS, &body).await.expect(200);
    body.push(' ');
    assert_eq!(problem(&desk.write("POST", ORDERS, &body).await.expect(413)), too_large);
    let chunked = head("POST", ORDERS, "Transfer-Encoding: chunked");
    let (mut raw, broken) = desk.ask_raw(&chunked, "XYZ\r\n").await;
    assert_eq!(broken.expect(400).body["code"], "INVALID_REQUEST_FORMAT");
    raw.read_until_closed(Duration::from_secs(10)).await;

    let mut torn = desk.weir.connect().await;
    torn.write(format!("{}\r\n\r\n[", head("POST", ORDERS, "Content-Length: 100"))).await.unwrap();
    drop(torn);
    desk.get(ORDERS).await.expect(200);
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 1);
}

/// (75) The desk finds no CORS header on any answer, here when one is asked for.
async fn no_other_origin_and_no_debug_route_is_served(kind: Kind) {
    let desk = Desk::open(kind).await;
    let from_elsewhere = |request: crate::support::client::Request| {
        request
            .header("Origin", "https://elsewhere.example")
            .header("Access-Control-Request-Method", "POST")
    };
    desk.ask("GET", ORDERS, from_elsewhere).await.expect(200);
    desk.ask("OPTIONS", ORDERS, from_elsewhere).await.expect(405);
    for path in [
        "/debug/metrics",
        "/debug/metrics/all",
        "/debug/actors",
        "/api/v1/test/system-overload-status",
        "/api/v1/test/resource-utilization",
        "/api/test/metrics/http-status",
        "/api/test/metrics/register-test-service",
        "/actuator",
        "/actuator/env",
        "/actuator/heapdump",
        "/actuator/metrics",
        "/actuator/prometheus",
        "/metrics",
        "/admin",
        "/console",
    ] {
        desk.get(path).await.expect(404);
        desk.weir.admin_get(path).await;
    }
}

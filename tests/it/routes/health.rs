//! Health, in the shapes that probes and callers know.

use serde_json::{Value, json};

use super::desk::{Desk, members, problem};
use super::orders::order;
use crate::support::{Answer, Database, Kind, Weir, on_both};

on_both! {
    a_well_service_says_so_in_every_shape,
    the_pool_is_told_as_a_ratio_and_as_a_percentage,
}

const COUNTS: [&str; 5] = ["active", "idle", "waiting", "total", "max"];

/// (62) Readiness is about the database and the end, never about load.
async fn a_well_service_says_so_in_every_shape(kind: Kind) {
    let desk = Desk::open(kind).await;
    desk.create(order()).await;

    for path in ["/health", "/actuator/health/liveness"] {
        let answer = desk.get(path).await.expect(200);
        assert_eq!(members(&answer.body), ["status", "timestamp"]);
        assert_eq!(answer.body["status"], "UP");
    }
    let up = json!({"status": "UP", "components": {"db": {"status": "UP"}}});
    for path in ["", "/readiness", "/startup"] {
        let answer = desk.get(&format!("/actuator/health{path}")).await.expect(200);
        assert_eq!(answer.body, up, "{path}");
    }
}

/// (87) The documented path has the ratio, the ancestor's own the percentage; both mean the same.
async fn the_pool_is_told_as_a_ratio_and_as_a_percentage(kind: Kind) {
    let desk = Desk::open(kind).await;
    desk.create(order()).await;
    let max = if kind == Kind::Sqlite { 5 } else { 60 };
    let mut names = COUNTS.to_vec();
    names.extend(["utilization", "status", "healthy", "timestamp", "recommendations"]);
    names.sort_unstable();

    let ratio = desk.get("/api/v1/health/connection-pool").await.expect(200).body;
    let percent = desk.get("/api/v1/system/health/connection-pool").await.expect(200).body;
    let system = desk.get("/api/v1/system/health").await.expect(200).body;

    for body in [&ratio, &percent] {
        assert_eq!(members(body), names);
        assert_eq!(body["max"], max);
        assert_eq!((&body["status"], &body["healthy"]), (&json!("HEALTHY"), &json!(true)));
        assert!(body["total"].as_i64() <= Some(max) && body["total"].as_i64() >= Some(1));
        assert_eq!(body["recommendations"].as_array().map(Vec::len), Some(0), "{body}");
    }
    // The service is asked one thing at a time here, so what is measured is at rest or near it.
    assert!(ratio["utilization"].as_f64() <= Some(1.0));
    assert!(ratio["timestamp"].is_string());
    let millis = percent["timestamp"].as_i64().unwrap();
    let told = ratio["timestamp"].as_str().unwrap();
    let told = chrono::DateTime::parse_from_rfc3339(told).unwrap().timestamp_millis();
    assert!((millis - told).abs() < 20_000, "{millis} {told}");

    assert_eq!(
        members(&system),
        ["breakers", "circuitBreaker", "connectionPool", "database", "status", "timestamp"]
    );
    let closed = json!({"open": false, "state": "CLOSED", "failureCount": 0, "rejections": 0});
    assert_eq!(system["circuitBreaker"], closed);
    assert_eq!(system["status"], "HEALTHY");
    assert_eq!(system["database"], json!({"state": "SERVING"}));
    let pool = &system["connectionPool"];
    let names = [
        "activeConnections",
        "idleConnections",
        "maxConnections",
        "poolName",
        "status",
        "threadsWaiting",
        "totalConnections",
        "type",
        "utilization",
    ];
    assert_eq!(members(pool), names);
    assert_eq!((&pool["status"], &pool["maxConnections"]), (&json!("HEALTHY"), &json!(max)));
}

/// A house that is not open yet: alive, not ready, and 503 with a wait on every route that needs
/// the database, before a byte of the body is read. (12, 13) Never 400, never 500.
#[actix_web::test]
async fn a_database_that_was_never_reached_is_503_and_not_the_end() {
    let nowhere = Database::at("postgres://weir@127.0.0.1:9/none");
    let weir = Weir::on(nowhere).start_unready().await;
    let desk = Desk::of(weir).await;
    let reason = "The database has not been reached yet since the start";
    let away = |status: Option<&str>| {
        let mut body = json!({"code": "DATABASE_UNAVAILABLE", "message": reason});
        if let Some(status) = status {
            body["status"] = status.into();
            body["components"] = json!({"db": {"status": "DOWN", "state": "STARTING"}});
        }
        body
    };
    desk.get("/actuator/health/liveness").await.expect(200);
    for (path, status) in [
        ("/health", "DOWN"),
        ("/actuator/health", "DOWN"),
        ("/actuator/health/readiness", "OUT_OF_SERVICE"),
        ("/actuator/health/startup", "OUT_OF_SERVICE"),
    ] {
        let answer = desk.get(path).await.expect(503);
        assert_eq!(problem(&answer), away(Some(status)), "{path}");
    }
    let system = desk.get("/api/v1/system/health").await.expect(200).body;
    assert_eq!(system["status"], "UNHEALTHY", "{system}");
    assert_eq!(system["database"]["state"], "STARTING");
    for answer in every_database_route(&desk).await {
        assert_eq!(problem(&answer.expect(503)), away(None));
    }
}

/// Nobody's batch.
const BATCH_ID: &str = "01a1fd4a-aee9-76d6-86b7-ffffcc304811";

/// One request to each documented route below `/api/v1` that is not about health.
pub(super) async fn every_database_route(desk: &Desk) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (path, item) in desk.document()["paths"].as_object().unwrap() {
        if !path.starts_with("/api/v1/") || path.contains("health") {
            continue;
        }
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            let id = if path.contains("batches") { BATCH_ID } else { "1" };
            let path = format!("{}?version=1", path.replace("{id}", id));
            let path = if method == "DELETE" { path } else { path.replace("?version=1", "") };
            let body = match (method.as_str(), path.as_str()) {
                ("POST", "/api/v1/orders" | "/api/v1/orders/batch") => json!([order()]),
                ("POST", "/api/v1/orders/batch/submit") => json!({"orderIds": [1]}),
                ("PUT", "/api/v1/order/1") => order(),
                ("POST" | "PUT", _) => json!({
                    "name": "n", "abbreviation": "a", "description": "d", "version": 1,
                }),
                _ => Value::Null,
            };
            let dress =
                |r: crate::support::client::Request| if body.is_null() { r } else { r.json(&body) };
            answers.push(desk.ask(&method, &path, dress).await);
        }
    }
    assert!(answers.len() >= 18, "{} routes", answers.len());
    answers
}

//! What an operator sees of the routes: templates, never what callers wrote.

use std::collections::BTreeMap;

use serde_json::json;

use super::desk::Desk;
use super::orders::order;
use crate::support::{Kind, Weir, on_both};

on_both! {
    requests_are_counted_by_template_and_status,
    the_admin_listener_keeps_to_itself,
}

/// The series of a name, by the text of their labels.
fn series(text: &str, name: &str) -> BTreeMap<String, f64> {
    let start = format!("{name}{{");
    let lines = text.lines().filter_map(|line| line.strip_prefix(&start));
    let parts = lines.map(|line| line.rsplit_once("} ").unwrap());
    parts.map(|(labels, value)| (labels.to_owned(), value.parse().unwrap())).collect()
}

fn label<'a>(labels: &'a str, name: &str) -> &'a str {
    let (_, rest) = labels.split_once(&format!("{name}=\"")).unwrap();
    rest.split('"').next().unwrap()
}

/// (77) One name, one type; each request counted once.
async fn requests_are_counted_by_template_and_status(kind: Kind) {
    let desk = Desk::open(kind).await;
    let ids = desk.create_all(&json!(vec![order(); 3])).await;
    for id in &ids {
        desk.get(&format!("/api/v1/order/{id}")).await.expect(200);
    }
    desk.get("/api/v1/order/123456789").await.expect(404);
    desk.get("/api/v1/order/abc").await.expect(400);
    desk.get("/api/v1/orders?limit=7&offset=3").await.expect(200);
    desk.get("/api/v1/orders?nonsense=1").await.expect(400);
    desk.post("/api/v1/orders", &json!([])).await.expect(400);
    desk.post("/api/v1/orders", &json!([null])).await.expect(207);
    desk.delete(&format!("/api/v1/order/{}?version=1", ids[0])).await.expect(204);
    desk.get("/no/such/route/4711").await.expect(404);
    desk.get("/api/v1/orders/4711/nothing").await.expect(404);
    desk.ask("BREW", "/api/v1/orders", |r| r).await.expect(405);
    desk.ask("PATCH", "/api/v1/order/1", |r| r).await.expect(405);

    let text = desk.weir.admin_get("/metrics").await.expect(200).text;

    let requests = series(&text, "http_requests_total");
    let count = |method: &str, path: &str, status: u16| {
        let labels = format!("method=\"{method}\",path=\"{path}\",status=\"{status}\"");
        requests.get(&labels).copied().unwrap_or_default()
    };
    let one = "/api/v1/order/{id}";
    let many = "/api/v1/orders";
    assert_eq!(count("GET", one, 200), 3.0, "{requests:#?}");
    assert_eq!((count("GET", one, 404), count("GET", one, 400)), (1.0, 1.0));
    assert_eq!((count("GET", many, 200), count("GET", many, 400)), (1.0, 1.0));
    let posts = [200, 400, 207].map(|status| count("POST", many, status));
    assert_eq!(posts, [1.0, 1.0, 1.0]);
    assert_eq!((count("DELETE", one, 204), count("GET", "/unknown", 404)), (1.0, 2.0));
    let refused: f64 = ["/unknown", many].iter().map(|path| count("OTHER", path, 405)).sum();
    assert_eq!(refused, 1.0, "{requests:#?}");

    let templates = desk.document()["paths"].as_object().unwrap();
    for name in ["http_requests_total", "http_request_duration_seconds_count"] {
        let found = series(&text, name);
        assert!(!found.is_empty());
        for labels in found.keys() {
            let path = label(labels, "path");
            let further = ["/unknown", "/openapi.json", "/docs", "/docs/{_:.*}"];
            let known = templates.contains_key(path) || further.contains(&path);
            assert!(known, "{path} is no template");
        }
    }
    let errors = series(&text, "http_errors_total");
    let told = |code: &str| {
        let of_code = errors.iter().filter(|(labels, _)| label(labels, "error_code") == code);
        of_code.map(|(_, value)| value).sum::<f64>()
    };
    assert_eq!((told("NOT_FOUND"), told("METHOD_NOT_ALLOWED")), (3.0, 2.0), "{errors:#?}");
    assert_eq!(told("INVALID_FIELD_VALUE") + told("VALIDATION_ERROR"), 3.0, "{errors:#?}");
    for raw in ["4711", "123456789", "nonsense", "no/such", "BREW"] {
        assert!(!text.contains(raw), "{raw} is in the metrics");
    }
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names: Vec<_> = types.map(|line| line.split(' ').next().unwrap()).collect();
    let unique: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), unique.len(), "{names:?}");
}

/// Two listeners, two sets of routes; with a token nothing is told without it, not even what exists.
async fn the_admin_listener_keeps_to_itself(kind: Kind) {
    let token = "a-token-of-23-characters";
    let weir = Weir::on(kind).set("admin.token", token).start().await;
    weir.get("/metrics").await.expect(404);
    weir.get("/actuator/prometheus").await.expect(404);
    for path in ["/metrics", "/actuator/prometheus", "/nothing"] {
        for given in [None, Some("Bearer wrong"), Some("Basic YTpi"), Some(token), Some("Bearer ")]
        {
            let mut request = weir.admin_request("GET", path);
            if let Some(given) = given {
                request = request.header("authorization", given);
            }
            let answer = request.send().await.expect(401);
            assert_eq!(answer.body["code"], "AUTHENTICATION_ERROR", "{given:?}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert!(!answer.text.contains(token), "{}", answer.text);
        }
    }
    let ask = async |method: &str, path: &str| {
        let bearer = format!("Bearer {token}");
        weir.admin_request(method, path).header("authorization", bearer).send().await
    };
    let metrics = ask("GET", "/metrics").await.expect(200);
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain"));
    let prometheus = ask("GET", "/actuator/prometheus").await.expect(200);
    assert!(prometheus.text.contains("http_requests_total"));
    assert_eq!(ask("GET", "/api/v1/orders").await.expect(404).body["code"], "NOT_FOUND");
    let wrong = ask("POST", "/metrics").await.expect(405);
    assert_eq!(
        (wrong.header("allow"), &wrong.body["code"]),
        (Some("GET, HEAD"), &json!("METHOD_NOT_ALLOWED"))
    );
}

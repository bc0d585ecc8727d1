//! The OpenAPI document and its page: what they say is what is served, and nothing else is.

use std::collections::BTreeSet;

use serde_json::Value;

use super::desk::Desk;
use crate::support::{Kind, on_both};

on_both! {
    every_documented_route_is_served_and_every_other_method_is_not,
    the_page_works_without_any_other_host,
}

/// The routes of contract 1.1 to 1.6 and 1.8 with Appendix A 1.
const ROUTES: [&str; 33] = [
    "delete /api/v1/blotter/{id}",
    "delete /api/v1/order/{id}",
    "delete /api/v1/orderType/{id}",
    "delete /api/v1/status/{id}",
    "get /actuator/health",
    "get /actuator/health/liveness",
    "get /actuator/health/readiness",
    "get /actuator/health/startup",
    "get /api/v1/batches/{id}",
    "get /api/v1/blotter/{id}",
    "get /api/v1/blotters",
    "get /api/v1/health/connection-pool",
    "get /api/v1/order/{id}",
    "get /api/v1/orderType/{id}",
    "get /api/v1/orderTypes",
    "get /api/v1/orderTypes/{id}",
    "get /api/v1/orders",
    "get /api/v1/status/{id}",
    "get /api/v1/statuses",
    "get /api/v1/system/health",
    "get /api/v1/system/health/connection-pool",
    "get /health",
    "post /api/v1/blotters",
    "post /api/v1/orderTypes",
    "post /api/v1/orders",
    "post /api/v1/orders/batch",
    "post /api/v1/orders/batch/submit",
    "post /api/v1/orders/{id}/submit",
    "post /api/v1/statuses",
    "put /api/v1/blotter/{id}",
    "put /api/v1/order/{id}",
    "put /api/v1/orderType/{id}",
    "put /api/v1/status/{id}",
];

async fn every_documented_route_is_served_and_every_other_method_is_not(kind: Kind) {
    let desk = Desk::open(kind).await;
    let document = desk.document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut found = Vec::new();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push(format!("{method} {path}"));
            let name = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(name), "{name} is there twice");
            assert!(operation["summary"].is_string(), "{name} has no title");
        }
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            let path = path.replace("{id}", "1");
            let answer = desk.ask(method, &path, |request| request).await;
            let documented = if method == "HEAD" { "get" } else { &method.to_lowercase() };
            // The desk holds a 405 and its Allow against the document.
            assert_eq!(answer.status == 405, item.get(documented).is_none(), "{method} {path}");
            let is_unrouted = answer.text.contains("There is no route");
            assert!(!is_unrouted, "{method} {path}: {}", answer.text);
        }
    }
    found.sort();
    assert_eq!(found, ROUTES);
    references_lead_somewhere(document, document);
}

fn references_lead_somewhere(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let path = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(path).is_some(), "{reference}");
            }
            members.values().for_each(|member| references_lead_somewhere(document, member));
        }
        Value::Array(items) => {
            items.iter().for_each(|item| references_lead_somewhere(document, item));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn the_page_works_without_any_other_host(kind: Kind) {
    let desk = Desk::open(kind).await;
    let document = desk.get("/openapi.json").await.expect(200);
    assert_eq!(document.header("content-type"), Some("application/json"));
    let redirect = desk.get("/docs").await;
    assert!([301, 302, 307, 308].contains(&redirect.status), "{}", redirect.status);
    assert_eq!(redirect.header("location"), Some("/docs/"));

    let page = desk.get("/docs/").await.expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let mut files = quoted_after(&page.text, &["src=\"", "href=\""]);
    assert!(files.len() >= 3, "{files:?}");
    files.push("swagger-initializer.js".into());
    let mut initialiser = String::new();
    for file in &files {
        assert!(!file.contains("//"), "{file} is elsewhere");
        let file = file.trim_start_matches("./");
        let answer = desk.get(&format!("/docs/{file}")).await.expect(200);
        assert!(!answer.text.is_empty() || file.ends_with(".png"), "{file} is empty");
        if file.ends_with("swagger-initializer.js") {
            initialiser = answer.text;
        }
    }
    assert!(initialiser.contains("/openapi.json"), "{initialiser}");
    assert!(
        initialiser.contains(r#""validatorUrl": "none""#)
            || initialiser.contains(r#""validatorUrl":"none""#),
        "{initialiser}"
    );
    for text in [&page.text, &initialiser, &document.text] {
        assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
    }
    let missing = desk.get("/docs/no-such-file.js").await;
    assert_eq!(missing.status, 404);
}

fn quoted_after(text: &str, starts: &[&str]) -> Vec<String> {
    let parts = starts.iter().flat_map(|start| text.split(start).skip(1));
    parts.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

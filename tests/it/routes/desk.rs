//! A caller who checks every answer: is its status documented for the route, does its body have
//! the documented shape, is a problem a problem of the catalogue, and does nothing leak.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::schema;
use crate::support::client::Request;
use crate::support::weir::Plan;
use crate::support::{Answer, Kind, Raw, Weir};

/// What no body may say (74): words of the databases, the drivers and the language.
const INSIDE: [&str; 17] = [
    "sqlx",
    "sea_orm",
    "sea-orm",
    "sqlstate",
    "sqlite",
    "postgres",
    "select ",
    "insert into",
    "update orders",
    "delete from",
    "constraint",
    "no such table",
    "relation \"",
    "rollback",
    "panicked",
    "struct ",
    ".rs:",
];

pub(super) struct Desk {
    pub(super) weir: Weir,
    document: Value,
    posts: AtomicU64,
    /// The status of each code, as `docs/errors.md` tells it.
    codes: BTreeMap<String, u16>,
}

impl Desk {
    pub(super) async fn open(kind: Kind) -> Self {
        Self::open_with(Weir::on(kind)).await
    }

    pub(super) async fn open_with(plan: Plan) -> Self {
        Self::of(plan.start().await).await
    }

    pub(super) async fn of(weir: Weir) -> Self {
        let document = weir.get("/openapi.json").await.expect(200).body;
        Self { weir, document, posts: AtomicU64::new(0), codes: codes() }
    }

    pub(super) fn document(&self) -> &Value {
        &self.document
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, |request| request).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, |request| request).await
    }

    /// Each post is meant to be a new request, also where its orders are the same: without a
    /// difference in their bytes two would be one.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        let mut body = body.clone();
        if let Some(order) = body.get_mut(0).and_then(Value::as_object_mut) {
            let posts = self.posts.fetch_add(1, Ordering::Relaxed);
            order.insert("ignored".to_owned(), json!(posts));
        }
        self.ask("POST", path, |request| request.json(&body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", path, |request| request.json(body)).await
    }

    /// With a body whose very digits matter, or that is no JSON at all.
    pub(super) async fn write(&self, method: &str, path: &str, body: &str) -> Answer {
        self.ask(method, path, |request| request.raw("application/json", body)).await
    }

    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        dress: impl FnOnce(Request) -> Request,
    ) -> Answer {
        let answer = dress(self.weir.request(method, path)).send().await;
        self.check(method, path, &answer);
        answer
    }

    /// Speaks over a bare connection; `head` is all of it but its last, empty line.
    pub(super) async fn ask_raw(&self, head: &str, body: &str) -> (Raw, Answer) {
        let mut raw = self.weir.connect().await;
        raw.write(format!("{head}\r\n\r\n{body}")).await.unwrap();
        let deadline = std::time::Duration::from_secs(10);
        let heard = raw.read_answer(deadline).await;
        let mut headers = awc::http::header::HeaderMap::new();
        for (name, value) in heard.head.lines().skip(1).filter_map(|line| line.split_once(':')) {
            let name = awc::http::header::HeaderName::try_from(name).unwrap();
            headers.append(name, value.trim().parse().unwrap());
        }
        let answer = Answer {
            status: heard.status,
            headers,
            body: serde_json::from_str(&heard.body).unwrap_or_default(),
            text: heard.body,
        };
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        self.check(method, path, &answer);
        (raw, answer)
    }

    /// Creates an order and returns its id.
    pub(super) async fn create(&self, order: Value) -> i64 {
        self.create_all(&json!([order])).await[0]
    }

    /// Creates orders that must all succeed and returns their ids.
    pub(super) async fn create_all(&self, orders: &Value) -> Vec<i64> {
        let answer = self.post("/api/v1/orders", orders).await.expect(200);
        let items = answer.body["orders"].as_array().unwrap();
        items.iter().map(|item| item["orderId"].as_i64().unwrap()).collect()
    }

    fn check(&self, method: &str, path: &str, answer: &Answer) {
        let line = format!("{method} {path} -> {} {}", answer.status, answer.text);
        // (84) A name to ask for, on every answer; (75) and no word to other origins.
        assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()), "{line}");
        let cors = answer.headers.keys().find(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(cors, None, "{line}");
        let operation = self.operation(method, path, answer);
        if let Some(operation) = operation {
            self.check_documented(operation, answer, &line);
        }
        // (Of HEAD there is only the head to look at.)
        if answer.status >= 400 && method != "HEAD" {
            self.check_problem(operation, answer, &line);
        }
    }

    /// The documented operation; None where there is none, which the status must say, too.
    fn operation(&self, method: &str, path: &str, answer: &Answer) -> Option<&Value> {
        let path = path.split('?').next().unwrap();
        let Some(template) = self.template(path) else {
            let is_page = path == "/openapi.json" || path.starts_with("/docs");
            assert!(is_page || answer.status == 404, "{path} is served but not documented");
            return None;
        };
        let method = if method == "HEAD" { "GET" } else { method };
        let operation = self.document["paths"][template].get(method.to_lowercase());
        if operation.is_none() {
            assert_eq!(answer.status, 405, "{method} {template} is served but not documented");
            let allow = answer.header("allow").unwrap();
            let allowed: Vec<_> = allow.split(", ").filter(|name| *name != "HEAD").collect();
            let documented = self.document["paths"][template].as_object().unwrap();
            assert_eq!(allowed.len(), documented.len(), "{template} allows {allow}");
            assert!(allowed.iter().all(|name| documented.contains_key(&name.to_lowercase())));
        }
        operation
    }

    pub(super) fn template(&self, path: &str) -> Option<&str> {
        let fits = |template: &str| {
            let parts = template.split('/').zip(path.split('/'));
            template.split('/').count() == path.split('/').count()
                && parts.into_iter().all(|(t, p)| t == p || (t.starts_with('{') && !p.is_empty()))
        };
        let templates = self.document["paths"].as_object().unwrap().keys();
        templates.map(String::as_str).find(|template| fits(template))
    }

    fn check_documented(&self, operation: &Value, answer: &Answer, line: &str) {
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "undocumented status: {line}");
        let Some(content) = response.get("content").and_then(Value::as_object) else {
            assert_eq!((answer.text.as_str(), answer.header("content-type")), ("", None), "{line}");
            return;
        };
        let kind = answer.header("content-type").unwrap_or_default();
        let media = content.get(kind).unwrap_or_else(|| panic!("undocumented {kind}: {line}"));
        if kind == "application/json" && !answer.text.is_empty() {
            let faults = schema::faults(&self.document, &media["schema"], &answer.body);
            assert!(faults.is_empty(), "{faults:#?}\n{line}");
        }
    }

    /// One flat object, whose code, status and documentation agree, and which says no more than it
    /// may (74).
    fn check_problem(&self, operation: Option<&Value>, answer: &Answer, line: &str) {
        let code = answer.body["code"].as_str().unwrap_or_else(|| panic!("no code: {line}"));
        assert_eq!(self.codes.get(code), Some(&answer.status), "{line}");
        if let Some(operation) = operation {
            let described = &operation["responses"][answer.status.to_string()]["description"];
            let is_listed = described.as_str().unwrap().contains(&format!("`{code}`"));
            assert!(is_listed, "{code} is not documented here: {line}");
        }
        assert_eq!(answer.header("content-type"), Some("application/json"), "{line}");
        assert!(answer.body["message"].as_str().is_some_and(|text| !text.is_empty()), "{line}");
        assert_eq!(answer.body["requestId"].as_str(), answer.header("x-request-id"), "{line}");
        let wait = answer.body.get("retryAfter").map(ToString::to_string);
        assert_eq!(wait.as_deref(), answer.header("retry-after"), "{line}");
        let unknown = ["OUTCOME_UNKNOWN", "ANSWER_TIMEOUT"].contains(&code);
        assert_eq!(wait.is_some(), [503, 507].contains(&answer.status) && !unknown, "{line}");
        if let Some(details) = answer.body.get("details") {
            assert_eq!(members(details), ["field"], "{line}");
        }
        let text = answer.text.to_lowercase();
        let leaks: Vec<_> = INSIDE.iter().filter(|word| text.contains(**word)).collect();
        assert!(leaks.is_empty(), "{leaks:?} in {line}");
    }
}

/// The headings of `docs/errors.md`: `## CODE (status)`.
fn codes() -> BTreeMap<String, u16> {
    let text = include_str!("../../../docs/errors.md");
    let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
    let parts = headings.map(|heading| heading.trim_end_matches(')').split_once(" (").unwrap());
    parts.map(|(code, status)| (code.to_owned(), status.parse().unwrap())).collect()
}

pub(super) fn members(object: &Value) -> Vec<&str> {
    let members = object.as_object().unwrap_or_else(|| panic!("no object: {object}"));
    members.keys().map(String::as_str).collect()
}

/// The whole body of a problem but for what differs each time, which the desk has checked.
pub(super) fn problem(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    let members = body.as_object_mut().unwrap_or_else(|| panic!("no object: {}", answer.text));
    for name in ["timestamp", "requestId", "retryAfter"] {
        members.remove(name);
    }
    body
}

/// The whole body of a plain problem at a field.
pub(super) fn at(code: &str, message: impl Into<String>, field: &str) -> Value {
    json!({"code": code, "message": message.into(), "details": {"field": field}})
}

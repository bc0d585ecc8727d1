//! Every order to the house leaves a line in the audit, and those who watch hear of it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::letters::{bury, open};
use super::{audit_lines, order};
use crate::bad_days::trade::market::Market;
use crate::support::{Kind, Raw, Weir, on_both};

on_both! { each_order_leaves_a_line_and_is_told_to_those_who_watch }

const DEADLINE: Duration = Duration::from_secs(20);
const PAGE: &str = include_str!("../../../docs/admin.md");

/// By which something is ordered, as the page about the listener names them; it names all.
fn routes() -> BTreeSet<&'static str> {
    PAGE.split("`POST ").skip(1).filter_map(|rest| rest.split('`').next()).collect()
}

/// The members that an order by this route needs beside who and why.
fn body(route: &str) -> Value {
    match route {
        "/actuator/circuitbreakers/{name}" => json!({"state": "CLOSE"}),
        "/admin/breakers/{name}" => json!({"state": "RESET"}),
        "/admin/letters/discard" | "/admin/letters/requeue" => json!({"dryRun": false, "limit": 1}),
        "/admin/letters/{id}/discard" | "/admin/letters/{id}/requeue" => json!({}),
        "/admin/log-level" => json!({"level": "debug"}),
        "/admin/pauses" | "/admin/pauses/resume" => json!({"kind": "client", "name": "a"}),
        route => panic!("what does {route} need?"),
    }
}

async fn a_dead_letter(weir: &Weir) -> String {
    let page = weir.admin_get("/admin/letters?state=dead&limit=1").await.expect(200);
    page.body["items"][0]["id"].as_str().unwrap_or_default().to_owned()
}

async fn each_order_leaves_a_line_and_is_told_to_those_who_watch(kind: Kind) {
    let market = Market::open();
    let weir = open(&market, kind).await;
    bury(&market, &weir, 8).await;
    let mut console = Raw::connect(weir.admin.trim_start_matches("http://")).await;
    console.write("GET /admin/events HTTP/1.1\r\nHost: weir\r\n\r\n").await.unwrap();
    console.read_until("event: status", DEADLINE).await;
    let routes = routes();
    assert!(routes.len() >= 9, "{routes:?}");

    for route in routes {
        let path = route.replace("{name}", "trade").replace("{id}", &a_dead_letter(&weir).await);
        let mut body = body(route);
        (body["reason"], body["operator"]) = (json!(route), json!("ann"));
        let answer = order(&weir, &path, &body).await;
        assert!([200, 204].contains(&answer.status), "{path} {}", answer.text);
        assert_eq!(answer.body.get("warning"), None, "{path} {}", answer.text);

        let line = audit_lines(&weir, "limit=1").await.remove(0);
        let told = ["operator", "action", "kind", "target", "reason"];
        let [operator, action, kind, target, reason] = told.map(|it| line[it].as_str().unwrap());
        assert_eq!((operator, reason), ("ann", route), "{line}");
        let sentence = format!("ann ordered {action} of {kind} {target}: {route}");
        console.read_until(&sentence, DEADLINE).await;
    }
}

//! Every order leaves a line, and the lines outlive the process.

use serde_json::json;

use super::{audit_lines, order};
use crate::support::{Kind, Weir, on_both};

on_both! {
    what_was_ordered_is_told_page_by_page_also_after_a_restart,
    without_the_token_nobody_reads_it,
}

async fn what_was_ordered_is_told_page_by_page_also_after_a_restart(kind: Kind) {
    let mut weir = Weir::on(kind).set("mailbox.instance", "weir-a").start().await;
    for (state, operator) in [("FORCE_OPEN", "ann"), ("RESET", "bob"), ("DISABLED", "ann")] {
        let body = json!({"state": state, "reason": "a drill", "operator": operator});
        let answer = order(&weir, "/admin/breakers/trade", &body).await.expect(200);
        assert_eq!(answer.body.get("warning"), None, "{}", answer.text);
    }
    weir.restart().await;

    let first = weir.admin_get("/admin/audit?limit=2").await.expect(200);
    let next = first.body["next"].as_str().unwrap();
    let second = weir.admin_get(&format!("/admin/audit?limit=2&cursor={next}")).await.expect(200);

    let actions = |body: &serde_json::Value| -> Vec<String> {
        let items = body["items"].as_array().unwrap().iter();
        items.map(|item| item["action"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(actions(&first.body), ["DISABLED", "RESET"]);
    assert_eq!(actions(&second.body), ["FORCE_OPEN"]);
    assert!(second.body["next"].is_null());
    let lines = audit_lines(&weir, "operator=ann&kind=breaker&target=trade").await;
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let told = |name: &str| lines[1][name].as_str().unwrap();
    assert_eq!((told("before"), told("after")), ("CLOSED", "FORCED_OPEN"));
    assert_eq!((told("reason"), told("instance")), ("a drill", "weir-a"));
}

async fn without_the_token_nobody_reads_it(kind: Kind) {
    let weir = Weir::on(kind).set("admin.token", "a-token-of-23-characters").start().await;

    let answer = weir.admin_get("/admin/audit").await.expect(401);

    assert_eq!(answer.body["code"], "AUTHENTICATION_ERROR");
}

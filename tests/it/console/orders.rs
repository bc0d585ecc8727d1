//! What people order from the page: with a reason, and with the keyboard alone.

use serde_json::json;

use super::page::Page;
use crate::support::{Kind, Weir};

const FORCED: &str = "[data-key=trade] .chip";

#[actix_web::test]
async fn a_breaker_is_forced_with_a_reason_by_the_keyboard_and_the_audit_tells_of_it() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads(FORCED, "CLOSED").await;

    page.focus("#breakers [data-key=trade] button").await;
    page.press("Enter").await;
    page.holds("document.querySelector('#order').open").await;
    assert_eq!(page.run("document.activeElement.name").await, "state");
    page.press("Tab").await;
    assert_eq!(page.run("document.activeElement.id").await, "order-reason");
    page.press("Enter").await;
    assert!(page.run("document.querySelector('#order').open").await == true, "without a reason");
    page.write("their desk is closed").await;
    page.press("Tab").await;
    page.write("ann").await;
    page.press("Enter").await;

    page.reads(FORCED, "FORCED OPEN").await;
    page.reads("#verdict-word", "DEGRADED").await;
    page.reads("#audit", "their desk is closed").await;
    page.holds("!document.querySelector('#order').open").await;
    let audit = weir.admin_get("/admin/audit").await.expect(200).body;
    let lines = audit["items"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let told = ["operator", "action", "target", "reason"].map(|name| lines[0][name].clone());
    assert_eq!(json!(told), json!(["ann", "FORCE_OPEN", "trade", "their desk is closed"]));
}

#[actix_web::test]
async fn escape_orders_nothing_and_a_stroke_leads_to_the_search() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads(FORCED, "CLOSED").await;

    page.focus("#breakers [data-key=trade] button").await;
    page.press("Enter").await;
    page.holds("document.querySelector('#order').open").await;
    page.press("Escape").await;
    page.holds("!document.querySelector('#order').open").await;
    page.press("/").await;

    assert_eq!(page.run("document.activeElement.id").await, "wanted");
    assert_eq!(page.run("document.activeElement.value").await, "");
    assert_eq!(weir.admin_get("/admin/audit").await.expect(200).body["items"], json!([]));
}

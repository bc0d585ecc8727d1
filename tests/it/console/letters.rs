//! What people decide from the page about letters.

use serde_json::json;

use super::DEADLINE;
use super::page::Page;
use crate::bad_days::trade::market::Market;
use crate::bad_days::trade::{BATCH, drained, ids, orders};
use crate::support::{Kind, wait_for};

#[actix_web::test]
async fn a_dead_letter_is_requeued_with_a_reason_and_goes() {
    let market = Market::open();
    let plan = market.plan(Kind::Sqlite).set("mailbox.attempts_max", 1);
    let weir = plan.set("mailbox.sweep_every", "60s").start().await;
    market.script(json!([{"kind": "too_many", "retryAfter": 1}]));
    let submitted = weir.post(BATCH, &orders("p", 2)).await.expect(202);
    wait_for("the dead letter", DEADLINE, async || {
        let page = weir.admin_get("/admin/letters?state=dead").await.expect(200);
        (page.body["items"].as_array().unwrap().len() == 1).then_some(()).ok_or(page.text)
    })
    .await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads("#letters .chip", "dead").await;

    page.focus("#letters .acts button").await;
    page.press("Enter").await;
    page.holds("document.activeElement.id === 'order-reason'").await;
    page.write("it takes orders again").await;
    page.press("Enter").await;

    page.reads("#audit", "it takes orders again").await;
    drained(&weir.database).await;
    for id in ids(&submitted) {
        market.trade_of(id);
    }
    page.reads("#letters-note", "No letter is listed").await;
    page.focus("#wanted").await;
    page.write(submitted.body["batchId"].as_str().unwrap()).await;
    page.press("Enter").await;
    page.reads("#found", "it takes orders again").await;
    assert!(page.complaints().is_empty(), "{:#?}", page.complaints());
}

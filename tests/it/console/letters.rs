//! What people decide from the page about letters.

use serde_json::json;

use super::DEADLINE;
use super::page::Page;
use crate::bad_days::trade::market::Market;
use crate::bad_days::trade::{BATCH, drained, ids, orders};
use crate::support::{Answer, Kind, Weir, wait_for};

/// A service whose one letter is dead, with the batch that it is of.
async fn with_a_dead_letter() -> (Market, Weir, Answer) {
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
    (market, weir, submitted)
}

#[actix_web::test]
async fn a_dead_letter_is_requeued_with_a_reason_and_goes() {
    let (market, weir, submitted) = with_a_dead_letter().await;
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

#[actix_web::test]
async fn all_dead_letters_are_counted_before_they_are_discarded() {
    let (market, weir, submitted) = with_a_dead_letter().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads("#letters .chip", "dead").await;

    page.focus("#discard-all").await;
    page.press("Enter").await;
    page.reads("#order-effect", "1 dead letter would be meant").await;
    page.focus("#order-reason").await;
    page.write("placed by hand").await;
    page.press("Enter").await;

    page.reads("#letters-note", "No letter is listed").await;
    drained(&weir.database).await;
    for id in ids(&submitted) {
        let order = weir.get(&format!("/api/v1/order/{id}")).await.expect(200);
        assert_eq!(order.body["status"]["abbreviation"], "NEW", "{}", order.text);
    }
    assert_eq!(market.sim.totals().placed, 0);
    page.reads("#audit", "placed by hand").await;
    assert!(page.complaints().is_empty(), "{:#?}", page.complaints());
}

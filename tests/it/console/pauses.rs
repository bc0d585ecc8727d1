//! What people stop from the page, and let go on.

use super::page::Page;
use super::{DEADLINE, submit};
use crate::support::{Kind, Weir, wait_for};

#[actix_web::test]
async fn the_trade_service_is_paused_with_a_reason_and_resumed() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads("#verdict-word", "WELL").await;

    page.focus("#pause").await;
    page.press("Enter").await;
    page.focus("#order-reason").await;
    page.write("their books are closed").await;
    page.press("Enter").await;

    page.reads("#pauses", "their books are closed").await;
    let pauses = weir.admin_get("/admin/pauses").await.expect(200).body;
    assert_eq!(pauses["items"][0]["name"], "trade", "{pauses}");

    page.focus("#pauses button").await;
    page.press("Enter").await;
    page.focus("#order-reason").await;
    page.write("they are open again").await;
    page.press("Enter").await;

    page.holds("!document.querySelector('#order').open").await;
    page.holds("document.querySelector('#pauses').children.length === 0").await;
    page.reads("#audit", "they are open again").await;
    wait_for("the pauses to be gone", DEADLINE, async || {
        let pauses = weir.admin_get("/admin/pauses").await.expect(200);
        if pauses.body["items"].as_array().unwrap().is_empty() { Ok(()) } else { Err(pauses.text) }
    })
    .await;
    submit(&weir, 1).await;
    assert!(page.complaints().is_empty(), "{:#?}", page.complaints());
}

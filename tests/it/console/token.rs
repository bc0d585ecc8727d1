//! The page with a token before what it asks.

use serde_json::json;

use super::page::Page;
use crate::support::{Kind, Weir};

const TOKEN: &str = "correct-horse-battery-staple";

#[actix_web::test]
async fn it_asks_for_the_token_and_keeps_it_for_this_tab_alone() {
    let weir = Weir::on(Kind::Sqlite).set("admin.token", TOKEN).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };

    page.reads("#entry", "asks for the admin token").await;
    page.write("another-token").await;
    page.press("Enter").await;
    page.reads("#entry", "not the right one").await;
    assert_eq!(page.text("#verdict-word").await, "…");
    page.press("Escape").await;
    page.reads("#lost", "The service wants its token").await;
    page.focus("#lost button").await;
    page.press("Enter").await;
    page.holds("document.activeElement.id === 'entry-token'").await;
    page.write(TOKEN).await;
    page.press("Enter").await;

    page.reads("#verdict-word", "WELL").await;
    page.holds("document.querySelector('#lost').hidden").await;
    let kept = "[localStorage.length, document.cookie, sessionStorage.getItem('weir.token')]";
    assert_eq!(page.run(kept).await, json!([0, "", TOKEN]));
    assert!(page.requests().iter().all(|url| !url.contains(TOKEN)));
}

//! What the page shows while the service works.

use serde_json::json;

use super::page::Page;
use super::{DEADLINE, submit};
use crate::support::{Kind, Weir, wait_for};

#[actix_web::test]
async fn its_numbers_move_with_the_load_and_it_asks_nobody_else() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads("#verdict-word", "WELL").await;
    page.reads("#age", "Live").await;

    let before = sent(&mut page).await;
    wait_for("the rate of sent orders to move twice", DEADLINE, async || {
        submit(&weir, 40).await;
        let now = sent(&mut page).await;
        (!["0 /s", &before].contains(&now.as_str())).then_some(()).ok_or(now)
    })
    .await;

    page.holds("document.querySelector('#latencies td').innerText.endsWith('ms')").await;
    page.holds("document.querySelector('#pool-plot .line').getAttribute('d').includes('L')").await;
    page.holds("document.querySelectorAll('#rates .spark .line[d*=L]').length === 4").await;
    page.holds("document.querySelectorAll('#children i').length === 15").await;
    let elsewhere: Vec<_> =
        page.requests().into_iter().filter(|url| !url.starts_with(&weir.admin)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert!(page.requests().iter().any(|url| url.ends_with("/admin/events")));
    assert!(page.complaints().is_empty(), "{:#?}", page.complaints());
}

async fn sent(page: &mut Page) -> String {
    page.text("#rates [data-key=sent] .number").await
}

#[actix_web::test]
async fn it_fits_a_phone() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.resize(360, 740).await;

    page.reads("#verdict-word", "WELL").await;

    assert_eq!(page.run("document.documentElement.scrollWidth").await, 360);
}

#[actix_web::test]
async fn what_the_service_tells_becomes_text_and_never_markup() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let Some(mut page) = Page::open(&format!("{}/console", weir.admin)).await else { return };
    page.reads("#verdict-word", "WELL").await;

    let reason = "<img id=smuggled src=/metrics onerror=alert(1)>";
    let order = json!({"state": "METRICS_ONLY", "reason": reason, "operator": reason});
    weir.admin_request("POST", "/admin/breakers/trade").json(&order).send().await.expect(200);

    for place in ["#verdict-reasons", "#breakers", "#events", "#audit"] {
        page.reads(place, reason).await;
    }
    assert_eq!(page.run("document.querySelector('#smuggled')").await, json!(null));
    assert!(page.complaints().is_empty(), "{:#?}", page.complaints());
}

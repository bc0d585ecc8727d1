//! One request in a group is guilty: its neighbours go through.

use std::time::Duration;

use futures_util::future::join;
use serde_json::json;

use super::book::Book;
use super::load::burst;
use super::{Lock, at_rest, items, metric};
use crate::support::{Kind, Weir, on_both, wait_for};

on_both! {
    guilty_item_fails_alone_in_a_group_of_innocents,
}

const DEADLINE: Duration = Duration::from_secs(30);
const INNOCENTS: usize = 12;

async fn guilty_item_fails_alone_in_a_group_of_innocents(kind: Kind) {
    let book = Book::open();
    let plan = Weir::on(kind).set("ledger.lanes", 1).set("database.write_within", "20s");
    // No look for letters takes the lane meanwhile.
    let weir = plan.set("mailbox.sweep_every", "1m").start().await;
    assert!(burst(&weir, &book, 1).await);
    let gone = weir.post("/api/v1/blotters", &json!({"name": "Gone"})).await.expect(200);
    let gone = gone.body["id"].as_i64().unwrap();
    // Behind the service's back: it believes in the blotter, the database does not.
    weir.database.execute(&format!("DELETE FROM order_tallies WHERE blotter_id = {gone}")).await;
    weir.database.execute(&format!("DELETE FROM blotters WHERE id = {gone}")).await;
    let (_, mut batch) = book.borrow_mut().write(3);
    batch[1]["blotterId"] = gone.into();
    batch[0]["portfolioId"] = "beside-guilt".into();
    batch[2]["portfolioId"] = "beside-guilt".into();

    // While nobody can write, one takes the lane and all others gather in the line.
    let taken = at_rest(&weir).await;
    let lock = Lock::writers_out(&weir.database).await;
    let first = burst(&weir, &book, 1);
    let others = async {
        lane_takes_one_more(&weir, taken).await;
        let gathered = async {
            let all = wait_for_line(&weir, INNOCENTS + 1);
            all.await;
            lock.release().await;
        };
        let guilty = weir.post("/api/v1/orders", &batch);
        let ((innocent, guilty), ()) =
            join(join(burst(&weir, &book, INNOCENTS), guilty), gathered).await;
        (innocent, guilty)
    };
    let (first, (innocent, guilty)) = join(first, others).await;

    assert!(first && innocent, "{:?}", book.borrow().answers);
    assert_eq!(guilty.status, 207, "{}", guilty.text);
    let fates: Vec<_> = items(&guilty).iter().map(|item| item["status"].clone()).collect();
    assert_eq!(fates, ["SUCCESS", "FAILURE", "SUCCESS"], "{}", guilty.text);
    assert_eq!(items(&guilty)[1]["errorCode"], "VALIDATION_ERROR", "{}", guilty.text);
    assert!(metric(&weir, "ledger_halvings_total").await >= Some(1.0));
    let beside = "SELECT count(*) FROM orders WHERE portfolio_id = 'beside-guilt'";
    assert_eq!(weir.database.number(beside).await, 2);
    Book::check(&book, &weir).await;
}

async fn lane_takes_one_more(weir: &Weir, than: u64) {
    wait_for("the lane to be taken", DEADLINE, async || {
        let ledger = weir.admin_get("/debug/actors/ledger").await.expect(200);
        let taken = ledger.body["counters"]["requests"].as_u64();
        if taken > Some(than) { Ok(()) } else { Err(ledger.text) }
    })
    .await;
}

async fn wait_for_line(weir: &Weir, requests: usize) {
    wait_for("the line", DEADLINE, async || {
        let line = metric(weir, "ledger_line_requests").await;
        if line == Some(requests as f64) { Ok(()) } else { Err(format!("{line:?}")) }
    })
    .await;
}

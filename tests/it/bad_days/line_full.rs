//! More work than the ledger's line takes: explicit refusals, and nothing lost.

use std::time::Duration;

use super::book::Book;
use super::load::{Load, burst};
use super::{Lock, at_rest, expect_refusal, metric};
use crate::support::{Kind, Weir, on_both, wait_for};

on_both! {
    full_line_refuses_with_a_wait_and_loses_nothing,
    groups_of_one_work,
}

const DEADLINE: Duration = Duration::from_secs(30);

async fn full_line_refuses_with_a_wait_and_loses_nothing(kind: Kind) {
    let book = Book::open();
    let weir = Weir::on(kind).set("ledger.line_max", 1).set("ledger.group_max", 1);
    let weir = weir.set("ledger.lanes", 1).set("database.write_within", "20s");
    // No look for letters stands in the line meanwhile.
    let weir = weir.set("mailbox.sweep_every", "1m").start().await;
    // The first batch takes the ids, so that the lane of the second waits for the lock alone.
    assert!(burst(&weir, &book, 1).await);
    at_rest(&weir).await;
    let lock = Lock::writers_out(&weir.database).await;
    let load = Load::on(&weir, &book, 2);
    wait_for("one in the lane and one in the line", DEADLINE, async || {
        metric(&weir, "ledger_line_requests").await == Some(1.0)
    })
    .await;

    for _ in 0..40 {
        let (number, batch) = book.borrow_mut().write(1);
        let answer = weir.post("/api/v1/orders", &batch).await;
        expect_refusal(&answer, "SERVICE_OVERLOADED");
        let message = answer.body["message"].as_str().unwrap();
        assert!(message.starts_with("System temporarily overloaded"), "{message}");
        book.borrow_mut().hear(number, Ok(answer));
    }
    let blotter = serde_json::json!({"name": "Too many"});
    expect_refusal(&weir.post("/api/v1/blotters", &blotter).await, "SERVICE_OVERLOADED");
    lock.release().await;

    load.stores(20).await;
    load.stop().await;
    // Without a lock, too: whatever the moment brings is one of these two.
    burst(&weir, &book, 60).await;
    let answers = book.borrow().answers.clone();
    assert!(
        answers.keys().all(|it| ["200", "503 SERVICE_OVERLOADED"].contains(&&**it)),
        "{answers:?}"
    );
    Book::check(&book, &weir).await;
}

async fn groups_of_one_work(kind: Kind) {
    let book = Book::open();
    let weir = Weir::on(kind).set("ledger.group_max", 1).start().await;

    let all_stored = burst(&weir, &book, 40).await;

    assert!(all_stored, "{:?}", book.borrow().answers);
    let groups = metric(&weir, "ledger_group_requests_count").await;
    assert_eq!(groups, metric(&weir, "ledger_group_requests_sum").await);
    assert_eq!(groups, Some(40.0));
    Book::check(&book, &weir).await;
}

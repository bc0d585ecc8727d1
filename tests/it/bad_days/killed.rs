//! kill -9, again and again: what was answered stands, whenever the process dies.

use super::book::Book;
use super::load::Load;
use crate::support::{Kind, Weir, on_both};

on_both! {
    whatever_was_answered_outlives_every_kill,
}

/// As many as `WEIR_TEST_KILLS` says, else five.
fn kills() -> usize {
    std::env::var("WEIR_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5)
}

async fn whatever_was_answered_outlives_every_kill(kind: Kind) {
    let book = Book::open();
    // Small blocks of ids, so that kills also hit the moments in which one is taken.
    let mut weir = Weir::on(kind).set("ledger.ids_block", 50).start().await;

    for _ in 0..kills() {
        let load = Load::on(&weir, &book, 6);
        let orders = book.borrow_mut().rng().usize(1..400);
        load.stores(orders).await;
        weir.kill_9();
        load.stop().await;
        weir.restart().await;

        Book::check(&book, &weir).await;
    }
}

//! Somebody ends Weir's sessions in PostgreSQL one by one, while it serves.

use std::time::Duration;

use super::book::Book;
use super::load::{Load, burst};
use crate::support::{Kind, Weir, wait_for};

const BACK_WITHIN: Duration = Duration::from_secs(15);
const SESSIONS: &str = "SELECT CAST(pid AS text) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'weir'";

#[actix_web::test]
async fn sessions_that_are_ended_one_by_one_cost_at_most_explicit_refusals() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let book = Book::open();
    let mut weir = Weir::on(Kind::Postgres).set("pool.min_idle", 8).start().await;
    let load = Load::on(&weir, &book, 4);
    load.stores(50).await;

    let sessions = weir.database.texts(SESSIONS).await;
    for session in &sessions {
        weir.database.text(&format!("SELECT pg_terminate_backend({session})")).await;
        load.stores(20).await;
    }

    load.stop().await;
    assert!(sessions.len() >= 4, "{sessions:?}");
    wait_for("full service", BACK_WITHIN, async || burst(&weir, &book, 20).await).await;
    assert_eq!(weir.run().ended(), None);
    assert_eq!(book.borrow().broken, 0, "requests without an answer");
    Book::check(&book, &weir).await;
}

//! The database goes away under load and comes back: a state, not an end.

use std::sync::Arc;
use std::time::Duration;

use super::book::Book;
use super::load::{Load, burst};
use super::{expect_refusal, metric};
use crate::support::postgres::Cluster;
use crate::support::{Database, Weir, wait_for};

/// Five seconds are promised; the rest is for a busy machine.
const BACK_WITHIN: Duration = Duration::from_secs(15);
const AWAY_WITHIN: Duration = Duration::from_secs(30);

#[actix_web::test]
async fn database_that_leaves_under_load_and_returns_costs_refusals_and_nothing_else() {
    let Some(cluster) = Cluster::start_private().map(Arc::new) else { return };
    let book = Book::open();
    let mut weir = Weir::on(Database::at(cluster.create_database().await)).start().await;
    let load = Load::on(&weir, &book, 6);
    load.stores(100).await;
    assert_eq!(metric(&weir, "db_pool_up").await, Some(1.0));

    for _ in 0..2 {
        aside(&cluster, Cluster::stop).await;
        load.hears("503 DATABASE_UNAVAILABLE", 50).await;
        wait_for("db_pool_up to be 0", AWAY_WITHIN, async || {
            metric(&weir, "db_pool_up").await == Some(0.0)
        })
        .await;
        let unready = weir.get("/actuator/health/readiness").await;
        expect_refusal(&unready, "DATABASE_UNAVAILABLE");
        assert_eq!(unready.body["components"]["db"]["state"], "AWAY", "{}", unready.text);
        weir.get("/actuator/health/liveness").await.expect(200);

        aside(&cluster, Cluster::start).await;
        wait_for("full service", BACK_WITHIN, async || burst(&weir, &book, 20).await).await;
        assert_eq!(metric(&weir, "db_pool_up").await, Some(1.0));
        load.stores(100).await;
    }

    load.stop().await;
    assert_eq!(weir.run().ended(), None);
    assert_eq!(book.borrow().broken, 0, "requests without an answer: {:?}", book.borrow().answers);
    Book::check(&book, &weir).await;
}

/// The load goes on meanwhile.
async fn aside(cluster: &Arc<Cluster>, order: fn(&Cluster)) {
    let cluster = Arc::clone(cluster);
    tokio::task::spawn_blocking(move || order(&cluster)).await.unwrap();
}

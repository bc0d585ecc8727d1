//! The database is away when the process starts: it lives, says so, and serves when it comes.

use std::time::Duration;

use super::book::Book;
use super::load::burst;
use super::{expect_refusal, metric};
use crate::support::postgres::Cluster;
use crate::support::{Database, Weir, wait_for};

/// Five seconds are promised; the rest is for a busy machine.
const BACK_WITHIN: Duration = Duration::from_secs(15);

#[actix_web::test]
async fn process_without_a_database_lives_says_so_and_serves_when_it_comes() {
    let Some(cluster) = Cluster::start_private() else { return };
    let database = Database::at(cluster.create_database().await);
    let book = Book::open();
    cluster.stop();

    let weir = Weir::on(database).start_unready().await;

    for path in ["/health", "/actuator/health", "/actuator/health/readiness"] {
        let answer = weir.get(path).await;
        expect_refusal(&answer, "DATABASE_UNAVAILABLE");
        assert_eq!(answer.body["components"]["db"]["state"], "STARTING", "{}", answer.text);
    }
    weir.get("/actuator/health/liveness").await.expect(200);
    weir.get("/api/v1/health/connection-pool").await.expect(200);
    weir.get("/openapi.json").await.expect(200);
    assert_eq!(metric(&weir, "db_pool_up").await, Some(0.0));
    for path in ["/api/v1/orders", "/api/v1/order/1", "/api/v1/blotters", "/api/v1/status/1"] {
        expect_refusal(&weir.get(path).await, "DATABASE_UNAVAILABLE");
    }
    let (number, batch) = book.borrow_mut().write(3);
    let answer = weir.post("/api/v1/orders", &batch).await;
    expect_refusal(&answer, "DATABASE_UNAVAILABLE");
    book.borrow_mut().hear(number, Ok(answer));
    wait_for("a word about waiting", BACK_WITHIN, async || {
        !weir.logged("database is away, waiting for it").is_empty()
    })
    .await;

    cluster.start();

    wait_for("readiness", BACK_WITHIN, async || {
        let answer = weir.get("/actuator/health/readiness").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    assert!(burst(&weir, &book, 5).await, "{:?}", book.borrow().answers);
    assert_eq!(metric(&weir, "db_pool_up").await, Some(1.0));
    Book::check(&book, &weir).await;
}

//! Several instances on one PostgreSQL: they start together, and share everything at once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::book::Book;
use super::load::Load;
use super::{Lock, items};
use crate::support::{Database, Kind, Weir, wait_for};

const DEADLINE: Duration = Duration::from_secs(20);

#[actix_web::test]
async fn instances_that_start_together_share_one_database() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let database = Database::fresh(Kind::Postgres).await;
    let book = Book::open();
    let start = || {
        let plan = Weir::on(database.clone()).set("pool.instances", 3).set("pool.max", 30);
        plan.set("ledger.ids_block", 20).start()
    };

    let weirs = join_all([start(), start(), start()]).await;

    for (table, rows) in [("blotters", 5), ("order_types", 5), ("statuses", 10), ("counters", 1)] {
        assert_eq!(
            database.number(&format!("SELECT count(*) FROM {table}")).await,
            rows,
            "{table}"
        );
    }
    let loads: Vec<_> = weirs.iter().map(|weir| Load::on(weir, &book, 3)).collect();
    for load in &loads {
        load.stores(150).await;
    }
    for load in loads {
        load.stop().await;
    }
    assert_eq!(book.borrow().broken, 0, "requests without an answer");
    for weir in &weirs {
        Book::check(&book, weir).await;
    }
}

#[actix_web::test]
async fn instance_whose_turn_to_migrate_comes_late_waits_for_it() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let database = Database::fresh(Kind::Postgres).await;
    // "WEIR": the lock under which instances take turns.
    let turn = Lock::begin(&database, "SELECT pg_advisory_xact_lock(1464158546)").await;

    let mut weir = Weir::on(database).set("database.write_within", "200ms").start_unready().await;
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    wait_for("weir to wait for its turn", DEADLINE, async || {
        weir.database.number(waiting).await == 1
    })
    .await;
    // Longer than a write may take: the turn is no write.
    let waited = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'
        AND datname = current_database() AND query_start < now() - interval '600 milliseconds'";
    wait_for("weir to have waited for long", DEADLINE, async || {
        weir.run().ended().is_some() || weir.database.number(waited).await == 1
    })
    .await;
    turn.release().await;

    weir.wait_until_ready().await;
}

#[actix_web::test]
async fn reference_data_made_by_one_instance_serves_the_other_at_once() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let maker = Weir::on(Kind::Postgres).start().await;
    let user = Weir::on(maker.database.clone()).start().await;

    let blotter = maker.post("/api/v1/blotters", &json!({"name": "Fresh"})).await.expect(200);
    let order_type = json!({"abbreviation": "FRESH", "description": "Fresh"});
    let order_type = maker.post("/api/v1/orderTypes", &order_type).await.expect(200);
    let order = json!([{
        "blotterId": blotter.body["id"], "statusId": 1, "orderTypeId": order_type.body["id"],
        "portfolioId": "p", "securityId": "s", "quantity": 1,
    }]);
    let answer = user.post("/api/v1/orders", &order).await.expect(200);

    assert_eq!(items(&answer)[0]["order"]["blotter"]["name"], "Fresh", "{}", answer.text);
    let id = items(&answer)[0]["orderId"].as_i64().unwrap();
    let amended = json!({
        "blotterId": 1, "statusId": 6, "orderTypeId": order_type.body["id"],
        "portfolioId": "p", "securityId": "s", "quantity": 2, "version": 1,
    });
    maker.put(&format!("/api/v1/order/{id}"), &amended).await.expect(200);
    let page = user.get("/api/v1/orders?blotter.name=Fresh").await.expect(200);
    assert_eq!(page.body["pagination"]["totalElements"], 0, "{}", page.text);
    let page = user.get("/api/v1/orders?orderType.abbreviation=FRESH").await.expect(200);
    assert_eq!(page.body["pagination"]["totalElements"], 1, "{}", page.text);
}

#[actix_web::test]
async fn start_warns_of_more_connections_than_postgresql_allows() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let plan = Weir::on(Kind::Postgres).set("pool.instances", 100).set("pool.max", 60);

    let weir = plan.start().await;

    let message = "pool.instances x pool.max exceeds what PostgreSQL allows: lower pool.max or \
                   raise max_connections";
    let warnings = weir.logged(message);
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0]["needed"], 6000);
}

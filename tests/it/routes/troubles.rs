//! Bad days, as callers hear of them: always the envelope, a wait where waiting helps, and not a
//! word of the database (74).

use std::time::Duration;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{ConnectOptions, Connection, Executor, PgConnection, SqliteConnection};
use serde_json::json;

use super::desk::{Desk, problem};
use super::health::every_database_route;
use super::orders::order;
use crate::support::{Answer, Database, Kind, Weir, on_both, wait_for};

on_both! {
    a_schema_that_somebody_broke_is_500_without_a_word_of_it,
    a_database_that_takes_too_long_is_503_with_a_wait,
    an_answer_that_takes_too_long_is_503_with_a_wait,
}

/// A second connection that keeps every writer out until it is dropped.
enum Lock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Lock {
    async fn take(database: &Database) -> Self {
        match database.kind {
            Kind::Sqlite => {
                let options = SqliteConnectOptions::new().filename(database.file());
                let mut connection = options.connect().await.unwrap();
                connection.execute("BEGIN IMMEDIATE").await.unwrap();
                Self::Sqlite(connection)
            }
            Kind::Postgres => {
                let mut connection = PgConnection::connect(&database.url).await.unwrap();
                let tables = "orders, order_tallies, blotters, statuses, order_types, counters";
                let lock = format!("BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE");
                let lock = sea_orm::sqlx::raw_sql(sea_orm::sqlx::AssertSqlSafe(lock));
                connection.execute(lock).await.unwrap();
                Self::Postgres(connection)
            }
        }
    }

    async fn give_back(self) {
        match self {
            Self::Sqlite(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
            Self::Postgres(mut connection) => drop(connection.execute("ROLLBACK").await.unwrap()),
        }
    }
}

/// (13, 74) A missing table is nobody's fault but ours: 500, and the reason is in the log alone.
async fn a_schema_that_somebody_broke_is_500_without_a_word_of_it(kind: Kind) {
    let desk = Desk::open(kind).await;
    desk.create(order()).await;
    let tables = ["orders", "blotters", "statuses", "order_types", "batches"];
    for table in tables {
        let sql = format!("ALTER TABLE {table} RENAME TO {table}_elsewhere");
        desk.weir.database.execute(&sql).await;
    }

    let answers = every_database_route(&desk).await;

    for answer in answers {
        assert_eq!(answer.status, 500, "{}", answer.text);
        let message = "The database answered unexpectedly; nothing was stored";
        assert_eq!(problem(&answer), json!({"code": "DATABASE_ERROR", "message": message}));
    }
    let lines = desk.weir.logs();
    assert!(lines.iter().any(|line| line.contains("DATABASE_ERROR")), "{lines:#?}");
    for table in tables {
        let sql = format!("ALTER TABLE {table}_elsewhere RENAME TO {table}");
        desk.weir.database.execute(&sql).await;
    }
    desk.create(order()).await;
}

/// Of a batch each order hears it; of anything else the whole.
async fn a_database_that_takes_too_long_is_503_with_a_wait(kind: Kind) {
    let plan = Weir::on(kind);
    let plan = plan.set("database.write_within", "150ms").set("database.read_within", "150ms");
    let desk = Desk::open_with(plan).await;
    desk.create(order()).await;
    let lock = Lock::take(&desk.weir.database).await;

    let answers = every_database_route(&desk).await;

    lock.give_back().await;
    // SQLite's readers do not wait for its writer; a writer finds it taken, and that is load.
    let (code, message, reads) = match kind {
        Kind::Sqlite => (
            "SERVICE_OVERLOADED",
            "System temporarily overloaded - please retry after the time that Retry-After tells",
            9,
        ),
        Kind::Postgres => {
            ("DATABASE_TIMEOUT", "The database took longer than it may: send it again", 0)
        }
    };
    let with_status = |status| answers.iter().filter(move |answer| answer.status == status);
    assert_eq!(with_status(200).count(), reads);
    for answer in with_status(503) {
        assert_eq!(problem(answer), json!({"code": code, "message": message}));
    }
    let batches: Vec<_> = with_status(207).collect();
    // Nobody's batch is not found: its table is free.
    assert_eq!(with_status(404).count(), 1);
    assert_eq!(with_status(503).count() + reads + 1 + batches.len(), answers.len(), "{answers:#?}");
    for answer in batches {
        let items = answer.body.get("orders").unwrap_or(&answer.body["results"]);
        assert_eq!(items[0]["errorCode"], "DATABASE_TIMEOUT", "{}", answer.text);
    }
    desk.create(order()).await;
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 2);
}

/// Whatever holds an answer up: it comes in time, and of a write it tells what is not known.
async fn an_answer_that_takes_too_long_is_503_with_a_wait(kind: Kind) {
    let mut plan = Weir::on(kind).set("server.answer_within", "1s").set("ledger.lanes", 1);
    for key in ["database.read_within", "database.write_within", "pool.acquire_timeout"] {
        plan = plan.set(key, "900ms");
    }
    let plan = plan.set("pool.validation_timeout", "900ms").set("supervisor.wait_max", "900ms");
    let desk = Desk::open_with(plan).await;
    desk.create(order()).await;
    let lock = Lock::take(&desk.weir.database).await;

    // One writer: what waits behind the first is not done when its time is up.
    let body = json!([order(), order()]);
    let asking = (0..5).map(|_| desk.post("/api/v1/orders", &body));
    let answers = futures_util::future::join_all(asking).await;

    lock.give_back().await;
    let message = "The answer was not ready in time: it is not known whether this was stored; \
                   look before you send it again";
    let late = json!({"code": "ANSWER_TIMEOUT", "message": message});
    let is_late = |answer: &&Answer| answer.body["code"] == "ANSWER_TIMEOUT";
    let found: Vec<_> = answers.iter().filter(is_late).collect();
    assert!(!found.is_empty(), "{answers:#?}");
    found.iter().for_each(|answer| assert_eq!(problem(answer), late));
    wait_for("the writer to be free again", Duration::from_secs(10), async || {
        desk.post("/api/v1/orders", &json!([order()])).await.status == 200
    })
    .await;
}

//! Bad days, as callers hear of them: always the envelope, a wait where waiting helps, and not a
//! word of the database (74).

use std::net::SocketAddr;
use std::time::Duration;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{ConnectOptions, Connection, Executor, PgConnection, SqliteConnection};
use serde_json::json;
use tokio::net::TcpStream;

use super::desk::{Desk, problem};
use super::health::every_database_route;
use super::orders::order;
use crate::support::{Answer, Database, Kind, Weir, on_both, wait_for};

on_both! {
    a_schema_that_somebody_broke_is_500_without_a_word_of_it,
    a_database_that_takes_too_long_is_503_with_a_wait,
    an_answer_that_takes_too_long_is_503_with_a_wait,
    a_house_that_closes_takes_no_more_writes,
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
    let tables = ["orders", "blotters", "statuses", "order_types"];
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

fn is_read(answer: &Answer) -> bool {
    answer.status < 400
}

async fn a_database_that_takes_too_long_is_503_with_a_wait(kind: Kind) {
    let plan = Weir::on(kind);
    let plan = plan.set("database.write_within", "150ms").set("database.read_within", "150ms");
    let desk = Desk::open_with(plan).await;
    desk.create(order()).await;
    let lock = Lock::take(&desk.weir.database).await;

    let answers = every_database_route(&desk).await;

    lock.give_back().await;
    let message = "The database took longer than it may; nothing was stored";
    let expected = json!({"code": "DATABASE_TIMEOUT", "message": message});
    let (reads, rest): (Vec<_>, Vec<_>) = answers.into_iter().partition(is_read);
    // SQLite's readers do not wait for its writer, so of it only the writes are slow.
    assert_eq!(reads.len(), if kind == Kind::Sqlite { 9 } else { 0 });
    let (items, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|answer| answer.status == 207);
    for answer in rest {
        assert_eq!(problem(&answer.expect(503)), expected);
    }
    for answer in items {
        assert_eq!(answer.body["orders"][0]["errorCode"], "DATABASE_TIMEOUT", "{}", answer.text);
    }
    desk.create(order()).await;
    assert_eq!(desk.weir.database.number("SELECT count(*) FROM orders").await, 2);
}

/// Whatever holds an answer up: it comes in time, and of a write it tells what is not known.
async fn an_answer_that_takes_too_long_is_503_with_a_wait(kind: Kind) {
    let plan = Weir::on(kind).set("server.answer_within", "1s");
    let within = [
        ("database.read_within", "900ms"),
        ("database.write_within", "900ms"),
        ("pool.acquire_timeout", "900ms"),
        ("pool.validation_timeout", "900ms"),
    ];
    let plan = within.into_iter().fold(plan, |plan, (key, value)| plan.set(key, value));
    let desk = Desk::open_with(plan).await;
    let lock = Lock::take(&desk.weir.database).await;

    // Two that wait for one writer: the second is not done when its time is up.
    let body = json!([order(), order()]);
    let asking = (0..4).map(|_| desk.post("/api/v1/orders", &body));
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

/// (62) From the first sign of the end: reads go on, writes and readiness are 503.
async fn a_house_that_closes_takes_no_more_writes(kind: Kind) {
    let mut desk = Desk::open(kind).await;
    let id = desk.create(order()).await;
    let order_path = format!("/api/v1/order/{id}");
    let body = json!([order()]).to_string();
    let json_head = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    let requests = [
        ("POST", "/api/v1/orders", json_head.as_str(), body.as_str(), 503),
        ("DELETE", &format!("{order_path}?version=1"), "Accept: */*", "", 503),
        ("GET", "/actuator/health/readiness", "Accept: */*", "", 503),
        ("GET", "/actuator/health/startup", "Accept: */*", "", 503),
        ("GET", "/actuator/health/liveness", "Accept: */*", "", 200),
        ("GET", &order_path, "Accept: */*", "", 200),
    ];
    // Half a head each, so that the connections are there when the house begins to close.
    let mut open = Vec::new();
    for (method, path, ..) in &requests {
        let mut raw = desk.weir.connect().await;
        raw.write(format!("{method} {path} HTTP/1.1\r\n")).await.unwrap();
        open.push(raw);
    }
    // A connection of the kernel's is not yet one of the house's: an answer on a later one shows it.
    desk.get(&order_path).await.expect(200);
    desk.weir.run().signal("TERM");
    let address: SocketAddr = desk.weir.public.trim_start_matches("http://").parse().unwrap();
    wait_for("the listener to be closed", Duration::from_secs(10), async || {
        TcpStream::connect(address).await.is_err()
    })
    .await;

    for (mut raw, (method, path, head, body, status)) in open.into_iter().zip(requests) {
        let rest = format!("Host: x\r\nX-Request-Id: last\r\n{head}\r\n\r\n{body}");
        raw.write(rest).await.unwrap();
        let answer = raw.read_answer(Duration::from_secs(10)).await;

        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        if status == 503 {
            let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(answer["code"], "SERVICE_STOPPING");
            assert!(answer["retryAfter"].as_i64() >= Some(5), "{answer}");
        }
    }
    assert!(desk.weir.run().wait_for_end().await.success());
    let orders = desk.weir.database.number("SELECT count(*) FROM orders").await;
    assert_eq!(orders, 1, "what was refused is not there");
}

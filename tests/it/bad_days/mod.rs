//! The bad days: what must hold when processes die, databases leave and clients misbehave.
//!
//! Most tests put a load on Weir, hurt it, and ask the book afterwards: what was answered stands
//! exactly as it was sent, and nothing stands by half.

mod book;
mod load;

mod admin_token;
mod backends_ended;
mod database_away;
mod database_away_at_start;
mod disk_full;
mod guilty_request;
mod hostile_clients;
mod instances;
mod killed;
mod line_full;
mod log_lines;
mod pool_breaker;
mod pool_exhausted;
mod refused_start;
mod silent;
mod terminated;
pub(crate) mod trade;
mod watched;

use std::time::Duration;

use sea_orm::sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, raw_sql};
use serde_json::Value;

use crate::support::{Answer, Database, Kind, Weir, wait_for};

/// Requests that lanes took so far, when nothing more is to be expected.
async fn at_rest(weir: &Weir) -> u64 {
    wait_for("the house to be at rest", Duration::from_secs(30), async || {
        let mailbox = weir.admin_get("/debug/actors/retry_mailbox").await.expect(200);
        let ledger = weir.admin_get("/debug/actors/ledger").await.expect(200);
        let is_at_rest = mailbox.body["state"] == "holding"
            && mailbox.body["depth"] == 0
            && ledger.body["state"] == "idle";
        let taken = ledger.body["counters"]["requests"].as_u64().filter(|_| is_at_rest);
        taken.ok_or_else(|| mailbox.text + &ledger.text)
    })
    .await
}

/// The sum over all series of one metric, told by the beginning of their lines; `None` when there
/// is no such line.
pub(crate) async fn metric(weir: &Weir, name: &str) -> Option<f64> {
    let text = weir.admin_get("/metrics").await.expect(200).text;
    let values = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([' ', '{']))
    });
    let values: Vec<f64> =
        values.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

/// Checks that the answer is a 503 or 507 with this code, and that body and header tell the same
/// wait within bounds.
#[track_caller]
fn expect_refusal(answer: &Answer, code: &str) {
    assert!([503, 507].contains(&answer.status), "{} {}", answer.status, answer.text);
    assert_eq!(answer.body["code"], code, "{}", answer.text);
    let wait = answer.body["retryAfter"].as_u64();
    assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{}", answer.text);
    assert_eq!(answer.header("retry-after"), wait.map(|wait| wait.to_string()).as_deref());
}

/// A connection that keeps others from writing, or from all, until it is released or dropped.
enum Lock {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Lock {
    /// Nobody can write an order.
    async fn writers_out(database: &Database) -> Self {
        match database.kind {
            Kind::Sqlite => {
                let url = format!("sqlite://{}", database.file().display());
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
                Self::Sqlite(connection)
            }
            Kind::Postgres => Self::begin(database, "LOCK TABLE orders IN SHARE MODE").await,
        }
    }

    /// Nobody can even read or count an order; only PostgreSQL has such a lock.
    async fn readers_out(database: &Database) -> Self {
        Self::begin(database, "LOCK TABLE orders, order_tallies IN ACCESS EXCLUSIVE MODE").await
    }

    async fn begin(database: &Database, lock: &str) -> Self {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let statement = AssertSqlSafe(format!("BEGIN; {lock}"));
        raw_sql(statement).execute(&mut connection).await.unwrap();
        Self::Postgres(connection)
    }

    async fn release(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

/// The items of a batch's answer.
#[track_caller]
fn items(answer: &Answer) -> &Vec<Value> {
    answer.body["orders"].as_array().unwrap_or_else(|| panic!("{}", answer.text))
}

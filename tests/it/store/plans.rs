//! Plans: the two orders in which people page through all orders are read from an index, however
//! many there are. What is explained is the statement that the store really sent.

use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{AssertSqlSafe, ConnectOptions, Row, query};
use weir::domain::listing::Listing;
use weir::domain::moment::Moment;
use weir::ports::journal::Journal;
use weir::ports::library::Library;
use weir::store::Store;

use super::shelf::{LANE, NOON, batch, fresh, order_with};
use crate::support::{Database, Kind, on_both};

on_both! {
    pages_by_id_and_by_time_are_read_from_an_index,
    orders_of_one_moment_are_found_and_counted_by_an_index,
}

/// sqlx tells the log what it sends; this is all that anybody hears of it.
struct Overhear;

static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Log for Overhear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query" && metadata.level() <= Level::Debug
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string().replace("\\\"", "\"").replace("\\n", "\n");
        let statement = text.split("\n\n").nth(1).and_then(|text| text.split('\n').next());
        if let Some(statement) = statement.filter(|text| text.contains("FROM \"orders\"")) {
            heard().push(statement.to_owned());
        }
    }

    fn flush(&self) {}
}

/// Other tests are overheard too: one that panics must not silence the rest.
fn heard() -> MutexGuard<'static, Vec<String>> {
    SENT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn overhear() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Overhear).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

/// The statement that says all this in the kind's dialect, with values for what was bound to it.
fn sent(kind: Kind, words: &[&str], values: &[i64]) -> String {
    let sent = heard().clone();
    let dialect = if kind == Kind::Postgres { "$1" } else { "?" };
    let is_it =
        |text: &&String| text.contains(dialect) && words.iter().all(|words| text.contains(words));
    let found = sent.iter().rev().find(is_it);
    let mut text = found.unwrap_or_else(|| panic!("{words:?} in none of {sent:#?}")).clone();
    for (index, value) in values.iter().enumerate() {
        let mark = if kind == Kind::Postgres { format!("${}", index + 1) } else { "?".to_owned() };
        assert!(text.contains(&mark), "{text} binds more than {values:?}");
        text = text.replacen(&mark, &value.to_string(), 1);
    }
    assert!(!text.contains(dialect), "{text} binds less than {values:?}");
    text
}

/// What the database means to do, a line per step.
async fn plan(database: &Database, statement: &str) -> String {
    match database.kind {
        Kind::Postgres => database.texts(&format!("EXPLAIN {statement}")).await.join("\n"),
        Kind::Sqlite => {
            let options = SqliteConnectOptions::new().filename(database.file());
            let mut connection = options.connect().await.unwrap();
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = query(explain).fetch_all(&mut connection).await.unwrap();
            let lines = rows.iter().map(|row| row.get::<String, _>("detail"));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

async fn filled(kind: Kind) -> (Database, Arc<Store>) {
    overhear();
    let (database, store) = fresh(kind).await;
    for first in (0..20_000).step_by(1000) {
        let orders = (first..first + 1000).map(|id| {
            order_with(id, |terms| terms.ordered_at = Moment::from_micros(NOON + id * 7919 % 4001))
        });
        store.record(LANE, &[batch(orders)]).await.unwrap();
    }
    database.execute("ANALYZE").await;
    (database, store)
}

async fn list(store: &Store, pairs: &[(&str, &str)]) {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    assert!(!store.orders(&Listing::parse(&pairs).unwrap()).await.unwrap().orders.is_empty());
}

fn assert_reads_index(plan: &str, kind: Kind, index: &str) {
    let (uses, sorts) = match (kind, index) {
        // The row id is the table itself, read in its own order.
        (Kind::Sqlite, "orders_pkey") => ("SCAN orders".to_owned(), "TEMP B-TREE"),
        (Kind::Sqlite, _) => (format!("USING INDEX {index}"), "TEMP B-TREE"),
        (Kind::Postgres, _) => (format!("using {index} on orders"), "Sort"),
    };
    assert!(plan.contains(&uses) && !plan.contains(sorts), "{plan}");
}

async fn pages_by_id_and_by_time_are_read_from_an_index(kind: Kind) {
    let (database, store) = filled(kind).await;
    let table = [
        ("id", "\"orders\".\"id\" ASC", "orders_pkey"),
        ("-id", "\"orders\".\"id\" DESC", "orders_pkey"),
        ("orderTimestamp", "\"order_timestamp\" ASC, \"orders\".\"id\" ASC", "orders_by_timestamp"),
        (
            "-orderTimestamp",
            "\"order_timestamp\" DESC, \"orders\".\"id\" DESC",
            "orders_by_timestamp",
        ),
    ];
    for (sort, words, index) in table {
        list(&store, &[("sort", sort), ("limit", "50"), ("offset", "75")]).await;

        let statement = sent(kind, &["ORDER BY \"orders\".", words, "LIMIT"], &[50, 75]);

        assert_reads_index(&plan(&database, &statement).await, kind, index);
    }
}

async fn orders_of_one_moment_are_found_and_counted_by_an_index(kind: Kind) {
    let (database, store) = filled(kind).await;
    let noon = Moment::from_micros(NOON).to_string();
    list(&store, &[("orderTimestamp", &noon), ("limit", "50")]).await;

    let words = ["WHERE \"orders\".\"order_timestamp\" IN"];
    let page = sent(kind, &[&words[..], &["LIMIT"]].concat(), &[NOON, 50, 0]);
    let count = sent(kind, &[&words[..], &["COUNT("]].concat(), &[NOON, 1]);

    for statement in [page, count] {
        let plan = plan(&database, &statement).await;
        assert!(plan.contains("orders_by_timestamp"), "{plan}");
    }
}

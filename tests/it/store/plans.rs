//! Plans: the two orders in which people page through all orders are read from an index, however
//! many there are. What is explained is the statement that the store really sent.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, query, query_scalar, raw_sql,
};
use uuid::Uuid;
use weir::domain::batch::{Answer, Batch, Key, ScopedKey, Wanted};
use weir::domain::decision::Decision;
use weir::domain::letter::{LetterState, Settlement, Severed, Trouble};
use weir::domain::listing::Listing;
use weir::domain::moment::Moment;
use weir::ports::journal::Journal;
use weir::ports::library::Library;
use weir::ports::post::{Leases, Post};
use weir::store::Store;

use super::mail::{at, claim, client, collect, decide, kept, mail, sent as decided, settle};
use super::shelf::{LANE, NOON, batch, fresh, order, order_with};
use crate::support::{Database, Kind, on_both};

on_both! {
    pages_by_id_and_by_time_are_read_from_an_index,
    orders_of_one_moment_are_found_and_counted_by_an_index,
    letters_and_their_orders_are_reached_by_their_keys,
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
        let whole =
            text.split_once("db.statement=\"").and_then(|(_, rest)| rest.split_once("\n\""));
        // What these tests ask themselves is overheard as well.
        let asked = |text: &str| text.starts_with("SET ") || text.starts_with("EXPLAIN ");
        if let Some((whole, _)) = whole.filter(|(whole, _)| !asked(whole.trim_start())) {
            WHOLE.lock().unwrap_or_else(PoisonError::into_inner).insert(whole.trim().to_owned());
        }
    }

    fn flush(&self) {}
}

/// All that was sent, whole.
static WHOLE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn heard_whole() -> BTreeSet<String> {
    WHOLE.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The statements that write about a table, or read it, in the kind's dialect.
fn sent_about(kind: Kind, tables: &[&str]) -> Vec<String> {
    let whole = heard_whole();
    let spoken = |text: &str| match kind {
        Kind::Postgres => text.contains("$1"),
        Kind::Sqlite => text.contains('?') && !text.contains("$1"),
    };
    let is_it = |text: &String| spoken(text) && tables.iter().any(|table| text.contains(table));
    whole.into_iter().filter(is_it).collect()
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

/// A letter's life, and all that is asked on its way.
async fn live(store: &Store) {
    let fingerprint = [7; 32];
    let key = Key { text: "k".to_owned(), fingerprint };
    let keyed = Batch { key: Some(key.clone()), ..mail(1..=9, Some(Uuid::now_v7())) };
    store.record(LANE, std::slice::from_ref(&keyed)).await.unwrap();
    let (letter, order_ids) = (keyed.letters[0].id, vec![3]);
    let (letter_id, reason) = (Uuid::now_v7(), "X: y".to_owned());
    let severed = Severed { letter_id, order_ids, reason, trouble: Trouble::default() };
    let some = kept(letter, 1, LetterState::Waiting, 4..=9);
    let some = Settlement { sent: vec![(1, 11)], severed: Some(severed.clone()), ..some };
    settle(store, some).await;
    let load = collect(store, Uuid::now_v7(), at(99)).await.loads.remove(0);
    settle(store, decided(letter, load.letter.fence, 4..=9)).await;
    store.record(LANE, &[batch([order(20)])]).await.unwrap();
    let claims = [claim([20, 77], 25, None)];
    store.claim(LANE, &claims).await.unwrap();
    let keys = vec![ScopedKey { client: keyed.client.clone(), route: keyed.route, key }];
    let client_orders = vec![(client("desk-7"), "mine".to_owned())];
    let wanted = Wanted { keys, client_orders, now: Some(keyed.expires_at) };
    store.known(&wanted).await.unwrap();
    store.freeze(&[(keyed.id, Answer { status: 200, body: Vec::new() })]).await.unwrap();
    store.batch(keyed.id).await.unwrap();
    store.orders_by_id(&[1]).await.unwrap();
    decide(store, Decision::Requeue, &[severed.letter_id], at(99)).await;
    let again = collect(store, Uuid::now_v7(), at(99)).await.loads.remove(0).letter;
    settle(store, kept(again.id, again.fence, LetterState::Dead, [3])).await;
    decide(store, Decision::Discard { force: true }, &[severed.letter_id], at(99)).await;
    store.prune(at(99), at(99)).await.unwrap();
}

/// However small the tables are when a statement is prepared: its plan may be kept while they
/// grow.
async fn letters_and_their_orders_are_reached_by_their_keys(kind: Kind) {
    overhear();
    let (database, store) = fresh(kind).await;
    live(&store).await;
    let known_by =
        ["letters", "AS wanted", "AS given", "AS won", "FOR NO KEY", "UPDATE batches", "AS freed"];
    let statements = sent_about(kind, &known_by);
    assert!(statements.len() >= 12, "{statements:#?}");
    // What sea-orm writes, what makes tables, and what looks at all on purpose.
    let others = ["\"letters\"", "create table", "NOT EXISTS", "LIMIT 500"];
    let ours = |text: &&String| !others.iter().any(|words| text.contains(words));
    let statements: Vec<&String> = statements.iter().filter(ours).collect();
    assert_are_bounded(&database, &statements).await;
    if kind == Kind::Postgres {
        // A server that has looked knows how small the tables are. Readers keep no plan.
        let written = |text: &&String| !text.contains("AS wanted");
        let statements: Vec<&String> = statements.into_iter().filter(written).collect();
        for rows in ["false", "id > 1", "true"] {
            for table in ["orders", "letters", "batches"] {
                let rows = if table == "orders" || rows == "false" { rows } else { "true" };
                database.execute(&format!("DELETE FROM {table} WHERE {rows}")).await;
            }
            database.execute("VACUUM ANALYZE").await;
            assert_are_bounded(&database, &statements).await;
        }
    }
    let loose = heard_whole().into_iter().find(|text| text.contains("RECURSIVE line")).unwrap();
    let plan = generic_plan(&database, &loose).await;
    assert_eq!(reads_all_of(kind, &plan), Vec::<String>::new());
    assert!(plan.iter().any(|line| line.contains("letters_in_line")), "{plan:#?}");
}

async fn assert_are_bounded(database: &Database, statements: &[&String]) {
    for statement in statements {
        let plan = generic_plan(database, statement).await;
        let reads_all = reads_all_of(database.kind, &plan);
        assert_eq!(reads_all, Vec::<String>::new(), "{statement}\n{}", plan.join("\n"));
    }
}

/// The plan that is kept, whatever is bound: writers reach rows by keys alone.
async fn generic_plan(database: &Database, statement: &str) -> Vec<String> {
    if database.kind == Kind::Sqlite {
        return plan(database, statement).await.lines().map(str::to_owned).collect();
    }
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let is_read = statement.contains("AS wanted");
    let options = match is_read {
        true => "SET plan_cache_mode = force_generic_plan",
        false => {
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
             SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
        }
    };
    let prepare = format!("{options}; PREPARE kept AS {statement}");
    raw_sql(AssertSqlSafe(prepare)).execute(&mut connection).await.unwrap();
    let bound = (1..).take_while(|n| statement.contains(&format!("${n}"))).count();
    let nulls = vec!["NULL"; bound].join(", ");
    let values = if bound == 0 { String::new() } else { format!("({nulls})") };
    let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE kept{values}"));
    query_scalar(explain).fetch_all(&mut connection).await.unwrap()
}

/// Steps that read a table that grows from one end to the other.
fn reads_all_of(kind: Kind, plan: &[String]) -> Vec<String> {
    let grows = ["orders", "letters", "batches"];
    let names = ["o", "before", "l", "b"];
    let lines = plan.iter().enumerate().filter(|(at, line)| match kind {
        Kind::Sqlite => {
            let scanned = line.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            scanned.is_some_and(|table| grows.contains(&table) || names.contains(&table))
        }
        Kind::Postgres => {
            let whole = grows.iter().any(|table| line.contains(&format!("Seq Scan on {table}")));
            let bounded = plan.get(at + 1).is_some_and(|next| next.contains("Index Cond"));
            whole || (line.contains("Index Scan ") && !bounded)
        }
    });
    lines.map(|(_, line)| line.clone()).collect()
}

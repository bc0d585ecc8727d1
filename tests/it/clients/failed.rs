//! What failed for good waits for people: `weir queue` shows it, and does what they decide.

use chrono::{DateTime, Utc};
use serde_json::Value;
use weir_client::{Depth, Outcome, QueueReason};

use super::command::{drain, queue};
use super::{BATCH, DEADLINE, House, open, orders};
use crate::support::{Fault, Kind, wait_for};

/// Of the queue, after the one of the submitter.
const ATTEMPTS: usize = 5;

/// Submits a batch under each key, and breaks every call until the queue gives up.
async fn fail(house: &House, keys: [&str; 2]) {
    let mut settings = house.settings();
    settings.retry.attempts = 1;
    // Every call fails here, which would open it.
    settings.breaker.consecutive_failures = Some(100);
    settings.breaker.rates = None;
    house.proxy.break_next([Fault::CutCall(0); 2 * (1 + ATTEMPTS)]);
    let client = open(settings).await;
    for key in keys {
        let outcome = client.submit_with_key(key, orders(key)).await.unwrap();
        assert_eq!(outcome, Outcome::Queued { count: BATCH, reason: QueueReason::Connection });
    }
    wait_for("both to fail", DEADLINE, async || {
        let depth = house.depth().await;
        let both = Depth { waiting: 0, failed: 2 };
        if depth == both { Ok(()) } else { Err(format!("{depth:?}")) }
    })
    .await;
}

async fn entries(house: &House) -> Vec<Value> {
    let (code, said) = queue(house, &["list", "--json"]).await;
    assert_eq!(code, 0);
    serde_json::from_str(&said).unwrap()
}

fn entry<'a>(entries: &'a [Value], key: &str) -> &'a Value {
    entries.iter().find(|entry| entry["key"] == key).unwrap()
}

/// The words of a table's line are those of the entry.
#[track_caller]
fn expect_line(table: &str, entry: &Value) {
    let text = |name: &str| entry[name].to_string().trim_matches('"').to_owned();
    let names = ["id", "state", "orders", "attempts", "queuedAt", "failedAt", "lastError"];
    let words = names.map(text);
    let is_it = |line: &str| {
        let parts = line.split("  ").map(str::trim).filter(|part| !part.is_empty());
        parts.eq(words.iter().map(String::as_str))
    };
    assert!(table.lines().any(is_it), "{words:?} is no line of\n{table}");
}

fn calls(house: &House, key: &str) -> usize {
    house.proxy.calls().iter().filter(|call| call.key == key).count()
}

fn said(code: i32, text: &str) -> (i32, String) {
    (code, text.to_owned())
}

#[actix_web::test]
async fn what_failed_five_times_is_listed_with_its_story() {
    let house = House::open(Kind::Sqlite).await;
    let began = Utc::now();
    fail(&house, ["first", "second"]).await;
    let ended = Utc::now();

    let listed = entries(&house).await;

    let (code, table) = queue(&house, &["list"]).await;
    assert_eq!((code, listed.len()), (0, 2));
    for key in ["first", "second"] {
        assert_eq!(calls(&house, key), 1 + ATTEMPTS, "real attempts");
        let entry = entry(&listed, key);
        let time = |name: &str| -> DateTime<Utc> { entry[name].as_str().unwrap().parse().unwrap() };
        assert_eq!((&entry["state"], &entry["reason"]), (&"failed".into(), &"connection".into()));
        assert_eq!((&entry["orders"], &entry["attempts"]), (&BATCH.into(), &ATTEMPTS.into()));
        assert!([began, time("queuedAt"), time("failedAt"), ended].is_sorted(), "{entry}");
        assert!(entry["lastError"].as_str().is_some_and(|why| !why.is_empty()), "{entry}");
        expect_line(&table, entry);
    }
}

#[actix_web::test]
async fn what_failed_is_brought_once_after_requeue_and_never_after_discard() {
    let house = House::open(Kind::Sqlite).await;
    fail(&house, ["back", "gone"]).await;
    let listed = entries(&house).await;
    let id = |key: &str| entry(&listed, key)["id"].to_string();
    let (back, gone) = (id("back"), id("gone"));

    assert_eq!(queue(&house, &["requeue", &back]).await, said(0, "1 submissions wait again\n"));
    assert_eq!(queue(&house, &["requeue", &back]).await, said(1, ""), "it failed no more");
    let waiting = entries(&house).await;
    assert_eq!(entry(&waiting, "back")["state"], "waiting");
    assert_eq!(entry(&waiting, "back")["attempts"], 0);
    let one_is_left = said(1, "1 brought, 0 still wait, 1 failed\n");
    assert_eq!(drain(&house).await, one_is_left);
    assert_eq!(queue(&house, &["discard", &gone]).await, said(0, "1 submissions forgotten\n"));
    assert_eq!(queue(&house, &["discard", &gone]).await, said(1, ""), "it is not there any more");
    assert_eq!(queue(&house, &["requeue", "--all"]).await, said(0, "0 submissions wait again\n"));
    assert_eq!(queue(&house, &["requeue"]).await, said(2, ""), "which one?");
    assert_eq!(drain(&house).await, said(0, "0 brought, 0 still wait, 0 failed\n"));

    assert!(entries(&house).await.is_empty());
    assert_eq!((calls(&house, "back"), calls(&house, "gone")), (2 + ATTEMPTS, 1 + ATTEMPTS));
    house.expect_each_once(BATCH).await;
}

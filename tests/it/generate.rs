//! `weir generate` and `weir queue` against the real service, over connections that break.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use weir_client::{SqliteStore, Store};

use crate::support::process::Run;
use crate::support::{Fault, Kind, Proxy, Weir, wait_for};

/// Longer than a command drains its queue.
const LATER: Duration = Duration::from_mins(2);

fn weir(folder: &Path, arguments: &[&str]) -> Run {
    Run::spawn_under::<String>("", folder, arguments, &[])
}

async fn end(run: &mut Run) -> ExitStatus {
    wait_for("the command to end", LATER, async || run.ended()).await
}

async fn waiting(folder: &TempDir) -> u64 {
    let store = SqliteStore::open(&folder.path().join("weir-client.queue"), 1).await.unwrap();
    store.depth().await.unwrap().waiting
}

/// How often each order was placed, as the simulator wrote it down.
fn placings(weir: &Weir) -> BTreeMap<i64, usize> {
    let book = weir.database.file().with_extension("trades");
    let mut placings = BTreeMap::new();
    for line in std::fs::read_to_string(book).unwrap().lines() {
        let effect: Value = serde_json::from_str(line).unwrap();
        for placed in effect["placed"].as_array().into_iter().flatten() {
            *placings.entry(placed["orderId"].as_i64().unwrap()).or_default() += 1;
        }
    }
    placings
}

/// Every order of a run is in the database under its own name, and in the book once.
async fn assert_each_once(weir: &Weir, orders: usize) {
    let sent = "SELECT count(*) FROM orders WHERE trade_order_id IS NOT NULL";
    let expected = i64::try_from(orders).unwrap();
    let all_sent = async || weir.database.number(sent).await == expected;
    wait_for("every order to be sent", LATER, all_sent).await;
    let names = "SELECT count(DISTINCT client_order_id) FROM orders";
    assert_eq!(weir.database.number(names).await, expected);
    assert_eq!(weir.database.number("SELECT count(*) FROM orders").await, expected);
    let placings = placings(weir);
    assert_eq!(placings.len(), orders);
    assert!(placings.values().all(|times| *times == 1), "{placings:?}");
}

#[actix_web::test]
async fn a_run_sends_what_it_was_told_to_and_again_nothing() {
    let weir_ = Weir::on(Kind::Sqlite).start().await;
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        ["generate", "--url", &weir_.public, "--count", "8", "--seed", "7", "--rate", "100"];

    for _ in 0..2 {
        assert_eq!(end(&mut weir(folder.path(), &arguments)).await.code(), Some(0));
    }

    assert_each_once(&weir_, 200).await;
}

#[actix_web::test]
async fn what_waits_for_a_service_that_is_away_is_safe_and_drained_later() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "portfolioId,securityId,orderTypeId,quantity\np,s,1,5\np,s,1,5\nq,t,2,0.5\n";
    std::fs::write(folder.path().join("orders.csv"), csv).unwrap();
    let away = ["generate", "--url", "http://127.0.0.1:1", "--orders", "orders.csv", "--size", "2"];
    let nothing = [&away[..], &["--drain-within", "0s"]].concat();

    let status = end(&mut weir(folder.path(), &nothing)).await;

    assert_eq!((status.code(), waiting(&folder).await), (Some(0), 2));
    let drain = ["queue", "drain", "--within", "0s", "--url", "http://127.0.0.1:1"];
    assert_eq!(end(&mut weir(folder.path(), &drain)).await.code(), Some(1), "they wait still");
    let weir_ = Weir::on(Kind::Sqlite).start().await;
    let drain = ["queue", "drain", "--url", &weir_.public];
    assert_eq!(end(&mut weir(folder.path(), &drain)).await.code(), Some(0));
    assert_each_once(&weir_, 3).await;
}

#[actix_web::test]
async fn connections_that_break_lose_and_double_nothing() {
    let weir_ = Weir::on(Kind::Sqlite).start().await;
    let proxy = Proxy::before(&weir_.public);
    let faults = [Fault::CutCall(1000), Fault::CutAnswer(0), Fault::CutAnswer(64)];
    proxy.break_next(faults.repeat(3));
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["generate", "--url", &proxy.url, "--count", "40", "--rate", "1000"];

    let status = end(&mut weir(folder.path(), &arguments)).await;

    assert_eq!(status.code(), Some(0));
    assert_eq!(proxy.faults_left(), 0, "each kind of break was met");
    assert_each_once(&weir_, 1000).await;
}

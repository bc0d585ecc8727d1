//! Where orders go: to a simulator in the process when nothing else is set, with a book that stays.

use std::path::PathBuf;

use crate::support::client::{Request, client};
use crate::support::process::Run;
use crate::support::{Answer, Database, Kind, Weir, on_both};

on_both! {
    without_a_trade_service_orders_go_to_a_simulator_that_ends_with_the_service,
}

const WARNING: &str =
    "no trade service is set (trade.url): orders go to a simulator in this process";

/// The address of the simulator, as its warning names it.
fn simulator(weir: &Weir) -> String {
    let warnings = weir.logged(WARNING);
    assert_eq!(warnings.len(), 1, "{:#?}", weir.logs());
    assert_eq!(warnings[0]["level"], "warn", "{}", warnings[0]);
    format!("http://{}", warnings[0]["address"].as_str().unwrap())
}

async fn ask(simulator: &str) -> Result<Answer, String> {
    let url = format!("{simulator}/api/v1/tradeOrders?order_id=7");
    Request::new(&client(), "GET", url).try_send().await
}

fn book(weir: &Weir) -> PathBuf {
    match weir.database.kind {
        Kind::Sqlite => weir.database.file().with_extension("trades"),
        Kind::Postgres => weir.home().join("weir.trades"),
    }
}

async fn simulated(weir: &Weir) -> bool {
    let text = weir.admin_get("/metrics").await.expect(200).text;
    text.lines().any(|line| line == "trade_simulated 1")
}

async fn without_a_trade_service_orders_go_to_a_simulator_that_ends_with_the_service(kind: Kind) {
    let mut weir = Weir::on(kind).start().await;
    let first = simulator(&weir);

    assert_eq!(ask(&first).await.unwrap().text, "[]");
    assert!(simulated(&weir).await);
    assert!(book(&weir).is_file());
    assert_eq!(weir.logged("listening")[0]["trade"], *first);

    assert_eq!(weir.terminate().await.code(), Some(0));
    assert!(ask(&first).await.is_err(), "the simulator is still there");

    weir.restart().await;
    weir.kill_9();
    // The book of a killed process is free again.
    weir.restart().await;
    assert_eq!(ask(&simulator(&weir)).await.unwrap().status, 200);
}

#[actix_web::test]
async fn a_trade_service_that_is_set_leaves_no_room_for_a_simulator() {
    let weir = Weir::on(Kind::Sqlite).set("trade.url", "http://127.0.0.1:1/").start().await;

    assert!(weir.logged(WARNING).is_empty());
    assert!(!simulated(&weir).await);
    assert!(!book(&weir).exists());
    assert_eq!(weir.logged("listening")[0]["trade"], "http://127.0.0.1:1");
}

#[actix_web::test]
async fn a_book_that_another_uses_stops_the_start_with_its_name() {
    let database = Database::fresh(Kind::Sqlite).await;
    let book = database.file().with_extension("trades");
    let book = book.to_str().unwrap();
    let settings = [("WEIR__LOG__FORMAT".to_owned(), "json")];
    let run = Run::spawn(&["trade-sim", "--bind", "127.0.0.1:0", "--book", book], &settings);
    let holds = async || !run.logged("listening").is_empty();
    crate::support::wait_for("the book to be held", std::time::Duration::from_secs(20), holds)
        .await;

    let (status, lines) = Weir::on(database).start_and_end().await;

    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let said = format!("the book {book} is in use by another simulator");
    assert!(lines.iter().any(|line| line.contains(&said)), "{lines:#?}");
}

//! `weir trade-sim` from outside: it starts, takes a bulk, remembers across restarts, and ends.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::{Request, client};
use crate::support::process::Run;
use crate::support::{Answer, wait_for};

const DEADLINE: Duration = Duration::from_secs(20);

/// The real binary as a simulator.
struct TradeSim {
    run: Run,
    trade: String,
    control: String,
}

impl TradeSim {
    async fn start(arguments: &[&str]) -> Self {
        let ports = ["trade-sim", "--bind", "127.0.0.1:0", "--control", "127.0.0.1:0"];
        let settings = [("WEIR__LOG__FORMAT".to_owned(), "json")];
        let mut run = Run::spawn(&[&ports, arguments].concat(), &settings);
        let listening = wait_for("the simulator to listen", DEADLINE, async || {
            let listening = run.logged("listening").pop();
            assert!(run.ended().is_none(), "ended instead of listening");
            listening
        })
        .await;
        let base = |listener: &str| format!("http://{}", listening[listener].as_str().unwrap());
        Self { run, trade: base("trade"), control: base("control") }
    }

    async fn bulk(&self, order_ids: &[i32]) -> Answer {
        let order = |id: &i32| {
            json!({"orderId": id, "portfolioId": "P", "orderType": "BUY", "securityId": "S",
                "quantity": 1, "limitPrice": null, "tradeTimestamp": null, "blotterId": null})
        };
        let orders: Vec<_> = order_ids.iter().map(order).collect();
        let url = format!("{}/api/v1/tradeOrders/bulk", self.trade);
        Request::new(&client(), "POST", url).json(&json!({ "tradeOrders": orders })).send().await
    }

    async fn book(&self) -> Value {
        let url = format!("{}/sim/book", self.control);
        Request::new(&client(), "GET", url).send().await.expect(200).body
    }

    async fn end(mut self) {
        self.run.signal("TERM");
        assert_eq!(self.run.wait_for_end().await.code(), Some(0));
    }
}

fn trade_ids(answer: &Answer) -> Vec<i64> {
    let results = answer.body["results"].as_array().unwrap();
    results.iter().map(|result| result["tradeOrder"]["id"].as_i64().unwrap()).collect()
}

async fn start_with(book: &Path) -> TradeSim {
    TradeSim::start(&["--book", book.to_str().unwrap()]).await
}

#[actix_web::test]
async fn a_book_survives_kill_9_and_its_trade_ids_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("trades.jsonl");
    let mut sim = start_with(&book).await;
    assert_eq!(trade_ids(&sim.bulk(&[7, 8]).await.expect(201)), [1, 2]);
    sim.bulk(&[8, 9]).await.expect(500);
    sim.run.kill_9();

    let sim = start_with(&book).await;

    sim.bulk(&[7]).await.expect(500);
    assert_eq!(trade_ids(&sim.bulk(&[9]).await.expect(201)), [3]);
    let told = sim.book().await;
    assert_eq!([&told["totals"]["placed"], &told["totals"]["orders"]], [&json!(3), &json!(3)]);
    assert_eq!(told["orders"]["7"]["refusedDuplicates"], 1);
    assert_eq!(told["orders"]["8"], json!({"placed": 1, "refusedDuplicates": 1, "tradeId": 2}));
    sim.end().await;
}

#[actix_web::test]
async fn a_book_serves_one_simulator_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("trades.jsonl");
    let sim = start_with(&book).await;

    let arguments = ["trade-sim", "--bind", "127.0.0.1:0", "--book", book.to_str().unwrap()];
    let mut second = Run::spawn::<&str>(&arguments, &[]);

    assert_eq!(second.wait_for_end().await.code(), Some(1));
    assert!(second.lines().concat().contains("in use by another simulator"));
    sim.end().await;
}

#[actix_web::test]
async fn faults_are_set_on_the_command_line_and_a_hanging_call_does_not_stop_the_end() {
    let script = r#"[{"kind":"unavailable","retryAfter":4},{"kind":"ok"},{"kind":"hang_after"}]"#;
    let sim = TradeSim::start(&["--script", script]).await;
    assert_eq!(sim.bulk(&[1]).await.expect(503).header("retry-after"), Some("4"));
    sim.bulk(&[1]).await.expect(201);

    let hanging = sim.bulk(&[2]);
    let ending = async {
        wait_for("the hanging call", DEADLINE, async || sim.book().await["totals"]["placed"] == 2)
            .await;
    };

    tokio::select! {
        answer = hanging => panic!("answered: {answer:?}"),
        () = ending => {}
    }
    sim.end().await;
}

#[actix_web::test]
async fn bad_usage_is_refused_with_its_reason() {
    for (arguments, said) in [
        (["trade-sim", "--rate", "explode=1"], "unknown variant `explode`"),
        (["trade-sim", "--rate", "empty=0.5"], "befall"),
    ] {
        let mut run = Run::spawn::<&str>(&arguments, &[]);
        assert_ne!(run.wait_for_end().await.code(), Some(0));
        assert!(run.lines().concat().contains(said), "{:?}", run.lines());
    }
}

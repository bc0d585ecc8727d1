//! The trade service: `weir trade-sim` as a process of its own, and its book as the judge.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::client::{Request, client};
use crate::support::process::Run;
use crate::support::wait_for;

const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Simulator {
    run: Run,
    pub(crate) trade: String,
    control: String,
}

/// What stands in its book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) orders: u64,
    pub(crate) calls: u64,
    placed_twice: u64,
    refused_duplicates: u64,
    lookups: u64,
}

impl Simulator {
    /// Each of its calls takes so many milliseconds.
    pub(crate) async fn start(latency: u64) -> Self {
        let latency = format!("{latency}ms");
        let ports = ["trade-sim", "--bind", "127.0.0.1:0", "--control", "127.0.0.1:0"];
        let settings = [("WEIR__LOG__FORMAT".to_owned(), "json")];
        let mut run = Run::spawn(&[&ports[..], &["--latency", &latency]].concat(), &settings);
        let listening = wait_for("the simulator to listen", DEADLINE, async || {
            assert!(run.ended().is_none(), "the simulator ended instead of listening");
            run.logged("listening").pop()
        })
        .await;
        let base = |listener: &str| format!("http://{}", listening[listener].as_str().unwrap());
        Self { trade: base("trade"), control: base("control"), run }
    }

    pub(crate) fn id(&self) -> u32 {
        self.run.id()
    }

    pub(crate) async fn totals(&self) -> Totals {
        let url = format!("{}/sim/book?calls=0&orders=false", self.control);
        let book = Request::new(&client(), "GET", url).send().await.expect(200).body;
        let total = |name: &str| book["totals"][name].as_u64().unwrap();
        Totals {
            orders: total("orders"),
            calls: total("calls"),
            placed_twice: total("placedTwice"),
            refused_duplicates: total("refusedDuplicates"),
            lookups: total("lookups"),
        }
    }

    /// From now on each call takes so many milliseconds.
    pub(crate) async fn slow_down(&self, latency: u64) {
        self.set_faults(&json!({ "latencyMs": latency })).await;
    }

    /// From now on these go wrong, and no others.
    pub(crate) async fn set_faults(&self, faults: &Value) {
        let url = format!("{}/sim/faults", self.control);
        Request::new(&client(), "PUT", url).json(faults).send().await.expect(200);
    }

    /// Ends it. Nothing may have been sent twice, and nothing been in doubt, unless there was
    /// reason to.
    pub(crate) async fn end(mut self, may_doubt: bool) -> Totals {
        let totals = self.totals().await;
        let Totals { placed_twice, refused_duplicates, lookups, .. } = totals;
        assert_eq!((placed_twice, refused_duplicates), (0, 0), "sent twice");
        assert!(may_doubt || lookups == 0, "{lookups} orders were in doubt");
        self.run.signal("TERM");
        self.run.wait_for_end().await;
        totals
    }
}

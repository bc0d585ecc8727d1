//! How long and how much. `cargo bench` passes `--bench`; anything else (`cargo test --benches`)
//! only asks whether the bench still works, and gets one tiny round.

use std::time::Duration;

use crate::support::Kind;

pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Connections, caches and prepared statements come into being here.
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
    /// How many orders there are to list.
    pub(crate) listed: u64,
    only: Option<String>,
}

impl Plan {
    /// `WEIR_BENCH_SECONDS` (of each measurement), `WEIR_BENCH_ROUNDS`, `WEIR_BENCH_ORDERS` (to list)
    /// and `WEIR_BENCH_ONLY` (`sqlite` or `postgres`) change the full run.
    pub(crate) fn read() -> Self {
        let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
        if has("--test") || !has("--bench") {
            let instant = Duration::from_millis(200);
            return Self {
                rounds: 1,
                warm_up: instant,
                measure: instant,
                listed: 5000,
                only: None,
            };
        }
        let seconds = number("SECONDS", 3.0);
        Self {
            rounds: (number("ROUNDS", 3.0) as usize).max(1),
            warm_up: Duration::from_secs_f64(seconds / 3.0),
            measure: Duration::from_secs_f64(seconds),
            listed: (number("ORDERS", 1_000_000.0) as u64).max(100),
            only: std::env::var("WEIR_BENCH_ONLY").ok(),
        }
    }

    /// For what is short and settles at once.
    pub(crate) fn halved(&self) -> Self {
        let only = self.only.clone();
        Self { warm_up: self.warm_up / 2, measure: self.measure / 2, only, ..*self }
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        let is_wanted = |kind: &Kind| {
            let name = format!("{kind:?}").to_lowercase();
            self.only.as_ref().is_none_or(|only| *only == name)
        };
        [Kind::Sqlite, Kind::Postgres].into_iter().filter(is_wanted)
    }
}

fn number(name: &str, default: f64) -> f64 {
    let name = format!("WEIR_BENCH_{name}");
    let Ok(text) = std::env::var(&name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number"))
}

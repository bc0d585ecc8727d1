//! How long and how much. Who only asks whether the bench still works gets one tiny round.

use std::time::Duration;

use crate::shared::environment::{self, number};
use crate::shared::load::Window;
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
        if !environment::is_measuring() {
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
            rounds: number("ROUNDS", 3).max(1),
            warm_up: Duration::from_secs_f64(seconds / 3.0),
            measure: Duration::from_secs_f64(seconds),
            listed: number("ORDERS", 1_000_000).max(100),
            only: environment::text("ONLY"),
        }
    }

    /// For what is short and settles at once.
    pub(crate) fn halved(&self) -> Self {
        let only = self.only.clone();
        Self { warm_up: self.warm_up / 2, measure: self.measure / 2, only, ..*self }
    }

    /// A measurement that begins now.
    pub(crate) fn window(&self) -> Window {
        Window::opens_after(self.warm_up, self.measure)
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        let is_wanted = |kind: &Kind| {
            let name = format!("{kind:?}").to_lowercase();
            self.only.as_ref().is_none_or(|only| *only == name)
        };
        [Kind::Sqlite, Kind::Postgres].into_iter().filter(is_wanted)
    }
}

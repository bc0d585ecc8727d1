//! What a permit, a place in the line and a letter cost: as bare rules, and through the actor that
//! owns them, on one thread and with a database and a trade service that answer at once.
//!
//! | file | what is in it |
//! |---|---|
//! | `rules` | the rules alone |
//! | `rooms` | the same through their actors |
//! | `house` | the actors, and what stands behind them |
//! | `things` | loads, orders and trades to work on |
//!
//! A missed aim does not end the run with a failure: machines are noisy, and a bench that fails
//! for noise is soon ignored.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a bench that cannot go on must panic, it does arithmetic with rounded figures, and \
              it lives on the real clock"
)]

mod house;
mod rooms;
mod rules;
mod things;

use std::time::Duration;

/// Of each operation.
const RULE_NANOS: f64 = 200.0;
const ROOM_NANOS: f64 = 2000.0;

/// How often each operation is measured, and how often it runs each time.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) runs: usize,
}

impl Plan {
    /// Who only asks whether the bench still works (`cargo test --benches`) gets one tiny round.
    fn read() -> Self {
        let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
        if has("--bench") && !has("--test") {
            Self { rounds: 21, runs: 10_000 }
        } else {
            Self { rounds: 1, runs: 20 }
        }
    }

    /// Nanoseconds of one run: the median, the least and the most of the rounds. `round` says
    /// how long all of its runs took.
    fn measure(self, mut round: impl FnMut() -> Duration) -> [f64; 3] {
        let nanos = |took: Duration| took.as_secs_f64() * 1e9 / self.runs as f64;
        let mut all: Vec<f64> = (0..self.rounds).map(|_| nanos(round())).collect();
        all.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| all.get(place).copied().unwrap_or(f64::NAN);
        [at(all.len() / 2), at(0), at(all.len() - 1)]
    }
}

/// One line of the table. Without an aim, it is told for its own sake.
pub(crate) fn print(what: &str, where_: &str, [median, least, most]: [f64; 3], aim: Option<f64>) {
    let verdict = match aim {
        Some(aim) if median < aim => format!("below {aim:.0} | met"),
        Some(aim) => format!("below {aim:.0} | missed"),
        None => "- | ".to_owned(),
    };
    println!("| {what} | {where_} | {median:.0} | {least:.0} to {most:.0} | {verdict} |");
}

fn main() {
    let plan = Plan::read();
    println!("Nanoseconds, the median of {} rounds of {} each:\n", plan.rounds, plan.runs);
    println!("| what | where | ns | range | aim | |\n|---|---|--:|--:|--:|---|");
    rules::run(plan);
    rooms::run(plan);
}

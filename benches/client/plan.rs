//! How many of each. Who only asks whether the bench still works gets one tiny round.

use crate::shared::environment::{self, number};

pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// That each caller sends in a round.
    pub(crate) batches: usize,
    /// That go into the queue alone in a round, and again by many at once.
    pub(crate) writes: usize,
}

impl Plan {
    /// `WEIR_BENCH_ROUNDS`, `WEIR_BENCH_BATCHES` and `WEIR_BENCH_WRITES` (each of a round) change the
    /// full run.
    pub(crate) fn read() -> Self {
        if !environment::is_measuring() {
            return Self { rounds: 1, batches: 5, writes: 20 };
        }
        Self {
            rounds: number("ROUNDS", 60).max(1),
            batches: number("BATCHES", 100).max(1),
            writes: number("WRITES", 100).max(1),
        }
    }
}

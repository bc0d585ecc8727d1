//! What one measurement found, and the medians of several.

use crate::shared::figures::median;
use crate::shared::usage::Usage;
use crate::watch::Seen;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// Orders per second within the window.
    pub(crate) accepted: f64,
    pub(crate) completed: f64,
    /// Orders per second after it, until the last was sent.
    pub(crate) drained: f64,
    /// In milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// CPU seconds for 100,000 orders, from the first request to the last order's end.
    pub(crate) cpu: Usage,
    /// Peak of the service's resident memory, in MiB.
    pub(crate) memory: f64,
    /// Orders in a call to the trade service.
    pub(crate) per_call: f64,
    /// Accepted orders over all, 0 to 1.
    pub(crate) success: f64,
    pub(crate) seen: Seen,
}

impl Found {
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |field: fn(&Self) -> f64| median(rounds.iter().map(field));
        Self {
            accepted: of(|round| round.accepted),
            completed: of(|round| round.completed),
            drained: of(|round| round.drained),
            p50: of(|round| round.p50),
            p99: of(|round| round.p99),
            cpu: Usage {
                bench: of(|round| round.cpu.bench),
                weir: of(|round| round.cpu.weir),
                database: of(|round| round.cpu.database),
                simulator: of(|round| round.cpu.simulator),
            },
            memory: of(|round| round.memory),
            per_call: of(|round| round.per_call),
            success: of(|round| round.success),
            seen: Seen {
                utilisation: of(|round| round.seen.utilisation),
                waiting: of(|round| round.seen.waiting),
                openings: of(|round| round.seen.openings),
            },
        }
    }
}

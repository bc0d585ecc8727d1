//! From samples to the figures that are printed.

use std::time::Duration;

use super::usage::Usage;

/// One measurement, or the medians of several.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    /// CPU seconds for 100,000 orders.
    pub(crate) cpu: Usage,
}

impl Measured {
    pub(crate) fn new(mut micros: Vec<u32>, each: u64, length: Duration, spent: Usage) -> Self {
        assert!(!micros.is_empty(), "nothing was answered within {length:?}");
        micros.sort_unstable();
        let count = (micros.len() as u64 * each) as f64;
        Self {
            per_second: count / length.as_secs_f64(),
            p50: percentile(&micros, 0.50),
            p95: percentile(&micros, 0.95),
            p99: percentile(&micros, 0.99),
            cpu: spent.times(100_000.0 / count),
        }
    }

    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |field: fn(&Self) -> f64| median(rounds.iter().map(field));
        Self {
            per_second: of(|round| round.per_second),
            p50: of(|round| round.p50),
            p95: of(|round| round.p95),
            p99: of(|round| round.p99),
            cpu: Usage {
                bench: of(|round| round.cpu.bench),
                weir: of(|round| round.cpu.weir),
                database: of(|round| round.cpu.database),
                simulator: of(|round| round.cpu.simulator),
            },
        }
    }
}

/// The value below which this share of the samples lies, in milliseconds.
pub(crate) fn percentile(sorted_micros: &[u32], share: f64) -> f64 {
    let rank = (sorted_micros.len() as f64 * share).ceil() as usize;
    sorted_micros.get(rank.max(1) - 1).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

//! The ledger: what waits to be written, and what became of it.

use std::time::Duration;

use prometheus::{Error, Histogram, IntCounter, IntCounterVec, IntGauge};

use super::registrar::Registrar;
use super::{Metrics, foreseen, seconds, size, whole, with};
use crate::ports::meter::LedgerMeter;

/// Why the ledger tries again: the labels of the failures that are worth it.
pub(super) const RETRY_REASONS: [&str; 4] = ["away", "collision", "lost", "taken"];
/// Why a request is not written: the labels of `Refused`, and of every `Failure`.
pub(super) const REFUSAL_REASONS: [&str; 13] = [
    "busy",
    "stopping",
    "rule",
    "unknown",
    "exhausted",
    "away",
    "lost",
    "too_slow",
    "collision",
    "full",
    "data",
    "taken",
    "broken",
];

pub(super) struct LedgerSeries {
    requests: IntGauge,
    orders: IntGauge,
    waits: Histogram,
    commits: Histogram,
    group_requests: Histogram,
    group_orders: Histogram,
    pub(super) committed: IntCounter,
    halvings: IntCounter,
    retries: IntCounterVec,
    refusals: IntCounterVec,
}

impl LedgerSeries {
    pub(super) fn new(registrar: &mut Registrar) -> Result<Self, Error> {
        Ok(Self {
            requests: registrar.gauge("ledger_line_requests")?,
            orders: registrar.gauge("ledger_line_orders")?,
            waits: registrar.histogram("ledger_wait_seconds")?,
            commits: registrar.histogram("ledger_commit_duration_seconds")?,
            group_requests: registrar.histogram("ledger_group_requests")?,
            group_orders: registrar.histogram("ledger_group_orders")?,
            committed: registrar.counter("ledger_orders_committed_total")?,
            halvings: registrar.counter("ledger_halvings_total")?,
            retries: foreseen(registrar.counters("ledger_retries_total")?, &RETRY_REASONS)?,
            refusals: foreseen(registrar.counters("ledger_refusals_total")?, &REFUSAL_REASONS)?,
        })
    }
}

impl LedgerMeter for Metrics {
    fn line(&self, requests: usize, orders: usize) {
        self.ledger.requests.set(whole(requests));
        self.ledger.orders.set(whole(orders));
    }

    fn waited(&self, time: Duration) {
        self.ledger.waits.observe(seconds(time));
    }

    fn committed(&self, requests: usize, orders: usize, took: Duration) {
        self.ledger.commits.observe(seconds(took));
        self.ledger.group_requests.observe(size(requests));
        self.ledger.group_orders.observe(size(orders));
        self.ledger.committed.inc_by(u64::try_from(orders).unwrap_or(u64::MAX));
    }

    fn halved(&self) {
        self.ledger.halvings.inc();
    }

    fn retried(&self, reason: &'static str) {
        with(&self.ledger.retries, &[reason], |counter| counter.inc());
    }

    fn refused(&self, reason: &'static str) {
        with(&self.ledger.refusals, &[reason], |counter| counter.inc());
    }
}

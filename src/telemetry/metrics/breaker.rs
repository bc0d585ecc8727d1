//! The circuit breakers: how each stands, what it changed to, and what it refused.

use std::time::Duration;

use prometheus::{Error, IntCounterVec, IntGaugeVec};

use super::registrar::Registrar;
use super::{Metrics, whole, with};
use crate::ports::meter::BreakerMeter;

/// The number of each state; the page of the metrics names them.
pub(super) const STATES: [(&str, i64); 7] = [
    ("closed", 0),
    ("half_open", 1),
    ("open", 2),
    ("forced_open", 3),
    ("forced_closed", 4),
    ("disabled", 5),
    ("metrics_only", 6),
];
/// What a breaker does without an operator.
pub(super) const CHANGES: [(&str, &str); 5] = [
    ("closed", "open"),
    ("open", "half_open"),
    ("half_open", "closed"),
    ("half_open", "half_open"),
    ("half_open", "open"),
];

pub(super) struct BreakerSeries {
    states: IntGaugeVec,
    changes: IntCounterVec,
    refusals: IntCounterVec,
    permits: IntGaugeVec,
}

impl BreakerSeries {
    pub(super) fn new(registrar: &mut Registrar) -> Result<Self, Error> {
        Ok(Self {
            states: registrar.gauges("circuit_breaker_state")?,
            changes: registrar.counters("circuit_breaker_state_transitions_total")?,
            refusals: registrar.counters("circuit_breaker_rejections_total")?,
            permits: registrar.gauges("circuit_breaker_permits_out")?,
        })
    }

    /// Shows what is still to happen as 0.
    fn foresee(&self, breaker: &str) {
        for (from, to) in CHANGES {
            with(&self.changes, &[breaker, from, to], drop);
        }
        with(&self.refusals, &[breaker], drop);
        with(&self.permits, &[breaker], drop);
    }
}

impl BreakerMeter for Metrics {
    fn state(&self, breaker: &'static str, state: &'static str) {
        self.breakers.foresee(breaker);
        if let Some((_, number)) = STATES.iter().find(|(name, _)| *name == state) {
            with(&self.breakers.states, &[breaker], |gauge| gauge.set(*number));
        }
    }

    fn changed(
        &self,
        breaker: &'static str,
        from: &'static str,
        to: &'static str,
        _: &'static str,
        _: Duration,
    ) {
        with(&self.breakers.changes, &[breaker, from, to], |counter| counter.inc());
    }

    fn refused(&self, breaker: &'static str, _: &'static str) {
        with(&self.breakers.refusals, &[breaker], |counter| counter.inc());
    }

    fn permits_out(&self, breaker: &'static str, permits: usize) {
        with(&self.breakers.permits, &[breaker], |gauge| gauge.set(whole(permits)));
    }
}

//! What a breaker tells of itself, for people and for metrics.

use std::time::{Duration, Instant};

use super::state::State;
use super::words::Outcome;
use super::{Breaker, Change, Glance, StateName, Tally};

/// A breaker at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    pub state: StateName,
    pub generation: u64,
    /// How long it has been as it is.
    pub lasted: Duration,
    /// Trips in a row.
    pub trips: u32,
    /// What the window holds.
    pub tally: Tally,
    pub failures_in_a_row: u32,
    pub high_samples_in_a_row: u32,
    /// Probes under way, and those that may still go out.
    pub probes_out: u32,
    pub probes_left: u32,
    /// What a caller who is refused now is told to wait.
    pub retry_in: Option<Duration>,
    pub last_change: Option<Change>,
    pub totals: Totals,
}

/// What a breaker has seen since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Questions that were refused; what a [`super::Door`] refuses, it does not hear of.
    pub refused: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub ignored: u64,
    /// Permits that came back without a word.
    pub returned: u64,
    /// Outcomes that came after the breaker had changed.
    pub stale: u64,
    pub trips: u64,
    /// Trips that the metrics-only mode only told of.
    pub would_trip: u64,
}

impl Totals {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Succeeded { .. } => &mut self.succeeded,
            Outcome::Failed { .. } => &mut self.failed,
            Outcome::Ignored => &mut self.ignored,
            Outcome::Returned => &mut self.returned,
        };
        *counter += 1;
    }
}

impl Breaker {
    #[must_use]
    pub fn picture(&self, now: Instant) -> Picture {
        let round = match &self.state {
            State::HalfOpen(round) => Some(round),
            State::Closed | State::Open { .. } | State::ForcedOpen => None,
            State::ForcedClosed | State::Disabled | State::MetricsOnly => None,
        };
        let retry_in = match self.door().glance(now) {
            Glance::Refused { wait } => Some(wait),
            Glance::Pass { .. } | Glance::Ask => None,
        };
        Picture {
            state: self.state.name(),
            generation: self.generation,
            lasted: now.saturating_duration_since(self.since),
            trips: self.trips,
            tally: self.evidence.tally(now),
            failures_in_a_row: self.evidence.failures_in_a_row,
            high_samples_in_a_row: self.evidence.high_in_a_row,
            probes_out: round.map_or(0, |round| round.out),
            probes_left: round.map_or(0, |round| round.left()),
            retry_in,
            last_change: self.last_change,
            totals: self.totals,
        }
    }
}

//! What speaks against the other side since the last change.

use std::time::{Duration, Instant};

use super::config::Config;
use super::window::{Mark, Tally, Window};
use super::words::{FailureKind, Outcome, Reason};

#[derive(Clone, Debug)]
pub(super) struct Evidence {
    pub(super) window: Option<Window>,
    pub(super) failures_in_a_row: u32,
    pub(super) high_in_a_row: u32,
    /// Waits in a row that ran out, by the last sample.
    timeouts_seen: u32,
    /// Those of them that ran out before the last change: they are judged already.
    timeouts_judged: u32,
}

impl Evidence {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        Self {
            window: config.rates.map(|rates| Window::new(rates.window, now)),
            failures_in_a_row: 0,
            high_in_a_row: 0,
            timeouts_seen: 0,
            timeouts_judged: 0,
        }
    }

    pub(super) fn tally(&self, now: Instant) -> Tally {
        self.window.as_ref().map(|window| window.tally(now)).unwrap_or_default()
    }

    pub(super) fn forget(&mut self) {
        if let Some(window) = &mut self.window {
            window.clear();
        }
        self.failures_in_a_row = 0;
        self.high_in_a_row = 0;
        self.timeouts_judged = self.timeouts_seen;
    }

    /// Writes a call down, and says which rule it broke.
    pub(super) fn note(
        &mut self,
        config: &Config,
        outcome: Outcome,
        now: Instant,
    ) -> Option<Reason> {
        let (failed, took) = match outcome {
            Outcome::Ignored | Outcome::Returned => return None,
            Outcome::Succeeded { took } => (false, took),
            Outcome::Failed { took, .. } => (true, took),
        };
        self.failures_in_a_row = if failed { self.failures_in_a_row.saturating_add(1) } else { 0 };
        if let Some(window) = &mut self.window {
            window.record(Mark { failed, slow: config.is_slow(took) }, now);
        }
        if let Outcome::Failed { kind: FailureKind::Throttled { retry_after }, .. } = outcome {
            return Some(config.pause(retry_after));
        }
        self.broken_rule(config, now)
    }

    /// Adds a sample of the pool, and says which rule it broke.
    pub(super) fn weigh(
        &mut self,
        config: &Config,
        ratio: f64,
        timeouts_in_a_row: u32,
    ) -> Option<Reason> {
        self.timeouts_seen = timeouts_in_a_row;
        if timeouts_in_a_row < self.timeouts_judged {
            // Somebody got a connection since: a new row has begun.
            self.timeouts_judged = 0;
        }
        let rule = config.pool?;
        let is_high = ratio >= rule.utilisation;
        self.high_in_a_row = if is_high { self.high_in_a_row.saturating_add(1) } else { 0 };
        let count = timeouts_in_a_row - self.timeouts_judged;
        if count >= rule.acquire_timeouts {
            return Some(Reason::AcquireTimeouts { count });
        }
        let samples = self.high_in_a_row;
        (samples >= rule.samples).then_some(Reason::Utilisation { samples, ratio })
    }

    fn broken_rule(&self, config: &Config, now: Instant) -> Option<Reason> {
        let count = self.failures_in_a_row;
        if config.consecutive_failures.is_some_and(|bound| count >= bound) {
            return Some(Reason::ConsecutiveFailures { count });
        }
        let rates = config.rates?;
        let tally = self.tally(now);
        let Tally { calls, failed, slow } = tally;
        if calls < rates.calls_min {
            return None;
        }
        if rates.failure_rate.is_some_and(|rate| tally.failure_rate() >= rate) {
            return Some(Reason::FailureRate { failed, calls });
        }
        let too_slow = rates.slow.is_some_and(|rule| tally.slow_rate() >= rule.rate);
        too_slow.then_some(Reason::SlowRate { slow, calls })
    }
}

impl Config {
    pub(super) fn is_slow(&self, took: Duration) -> bool {
        let slow = self.rates.and_then(|rates| rates.slow);
        slow.is_some_and(|slow| took >= slow.after)
    }

    /// The pause that the other side asked for, as far as we go along with it.
    pub(super) fn pause(&self, retry_after: Option<Duration>) -> Reason {
        let asked = retry_after.unwrap_or(self.opening.time);
        Reason::AskedToWait { wait: asked.clamp(super::ASKED_MIN, self.opening.asked_max) }
    }
}

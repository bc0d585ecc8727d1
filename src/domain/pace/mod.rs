//! How fast orders are decided: an estimate that follows what is seen.
//!
//! Only a line that never runs empty shows how fast the children can be. A quiet house shows less
//! than it could do, so that a quiet window raises the estimate and never lowers it. A window in
//! which work waited and nothing was decided lowers it: a hang counts at once, not when it ends.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::number;

/// A shorter window tells more about single calls than about the pace.
const WINDOW: Duration = Duration::from_millis(500);
/// A better pace is believed sooner than a worse one: one slow call is no trend.
const RISES_IN: Duration = Duration::from_secs(1);
const FALLS_IN: Duration = Duration::from_secs(3);
/// However bad it is, something is decided some time.
const LEAST: f64 = 1.0;

/// Orders per second, as they are decided when work waits.
#[derive(Clone, Debug)]
pub struct Pace {
    now: f64,
    /// As it was when something was decided last.
    good: f64,
    since: Instant,
    decided: usize,
    /// Work waited all the time of this window.
    pressed: bool,
}

impl Pace {
    /// `at_first` orders per second are believed until something is seen.
    #[must_use]
    pub fn new(at_first: f64, now: Instant) -> Self {
        let at_first = at_first.max(LEAST);
        Self { now: at_first, good: at_first, since: now, decided: 0, pressed: true }
    }

    /// So many orders were decided.
    pub fn decided(&mut self, orders: usize) {
        self.decided += orders;
    }

    /// Nothing waits: this window does not show what could be done.
    pub fn ran_dry(&mut self) {
        self.pressed = false;
    }

    /// Ends a window whose time is over. While nothing is `called` there is nothing to learn.
    pub fn look(&mut self, now: Instant, called: bool) {
        let took = now.saturating_duration_since(self.since);
        if took < WINDOW {
            return;
        }
        let seen = (number(self.decided) / took.as_secs_f64()).max(LEAST);
        if seen > self.now {
            self.now += (seen - self.now) * share(took, RISES_IN);
        } else if called && self.pressed {
            self.now += (seen - self.now) * share(took, FALLS_IN);
        }
        if self.decided > 0 {
            self.good = self.now;
        }
        (self.since, self.decided, self.pressed) = (now, 0, true);
    }

    /// Orders per second. While nothing is `called` it is the last one that was good.
    #[must_use]
    pub const fn per_second(&self, called: bool) -> f64 {
        if called { self.now } else { self.good }
    }

    /// How long so many orders take.
    #[must_use]
    pub fn time_for(&self, orders: u64, called: bool) -> Duration {
        let orders = usize::try_from(orders).unwrap_or(usize::MAX);
        Duration::try_from_secs_f64(number(orders) / self.per_second(called))
            .unwrap_or(Duration::MAX)
    }
}

/// How far an estimate that follows in `within` goes in `took`.
fn share(took: Duration, within: Duration) -> f64 {
    1.0 - (-took.as_secs_f64() / within.as_secs_f64()).exp()
}

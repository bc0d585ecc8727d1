//! How many calls are out at once: as many as the trade service can stand, from [`LEAST`] to the
//! fifteen that are promised.
//!
//! While answers come as quickly as they usually do, every child may call. When they come more slowly
//! than that, the service has a queue of its own, and more calls only make it longer; when they do
//! not come at all, or as refusals, it has too much to do. What is usual is learned anew over some
//! minutes, so that a service that has become slower for good gets all children back.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use super::line::WORKERS;
use super::number;

/// Never fewer: one that hangs must not stop everything.
pub const LEAST: usize = 2;
/// An answer is slow from so many times the usual time on.
const TOLERANCE: f64 = 1.5;
/// Differences below this are the machine's and the net's, and say nothing about the service.
const NOISE: f64 = 0.2;
/// How fast the usual time follows.
const USUAL_IN: f64 = 300.0;
/// How much of what an answer suggests is followed.
const SMOOTHING: f64 = 0.2;
/// What a failure leaves of the width, and how often at most: what fails together is one failure.
const BACK_OFF: f64 = 0.7;
const FAILURE_EVERY: Duration = Duration::from_secs(1);

/// The number of children in use.
#[derive(Clone, Copy, Debug)]
pub struct Width {
    now: f64,
    /// The usual time of a call, in seconds; None before the first.
    usual: Option<f64>,
    heard_at: Instant,
    failed_at: Option<Instant>,
}

impl Width {
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { now: most(), usual: None, heard_at: now, failed_at: None }
    }

    /// Children that may call at once.
    #[must_use]
    pub fn children(&self) -> usize {
        let children = (LEAST..=WORKERS).rev().find(|count| number(*count) <= self.now + 1e-9);
        children.unwrap_or(LEAST)
    }

    /// A call was answered after so long, while so many children were busy.
    pub fn answered(&mut self, took: Duration, busy: usize, now: Instant) {
        let took = took.as_secs_f64();
        let usual = *self.usual.get_or_insert(took);
        let since = now.saturating_duration_since(self.heard_at).as_secs_f64();
        self.heard_at = now;
        // What is quicker than usual is believed at once: it was never slower than that.
        let follows = if took < usual { 0.5 } else { 1.0 - (-since / USUAL_IN).exp() };
        self.usual = Some(usual + (took - usual) * follows);
        let gradient = ((TOLERANCE * usual + NOISE) / took.max(1e-6)).clamp(0.5, 1.0);
        // Who does not use what it may has not shown that more would do.
        if gradient >= 1.0 && number(busy) < self.now.floor() {
            return;
        }
        // A short queue at the other side keeps it busy.
        let suggested = self.now * gradient + self.now.sqrt();
        self.now = (self.now + (suggested - self.now) * SMOOTHING).clamp(number(LEAST), most());
    }

    /// A call was not answered, or was sent back because there is too much to do.
    pub fn failed(&mut self, now: Instant) {
        let is_same = |at: Instant| now.saturating_duration_since(at) < FAILURE_EVERY;
        if self.failed_at.is_some_and(is_same) {
            return;
        }
        self.failed_at = Some(now);
        self.now = (self.now * BACK_OFF).max(number(LEAST));
    }
}

fn most() -> f64 {
    number(WORKERS)
}

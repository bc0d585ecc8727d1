//! The calls that a breaker looks back on: the last so many, or those of the last so long.
//!
//! Both cost the same however much they hold: a ring that keeps its totals, and ten buckets.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::config::Span;

/// The parts of a time window.
const BUCKETS: u64 = 10;

/// How many calls, and how many of them were bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub calls: u32,
    pub failed: u32,
    pub slow: u32,
}

/// What is remembered of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) failed: bool,
    pub(super) slow: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Window {
    Calls(CountWindow),
    Time(Box<TimeWindow>),
}

#[derive(Clone, Debug)]
pub(super) struct CountWindow {
    marks: VecDeque<Mark>,
    size: usize,
    tally: Tally,
}

#[derive(Clone, Debug)]
pub(super) struct TimeWindow {
    origin: Instant,
    width_nanos: u64,
    buckets: [Bucket; 10],
}

/// The calls of one part of the time; `number` counts the parts since the origin.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    number: u64,
    tally: Tally,
}

impl Tally {
    /// The share of failed calls, 0 to 1; 0 without calls.
    #[must_use]
    pub fn failure_rate(&self) -> f64 {
        share(self.failed, self.calls)
    }

    /// The share of slow calls, 0 to 1; 0 without calls.
    #[must_use]
    pub fn slow_rate(&self) -> f64 {
        share(self.slow, self.calls)
    }

    fn add(&mut self, mark: Mark) {
        self.calls = self.calls.saturating_add(1);
        self.failed = self.failed.saturating_add(u32::from(mark.failed));
        self.slow = self.slow.saturating_add(u32::from(mark.slow));
    }

    fn remove(&mut self, mark: Mark) {
        self.calls = self.calls.saturating_sub(1);
        self.failed = self.failed.saturating_sub(u32::from(mark.failed));
        self.slow = self.slow.saturating_sub(u32::from(mark.slow));
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            failed: self.failed.saturating_add(other.failed),
            slow: self.slow.saturating_add(other.slow),
        }
    }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}

impl Window {
    pub(super) fn new(span: Span, now: Instant) -> Self {
        match span {
            Span::Calls(calls) => {
                let size = usize::try_from(calls).unwrap_or(usize::MAX);
                let marks = VecDeque::with_capacity(size);
                Self::Calls(CountWindow { marks, size, tally: Tally::default() })
            }
            Span::Time(time) => {
                let width_nanos = (nanos(time) / BUCKETS).max(1);
                let buckets = [Bucket::default(); 10];
                Self::Time(Box::new(TimeWindow { origin: now, width_nanos, buckets }))
            }
        }
    }

    pub(super) fn record(&mut self, mark: Mark, now: Instant) {
        match self {
            Self::Calls(window) => window.record(mark),
            Self::Time(window) => window.record(mark, now),
        }
    }

    pub(super) fn tally(&self, now: Instant) -> Tally {
        match self {
            Self::Calls(window) => window.tally,
            Self::Time(window) => window.tally(now),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Calls(window) => {
                window.marks.clear();
                window.tally = Tally::default();
            }
            Self::Time(window) => window.buckets = [Bucket::default(); 10],
        }
    }
}

impl CountWindow {
    fn record(&mut self, mark: Mark) {
        if self.marks.len() >= self.size
            && let Some(oldest) = self.marks.pop_front()
        {
            self.tally.remove(oldest);
        }
        self.marks.push_back(mark);
        self.tally.add(mark);
    }
}

impl TimeWindow {
    fn record(&mut self, mark: Mark, now: Instant) {
        let number = self.number(now);
        let place = usize::try_from(number % BUCKETS).unwrap_or_default();
        let Some(bucket) = self.buckets.get_mut(place) else { return };
        if bucket.number != number {
            *bucket = Bucket { number, tally: Tally::default() };
        }
        bucket.tally.add(mark);
    }

    fn tally(&self, now: Instant) -> Tally {
        let number = self.number(now);
        let recent = self.buckets.iter().filter(|bucket| bucket.number + BUCKETS > number);
        recent.fold(Tally::default(), |sum, bucket| sum.plus(bucket.tally))
    }

    fn number(&self, now: Instant) -> u64 {
        nanos(now.saturating_duration_since(self.origin)) / self.width_nanos
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

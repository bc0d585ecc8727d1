//! How fast the house works: totals that are read again and again become rates and times.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Rates are taken over so long: within one second a single large batch is a storm.
const RATES_OVER: Duration = Duration::from_secs(10);
/// Times are those of the last minute.
const TIMES_OVER: Duration = Duration::from_mins(1);
/// The most beats that are remembered, however quickly they come.
const BEATS_MAX: usize = 200;

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Orders that are on the disk.
    pub accepted: u64,
    /// Orders by what a carriage came to for them.
    pub sent: u64,
    pub rejected: u64,
    pub queued: u64,
    /// Submissions that were told to come later.
    pub declined: u64,
    /// How long batches took from their coming in to their rest.
    pub batches: Times,
}

/// How many were at most so long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// Bounds in seconds, ascending; each counts all that lie below it.
    pub within: Vec<(f64, u64)>,
    /// All, those beyond the last bound too.
    pub count: u64,
}

/// Per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    pub accepted: f64,
    pub sent: f64,
    pub rejected: f64,
    pub queued: f64,
    pub declined: f64,
}

/// The times that a half, 19 of 20 and 99 of 100 stayed below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    pub p50: Duration,
    pub p95: Duration,
    pub p99: Duration,
}

/// The totals of the last minute.
#[derive(Debug, Default)]
pub struct Pulse {
    beats: VecDeque<(Instant, Totals)>,
}

impl Pulse {
    /// Remembers what was counted until `now`.
    pub fn beat(&mut self, now: Instant, totals: Totals) {
        // One that is too old stays while it is the only one that reaches back far enough.
        while self.beats.get(1).is_some_and(|(then, _)| age(now, *then) >= TIMES_OVER)
            || self.beats.len() >= BEATS_MAX
        {
            self.beats.pop_front();
        }
        self.beats.push_back((now, totals));
    }

    /// How fast it goes; nothing moves before the second beat.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let Some((now, totals)) = self.beats.back() else { return Rates::default() };
        let Some((then, before)) = self.before(*now, RATES_OVER) else { return Rates::default() };
        let seconds = age(*now, *then).as_secs_f64();
        if seconds <= 0.0 {
            return Rates::default();
        }
        let rate = |now: u64, then: u64| number(now.saturating_sub(then)) / seconds;
        Rates {
            accepted: rate(totals.accepted, before.accepted),
            sent: rate(totals.sent, before.sent),
            rejected: rate(totals.rejected, before.rejected),
            queued: rate(totals.queued, before.queued),
            declined: rate(totals.declined, before.declined),
        }
    }

    /// How long batches take that came to rest lately; None if none did.
    #[must_use]
    pub fn latency(&self) -> Option<Latency> {
        let (now, totals) = self.beats.back()?;
        let (_, before) = self.before(*now, TIMES_OVER)?;
        let lately = totals.batches.since(&before.batches);
        Some(Latency {
            p50: lately.below(0.5)?,
            p95: lately.below(0.95)?,
            p99: lately.below(0.99)?,
        })
    }

    /// The beat that lies so long back, or the oldest one.
    fn before(&self, now: Instant, back: Duration) -> Option<&(Instant, Totals)> {
        let reaches = |(then, _): &&(Instant, Totals)| age(now, *then) >= back;
        self.beats.iter().rfind(reaches).or_else(|| self.beats.front())
    }
}

impl Times {
    fn since(&self, before: &Self) -> Self {
        let earlier = |place: usize| before.within.get(place).map_or(0, |(_, count)| *count);
        let within = self.within.iter().enumerate();
        let within = within
            .map(|(place, (bound, count))| (*bound, count.saturating_sub(earlier(place))))
            .collect();
        Self { within, count: self.count.saturating_sub(before.count) }
    }

    /// What this share stayed below, as if all between two bounds lay evenly. What lies beyond
    /// the last bound is only known to be no shorter.
    fn below(&self, share: f64) -> Option<Duration> {
        if self.count == 0 {
            return None;
        }
        let rank = share * number(self.count);
        let (mut low, mut under) = (0.0, 0);
        for &(bound, count) in &self.within {
            if number(count) >= rank && count > under {
                let part = (rank - number(under)) / number(count - under);
                return Duration::try_from_secs_f64(low + (bound - low) * part).ok();
            }
            (low, under) = (bound, count);
        }
        Duration::try_from_secs_f64(low).ok()
    }
}

fn age(now: Instant, then: Instant) -> Duration {
    now.saturating_duration_since(then)
}

fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

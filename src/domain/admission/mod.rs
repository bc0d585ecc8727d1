//! May a submission come in? Decided before anything is stored, by how long its orders would wait.
//!
//! What is accepted is never dropped, so the only valve is here. As long as the trade service
//! takes what it gets, a line longer than [`Limits::line_max`] makes nothing faster: from then on
//! everybody may bring a fair share of the measured pace and no more, so that the line neither
//! grows nor runs empty, and who asks for less than a fair share notices nothing. While the trade
//! service is not called, work is put by up to [`Limits::drain_max`].

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::caller::Caller;
use super::number;
use super::pace::Pace;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How long a line is useful while the trade service takes what it gets.
    pub line_max: Duration,
    /// What may wait while it does not, in the time that the last good pace needs for it.
    pub drain_max: Duration,
    /// How long a request may wait to be recorded.
    pub ledger_max: Duration,
    /// Letters in the database, whatever the pace is.
    pub letters_max: u64,
    /// Orders per second that are believed at the start.
    pub pace_at_first: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line_max: Duration::from_secs(20),
            drain_max: Duration::from_mins(10),
            ledger_max: Duration::from_secs(5),
            letters_max: 1_000_000,
            pace_at_first: 5_000.0,
        }
    }
}

/// What the house looks like when somebody asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct House {
    /// Orders that are accepted and not decided.
    pub orders: u64,
    pub letters: u64,
    /// How long a request waits now to be recorded.
    pub ledger_wait: Duration,
    /// What remains of the trade breaker's opening; None while it is closed.
    pub opening: Option<Duration>,
}

/// Why somebody has to come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shortage {
    /// Too much waits to be recorded.
    Ledger,
    /// Too much waits for the trade service, and the caller brought its share.
    Line,
    /// As many letters stand as may stand.
    Letters,
    /// The caller brought what its quota allows; the house may have room.
    Quota,
}

impl Shortage {
    pub const ALL: [Self; 4] = [Self::Ledger, Self::Line, Self::Letters, Self::Quota];

    /// One word for a label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Line => "line",
            Self::Letters => "letters",
            Self::Quota => "quota",
        }
    }
}

/// Not now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    pub why: Shortage,
    /// When it is worth to come back: when what waits now is done.
    pub wait: Duration,
    /// The answer to the same caller stays the same for so long.
    pub holds_for: Duration,
}

/// A caller that did not ask for so long takes no share.
const ACTIVE_FOR: Duration = Duration::from_secs(5);
/// Active callers are counted so often at most.
const COUNT_EVERY: Duration = Duration::from_millis(250);
/// Callers that have a share of their own; beyond them strangers share one.
const CALLERS_MAX: usize = 10_000;
/// An answer holds for no longer: soon there may be room.
const HOLDS_MAX: Duration = Duration::from_millis(250);
/// Of a fair share, however long the line is.
const LEAST_SHARE: f64 = 0.5;
/// A share can be saved up for so long.
const SAVED_FOR: f64 = 1.0;

#[derive(Debug)]
pub struct Admission {
    limits: Limits,
    pace: Pace,
    callers: HashMap<Caller, Share>,
    active: usize,
    counted_at: Instant,
}

/// What a caller may still bring while the line is too long.
#[derive(Clone, Copy, Debug)]
struct Share {
    /// In orders. A request that is larger than what is left is let in on credit.
    left: f64,
    since: Instant,
    asked_at: Instant,
}

impl Admission {
    #[must_use]
    pub fn new(limits: Limits, now: Instant) -> Self {
        let pace = Pace::new(limits.pace_at_first, now);
        Self { limits, pace, callers: HashMap::new(), active: 1, counted_at: now }
    }

    pub fn pace_mut(&mut self) -> &mut Pace {
        &mut self.pace
    }

    /// Orders per second, as they are believed now.
    #[must_use]
    pub fn pace(&self, house: &House) -> f64 {
        self.pace.per_second(house.opening.is_none())
    }

    /// How long an order that comes now waits for its turn.
    #[must_use]
    pub fn wait(&self, house: &House) -> Duration {
        let drained = self.pace.time_for(house.orders, house.opening.is_none());
        drained.max(house.opening.unwrap_or_default())
    }

    /// Callers who asked in the last seconds: as many share the pace.
    #[must_use]
    pub const fn active(&self) -> usize {
        self.active
    }

    /// May this caller bring so many orders?
    pub fn ask(
        &mut self,
        caller: &Caller,
        orders: usize,
        house: &House,
        now: Instant,
    ) -> Result<(), Later> {
        let called = house.opening.is_none();
        self.pace.look(now, called);
        let limits = self.limits;
        let longest = if called { limits.line_max } else { limits.drain_max };
        let drained = self.pace.time_for(house.orders, called);
        // The longer the line, the less comes in, so that it becomes shorter also under load; yet
        // never so little that what is new waits for all that is old.
        let part = (longest.as_secs_f64() / drained.as_secs_f64()).clamp(LEAST_SHARE, 1.0);
        let in_all = part * self.pace(house);
        self.count(in_all, now);
        let share = self.share_of(in_all);
        let wait = self.wait(house);
        let left = self.share(caller, share, now);
        let (why, wait, holds_for) = if house.ledger_wait > limits.ledger_max {
            (Shortage::Ledger, house.ledger_wait, HOLDS_MAX)
        } else if house.letters >= limits.letters_max {
            (Shortage::Letters, wait, HOLDS_MAX)
        } else if drained <= longest {
            return Ok(());
        } else if *left > 0.0 {
            *left -= number(orders);
            return Ok(());
        } else {
            let owed = Duration::try_from_secs_f64(-*left / share).unwrap_or(HOLDS_MAX);
            (Shortage::Line, wait, owed.min(HOLDS_MAX))
        };
        Err(Later { why, wait, holds_for })
    }

    /// What is left of a caller's share now.
    fn share(&mut self, caller: &Caller, per_second: f64, now: Instant) -> &mut f64 {
        let is_crowded = self.callers.len() >= CALLERS_MAX && !self.callers.contains_key(caller);
        let caller = if is_crowded { &Caller::Nobody } else { caller };
        let saved = per_second * SAVED_FOR;
        let new = || Share { left: saved, since: now, asked_at: now };
        let share = self.callers.entry(caller.clone()).or_insert_with(new);
        share.left = share.grown(per_second, now).min(saved.max(1.0));
        (share.since, share.asked_at) = (now, now);
        &mut share.left
    }

    /// What each of the active may bring of so many orders a second.
    fn share_of(&self, in_all: f64) -> f64 {
        in_all / number(self.active.max(1))
    }

    /// Counts who is active, and forgets who is not.
    fn count(&mut self, in_all: f64, now: Instant) {
        if now.saturating_duration_since(self.counted_at) < COUNT_EVERY {
            return;
        }
        self.counted_at = now;
        let is_active = |share: &Share| now.saturating_duration_since(share.asked_at) < ACTIVE_FOR;
        self.active = self.callers.values().filter(|share| is_active(share)).count();
        // Who left in debt would come back without it, unless it would be paid by now.
        let per_second = self.share_of(in_all);
        self.callers.retain(|_, share| is_active(share) || share.grown(per_second, now) < 0.0);
    }
}

impl Share {
    /// What is left of it when it has grown until now.
    fn grown(&self, per_second: f64, now: Instant) -> f64 {
        self.left + now.saturating_duration_since(self.since).as_secs_f64() * per_second
    }
}

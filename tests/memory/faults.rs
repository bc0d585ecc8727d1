//! What goes wrong between a process and its database: drawn from a seed, and from nothing else.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;
use weir::ports::Failure;

/// How bad it is. Chances are of one call each, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Weather {
    /// The call fails, and nothing of it is written.
    pub(crate) failing: f64,
    /// The connection breaks: half of the time all of it is written, else nothing.
    pub(crate) losing: f64,
    /// The call takes up to two seconds; else a few milliseconds at most.
    pub(crate) slow: f64,
    /// The database is gone for a while: all calls fail until it is back.
    pub(crate) outage: f64,
}

/// What becomes of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) before: Duration,
    pub(super) after: Duration,
    pub(super) fault: Option<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing is written.
    Failing(Failure),
    /// All of it is written, and nobody hears of it.
    LostAfter(Failure),
}

/// What a call is for: a read is never lost, and nobody collides with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

#[derive(Debug)]
pub(super) struct Faults {
    rng: Rng,
    pub(super) weather: Weather,
    away_until: Option<Instant>,
}

impl Faults {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), weather: Weather::default(), away_until: None }
    }

    pub(super) fn roll(&mut self, kind: Kind) -> Fate {
        let weather = self.weather;
        if weather == Weather::default() {
            self.away_until = None;
            return Fate { before: Duration::ZERO, after: Duration::ZERO, fault: None };
        }
        Fate { before: self.delay(), after: self.delay(), fault: self.fault(kind) }
    }

    fn fault(&mut self, kind: Kind) -> Option<Fault> {
        let now = Instant::now();
        if self.away_until.is_none_or(|until| until <= now) && self.chance(self.weather.outage) {
            // Now and then so long that another process has taken everything over meanwhile.
            let most = if self.rng.u8(0..4) == 0 { 120_000 } else { 15_000 };
            self.away_until = Some(now + Duration::from_millis(self.rng.u64(0..most)));
        }
        if self.away_until.is_some_and(|until| now < until) {
            return Some(Fault::Failing(away()));
        }
        if self.chance(self.weather.failing) {
            return Some(Fault::Failing(self.failure(kind)));
        }
        if kind == Kind::Write && self.chance(self.weather.losing) {
            let fault = if self.rng.bool() { Fault::LostAfter } else { Fault::Failing };
            return Some(fault(Failure::Lost { reason: "planned".to_owned() }));
        }
        None
    }

    fn failure(&mut self, kind: Kind) -> Failure {
        match self.rng.u8(0..8) {
            0 | 1 => Failure::TooSlow,
            2 => Failure::Exhausted { waited: Duration::from_secs(5) },
            3..=5 if kind == Kind::Write => Failure::Collision { reason: "planned".to_owned() },
            6 if kind == Kind::Write => Failure::Full { reason: "planned".to_owned() },
            _ => away(),
        }
    }

    /// Often none at all, so that whatever may coincide does.
    fn delay(&mut self) -> Duration {
        if self.chance(self.weather.slow) {
            return Duration::from_millis(self.rng.u64(10..2000));
        }
        Duration::from_millis(self.rng.u64(0..4).saturating_sub(1))
    }

    fn chance(&mut self, share: f64) -> bool {
        self.rng.f64() < share
    }
}

fn away() -> Failure {
    Failure::Away { reason: "planned".to_owned() }
}

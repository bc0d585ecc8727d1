//! What a breaker is told: when it trips, for how long, and what it takes to close again.

use std::time::Duration;

/// The longest time that any part of a breaker may last.
const TIME_MAX: Duration = Duration::from_hours(24);
/// The most calls that a count window remembers: a byte or two each.
const WINDOW_CALLS_MAX: u32 = 100_000;
/// A time window shorter than this judges single calls.
const WINDOW_TIME_MIN: Duration = Duration::from_millis(100);
/// More probes than this are no probes.
const PROBES_MAX: u32 = 1_000;
/// An opening that grows faster than this is at its bound at once.
const GROWTH_MAX: f64 = 10.0;
/// Trips in a row that are told apart. The least growth that matters, 1.01, then reaches 2.7.
const GROWTH_STEPS: i32 = 100;

/// The knobs of one breaker, as somebody set them. [`Config::check`] makes [`Rules`] of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Config {
    /// So many failed calls without a success between them trip.
    pub consecutive_failures: Option<u32>,
    pub rates: Option<Rates>,
    pub pool: Option<PoolRule>,
    pub opening: Opening,
    pub probing: Probing,
}

/// Trips on the shares of failed and of slow calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub window: Span,
    /// Fewer calls than this in the window prove nothing.
    pub calls_min: u32,
    /// This share of failed calls trips, 0 to 1.
    pub failure_rate: Option<f64>,
    pub slow: Option<Slow>,
}

/// How far a window looks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Calls(u32),
    /// Kept in tenths: a call is forgotten between nine tenths of the span and the whole.
    Time(Duration),
}

/// Trips on slow calls, successful or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slow {
    /// A call that takes so long or longer is slow.
    pub after: Duration,
    /// This share of slow calls trips, 0 to 1.
    pub rate: f64,
}

/// Trips on how full the connection pool is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolRule {
    /// A sample is high from this share of the maximum on.
    pub utilisation: f64,
    /// So many high samples in a row trip.
    pub samples: u32,
    /// So many waits for a connection that ran out, without one that did not, trip.
    pub acquire_timeouts: u32,
}

/// How long the breaker stays open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opening {
    pub time: Duration,
    /// Each trip in a row is longer by this factor; 1 does not grow.
    pub growth: f64,
    /// The longest opening, before jitter.
    pub time_max: Duration,
    /// Trips are no longer in a row after the breaker was closed for so long.
    pub calm_after: Duration,
    /// An opening is longer by a random share of itself, from 0 to this.
    pub jitter: f64,
    /// The longest wait that the other side may ask for with `Retry-After`.
    pub asked_max: Duration,
}

/// How a half-open breaker judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probing {
    /// Calls that are let through to be judged by.
    pub probes: u32,
    /// So many of them must succeed.
    pub needed: u32,
    /// Silence for so long ends the round.
    pub patience: Duration,
}

/// A value that is wrong, or wrong together with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} must {must}")]
pub struct ConfigFault {
    pub key: &'static str,
    /// The end of a sentence that begins with "must".
    pub must: &'static str,
}

/// A [`Config`] without contradictions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules(Config);

impl Config {
    /// The breaker of the connection pool. Calls tell it nothing while it is closed: it is fed
    /// by samples, and one caller probes for all.
    #[must_use]
    pub const fn pool() -> Self {
        let pool = PoolRule { utilisation: 0.75, samples: 3, acquire_timeouts: 3 };
        let probing = Probing { probes: 1, needed: 1, patience: Duration::from_secs(30) };
        let opening = Opening::DEFAULT;
        Self { consecutive_failures: None, rates: None, pool: Some(pool), opening, probing }
    }

    /// The breaker of the trade service. Its patience outlasts the longest call (45 s).
    #[must_use]
    pub const fn trade() -> Self {
        let rates = Rates {
            window: Span::Time(Duration::from_secs(30)),
            calls_min: 10,
            failure_rate: Some(0.5),
            slow: Some(Slow { after: Duration::from_secs(10), rate: 0.8 }),
        };
        let probing = Probing { probes: 3, needed: 3, patience: Duration::from_mins(1) };
        let opening = Opening::DEFAULT;
        Self { consecutive_failures: Some(5), rates: Some(rates), pool: None, opening, probing }
    }

    /// Finds everything that is wrong at once.
    pub fn check(self) -> Result<Rules, Vec<ConfigFault>> {
        let mut faults = Faults(Vec::new());
        faults.unless(self.has_a_rule(), "rules", "name at least one thing that trips");
        let consecutive = self.consecutive_failures.is_none_or(|count| count >= 1);
        faults.unless(consecutive, "consecutive_failures", "be at least 1");
        if let Some(rates) = self.rates {
            check_rates(&rates, &mut faults);
        }
        if let Some(pool) = self.pool {
            faults.unless(is_share(pool.utilisation), "utilisation", "be above 0 and at most 1");
            faults.unless(pool.samples >= 1, "samples", "be at least 1");
            faults.unless(pool.acquire_timeouts >= 1, "acquire_timeouts", "be at least 1");
        }
        check_opening(&self.opening, &mut faults);
        check_probing(&self, &mut faults);
        if faults.0.is_empty() { Ok(Rules(self)) } else { Err(faults.0) }
    }

    const fn has_a_rule(&self) -> bool {
        self.consecutive_failures.is_some() || self.rates.is_some() || self.pool.is_some()
    }
}

impl Opening {
    /// Fifteen seconds, up to a fifth longer, not growing.
    pub const DEFAULT: Self = Self {
        time: Duration::from_secs(15),
        growth: 1.0,
        time_max: Duration::from_mins(1),
        calm_after: Duration::from_mins(5),
        jitter: 0.2,
        asked_max: Duration::from_mins(5),
    };

    /// How long the breaker opens, before jitter, when it trips for so many times in a row.
    pub(super) fn grown(&self, trips: u32) -> Duration {
        let steps = i32::try_from(trips.saturating_sub(1)).unwrap_or(i32::MAX).min(GROWTH_STEPS);
        let bound = self.time_max.as_secs_f64() / self.time.as_secs_f64();
        self.time.mul_f64(self.growth.powi(steps).min(bound))
    }
}

impl Rules {
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.0
    }

    /// Whether the outcome of a call can trip a closed breaker.
    #[must_use]
    pub const fn hear_calls(&self) -> bool {
        self.0.consecutive_failures.is_some() || self.0.rates.is_some()
    }
}

struct Faults(Vec<ConfigFault>);

impl Faults {
    fn unless(&mut self, holds: bool, key: &'static str, must: &'static str) {
        if !holds {
            self.0.push(ConfigFault { key, must });
        }
    }
}

fn check_rates(rates: &Rates, faults: &mut Faults) {
    match rates.window {
        Span::Calls(calls) => {
            let bound = (1..=WINDOW_CALLS_MAX).contains(&calls);
            faults.unless(bound, "window", "hold from 1 to 100000 calls");
            let reachable = rates.calls_min <= calls;
            faults.unless(reachable, "calls_min", "be at most the calls of the window");
        }
        Span::Time(time) => {
            let bound = (WINDOW_TIME_MIN..=TIME_MAX).contains(&time);
            faults.unless(bound, "window", "last from 100ms to 24h");
        }
    }
    faults.unless(rates.calls_min >= 1, "calls_min", "be at least 1");
    let judges = rates.failure_rate.is_some() || rates.slow.is_some();
    faults.unless(judges, "window", "come with failure_rate or slow_rate, or it judges nothing");
    let failure_rate = rates.failure_rate.is_none_or(is_share);
    faults.unless(failure_rate, "failure_rate", "be above 0 and at most 1");
    if let Some(slow) = rates.slow {
        faults.unless(is_share(slow.rate), "slow_rate", "be above 0 and at most 1");
        faults.unless(is_time(slow.after), "slow_after", "be above 0 and at most 24h");
    }
}

fn check_opening(opening: &Opening, faults: &mut Faults) {
    let long_enough = opening.time >= Duration::from_millis(1) && is_time(opening.time);
    faults.unless(long_enough, "open_for", "be from 1ms to 24h");
    faults.unless((1.0..=GROWTH_MAX).contains(&opening.growth), "open_growth", "be from 1 to 10");
    faults.unless(opening.time_max >= opening.time, "open_max", "be at least open_for");
    faults.unless(is_time(opening.time_max), "open_max", "be above 0 and at most 24h");
    faults.unless(is_time(opening.calm_after), "calm_after", "be above 0 and at most 24h");
    faults.unless((0.0..=1.0).contains(&opening.jitter), "open_jitter", "be from 0 to 1");
    let asked = (super::ASKED_MIN..=TIME_MAX).contains(&opening.asked_max);
    faults.unless(asked, "retry_after_max", "be from 1s to 24h");
}

fn check_probing(config: &Config, faults: &mut Faults) {
    let Probing { probes, needed, patience } = config.probing;
    faults.unless((1..=PROBES_MAX).contains(&probes), "probes", "be from 1 to 1000");
    faults.unless((1..=probes).contains(&needed), "probes_needed", "be from 1 to probes");
    faults.unless(is_time(patience), "probe_patience", "be above 0 and at most 24h");
    let slow = config.rates.and_then(|rates| rates.slow);
    let outlasts = slow.is_none_or(|slow| patience > slow.after);
    faults.unless(outlasts, "probe_patience", "be more than slow_after, or no probe can be slow");
}

fn is_share(number: f64) -> bool {
    number > 0.0 && number <= 1.0
}

fn is_time(time: Duration) -> bool {
    !time.is_zero() && time <= TIME_MAX
}

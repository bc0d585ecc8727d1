//! The breaker once more, slow and obvious: it keeps everything that happened since its last
//! change and counts it anew each time.

use super::*;

pub(super) struct Model {
    config: Config,
    origin: Instant,
    pub(super) at: At,
    /// Changes so far: a call of an earlier one is none of our business.
    pub(super) era: u64,
    since: Instant,
    trips: i32,
    calls: Vec<Call>,
    high: Vec<bool>,
    timeouts_seen: u32,
    timeouts_judged: u32,
    would_trip: u64,
}

struct Call {
    at: Instant,
    failed: bool,
    slow: bool,
}

pub(super) enum At {
    Closed,
    Open { until: Instant, probes: u32 },
    HalfOpen { probes: u32, out: u32, heard: Vec<bool>, quiet_since: Instant },
    Mode(StateName),
}

impl Model {
    pub(super) fn new(config: Config, now: Instant) -> Self {
        Self {
            config,
            origin: now,
            at: At::Closed,
            era: 0,
            since: now,
            trips: 0,
            calls: Vec::new(),
            high: Vec::new(),
            timeouts_seen: 0,
            timeouts_judged: 0,
            would_trip: 0,
        }
    }

    pub(super) fn name(&self) -> StateName {
        match &self.at {
            At::Closed => StateName::Closed,
            At::Open { .. } => StateName::Open,
            At::HalfOpen { .. } => StateName::HalfOpen,
            At::Mode(name) => *name,
        }
    }

    pub(super) fn out(&self) -> u32 {
        if let At::HalfOpen { out, .. } = &self.at { *out } else { 0 }
    }

    /// Whether somebody who asks is let through.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        self.pass(now);
        match &mut self.at {
            At::Open { .. } | At::Mode(StateName::ForcedOpen) => false,
            At::Closed | At::Mode(_) => true,
            At::HalfOpen { probes, out, heard, quiet_since } => {
                let free = *out + u32::try_from(heard.len()).unwrap() < *probes;
                if free && *out == 0 {
                    *quiet_since = now;
                }
                *out += u32::from(free);
                free
            }
        }
    }

    /// What time alone does.
    pub(super) fn pass(&mut self, now: Instant) {
        match &self.at {
            At::Open { until, probes } if now >= *until => self.begin_round(*probes, now),
            At::HalfOpen { probes, out, heard, quiet_since }
                if now >= *quiet_since + self.config.probing.patience =>
            {
                match (*out, heard.len()) {
                    (0, 0) => {}
                    (0, _) => self.begin_round(*probes, now),
                    _ => self.open(now),
                }
            }
            At::Open { .. } | At::HalfOpen { .. } | At::Closed | At::Mode(_) => {}
        }
    }

    pub(super) fn end(&mut self, era: u64, outcome: Outcome, now: Instant) {
        let slow_after = self.config.rates.and_then(|rates| rates.slow).map(|slow| slow.after);
        let is_slow = |took| slow_after.is_some_and(|after| took >= after);
        let (failed, took) = match outcome {
            _ if era != self.era => return,
            Outcome::Succeeded { took } => (false, took),
            Outcome::Failed { took, .. } => (true, took),
            Outcome::Ignored | Outcome::Returned => return self.give_back(None, now),
        };
        let pause = match outcome {
            Outcome::Failed { kind: FailureKind::Throttled { retry_after }, .. } => {
                Some(retry_after.unwrap_or(self.config.opening.time))
            }
            Outcome::Failed { .. } | Outcome::Succeeded { .. } => None,
            Outcome::Ignored | Outcome::Returned => None,
        };
        let name = self.name();
        if let (Some(pause), StateName::Closed | StateName::HalfOpen) = (pause, name) {
            let pause = pause.clamp(Duration::from_secs(1), self.config.opening.asked_max);
            return self.enter(At::Open { until: now + pause, probes: 1 }, now);
        }
        if name == StateName::HalfOpen {
            return self.give_back(Some(!failed && !is_slow(took)), now);
        }
        if name != StateName::Disabled {
            self.calls.push(Call { at: now, failed, slow: is_slow(took) });
            self.weigh(pause.is_some() || self.calls_trip(now), now);
        }
    }

    pub(super) fn sample(&mut self, active: u32, timeouts: u32, now: Instant) {
        self.timeouts_seen = timeouts;
        if timeouts < self.timeouts_judged {
            self.timeouts_judged = 0;
        }
        let Some(rule) = self.config.pool else { return };
        self.high.push(f64::from(active) / 60.0 >= rule.utilisation);
        let row = self.high.iter().rev().take_while(|high| **high).count();
        let timeouts = timeouts - self.timeouts_judged;
        let trips = row >= usize::try_from(rule.samples).unwrap();
        self.weigh(trips || timeouts >= rule.acquire_timeouts, now);
    }

    pub(super) fn command(&mut self, command: Command, now: Instant) {
        self.trips = 0;
        let at = match command {
            Command::ForceOpen => At::Mode(StateName::ForcedOpen),
            Command::ForceClosed => At::Mode(StateName::ForcedClosed),
            Command::Disable => At::Mode(StateName::Disabled),
            Command::MetricsOnly => At::Mode(StateName::MetricsOnly),
            Command::Reset => At::Closed,
        };
        self.enter(at, now);
    }

    pub(super) fn tally(&self, now: Instant) -> Tally {
        let Some(rates) = self.config.rates else { return Tally::default() };
        let part = |at: Instant, span: Duration| {
            at.duration_since(self.origin).as_nanos() / (span.as_nanos() / 10)
        };
        let recent: Vec<_> = match rates.window {
            Span::Calls(size) => self.calls.iter().rev().take(size.try_into().unwrap()).collect(),
            Span::Time(span) => {
                let counts = |call: &&Call| part(call.at, span) + 10 > part(now, span);
                self.calls.iter().filter(counts).collect()
            }
        };
        let count =
            |of: fn(&&&Call) -> bool| u32::try_from(recent.iter().filter(of).count()).unwrap();
        Tally {
            calls: count(|_| true),
            failed: count(|call| call.failed),
            slow: count(|call| call.slow),
        }
    }

    pub(super) fn would_trip(&self) -> u64 {
        self.would_trip
    }

    fn calls_trip(&self, now: Instant) -> bool {
        let row = self.calls.iter().rev().take_while(|call| call.failed).count();
        let bound = self.config.consecutive_failures;
        if bound.is_some_and(|bound| row >= usize::try_from(bound).unwrap()) {
            return true;
        }
        let Some(rates) = self.config.rates else { return false };
        let Tally { calls, failed, slow } = self.tally(now);
        let reaches = |part: u32, rate: f64| f64::from(part) / f64::from(calls) >= rate;
        calls >= rates.calls_min
            && (rates.failure_rate.is_some_and(|rate| reaches(failed, rate))
                || rates.slow.is_some_and(|rule| reaches(slow, rule.rate)))
    }

    fn weigh(&mut self, trips: bool, now: Instant) {
        if !trips {
            return;
        }
        if self.name() == StateName::Closed {
            self.open(now);
        } else if self.name() == StateName::MetricsOnly {
            self.would_trip += 1;
            self.forget();
        }
    }

    fn give_back(&mut self, verdict: Option<bool>, now: Instant) {
        let needed_of = |probes: u32| self.config.probing.needed.min(probes);
        let At::HalfOpen { probes, out, heard, quiet_since } = &mut self.at else { return };
        *out -= 1;
        *quiet_since = now;
        heard.extend(verdict);
        let needed = usize::try_from(needed_of(*probes)).unwrap();
        let good = heard.iter().filter(|good| **good).count();
        let bad = heard.len() - good;
        let probes = usize::try_from(*probes).unwrap();
        if good >= needed {
            self.enter(At::Closed, now);
        } else if bad + needed > probes {
            self.open(now);
        }
    }

    fn begin_round(&mut self, probes: u32, now: Instant) {
        self.enter(At::HalfOpen { probes, out: 0, heard: Vec::new(), quiet_since: now }, now);
    }

    /// Opens for the least time that is allowed; jitter is told to us by [`Model::learn`].
    fn open(&mut self, now: Instant) {
        let opening = self.config.opening;
        if matches!(self.at, At::Closed) && now - self.since >= opening.calm_after {
            self.trips = 0;
        }
        self.trips += 1;
        let grown = opening.time.as_secs_f64() * opening.growth.powi(self.trips - 1);
        let time = Duration::from_secs_f64(grown.min(opening.time_max.as_secs_f64()));
        let probes = self.config.probing.probes;
        self.enter(At::Open { until: now + time, probes }, now);
    }

    /// Takes over how long the breaker really opens, if that is within the jitter.
    pub(super) fn learn(&mut self, real: Option<Instant>) -> bool {
        let (since, jitter) = (self.since, self.config.opening.jitter);
        let (At::Open { until, .. }, Some(real)) = (&mut self.at, real) else { return true };
        let (least, real_time) = ((*until - since).as_secs_f64(), (real - since).as_secs_f64());
        *until = real;
        real_time >= least - 1e-6 && real_time <= least * (1.0 + jitter) + 1e-6
    }

    fn enter(&mut self, at: At, now: Instant) {
        self.at = at;
        self.since = now;
        self.era += 1;
        self.forget();
    }

    fn forget(&mut self) {
        self.calls.clear();
        self.high.clear();
        self.timeouts_judged = self.timeouts_seen;
    }
}

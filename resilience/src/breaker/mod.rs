//! The rule of a circuit breaker: when to stop calling somebody who is not well, and when to
//! begin again.
//!
//! A closed breaker grants every call and judges by what became of them, or by samples of the
//! connection pool. An open one refuses until its time is over. A half-open one lets exactly so
//! many probes through and judges by them. Above them stand the modes that an operator orders,
//! which no timer and no outcome ends.
//!
//! Every change raises the generation. A [`Ticket`] or a timer of an earlier one changes nothing.
//!
//! It is never stuck. Time alone leads out of an opening, whoever asks or ticks first. A probe
//! that comes back without a verdict goes out again. When a half-open breaker hears nothing for
//! its patience, it depends on whether probes are out: if so, calls hang, which is a failure, and
//! it opens again (one more round of probes beside them would exceed the cap); if not, nobody
//! came, and what it heard before is too old to be added to, so that it begins a fresh round
//! (to open would refuse the next caller for nothing).

mod config;
mod evidence;
mod picture;
mod state;
#[cfg(test)]
mod tests;
mod window;
mod words;

use std::time::{Duration, Instant};

pub use self::config::{Config, ConfigFault, Opening, PoolRule, Probing, Rates, Rules, Slow, Span};
use self::evidence::Evidence;
pub use self::picture::{Picture, Totals};
pub use self::state::{Door, Glance, Ticket, Verdict};
use self::state::{Round, State};
pub use self::window::Tally;
pub use self::words::{Change, Command, FailureKind, Outcome, Reason, StateName};

/// A shorter pause than this, asked for by the other side, would let the probes spin.
const ASKED_MIN: Duration = Duration::from_secs(1);

/// The answer to somebody who asks, and what the question itself set in motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    pub verdict: Verdict,
    pub change: Option<Change>,
}

#[derive(Clone, Debug)]
pub struct Breaker {
    rules: Rules,
    state: State,
    since: Instant,
    generation: u64,
    trips: u32,
    evidence: Evidence,
    totals: Totals,
    last_change: Option<Change>,
    jitter: fastrand::Rng,
}

impl Breaker {
    /// Begins closed. The `seed` decides the jitter.
    #[must_use]
    pub fn new(rules: Rules, now: Instant, seed: u64) -> Self {
        Self {
            rules,
            state: State::Closed,
            since: now,
            generation: 1,
            trips: 0,
            evidence: Evidence::new(rules.config(), now),
            totals: Totals::default(),
            last_change: None,
            jitter: fastrand::Rng::with_seed(seed),
        }
    }

    /// Somebody wants to make a call.
    pub fn ask(&mut self, now: Instant) -> Asked {
        let change = self.advance(now);
        let verdict = match self.door().glance(now) {
            Glance::Pass { ticket, .. } => Verdict::Granted(ticket),
            Glance::Refused { wait } => Verdict::Refused { wait },
            Glance::Ask => self.take_probe(now),
        };
        if matches!(verdict, Verdict::Refused { .. }) {
            self.totals.refused += 1;
        }
        Asked { verdict, change }
    }

    /// A permitted call has ended.
    pub fn record(&mut self, ticket: Ticket, outcome: Outcome, now: Instant) -> Option<Change> {
        if ticket.generation != self.generation {
            // A call that was permitted before the last change: that change has judged it.
            self.totals.stale += 1;
            return None;
        }
        self.totals.count(&outcome);
        match self.state {
            State::Closed => self.note(outcome, now).map(|reason| self.trip(reason, now)),
            State::MetricsOnly => {
                self.note(outcome, now).map(|reason| self.would_trip(reason, now))
            }
            State::ForcedClosed => {
                self.note(outcome, now);
                None
            }
            State::HalfOpen(round) => self.judge(round, outcome, now),
            // Counts nothing.
            State::Disabled => None,
            // They grant nothing, so nobody holds their ticket.
            State::Open { .. } | State::ForcedOpen => None,
        }
    }

    /// The connection pool was looked at: `utilisation` is from 0 to 1.
    pub fn sample(
        &mut self,
        utilisation: f64,
        acquire_timeouts_in_a_row: u32,
        now: Instant,
    ) -> Option<Change> {
        let timeouts = acquire_timeouts_in_a_row;
        let reason = self.evidence.weigh(self.rules.config(), utilisation, timeouts);
        match self.state {
            State::Closed => reason.map(|reason| self.trip(reason, now)),
            State::MetricsOnly => reason.map(|reason| self.would_trip(reason, now)),
            // A half-open breaker is judged by its probes: they are what the sample guesses at.
            State::HalfOpen(_) | State::Open { .. } => None,
            State::ForcedOpen | State::ForcedClosed | State::Disabled => None,
        }
    }

    /// A timer has run out that was set for this generation.
    pub fn tick(&mut self, generation: u64, now: Instant) -> Option<Change> {
        // A timer of an earlier generation belongs to a state that has been left.
        if generation == self.generation { self.advance(now) } else { None }
    }

    /// An operator decides.
    pub fn command(&mut self, command: Command, now: Instant) -> Change {
        let state = match command {
            Command::ForceOpen => State::ForcedOpen,
            Command::ForceClosed => State::ForcedClosed,
            Command::Disable => State::Disabled,
            Command::MetricsOnly => State::MetricsOnly,
            Command::Reset => State::Closed,
        };
        self.trips = 0;
        self.enter(state, Reason::Operator(command), now)
    }

    /// Begins again, closed; only the generation and the totals go on.
    pub fn restart(&mut self, now: Instant) -> Change {
        self.trips = 0;
        self.enter(State::Closed, Reason::Restarted, now)
    }

    /// When [`Breaker::tick`] is to be called. It only moves later while the generation stands.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        match &self.state {
            State::Open { until, .. } => Some(*until),
            State::HalfOpen(round) => round.ends(),
            State::Closed | State::ForcedOpen | State::ForcedClosed => None,
            State::Disabled | State::MetricsOnly => None,
        }
    }

    /// What can be known without asking.
    #[must_use]
    pub fn door(&self) -> Door {
        let ticket = Ticket { generation: self.generation };
        match &self.state {
            State::Closed | State::ForcedClosed | State::MetricsOnly => {
                Door::Wide { ticket, heard: self.rules.hear_calls() }
            }
            State::Disabled => Door::Wide { ticket, heard: false },
            State::Open { until, .. } => {
                Door::Shut { until: Some(*until), wait_max: Duration::MAX }
            }
            State::HalfOpen(round) => Door::of_round(round),
            State::ForcedOpen => {
                Door::Shut { until: None, wait_max: self.rules.config().opening.time }
            }
        }
    }

    #[must_use]
    pub fn state(&self) -> StateName {
        self.state.name()
    }

    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    fn take_probe(&mut self, now: Instant) -> Verdict {
        if let State::HalfOpen(round) = &mut self.state {
            round.take(now);
        }
        Verdict::Granted(Ticket { generation: self.generation })
    }

    /// What time alone changes.
    fn advance(&mut self, now: Instant) -> Option<Change> {
        match self.state {
            State::Open { until, probes } if now >= until => {
                Some(self.probe(probes, Reason::CooledDown, now))
            }
            State::HalfOpen(round) if round.ends().is_some_and(|end| now >= end) => {
                Some(if round.out > 0 {
                    self.trip(Reason::ProbesSilent { out: round.out }, now)
                } else {
                    self.probe(round.probes, Reason::VerdictTooOld, now)
                })
            }
            State::Open { .. } | State::HalfOpen(_) | State::Closed => None,
            State::ForcedOpen | State::ForcedClosed | State::Disabled | State::MetricsOnly => None,
        }
    }

    /// Writes a call down, and says which rule it broke.
    fn note(&mut self, outcome: Outcome, now: Instant) -> Option<Reason> {
        self.evidence.note(self.rules.config(), outcome, now)
    }

    /// A probe has ended.
    fn judge(&mut self, mut round: Round, outcome: Outcome, now: Instant) -> Option<Change> {
        round.give_back(now);
        match outcome {
            Outcome::Ignored | Outcome::Returned => {}
            Outcome::Failed { kind: FailureKind::Throttled { retry_after }, .. } => {
                let reason = self.rules.config().pause(retry_after);
                return Some(self.trip(reason, now));
            }
            // A slow dependency would trip the closed breaker again.
            Outcome::Succeeded { took } if self.rules.config().is_slow(took) => round.failed += 1,
            Outcome::Failed { .. } => round.failed += 1,
            Outcome::Succeeded { .. } => round.succeeded += 1,
        }
        if round.has_succeeded() {
            let count = round.succeeded;
            return Some(self.enter(State::Closed, Reason::ProbesSucceeded { count }, now));
        }
        if round.has_failed() {
            return Some(self.trip(Reason::ProbesFailed { count: round.failed }, now));
        }
        self.state = State::HalfOpen(round);
        None
    }

    /// Opens. Whoever asked for a pause is then asked by one call alone whether it was enough.
    fn trip(&mut self, reason: Reason, now: Instant) -> Change {
        let Config { opening, probing, .. } = *self.rules.config();
        let (time, probes) = if let Reason::AskedToWait { wait } = reason {
            (wait, 1)
        } else {
            self.count_trip(now);
            (opening.grown(self.trips), probing.probes)
        };
        let until = now + time + time.mul_f64(opening.jitter * self.jitter.f64());
        self.enter(State::Open { until, probes }, reason, now)
    }

    fn count_trip(&mut self, now: Instant) {
        let calm_after = self.rules.config().opening.calm_after;
        let closed_for = now.saturating_duration_since(self.since);
        if self.state == State::Closed && closed_for >= calm_after {
            self.trips = 0;
        }
        self.trips = self.trips.saturating_add(1);
    }

    /// Says that it would have opened, and gathers new evidence as if it had.
    fn would_trip(&mut self, reason: Reason, now: Instant) -> Change {
        self.totals.would_trip += 1;
        self.evidence.forget();
        let lasted = now.saturating_duration_since(self.since);
        let (from, to) = (self.state(), self.state());
        let change =
            Change { from, to, reason, generation: self.generation, lasted, open_for: None };
        self.last_change = Some(change);
        change
    }

    fn probe(&mut self, probes: u32, reason: Reason, now: Instant) -> Change {
        let Probing { needed, patience, .. } = self.rules.config().probing;
        let round = Round {
            probes,
            needed: needed.min(probes),
            patience,
            out: 0,
            succeeded: 0,
            failed: 0,
            quiet_since: now,
        };
        self.enter(State::HalfOpen(round), reason, now)
    }

    /// The one place where the state changes.
    fn enter(&mut self, state: State, reason: Reason, now: Instant) -> Change {
        let (from, lasted) = (self.state(), now.saturating_duration_since(self.since));
        self.state = state;
        self.since = now;
        self.generation += 1;
        self.evidence.forget();
        let open_for = match state {
            State::Open { until, .. } => {
                self.totals.trips += 1;
                Some(until.saturating_duration_since(now))
            }
            State::HalfOpen(_) | State::Closed | State::ForcedOpen => None,
            State::ForcedClosed | State::Disabled | State::MetricsOnly => None,
        };
        let (to, generation) = (self.state(), self.generation);
        let change = Change { from, to, reason, generation, lasted, open_for };
        self.last_change = Some(change);
        change
    }
}

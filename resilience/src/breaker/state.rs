//! Where a breaker stands, and what can be read from it.

use std::time::{Duration, Instant};

use super::words::StateName;

/// How long somebody waits whom a half-open breaker has no probe for: a probe is usually back by
/// then.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// Where a breaker stands, with what only that state needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Closed,
    /// Refuses until a time; `probes` is how many are let through after it.
    Open {
        until: Instant,
        probes: u32,
    },
    HalfOpen(Round),
    ForcedOpen,
    ForcedClosed,
    Disabled,
    MetricsOnly,
}

/// One round of probing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) probes: u32,
    pub(super) needed: u32,
    pub(super) patience: Duration,
    pub(super) out: u32,
    pub(super) succeeded: u32,
    pub(super) failed: u32,
    /// When a probe last came back, or the first one went out.
    pub(super) quiet_since: Instant,
}

impl State {
    pub(super) const fn name(&self) -> StateName {
        match self {
            Self::Closed => StateName::Closed,
            Self::Open { .. } => StateName::Open,
            Self::HalfOpen(_) => StateName::HalfOpen,
            Self::ForcedOpen => StateName::ForcedOpen,
            Self::ForcedClosed => StateName::ForcedClosed,
            Self::Disabled => StateName::Disabled,
            Self::MetricsOnly => StateName::MetricsOnly,
        }
    }
}

impl Round {
    /// Probes that may still go out. What came back without a verdict may go again.
    pub(super) const fn left(&self) -> u32 {
        self.probes.saturating_sub(self.out + self.succeeded + self.failed)
    }

    pub(super) fn take(&mut self, now: Instant) {
        if self.out == 0 {
            self.quiet_since = now;
        }
        self.out += 1;
        debug_assert!(self.out + self.succeeded + self.failed <= self.probes, "the cap holds");
    }

    pub(super) fn give_back(&mut self, now: Instant) {
        debug_assert!(self.out > 0, "a probe comes back once");
        self.out = self.out.saturating_sub(1);
        self.quiet_since = now;
    }

    /// When this round ends by itself. A round that nobody has used yet can wait for ever: the
    /// next caller is its probe.
    pub(super) fn ends(&self) -> Option<Instant> {
        let used = self.out + self.succeeded + self.failed > 0;
        used.then(|| self.quiet_since + self.patience)
    }

    pub(super) const fn has_succeeded(&self) -> bool {
        self.succeeded >= self.needed
    }

    pub(super) const fn has_failed(&self) -> bool {
        self.failed > self.probes - self.needed
    }
}

/// Leave to make one call. It is worth what its generation is worth: after the breaker has
/// changed, its outcome changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub(super) generation: u64,
}

/// What somebody hears who asks to make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Granted(Ticket),
    /// Not before `wait` has passed.
    Refused {
        wait: Duration,
    },
}

/// What can be read from outside, without asking: right until the breaker changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Whoever comes may pass. Nobody waits for the outcome if it is not `heard`.
    Wide { ticket: Ticket, heard: bool },
    /// The breaker itself must be asked.
    Narrow,
    /// Nobody passes until then, nor without an end. `wait_max` is what a caller is told at most.
    Shut { until: Option<Instant>, wait_max: Duration },
}

/// What a door looks like at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glance {
    Pass { ticket: Ticket, heard: bool },
    Ask,
    Refused { wait: Duration },
}

impl Door {
    #[must_use]
    pub fn glance(&self, now: Instant) -> Glance {
        match *self {
            Self::Wide { ticket, heard } => Glance::Pass { ticket, heard },
            Self::Narrow => Glance::Ask,
            Self::Shut { until: None, wait_max } => Glance::Refused { wait: wait_max },
            Self::Shut { until: Some(until), .. } if now >= until => Glance::Ask,
            Self::Shut { until: Some(until), wait_max } => {
                Glance::Refused { wait: until.saturating_duration_since(now).min(wait_max) }
            }
        }
    }

    pub(super) fn of_round(round: &Round) -> Self {
        if round.left() > 0 {
            return Self::Narrow;
        }
        Self::Shut { until: round.ends(), wait_max: PROBE_WAIT.min(round.patience) }
    }
}

//! The words of the breaker: what goes in and what comes out.

use std::fmt;
use std::time::Duration;

/// Where a breaker stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateName {
    Closed,
    Open,
    HalfOpen,
    ForcedOpen,
    ForcedClosed,
    Disabled,
    MetricsOnly,
}

impl StateName {
    pub const ALL: [Self; 7] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::ForcedOpen,
        Self::ForcedClosed,
        Self::Disabled,
        Self::MetricsOnly,
    ];

    /// One word for a label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }
}

/// What became of a permitted call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded {
        took: Duration,
    },
    Failed {
        kind: FailureKind,
        took: Duration,
    },
    /// The call says nothing about the other side: the caller's own mistake or its own
    /// cancellation, or it was never made.
    Ignored,
    /// The permit came back without a word.
    Returned,
}

/// How a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Could not connect, or the connection broke.
    Unreachable,
    TimedOut,
    /// The other side answered that it failed, or what nobody can read.
    Faulty,
    /// No place in the pool became free in time.
    Exhausted,
    /// The other side asked for a pause: 429, or 503 with `Retry-After`.
    Throttled {
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    /// One word for a label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { kind, .. } => kind.label(),
            Self::Ignored => "ignored",
            Self::Returned => "returned",
        }
    }
}

impl FailureKind {
    /// One word for a label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Faulty => "faulty",
            Self::Exhausted => "exhausted",
            Self::Throttled { .. } => "throttled",
        }
    }
}

/// What an operator may order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Refuse everything until told otherwise.
    ForceOpen,
    /// Let everything through until told otherwise, and go on counting.
    ForceClosed,
    /// Let everything through and count nothing.
    Disable,
    /// Let everything through, and say when it would have opened.
    MetricsOnly,
    /// Back to closed, with nothing remembered.
    Reset,
}

impl Command {
    pub const ALL: [Self; 5] =
        [Self::ForceOpen, Self::ForceClosed, Self::Disable, Self::MetricsOnly, Self::Reset];

    /// One word for a label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ForceOpen => "force_open",
            Self::ForceClosed => "force_closed",
            Self::Disable => "disable",
            Self::MetricsOnly => "metrics_only",
            Self::Reset => "reset",
        }
    }
}

/// The breaker changed. From [`StateName::MetricsOnly`] to itself: it would have opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    pub from: StateName,
    pub to: StateName,
    pub reason: Reason,
    pub generation: u64,
    /// How long it had been as it was before.
    pub lasted: Duration,
    /// How long it stays open, if it opened.
    pub open_for: Option<Duration>,
}

/// Why a breaker changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    ConsecutiveFailures { count: u32 },
    FailureRate { failed: u32, calls: u32 },
    SlowRate { slow: u32, calls: u32 },
    Utilisation { samples: u32, ratio: f64 },
    AcquireTimeouts { count: u32 },
    AskedToWait { wait: Duration },
    CooledDown,
    ProbesSucceeded { count: u32 },
    ProbesFailed { count: u32 },
    ProbesSilent { out: u32 },
    VerdictTooOld,
    Operator(Command),
    Restarted,
}

impl Reason {
    /// One word for a label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::ConsecutiveFailures { .. } => "consecutive_failures",
            Self::FailureRate { .. } => "failure_rate",
            Self::SlowRate { .. } => "slow_rate",
            Self::Utilisation { .. } => "utilisation",
            Self::AcquireTimeouts { .. } => "acquire_timeouts",
            Self::AskedToWait { .. } => "asked_to_wait",
            Self::CooledDown => "cooled_down",
            Self::ProbesSucceeded { .. } => "probes_succeeded",
            Self::ProbesFailed { .. } => "probes_failed",
            Self::ProbesSilent { .. } => "probes_silent",
            Self::VerdictTooOld => "verdict_too_old",
            Self::Operator(_) => "operator",
            Self::Restarted => "restarted",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConsecutiveFailures { count } => write!(out, "{count} calls in a row failed"),
            Self::FailureRate { failed, calls } => write!(out, "{failed} of {calls} calls failed"),
            Self::SlowRate { slow, calls } => write!(out, "{slow} of {calls} calls were slow"),
            Self::Utilisation { samples, ratio } => {
                write!(out, "{samples} samples in a row were high, the last at {ratio:.2}")
            }
            Self::AcquireTimeouts { count } => {
                write!(out, "{count} waits for a connection in a row ran out")
            }
            Self::AskedToWait { wait } => {
                write!(out, "the other side asked for a pause of {wait:?}")
            }
            Self::CooledDown => out.write_str("the opening is over"),
            Self::ProbesSucceeded { count } => write!(out, "{count} probes succeeded"),
            Self::ProbesFailed { count } => write!(out, "{count} probes failed or were slow"),
            Self::ProbesSilent { out: silent } => write!(out, "{silent} probes were not heard of"),
            Self::VerdictTooOld => out.write_str("the round was too old to be finished"),
            Self::Operator(command) => write!(out, "an operator ordered {}", command.label()),
            Self::Restarted => out.write_str("the breaker was restarted"),
        }
    }
}

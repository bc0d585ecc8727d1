//! The last changes of a breaker, each of them one line in the log.

use std::collections::VecDeque;

use resilience::breaker::{Change, Reason, StateName};

use super::message::BreakerChanged;

/// Changes that are remembered.
const EVENTS_MAX: usize = 100;

#[derive(Default)]
pub(super) struct Events {
    ring: VecDeque<BreakerChanged>,
    /// The last one that speaks against what is protected.
    last_error: Option<Reason>,
}

impl Events {
    pub(super) fn add(&mut self, event: BreakerChanged) {
        log_change(&event);
        if accuses(&event.change.reason) {
            self.last_error = Some(event.change.reason);
        }
        if self.ring.len() >= EVENTS_MAX {
            self.ring.pop_front();
        }
        self.ring.push_back(event);
    }

    /// Oldest first.
    pub(super) fn all(&self) -> Vec<BreakerChanged> {
        self.ring.iter().cloned().collect()
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.last_error.map(|reason| reason.to_string())
    }
}

/// Whether a reason speaks against what is protected.
fn accuses(reason: &Reason) -> bool {
    match reason {
        Reason::ConsecutiveFailures { .. }
        | Reason::FailureRate { .. }
        | Reason::SlowRate { .. }
        | Reason::Utilisation { .. }
        | Reason::AcquireTimeouts { .. }
        | Reason::AskedToWait { .. }
        | Reason::ProbesFailed { .. }
        | Reason::ProbesSilent { .. } => true,
        Reason::CooledDown | Reason::ProbesSucceeded { .. } | Reason::VerdictTooOld => false,
        Reason::Operator(_) | Reason::Restarted => false,
    }
}

fn log_change(event: &BreakerChanged) {
    let Change { from, to, reason, open_for, .. } = event.change;
    let breaker = event.breaker.name();
    let open_ms = open_for.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let note = event.note.as_deref();
    let text = if from == to && to == StateName::MetricsOnly {
        "breaker would have opened"
    } else {
        "breaker changed"
    };
    let level = if accuses(&reason) { log::Level::Warn } else { log::Level::Info };
    let (from, to) = (from.label(), to.label());
    log::log!(level, breaker, from, to, reason:% = reason, open_ms, note; "{text}");
}

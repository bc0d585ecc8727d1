//! What to do after a call that failed: try again, and when, or stop trying.

use std::time::Duration;

use resilience::backoff::Backoff;
use resilience::budget::Budget;

use super::class::{Class, Verdict};

/// A caller waits no longer than this at one time: the queue can.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// How often, and how far apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Again {
        wait: Duration,
    },
    /// Not now: somebody else may try it after `wait`.
    Stop {
        reason: QueueReason,
        wait: Duration,
    },
}

/// Why orders are in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueReason {
    /// The service is not well, so nothing was sent.
    Unhealthy,
    /// The service's breaker is open, or the client's own.
    BreakerOpen,
    RetriesExhausted,
    /// The service cannot be reached.
    Connection,
}

impl Patience {
    /// After `attempts` calls have failed (1 is the first), the last one as the verdict says.
    pub(crate) fn next(
        &self,
        attempts: u32,
        verdict: Verdict,
        budget: &mut Budget,
        chance: f64,
    ) -> Next {
        let wait = self.backoff.wait(attempts, chance, verdict.wait);
        if attempts < self.attempts && wait <= WAIT_MAX && budget.spend() {
            Next::Again { wait }
        } else {
            Next::Stop { reason: QueueReason::after(verdict.class), wait }
        }
    }
}

impl QueueReason {
    const fn after(class: Class) -> Self {
        match class {
            Class::BreakerOpen => Self::BreakerOpen,
            Class::Unreachable | Class::Silent => Self::Connection,
            Class::Unavailable | Class::RateLimited | Class::Impatient => Self::RetriesExhausted,
            Class::ServerError | Class::Taken => Self::RetriesExhausted,
            Class::Invalid | Class::Refused => Self::RetriesExhausted,
        }
    }

    /// One word for a column and a label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unhealthy => "unhealthy",
            Self::BreakerOpen => "breaker_open",
            Self::RetriesExhausted => "retries_exhausted",
            Self::Connection => "connection",
        }
    }
}

#[cfg(test)]
mod tests {
    use resilience::backoff::Jitter;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn patience(attempts: u32, jitter: Jitter) -> Patience {
        let backoff = Backoff { base: SECOND, cap: Duration::from_secs(30), jitter };
        Patience { attempts, backoff }
    }

    fn failed(class: Class, wait: Option<u64>) -> Verdict {
        Verdict { class, wait: wait.map(Duration::from_secs) }
    }

    /// What is done after each failure, in milliseconds, until it stops.
    fn waits(patience: &Patience, verdict: Verdict, budget: &mut Budget, chance: f64) -> Vec<u128> {
        let mut waits = Vec::new();
        for attempts in 1.. {
            match patience.next(attempts, verdict, budget, chance) {
                Next::Again { wait } => waits.push(wait.as_millis()),
                Next::Stop { .. } => break,
            }
        }
        waits
    }

    #[test]
    fn three_attempts_have_two_waits_between_them() {
        let timed_out = failed(Class::Silent, None);
        let mut budget = Budget::new(0.1, 10);
        let half = patience(3, Jitter::Half);

        assert_eq!(waits(&half, timed_out, &mut budget, 0.0), [500, 1000]);
        assert_eq!(waits(&half, timed_out, &mut budget, 1.0), [1000, 2000]);
    }

    #[test]
    fn the_waits_double_up_to_the_cap() {
        let mut budget = Budget::new(0.1, 10);
        let on_top = patience(9, Jitter::OnTop);

        let waits = waits(&on_top, failed(Class::ServerError, None), &mut budget, 0.0);

        assert_eq!(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn what_the_service_asks_for_is_waited_for_if_it_is_longer() {
        let mut budget = Budget::new(0.1, 10);
        let on_top = patience(3, Jitter::OnTop);

        let asked = |seconds| failed(Class::Unavailable, Some(seconds));

        assert_eq!(waits(&on_top, asked(15), &mut budget, 0.0), [15_000, 15_000]);
        assert_eq!(waits(&on_top, asked(1), &mut budget, 0.0), [1000, 2000]);
    }

    #[test]
    fn nobody_is_kept_waiting_for_minutes() {
        let mut budget = Budget::new(0.1, 10);
        let verdict = failed(Class::BreakerOpen, Some(3600));

        let next = patience(3, Jitter::Half).next(1, verdict, &mut budget, 0.5);

        let wait = Duration::from_hours(1);
        assert_eq!(next, Next::Stop { reason: QueueReason::BreakerOpen, wait });
        assert!(budget.spend(), "what was not repeated was not paid for");
    }

    #[test]
    fn nothing_is_repeated_that_the_budget_does_not_pay_for() {
        let mut budget = Budget::new(0.1, 1);
        let half = patience(5, Jitter::Half);

        let waits = waits(&half, failed(Class::ServerError, None), &mut budget, 1.0);

        assert_eq!(waits, [1000]);
    }

    #[test]
    fn the_last_failure_is_the_reason_to_stop() {
        let table = [
            (Class::BreakerOpen, QueueReason::BreakerOpen),
            (Class::Unavailable, QueueReason::RetriesExhausted),
            (Class::ServerError, QueueReason::RetriesExhausted),
            (Class::Unreachable, QueueReason::Connection),
            (Class::Silent, QueueReason::Connection),
        ];
        for (class, expected) in table {
            let mut budget = Budget::new(0.1, 10);
            let next = patience(1, Jitter::Half).next(1, failed(class, None), &mut budget, 0.0);
            assert!(matches!(next, Next::Stop { reason, .. } if reason == expected), "{class:?}");
        }
    }
}

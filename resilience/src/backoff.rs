//! How long to wait before trying again.
//!
//! Exponential with jitter: callers that failed together must not come back together. What the
//! other side asked for is a lower bound, never an upper one.

use std::time::Duration;

/// What the usual jitter adds where the whole wait is kept: a tenth.
const ON_TOP: f64 = 0.1;

/// The schedule as data; the randomness is the caller's, so that a test can name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The ceiling of the first wait; each further one doubles it.
    pub base: Duration,
    /// No ceiling is higher.
    pub cap: Duration,
    pub jitter: Jitter,
}

/// How chance spreads a wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// A random share of the ceiling: spreads best, and may wait for nearly no time at all.
    Full,
    /// Half of the ceiling for certain, and a random share of the other half.
    #[default]
    Half,
    /// The ceiling, and up to a tenth more.
    OnTop,
}

impl Backoff {
    /// The highest wait after `attempts` failures (1 is the first), before what [`Jitter::OnTop`]
    /// adds.
    #[must_use]
    pub fn ceiling(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// The wait after `attempts` failures, spread by `chance` from 0 to 1, and no less than what
    /// the other side asked for.
    #[must_use]
    pub fn wait(&self, attempts: u32, chance: f64, asked: Option<Duration>) -> Duration {
        let chance = chance.clamp(0.0, 1.0);
        let share = match self.jitter {
            Jitter::Full => chance,
            Jitter::Half => 0.5 + 0.5 * chance,
            Jitter::OnTop => 1.0 + ON_TOP * chance,
        };
        self.ceiling(attempts).mul_f64(share).max(asked.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff =
        Backoff { base: Duration::from_secs(1), cap: Duration::from_mins(5), jitter: Jitter::Full };

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let seconds: Vec<_> = (0..=11).map(|n| BACKOFF.ceiling(n).as_secs()).collect();

        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(BACKOFF.ceiling(u32::MAX), BACKOFF.cap);
    }

    #[test]
    fn what_the_other_side_asked_for_is_the_least() {
        let asked = Some(Duration::from_secs(30));

        assert_eq!(BACKOFF.wait(1, 1.0, asked), Duration::from_secs(30));
        assert_eq!(BACKOFF.wait(7, 1.0, asked), Duration::from_secs(64));
    }

    #[test]
    fn each_jitter_spreads_a_wait_over_its_own_range() {
        let table =
            [(Jitter::Full, 0, 4000), (Jitter::Half, 2000, 4000), (Jitter::OnTop, 4000, 4400)];
        for (jitter, least, most) in table {
            let backoff = Backoff { jitter, ..BACKOFF };

            let waits = [0.0, 1.0].map(|chance| backoff.wait(3, chance, None));

            assert_eq!(waits, [least, most].map(Duration::from_millis), "{jitter:?}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_lies_under_its_ceiling(attempts in 0_u32..1000, chance in 0.0_f64..=1.0) {
            prop_assert!(BACKOFF.wait(attempts, chance, None) <= BACKOFF.ceiling(attempts));
        }
    }
}

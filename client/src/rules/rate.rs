//! How many calls a second, and when the next one may go. The service's utilisation moves the
//! rate; it is always in force.

use std::time::{Duration, Instant};

/// Above this the rate is halved.
const BUSY: f64 = 0.75;
/// Below this it grows.
const IDLE: f64 = 0.50;
const SLOWER: f64 = 0.5;
const FASTER: f64 = 1.2;
/// While there is no need to be careful, so much unused time may be used up at once.
const BURST: Duration = Duration::from_secs(1);

/// Calls per second: where to begin, and between which bounds to stay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimits {
    pub start: f64,
    pub least: f64,
    pub most: f64,
}

/// The rate, and the place of the next call in time.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    limits: RateLimits,
    per_second: f64,
    free_at: Instant,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { start: 10.0, least: 0.5, most: 20.0 }
    }
}

impl Rate {
    pub(crate) fn new(limits: RateLimits, now: Instant) -> Self {
        let per_second = limits.start.clamp(limits.least, limits.most);
        Self { limits, per_second, free_at: now }
    }

    pub(crate) const fn per_second(&self) -> f64 {
        self.per_second
    }

    /// Five seconds have passed. Without a look at the service nothing changes.
    pub(crate) fn adjust(&mut self, utilisation: Option<f64>) {
        let factor = match utilisation {
            Some(used) if used > BUSY => SLOWER,
            Some(used) if used < IDLE => FASTER,
            Some(_) | None => 1.0,
        };
        self.per_second = (self.per_second * factor).clamp(self.limits.least, self.limits.most);
    }

    /// Takes the next place, and says how long it is until then. `evenly`: without a burst.
    pub(crate) fn take(&mut self, now: Instant, evenly: bool) -> Duration {
        let burst = if evenly { Duration::ZERO } else { BURST };
        let earliest = now.checked_sub(burst).unwrap_or(now);
        let place = self.free_at.max(earliest);
        self.free_at = place + Duration::from_secs_f64(self.per_second.recip());
        place.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any moment will do: only spans matter")]
    fn some_moment() -> Instant {
        Instant::now()
    }

    fn after(steps: &[f64]) -> f64 {
        let mut rate = Rate::new(RateLimits::default(), some_moment());
        steps.iter().for_each(|utilisation| rate.adjust(Some(*utilisation)));
        rate.per_second()
    }

    #[test]
    fn the_rate_halves_when_busy_and_grows_by_a_fifth_when_idle() {
        let table: [(&[f64], f64); 6] = [
            (&[], 10.0),
            (&[0.80], 5.0),
            (&[0.75], 10.0),
            (&[0.50], 10.0),
            (&[0.40], 12.0),
            (&[0.80, 0.40], 6.0),
        ];
        for (steps, expected) in table {
            assert!((after(steps) - expected).abs() < 1e-9, "{steps:?}: {}", after(steps));
        }
    }

    #[test]
    fn the_rate_stays_within_its_bounds() {
        assert!((after(&[0.0; 20]) - 20.0).abs() < 1e-9);
        assert!((after(&[1.0; 20]) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn without_a_look_nothing_changes() {
        let mut rate = Rate::new(RateLimits::default(), some_moment());
        rate.adjust(None);
        assert!((rate.per_second() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn calls_are_spaced_by_the_rate() {
        let now = some_moment();
        let mut rate = Rate::new(RateLimits::default(), now);

        let waits: Vec<_> = (0..4).map(|_| rate.take(now, false).as_millis()).collect();

        assert_eq!(waits, [0, 100, 200, 300]);
    }

    #[test]
    fn a_quiet_second_may_be_used_up_at_once_but_not_while_throttled() {
        let start = some_moment();
        let now = start + Duration::from_mins(1);
        let at_once = |evenly| {
            let mut rate = Rate::new(RateLimits::default(), start);
            (0..30).filter(|_| rate.take(now, evenly).is_zero()).count()
        };

        assert_eq!((at_once(false), at_once(true)), (11, 1));
    }

    proptest! {
        #[test]
        fn no_second_sees_more_than_the_rate_and_its_burst(
            gaps in prop::collection::vec(0_u64..400, 1..200),
        ) {
            let mut now = some_moment();
            let mut rate = Rate::new(RateLimits::default(), now);
            let mut at = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                at.push(now + rate.take(now, false));
            }
            for (index, first) in at.iter().enumerate() {
                let second = at.iter().skip(index).take_while(|time| {
                    time.saturating_duration_since(*first) < Duration::from_secs(1)
                });
                prop_assert!(second.count() <= 21);
            }
        }
    }
}

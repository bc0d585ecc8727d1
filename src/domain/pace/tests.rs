//! Windows of half a second, one after the other.

use super::*;
use crate::ports::clock::{Clock, SystemClock};

const SECOND: Duration = Duration::from_secs(1);

struct Run {
    pace: Pace,
    now: Instant,
}

impl Run {
    fn new(at_first: f64) -> Self {
        let now = SystemClock.instant();
        Self { pace: Pace::new(at_first, now), now }
    }

    /// So many windows of half a second in each of which so many orders are decided.
    fn windows(&mut self, count: usize, orders: usize, called: bool, dry: bool) {
        for _ in 0..count {
            self.pace.decided(orders);
            if dry {
                self.pace.ran_dry();
            }
            self.now += WINDOW;
            self.pace.look(self.now, called);
        }
    }

    fn per_second(&self) -> f64 {
        self.pace.per_second(true).round()
    }
}

#[test]
fn the_estimate_follows_what_is_decided_under_pressure() {
    let mut run = Run::new(100.0);
    run.windows(2, 500, true, false);
    assert!(run.per_second() > 600.0, "up within a second: {}", run.per_second());
    run.windows(20, 500, true, false);
    assert_eq!(run.per_second(), 1000.0);
    run.windows(6, 150, true, false);
    assert!((500.0..600.0).contains(&run.per_second()), "down: {}", run.per_second());
    run.windows(60, 150, true, false);
    assert_eq!(run.per_second(), 300.0);
}

#[test]
fn a_quiet_house_loses_nothing_of_its_pace() {
    let mut run = Run::new(1000.0);
    run.windows(100, 3, true, true);
    assert_eq!(run.per_second(), 1000.0);
    run.windows(40, 1000, true, true);
    assert_eq!(run.per_second(), 2000.0, "but shows that it can do more");
}

#[test]
fn a_hang_counts_at_once_and_what_is_not_called_tells_nothing() {
    let mut run = Run::new(1000.0);
    run.windows(4, 500, true, false);
    run.windows(6, 0, true, false);
    assert!(run.per_second() < 400.0, "three seconds of nothing: {}", run.per_second());
    assert_eq!(run.pace.per_second(false), 1000.0, "the last good one");
    run.windows(100, 0, false, false);
    assert!(run.per_second() > 300.0, "a closed door is no slow service");
}

#[test]
fn time_is_told_for_whatever_there_is() {
    let pace = Run::new(50.0).pace;
    assert_eq!(pace.time_for(0, true), Duration::ZERO);
    assert_eq!(pace.time_for(100, true), 2 * SECOND);
    assert!(pace.time_for(u64::MAX, true) > 1000 * SECOND);
    assert_eq!(Run::new(0.0).pace.per_second(true), LEAST);
}

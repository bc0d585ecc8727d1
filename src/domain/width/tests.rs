//! Services that queue, slow down, fail and recover.

use proptest::prelude::*;

use super::*;
use crate::ports::clock::{Clock, SystemClock};

struct Run {
    width: Width,
    now: Instant,
}

impl Run {
    fn new() -> Self {
        let now = SystemClock.instant();
        Self { width: Width::new(now), now }
    }

    /// All children call for so many seconds, each answered after `took`.
    fn answers(&mut self, seconds: f64, took: impl Fn(usize) -> f64) {
        let mut left = seconds;
        while left > 0.0 {
            let children = self.width.children();
            let took = Duration::from_secs_f64(took(children));
            let step = took / u32::try_from(children).unwrap();
            self.now += step;
            left -= step.as_secs_f64();
            self.width.answered(took, children, self.now);
        }
    }
}

#[test]
fn all_children_call_a_service_that_answers_as_usual() {
    let mut run = Run::new();
    run.answers(60.0, |_| 0.2);
    assert_eq!(run.width.children(), WORKERS);
    let mut quick = Run::new();
    // A millisecond or two hundred: that is noise.
    quick.answers(1.0, |_| 0.001);
    quick.answers(1.0, |_| 0.2);
    assert_eq!(quick.width.children(), WORKERS);
}

#[test]
fn a_service_that_queues_is_called_by_fewer_and_one_that_recovers_by_all() {
    // One that works off two at once: what is more waits there.
    let queues = |children: usize| 0.2 * (number(children) / 2.0).max(1.0);
    let mut run = Run::new();
    run.answers(5.0, |_| 0.2);
    run.answers(20.0, queues);
    let busy = run.width.children();
    assert!((4..=12).contains(&busy), "{busy} children");
    run.answers(20.0, |_| 0.2);
    assert_eq!(run.width.children(), WORKERS);
}

#[test]
fn a_service_that_is_slower_for_good_gets_them_back() {
    let mut run = Run::new();
    run.answers(10.0, |_| 0.2);
    run.answers(5.0, |_| 1.0);
    assert!(run.width.children() < WORKERS, "{} children", run.width.children());
    run.answers(300.0, |_| 1.0);
    assert_eq!(run.width.children(), WORKERS);
}

#[test]
fn failures_halve_and_what_fails_together_counts_once() {
    let mut run = Run::new();
    for _ in 0..15 {
        run.width.failed(run.now);
    }
    assert_eq!(run.width.children(), 10);
    for _ in 0..20 {
        run.now += FAILURE_EVERY;
        run.width.failed(run.now);
    }
    assert_eq!(run.width.children(), LEAST);
    run.answers(20.0, |_| 0.2);
    assert_eq!(run.width.children(), WORKERS);
}

#[test]
fn a_quiet_house_shows_nothing() {
    let mut run = Run::new();
    (0..3).for_each(|second| run.width.failed(run.now + FAILURE_EVERY * second));
    let before = run.width.children();
    for _ in 0..100 {
        run.now += Duration::from_secs(1);
        run.width.answered(Duration::from_millis(200), 1, run.now);
    }
    assert_eq!(run.width.children(), before);
}

proptest! {
    #[test]
    fn there_are_never_more_than_fifteen_nor_fewer_than_two(
        calls in proptest::collection::vec((0_u64..100_000, 0_usize..20, any::<bool>()), 0..200),
    ) {
        let mut run = Run::new();
        for (took, busy, fails) in calls {
            run.now += Duration::from_millis(took / 10);
            match fails {
                true => run.width.failed(run.now),
                false => run.width.answered(Duration::from_millis(took), busy, run.now),
            }
            prop_assert!((LEAST..=WORKERS).contains(&run.width.children()));
        }
    }
}

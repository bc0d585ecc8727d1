//! The windows against a list that is counted anew each time.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::window::{Mark, Window};
use super::*;

/// A call: how long after the one before, and what it was.
type Call = (u64, bool, bool);

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let pause = prop_oneof![4 => 0_u64..50, 2 => 50_u64..2_000, 1 => 2_000_u64..30_000];
    vec((pause, any::<bool>(), any::<bool>()), 1..300)
}

/// Feeds a window, and holds it after each call against those of its calls that `counts`.
fn check(
    span: Span,
    calls: &[Call],
    counts: impl Fn(usize, usize, u64, u64) -> bool,
) -> Result<(), TestCaseError> {
    let origin = some_moment();
    let mut window = Window::new(span, origin);
    let mut seen: Vec<(u64, bool, bool)> = Vec::new();
    let mut at = 0;
    for (pause, failed, slow) in calls {
        at += pause;
        let now = origin + Duration::from_millis(at);
        window.record(Mark { failed: *failed, slow: *slow }, now);
        seen.push((at, *failed, *slow));
        let inside = |(index, call): &(usize, &Call)| counts(*index, seen.len(), call.0, at);
        let inside: Vec<_> = seen.iter().enumerate().filter(inside).map(|(_, call)| call).collect();
        let count = |of: fn(&&&Call) -> bool| u32::try_from(inside.iter().filter(of).count());
        let (calls, failed) = (count(|_| true).unwrap(), count(|call| call.1).unwrap());
        let naive = Tally { calls, failed, slow: count(|call| call.2).unwrap() };
        prop_assert_eq!(window.tally(now), naive);
        prop_assert!(naive.failure_rate() >= 0.0 && naive.failure_rate() <= 1.0);
    }
    window.clear();
    prop_assert_eq!(window.tally(origin + Duration::from_millis(at)), Tally::default());
    Ok(())
}

proptest! {
    #[test]
    fn a_count_window_holds_the_last_calls(calls in calls(), size in 1_u32..40) {
        let size_as_usize = usize::try_from(size).unwrap();
        check(Span::Calls(size), &calls, |index, length, _, _| index + size_as_usize >= length)?;
    }

    #[test]
    fn a_time_window_holds_the_calls_of_its_last_ten_parts(calls in calls(), width in 1_u64..500) {
        let span = Span::Time(Duration::from_millis(width * 10));
        check(span, &calls, |_, _, at, now| at / width + 10 > now / width)?;
    }
}

#[test]
fn an_idle_time_window_empties_by_itself() {
    let origin = some_moment();
    let mut window = Window::new(Span::Time(seconds(10)), origin);
    window.record(Mark { failed: true, slow: true }, origin + seconds(25));

    assert_eq!(window.tally(origin + seconds(34)).calls, 1);
    assert_eq!(window.tally(origin + seconds(35)), Tally::default());
    assert!(window.tally(origin + seconds(1_000_000)).slow_rate().abs() < f64::EPSILON);
}

//! Beats once a second.

use super::*;
use crate::ports::clock::{Clock, SystemClock};

const SECOND: Duration = Duration::from_secs(1);

fn sent(sent: u64) -> Totals {
    Totals { sent, ..Totals::default() }
}

fn batches(within: [u64; 3], count: u64) -> Totals {
    let within = [0.1, 0.2, 1.0].into_iter().zip(within).collect();
    Totals { batches: Times { within, count }, ..Totals::default() }
}

/// A pulse that beat once a second, the last beat being the last of these.
fn pulse(totals: impl IntoIterator<Item = Totals>) -> Pulse {
    let (mut pulse, mut now) = (Pulse::default(), SystemClock.instant());
    for totals in totals {
        pulse.beat(now, totals);
        now += SECOND;
    }
    pulse
}

#[test]
fn a_rate_is_what_came_in_the_last_ten_seconds() {
    let long_ago = std::iter::repeat_n(sent(0), 30).chain([sent(5_000)]);
    let now = (1..=10).map(|second| sent(5_000 + 7 * second));

    assert_eq!(pulse(long_ago.chain(now)).rates().sent, 7.0);
}

#[test]
fn a_young_pulse_tells_the_rate_of_what_it_saw() {
    assert_eq!(pulse([]).rates(), Rates::default());
    assert_eq!(pulse([sent(900)]).rates(), Rates::default());
    assert_eq!(pulse([sent(900), sent(904)]).rates().sent, 4.0);
}

#[test]
fn two_beats_at_one_moment_are_no_infinite_rate() {
    let (mut pulse, now) = (Pulse::default(), SystemClock.instant());
    pulse.beat(now, sent(0));
    pulse.beat(now, sent(9));

    assert_eq!(pulse.rates(), Rates::default());
}

#[test]
fn times_lie_between_the_bounds_of_their_bucket() {
    let pulse = pulse([batches([0, 0, 0], 0), batches([0, 90, 100], 100)]);

    let Latency { p50, p95, p99 } = pulse.latency().unwrap();

    let near = |time: Duration, millis: u64| time.abs_diff(Duration::from_millis(millis));
    assert!(near(p50, 156) < SECOND / 1000, "{p50:?}");
    assert_eq!((p95, p99), (Duration::from_millis(600), Duration::from_millis(920)));
}

#[test]
fn times_are_those_of_the_last_minute_and_none_if_nothing_came_to_rest() {
    let quiet = std::iter::repeat_n(batches([0, 0, 9], 9), 70);
    assert_eq!(pulse([batches([0, 0, 0], 0)].into_iter().chain(quiet)).latency(), None);

    let slow = batches([0, 0, 0], 4);
    assert_eq!(pulse([batches([0, 0, 0], 0), slow]).latency().unwrap().p50, SECOND);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut fast = Pulse::default();
    let now = SystemClock.instant();
    (0..10_000).for_each(|sent_so_far| fast.beat(now, sent(sent_so_far)));

    assert_eq!(fast.beats.len(), BEATS_MAX);
    assert_eq!(pulse((0..1_000).map(sent)).beats.len(), 61);
}

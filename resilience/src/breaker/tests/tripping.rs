//! When a closed breaker opens, and when it does not.

use super::*;

/// Judges by the rates of the last ten calls, and by nothing else.
const RATES: Config = Config {
    consecutive_failures: None,
    rates: Some(Rates {
        window: Span::Calls(10),
        calls_min: 4,
        failure_rate: Some(0.5),
        slow: Some(Slow { after: SLOW, rate: 0.75 }),
    }),
    ..PLAIN
};

fn reason_after(config: Config, signs: &str) -> Option<Reason> {
    Bench::new(config).calls(signs).map(|change| change.reason)
}

#[test]
fn failures_in_a_row_trip_and_only_in_a_row() {
    let tripped = Some(Reason::ConsecutiveFailures { count: 3 });
    let table = [
        ("--", None),
        ("---", tripped),
        ("--+--", None),
        ("--+---", tripped),
        ("--i-", tripped),
        ("--r-", tripped),
        ("iiiiiiii", None),
        ("-i-r+--", None),
    ];
    for (signs, reason) in table {
        assert_eq!(reason_after(PLAIN, signs), reason, "{signs}");
    }
}

#[test]
fn the_rates_trip_from_the_minimum_of_calls_on() {
    let failures = |failed, calls| Some(Reason::FailureRate { failed, calls });
    let slow = |slow, calls| Some(Reason::SlowRate { slow, calls });
    let table = [
        ("---", None),
        ("----", failures(4, 4)),
        ("+-+-", failures(2, 4)),
        ("++-+-+", None),
        ("++-+-+--", failures(4, 8)),
        // The fourth call is good, and makes the three bad ones count.
        ("---+", failures(3, 4)),
        ("sss", None),
        ("sss+", slow(3, 4)),
        ("s+s+ss", None),
        ("+s+sssss", slow(6, 8)),
        // Ignored calls are no calls.
        ("--ii", None),
        // Failure comes first when both rules are broken.
        ("SSSS", failures(4, 4)),
    ];
    for (signs, reason) in table {
        assert_eq!(reason_after(RATES, signs), reason, "{signs}");
    }
}

#[test]
fn a_slow_dependency_without_an_error_opens_within_the_window() {
    let mut bench = Bench::new(Config::trade());
    let tickets: Vec<_> = (0..10).map(|_| bench.granted()).collect();
    bench.pass(10_000);

    let changes = tickets.into_iter().filter_map(|ticket| bench.record(ticket, 's'));

    let reasons: Vec<_> = changes.map(|change| change.reason).collect();
    assert_eq!(reasons, [Reason::SlowRate { slow: 10, calls: 10 }]);
}

#[test]
fn old_calls_leave_the_window() {
    let mut bench = Bench::new(RATES);
    bench.calls("++++++-+-+-");
    assert_eq!(bench.picture().tally, Tally { calls: 10, failed: 3, slow: 0 });
    bench.calls("++++++");
    assert_eq!(bench.picture().tally, Tally { calls: 10, failed: 2, slow: 0 });

    let rates = Rates { window: Span::Time(seconds(10)), ..RATES.rates.unwrap() };
    let mut bench = Bench::new(Config { rates: Some(rates), ..RATES });
    bench.calls("---");
    bench.pass(10_000);
    assert_eq!(bench.calls("-"), None);
    assert_eq!(bench.picture().tally, Tally { calls: 1, failed: 1, slow: 0 });
}

/// Defects 31 and 52: the share of the maximum counts, three samples in a row, and a closed
/// breaker refuses nobody meanwhile.
#[test]
fn the_pool_breaker_trips_on_the_third_high_sample_in_a_row() {
    let table: [(&[u32], bool); 6] = [
        (&[45, 45], false),
        (&[45, 45, 45], true),
        (&[60, 60, 44, 60, 60], false),
        (&[60, 60, 44, 60, 60, 60], true),
        (&[44, 44, 44, 44, 44, 44], false),
        (&[15, 15, 15, 15], false),
    ];
    for (samples, trips) in table {
        let mut bench = Bench::new(Config::pool());
        let mut change = None;
        for active in samples {
            bench.granted();
            change = bench.sample(*active, 0);
        }
        assert_eq!(change.is_some(), trips, "{samples:?}");
        if let Some(change) = change {
            let ratio = f64::from(samples[samples.len() - 1]) / 60.0;
            assert_eq!(change.reason, Reason::Utilisation { samples: 3, ratio });
            assert_eq!((change.from, change.to), (StateName::Closed, StateName::Open));
        }
    }
}

/// Defect 53: real timeouts are counted, and not a text that looks like them.
#[test]
fn the_pool_breaker_trips_on_three_timeouts_in_a_row() {
    let mut bench = Bench::new(Config::pool());

    assert_eq!(bench.sample(10, 2), None);
    let change = bench.sample(10, 3).unwrap();

    assert_eq!(change.reason, Reason::AcquireTimeouts { count: 3 });
}

#[test]
fn timeouts_that_were_judged_do_not_trip_again() {
    let mut bench = Bench::new(Config::pool());
    bench.sample(10, 7);
    bench.command(Command::Reset);

    assert_eq!(bench.sample(10, 7), None);
    assert_eq!(bench.sample(10, 9), None);
    assert_eq!(bench.sample(10, 10).unwrap().reason, Reason::AcquireTimeouts { count: 3 });

    bench.command(Command::Reset);
    assert_eq!(bench.sample(10, 1), None, "somebody got a connection: a new row");
    assert_eq!(bench.sample(10, 3).unwrap().reason, Reason::AcquireTimeouts { count: 3 });
}

#[test]
fn high_samples_of_an_earlier_state_do_not_count() {
    let mut bench = Bench::new(Config::pool());
    bench.sample(60, 0);
    bench.sample(60, 0);
    bench.command(Command::Reset);

    assert_eq!(bench.sample(60, 0), None);
    assert_eq!(bench.sample(60, 0), None);
    assert!(bench.sample(60, 0).is_some());
}

#[test]
fn a_pool_that_is_empty_or_unknown_is_not_high() {
    let mut bench = Bench::new(Config::pool());
    for _ in 0..10 {
        assert_eq!(bench.breaker.sample(0.0, 0, bench.now), None);
    }
}

#[test]
fn a_pause_that_was_asked_for_opens_for_that_long_and_then_one_call_asks() {
    let mut bench = Bench::new(Config { opening: PLAIN.opening, ..Config::trade() });

    let change = bench.throttle(Some(seconds(40))).unwrap();

    assert_eq!(change.reason, Reason::AskedToWait { wait: seconds(40) });
    assert_eq!(change.open_for, Some(seconds(40)));
    bench.pass(39_999);
    assert_eq!(bench.refused(), Duration::from_millis(1));
    bench.pass(1);
    let probe = bench.granted();
    bench.refused();
    let closed = bench.record(probe, '+').unwrap();
    assert_eq!(closed.reason, Reason::ProbesSucceeded { count: 1 });
}

#[test]
fn a_pause_is_bounded_both_ways_and_an_unsaid_one_is_an_opening() {
    let table = [
        (Some(Duration::ZERO), 1),
        (Some(seconds(2)), 2),
        (Some(seconds(86_400)), 300),
        (Some(Duration::MAX), 300),
        (None, 15),
    ];
    for (retry_after, wait) in table {
        let mut bench = Bench::new(PLAIN);
        let change = bench.throttle(retry_after).unwrap();
        assert_eq!(change.open_for, Some(seconds(wait)), "{retry_after:?}");
        assert_eq!(bench.picture().trips, 0, "the other side is well, only busy");
    }
}

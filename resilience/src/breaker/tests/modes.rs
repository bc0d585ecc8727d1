//! What an operator orders stands above timers, outcomes and samples.

use super::*;

const OPEN_MODES: [Command; 3] = [Command::ForceClosed, Command::Disable, Command::MetricsOnly];

/// Trips on calls, on rates and on samples.
fn everything() -> Config {
    Config { pool: Config::pool().pool, opening: PLAIN.opening, ..Config::trade() }
}

#[test]
fn a_forced_open_breaker_refuses_until_it_is_told_otherwise() {
    let mut bench = Bench::new(PLAIN);
    let ticket = bench.granted();
    let change = bench.command(Command::ForceOpen);
    assert_eq!(change.reason, Reason::Operator(Command::ForceOpen));
    assert_eq!(bench.breaker.wake_at(), None);

    for _ in 0..100 {
        bench.pass(3_600_000);
        assert_eq!(bench.refused(), seconds(15));
        assert_eq!(bench.wake(), None);
    }
    assert_eq!(bench.record(ticket, '+'), None);
    bench.command(Command::Reset);
    assert_eq!((bench.state(), bench.calls("+")), (StateName::Closed, None));
}

#[test]
fn forced_closed_disabled_and_metrics_only_refuse_nobody() {
    for command in OPEN_MODES {
        let mut bench = Bench::new(everything());
        bench.command(command);
        let state = bench.state();

        for _ in 0..20 {
            bench.calls("-----SSSSS");
            bench.throttle(Some(seconds(60)));
            bench.sample(60, 9);
            bench.pass(1_000);
            bench.wake();
            assert_eq!(bench.state(), state);
        }
    }
}

#[test]
fn a_forced_closed_breaker_counts_and_a_disabled_one_does_not() {
    let config = everything();
    let mut bench = Bench::new(config);
    bench.command(Command::ForceClosed);
    bench.calls("-+S");
    assert_eq!(bench.picture().tally, Tally { calls: 3, failed: 2, slow: 1 });

    bench.command(Command::Disable);
    bench.calls("-+S");
    assert_eq!(bench.picture().tally, Tally::default());
    assert!(matches!(bench.breaker.door(), Door::Wide { heard: false, .. }));
}

#[test]
fn metrics_only_says_each_time_when_it_would_have_opened() {
    let mut bench = Bench::new(PLAIN);
    bench.command(Command::MetricsOnly);
    let generation = bench.breaker.generation();
    bench.pass(1_000);

    let change = bench.calls("---").unwrap();

    assert_eq!((change.from, change.to), (StateName::MetricsOnly, StateName::MetricsOnly));
    assert_eq!(change.reason, Reason::ConsecutiveFailures { count: 3 });
    assert_eq!((change.open_for, change.lasted), (None, seconds(1)));
    assert_eq!(bench.breaker.generation(), generation);
    assert_eq!(bench.calls("--"), None);
    assert!(bench.calls("-").is_some());
    assert_eq!(bench.picture().totals.would_trip, 2);
    assert_eq!(bench.picture().totals.trips, 0);
}

#[test]
fn every_mode_can_be_entered_from_everywhere_and_ends_by_a_reset() {
    let ways: [fn() -> Bench; 3] = [
        || Bench::new(PLAIN),
        || {
            let mut bench = Bench::new(PLAIN);
            bench.calls("---");
            bench
        },
        || Bench::half_open(1, 1),
    ];
    for way in ways {
        for command in Command::ALL {
            let mut bench = way();
            let timer = bench.breaker.generation();

            let change = bench.command(command);

            assert_eq!(change.reason, Reason::Operator(command));
            assert_eq!(change.to, bench.state());
            bench.pass(3_600_000);
            let state = bench.state();
            assert_eq!(bench.breaker.tick(timer, bench.now), None);
            assert_eq!(bench.state(), state, "an old timer undoes nothing");
            bench.command(Command::Reset);
            assert_eq!(bench.calls("--+--"), None);
            assert_eq!(bench.state(), StateName::Closed);
        }
    }
}

#[test]
fn a_reset_and_a_restart_forget_everything_but_the_totals() {
    let ends: [fn(&mut Bench) -> Change; 2] =
        [|bench| bench.command(Command::Reset), |bench| bench.breaker.restart(bench.now)];
    for end in ends {
        let mut bench = Bench::new(everything());
        bench.calls("-----");
        bench.pass(15_000);
        bench.calls("-");
        assert_eq!(bench.picture().trips, 2);
        let generation = bench.breaker.generation();

        assert_eq!(end(&mut bench).to, StateName::Closed);

        let picture = bench.picture();
        assert_eq!((picture.state, picture.trips), (StateName::Closed, 0));
        assert_eq!((picture.tally, picture.failures_in_a_row), (Tally::default(), 0));
        assert!(picture.generation > generation);
        assert_eq!(picture.totals.failed, 6);
    }
}

#[test]
fn the_picture_tells_what_there_is_to_know() {
    let mut bench = Bench::new(PLAIN);
    let fresh = bench.picture();
    assert_eq!((fresh.state, fresh.retry_in, fresh.last_change), (StateName::Closed, None, None));
    bench.calls("+--");
    assert_eq!(bench.picture().failures_in_a_row, 2);
    let change = bench.calls("-");
    bench.pass(5_000);
    bench.refused();

    let open = bench.picture();

    assert_eq!((open.retry_in, open.lasted), (Some(seconds(10)), seconds(5)));
    assert_eq!(open.last_change, change);
    let Totals { refused, succeeded, failed, trips, .. } = open.totals;
    assert_eq!((refused, succeeded, failed, trips), (1, 1, 3, 1));
}

#[test]
fn every_word_is_one_label() {
    let mut labels: Vec<_> = StateName::ALL.iter().map(|state| state.label()).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), 7);
    let reason = Reason::Operator(Command::ForceOpen);
    assert_eq!(
        (reason.label(), reason.to_string()),
        ("operator", "an operator ordered force_open".into())
    );
}

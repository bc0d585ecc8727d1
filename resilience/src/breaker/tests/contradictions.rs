//! Settings that are wrong, or that contradict each other, are named all at once.

use super::*;

fn told(config: Config) -> Vec<&'static str> {
    config.check().err().unwrap_or_default().iter().map(|fault| fault.key).collect()
}

fn rates(rates: Rates) -> Config {
    Config { rates: Some(rates), ..Config::trade() }
}

#[test]
fn what_we_ship_is_sound() {
    for config in [Config::pool(), Config::trade(), PLAIN] {
        assert!(config.check().is_ok());
    }
    assert!(!Config::pool().check().unwrap().hear_calls());
    assert!(Config::trade().check().unwrap().hear_calls());
}

#[test]
fn a_breaker_that_can_never_trip_is_refused() {
    let trade = Config::trade().rates.unwrap();
    let silent = Rates { failure_rate: None, slow: None, ..trade };
    let unreachable = Rates { window: Span::Calls(9), calls_min: 10, ..trade };

    assert_eq!(told(Config { consecutive_failures: None, ..PLAIN }), ["rules"]);
    assert_eq!(told(rates(silent)), ["window"]);
    assert_eq!(told(rates(unreachable)), ["calls_min"]);
    assert!(told(rates(Rates { window: Span::Calls(10), ..unreachable })).is_empty());
}

#[test]
fn numbers_out_of_their_bounds_are_named() {
    let trade = Config::trade().rates.unwrap();
    let pool = Config::pool().pool.unwrap();
    let slow = |after, rate| rates(Rates { slow: Some(Slow { after, rate }), ..trade });
    let full = |pool| Config { pool: Some(pool), ..PLAIN };
    let table = [
        (Config { consecutive_failures: Some(0), ..PLAIN }, "consecutive_failures"),
        (rates(Rates { window: Span::Calls(100_001), ..trade }), "window"),
        (rates(Rates { window: Span::Time(Duration::ZERO), ..trade }), "window"),
        (rates(Rates { calls_min: 0, ..trade }), "calls_min"),
        (rates(Rates { failure_rate: Some(0.0), ..trade }), "failure_rate"),
        (rates(Rates { failure_rate: Some(1.01), ..trade }), "failure_rate"),
        (rates(Rates { failure_rate: Some(f64::NAN), ..trade }), "failure_rate"),
        (slow(SLOW, -0.1), "slow_rate"),
        (slow(Duration::ZERO, 0.5), "slow_after"),
        (slow(seconds(60), 0.5), "probe_patience"),
        (full(PoolRule { utilisation: 0.0, ..pool }), "utilisation"),
        (full(PoolRule { samples: 0, ..pool }), "samples"),
        (full(PoolRule { acquire_timeouts: 0, ..pool }), "acquire_timeouts"),
    ];
    for (config, key) in table {
        assert_eq!(told(config), [key], "{config:?}");
    }
}

#[test]
fn openings_and_probes_out_of_their_bounds_are_named() {
    let opening = |opening| Config { opening, ..PLAIN };
    let probing = |probing| Config { probing, ..PLAIN };
    let (open, probe) = (PLAIN.opening, PLAIN.probing);
    let table = [
        (opening(Opening { time: Duration::ZERO, ..open }), "open_for"),
        (opening(Opening { growth: 0.9, ..open }), "open_growth"),
        (opening(Opening { growth: f64::INFINITY, ..open }), "open_growth"),
        (opening(Opening { time_max: seconds(14), ..open }), "open_max"),
        (opening(Opening { time_max: Duration::MAX, ..open }), "open_max"),
        (opening(Opening { calm_after: Duration::ZERO, ..open }), "calm_after"),
        (opening(Opening { jitter: -0.1, ..open }), "open_jitter"),
        (opening(Opening { jitter: f64::NAN, ..open }), "open_jitter"),
        (opening(Opening { asked_max: Duration::ZERO, ..open }), "retry_after_max"),
        (probing(Probing { probes: 1_001, ..probe }), "probes"),
        (probing(Probing { needed: 0, ..probe }), "probes_needed"),
        (probing(Probing { needed: 2, ..probe }), "probes_needed"),
        (probing(Probing { patience: Duration::ZERO, ..probe }), "probe_patience"),
    ];
    for (config, key) in table {
        assert_eq!(told(config), [key], "{config:?}");
    }
}

#[test]
fn all_faults_are_told_at_once_and_as_sentences() {
    let probing = Probing { probes: 0, needed: 1, patience: Duration::ZERO };
    let faults = Config { consecutive_failures: Some(0), probing, ..PLAIN }.check().unwrap_err();

    let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "consecutive_failures must be at least 1",
            "probes must be from 1 to 1000",
            "probes_needed must be from 1 to probes",
            "probe_patience must be above 0 and at most 24h",
        ]
    );
}

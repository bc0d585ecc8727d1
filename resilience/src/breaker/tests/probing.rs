//! A half-open breaker: how many it lets through, how it judges, and why it is never stuck.

use super::*;

#[test]
fn exactly_so_many_probes_go_through() {
    for probes in [1, 3, 10] {
        let mut bench = Bench::half_open(probes, probes);

        let granted = (0..100).filter(|_| matches!(bench.ask(), Verdict::Granted(_))).count();

        assert_eq!(u32::try_from(granted).unwrap(), probes);
        assert_eq!(bench.refused(), seconds(1));
    }
}

#[test]
fn it_closes_when_enough_succeed_and_opens_as_soon_as_that_is_impossible() {
    let (closed, open, undecided) = (StateName::Closed, StateName::Open, StateName::HalfOpen);
    let table = [
        (1, 1, "+", closed),
        (1, 1, "-", open),
        (3, 3, "++", undecided),
        (3, 3, "+++", closed),
        (3, 3, "++-", open),
        (3, 3, "-", open),
        (3, 2, "-", undecided),
        (3, 2, "-++", closed),
        (3, 2, "++", closed),
        (3, 2, "--", open),
        (3, 1, "--", undecided),
        (3, 1, "--+", closed),
        (3, 3, "i+r+i+", closed),
        (1, 1, "iiiirrrr", undecided),
    ];
    for (probes, needed, signs, state) in table {
        let mut bench = Bench::half_open(probes, needed);
        bench.calls(signs);
        assert_eq!(bench.state(), state, "{needed} of {probes}: {signs}");
    }
}

#[test]
fn a_slow_probe_has_failed_where_slowness_counts() {
    let slow = Some(Slow { after: SLOW, rate: 1.0 });
    let rates = Rates { window: Span::Calls(10), calls_min: 10, failure_rate: None, slow };
    let mut bench = Bench::new(Config { rates: Some(rates), ..PLAIN });
    bench.calls("---");
    bench.pass(15_000);
    let change = bench.calls("s").unwrap();
    assert_eq!((change.to, change.reason), (StateName::Open, Reason::ProbesFailed { count: 1 }));

    let mut bench = Bench::half_open(1, 1);
    assert_eq!(bench.calls("s").unwrap().to, StateName::Closed);
}

#[test]
fn a_permit_that_comes_back_without_a_word_goes_out_again() {
    let mut bench = Bench::half_open(3, 3);
    let probes = [(); 3].map(|()| bench.granted());
    bench.refused();

    bench.record(probes[1], 'r');

    bench.granted();
    bench.refused();
}

#[test]
fn probes_that_are_not_heard_of_open_the_breaker_again() {
    let mut bench = Bench::half_open(3, 3);
    bench.pass(3_600_000);
    assert_eq!(bench.wake(), None, "nobody came: the next caller is the probe");
    let hanging = bench.granted();
    bench.granted();
    bench.pass(59_999);
    assert_eq!(bench.wake(), None);
    bench.pass(1);

    let change = bench.wake().unwrap();

    assert_eq!(change.reason, Reason::ProbesSilent { out: 2 });
    assert_eq!((change.to, bench.refused()), (StateName::Open, seconds(15)));
    assert_eq!(bench.record(hanging, '+'), None, "too late");
    assert_eq!(bench.picture().totals.stale, 1);
}

#[test]
fn whoever_asks_first_ends_the_silence_without_a_timer() {
    let mut bench = Bench::half_open(1, 1);
    bench.granted();
    bench.pass(60_000);

    let Asked { verdict, change } = bench.breaker.ask(bench.now);

    assert_eq!(verdict, Verdict::Refused { wait: seconds(15) });
    assert_eq!(change.unwrap().reason, Reason::ProbesSilent { out: 1 });
}

#[test]
fn each_probe_that_is_heard_of_renews_the_patience() {
    let mut bench = Bench::half_open(3, 3);
    let [first, second] = [(); 2].map(|()| bench.granted());
    bench.pass(59_000);
    bench.record(first, '+');
    bench.pass(59_000);
    assert_eq!(bench.wake(), None);
    bench.record(second, '+');
    bench.pass(59_000);
    bench.granted();

    assert_eq!(bench.state(), StateName::HalfOpen);
}

#[test]
fn a_verdict_that_nobody_finishes_is_begun_anew() {
    let mut bench = Bench::half_open(3, 3);
    bench.calls("++");
    assert_eq!(bench.picture().probes_left, 1);
    bench.pass(60_000);

    let change = bench.wake().unwrap();

    assert_eq!((change.to, change.reason), (StateName::HalfOpen, Reason::VerdictTooOld));
    assert_eq!(bench.picture().probes_left, 3);
    assert_eq!(bench.breaker.wake_at(), None);
    assert_eq!(bench.calls("+++").unwrap().to, StateName::Closed);
}

#[test]
fn a_probe_that_is_asked_to_wait_waits_and_is_followed_by_one() {
    let mut bench = Bench::half_open(3, 3);

    let change = bench.throttle(Some(seconds(30))).unwrap();

    assert_eq!((change.to, change.open_for), (StateName::Open, Some(seconds(30))));
    bench.pass(30_000);
    let probe = bench.granted();
    bench.refused();
    assert_eq!(bench.record(probe, 'r'), None);
    assert_eq!(bench.calls("-").unwrap().to, StateName::Open);
    bench.pass(15_000);
    bench.granted();
    assert_eq!(bench.picture().probes_left, 2, "an ordinary opening ends with all probes");
}

#[test]
fn outcomes_and_timers_of_an_earlier_state_change_nothing() {
    let mut bench = Bench::new(PLAIN);
    let [early, late] = [(); 2].map(|()| bench.granted());
    let closed = bench.breaker.generation();
    bench.calls("---");
    let opened = bench.breaker.generation();
    assert_eq!(bench.record(early, '-'), None);
    bench.pass(15_000);
    assert_eq!(bench.breaker.tick(closed, bench.now), None);
    assert!(bench.breaker.tick(opened, bench.now).is_some());
    let probe = bench.granted();

    assert_eq!(bench.record(late, '-'), None, "a call of the closed days is no probe");
    assert_eq!(bench.breaker.tick(opened, bench.now + seconds(3_600)), None);

    assert_eq!(bench.picture().probes_out, 1);
    assert_eq!(bench.record(probe, '+').unwrap().to, StateName::Closed);
    assert_eq!(bench.picture().totals.stale, 2);
}

#[test]
fn samples_do_not_judge_an_open_or_half_open_breaker() {
    let mut bench = Bench::new(Config { opening: PLAIN.opening, ..Config::pool() });
    bench.sample(10, 3);
    for _ in 0..10 {
        assert_eq!(bench.sample(60, 9), None);
    }
    bench.pass(15_000);
    let probe = bench.granted();
    assert_eq!(bench.sample(60, 9), None);

    assert_eq!(bench.record(probe, '+').unwrap().to, StateName::Closed);
    assert_eq!(bench.sample(60, 9), None, "the evidence begins anew");
}

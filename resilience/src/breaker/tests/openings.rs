//! How long a breaker stays open, and what callers are told meanwhile.

use super::*;

fn opened(change: Option<Change>) -> Duration {
    change.unwrap().open_for.unwrap()
}

/// Opens again by a failed probe.
fn fail_the_probe(bench: &mut Bench) -> Duration {
    bench.now = bench.breaker.wake_at().unwrap();
    let probe = bench.granted();
    opened(bench.record(probe, '-'))
}

#[test]
fn an_opening_refuses_for_exactly_as_long_as_it_says() {
    let mut bench = Bench::new(PLAIN);
    assert_eq!(opened(bench.calls("---")), seconds(15));

    assert_eq!(bench.refused(), seconds(15));
    bench.pass(14_999);
    assert_eq!(bench.refused(), Duration::from_millis(1));
    assert_eq!(bench.wake(), None);
    bench.pass(1);
    assert_eq!(bench.wake().unwrap().reason, Reason::CooledDown);
}

#[test]
fn whoever_asks_first_ends_an_opening_without_a_timer() {
    let mut bench = Bench::new(PLAIN);
    bench.calls("---");
    bench.pass(15_000);

    let Asked { verdict, change } = bench.breaker.ask(bench.now);

    assert!(matches!(verdict, Verdict::Granted(_)));
    let change = change.unwrap();
    assert_eq!((change.to, change.lasted), (StateName::HalfOpen, seconds(15)));
}

#[test]
fn jitter_makes_openings_longer_and_differs_by_seed() {
    let opening = Opening::DEFAULT;
    let rules = Config { opening, ..PLAIN }.check().unwrap();
    let now = some_moment();
    let mut openings: Vec<_> = (0..200)
        .map(|seed| {
            let bench = &mut Bench { breaker: Breaker::new(rules, now, seed), now };
            opened(bench.calls("---"))
        })
        .collect();
    openings.sort_unstable();

    assert!(openings[0] >= seconds(15) && openings[0] < seconds(16), "{:?}", openings[0]);
    assert!(openings[199] <= seconds(18) && openings[199] > seconds(17), "{:?}", openings[199]);
    let differing = openings.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(differing > 190);
}

#[test]
fn openings_grow_with_trips_in_a_row_up_to_their_bound() {
    let opening = Opening { growth: 2.0, time_max: seconds(100), ..PLAIN.opening };
    let mut bench = Bench::new(Config { opening, ..PLAIN });

    let mut openings = vec![opened(bench.calls("---")).as_secs()];
    openings.extend((0..5).map(|_| fail_the_probe(&mut bench).as_secs()));

    assert_eq!(openings, [15, 30, 60, 100, 100, 100]);
    for _ in 0..1_000 {
        assert_eq!(fail_the_probe(&mut bench), seconds(100));
    }
}

#[test]
fn a_breaker_that_flaps_goes_on_growing_and_a_calm_one_begins_anew() {
    let opening = Opening { growth: 2.0, ..PLAIN.opening };
    let mut bench = Bench::new(Config { opening, ..PLAIN });
    let mut flap = |calm: u64| {
        bench.pass(calm);
        let open_for = opened(bench.calls("---"));
        bench.now += open_for;
        bench.calls("+");
        open_for.as_secs()
    };

    assert_eq!([flap(0), flap(299_999), flap(0), flap(300_000), flap(1_000)], [15, 30, 60, 15, 30]);
}

#[test]
fn by_default_an_opening_does_not_grow() {
    let mut bench = Bench::new(PLAIN);
    bench.calls("---");

    assert_eq!([(); 4].map(|()| fail_the_probe(&mut bench)), [seconds(15); 4]);
    assert_eq!(bench.picture().trips, 5);
}

#[test]
fn a_caller_finds_the_door_as_the_breaker_would_answer() {
    let mut bench = Bench::new(PLAIN);
    let Door::Wide { heard: true, .. } = bench.breaker.door() else { panic!("closed") };
    bench.calls("---");
    let open = bench.breaker.door();
    assert_eq!(open.glance(bench.now), Glance::Refused { wait: seconds(15) });
    bench.pass(15_000);
    assert_eq!(open.glance(bench.now), Glance::Ask);
    bench.wake();
    assert_eq!(bench.breaker.door(), Door::Narrow);
    bench.granted();
    assert_eq!(bench.breaker.door().glance(bench.now), Glance::Refused { wait: seconds(1) });
    assert_eq!(bench.breaker.door().glance(bench.now + seconds(60)), Glance::Ask);

    let pool = Bench::new(Config::pool());
    let Door::Wide { heard, .. } = pool.breaker.door() else { panic!("closed") };
    assert!(!heard, "a closed pool breaker learns from samples");
}

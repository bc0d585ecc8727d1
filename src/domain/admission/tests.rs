//! Storms, outages and crowds, on a clock of steps.

#![expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the house of the tests counts in whatever is at hand"
)]

use proptest::prelude::*;

use super::*;
use crate::domain::client::ClientId;
use crate::ports::clock::{Clock, SystemClock};

const LIMITS: Limits = Limits {
    line_max: Duration::from_secs(10),
    drain_max: Duration::from_mins(10),
    ledger_max: Duration::from_secs(5),
    letters_max: 100_000,
    pace_at_first: 100.0,
};
const STEP: Duration = Duration::from_millis(10);

fn caller(number: usize) -> Caller {
    Caller::Named(ClientId::from_header(format!("desk-{number}").as_bytes()).unwrap())
}

fn house(orders: u64) -> House {
    House { orders, ..House::default() }
}

/// A house that decides `pace` orders a second as long as it has any, on a clock of steps.
struct Run {
    admission: Admission,
    now: Instant,
    pace: f64,
    line: f64,
    longest: f64,
    idle: Duration,
    /// Orders that each caller asked for and that came in.
    asked: Vec<f64>,
    taken: Vec<f64>,
}

impl Run {
    fn new(callers: usize, pace: f64) -> Self {
        let now = SystemClock.instant();
        Self {
            admission: Admission::new(LIMITS, now),
            now,
            pace,
            line: 0.0,
            longest: 0.0,
            idle: Duration::ZERO,
            asked: vec![0.0; callers],
            taken: vec![0.0; callers],
        }
    }

    /// For so long each caller asks for its orders per second, in requests of `size`.
    fn go(&mut self, time: Duration, demand: &[f64], size: usize) {
        let size_of = size as f64;
        let mut due = vec![0.0; demand.len()];
        let mut decided = 0.0;
        for _ in 0..time.as_millis() / STEP.as_millis() {
            self.now += STEP;
            let step = STEP.as_secs_f64();
            for (number, per_second) in demand.iter().enumerate() {
                due[number] += per_second * step;
                while due[number] >= size_of {
                    due[number] -= size_of;
                    self.asked[number] += size_of;
                    let house = house(self.line as u64);
                    let asked = self.admission.ask(&caller(number), size, &house, self.now);
                    if asked.is_ok() {
                        self.taken[number] += size_of;
                        self.line += size_of;
                    }
                }
            }
            self.longest = self.longest.max(self.line);
            let done = self.line.min(self.pace * step);
            self.line -= done;
            decided += done;
            self.admission.pace_mut().decided(decided as usize);
            decided -= decided.floor();
            if self.line < 1.0 {
                self.idle += STEP;
                self.admission.pace_mut().ran_dry();
            }
        }
    }

    fn served(&self, number: usize) -> f64 {
        self.taken[number] / self.asked[number]
    }
}

/// One brings 90 % of the load, nine bring the rest.
fn demand(load: f64) -> Vec<f64> {
    let mut demand = vec![load / 90.0; 10];
    demand[0] = load * 0.9;
    demand
}

#[test]
fn in_calm_everybody_comes_in() {
    let mut run = Run::new(10, 1000.0);
    run.go(Duration::from_mins(1), &demand(900.0), 25);

    assert_eq!(run.asked, run.taken);
}

#[test]
fn at_ten_times_the_load_the_line_stays_short_and_full_and_the_light_are_served() {
    let mut run = Run::new(10, 1000.0);
    run.go(Duration::from_secs(10), &demand(500.0), 25);
    run.idle = Duration::ZERO;
    (run.asked, run.taken) = (vec![0.0; 10], vec![0.0; 10]);
    run.go(Duration::from_mins(1), &demand(10_000.0), 25);

    let lights = (1..10).map(|number| run.served(number));
    let least = lights.fold(f64::MAX, f64::min);
    assert!(least >= 0.85, "a light one was served {least}");
    assert!(run.longest <= 1000.0 * 13.0, "the line was {} long", run.longest);
    assert!(run.idle < Duration::from_millis(100), "idle for {:?}", run.idle);

    (run.asked, run.taken) = (vec![0.0; 10], vec![0.0; 10]);
    run.go(Duration::from_mins(1), &demand(500.0), 25);
    let served = run.taken.iter().sum::<f64>() / run.asked.iter().sum::<f64>();
    assert!(served > 0.99, "{served} were served after the storm");
}

#[test]
fn a_pace_that_falls_to_a_third_shortens_the_line() {
    let mut run = Run::new(10, 1000.0);
    run.go(Duration::from_secs(30), &demand(2_000.0), 25);
    run.idle = Duration::ZERO;
    run.pace = 333.0;
    run.go(Duration::from_mins(1), &demand(2_000.0), 25);

    assert!(run.line < 333.0 * 31.0, "the line is {} long", run.line);
    assert_eq!(run.idle, Duration::ZERO);
}

#[test]
fn while_nothing_is_called_work_is_put_by_and_nobody_hears_of_the_opening_alone() {
    let now = SystemClock.instant();
    let mut admission = Admission::new(LIMITS, now);
    let opening = Some(Duration::from_secs(9));
    let open = |orders| House { opening, ..house(orders) };

    assert_eq!(admission.ask(&caller(1), 25, &open(0), now), Ok(()));
    assert_eq!(admission.ask(&caller(1), 25, &open(59_000), now), Ok(()));
    assert_eq!(admission.wait(&open(100)), Duration::from_secs(9));
    // Ten minutes at the last good pace; a share may still come in.
    let full = open(61_000);
    let answers: Vec<_> = (0..8).map(|_| admission.ask(&caller(1), 25, &full, now)).collect();
    let later = answers.into_iter().find_map(Result::err).unwrap();
    assert_eq!((later.why, later.wait), (Shortage::Line, Duration::from_secs(610)));
}

#[test]
fn what_the_database_cannot_take_is_refused_whoever_asks() {
    let now = SystemClock.instant();
    let mut admission = Admission::new(LIMITS, now);
    let slow = House { ledger_wait: Duration::from_secs(6), ..house(0) };
    let full = House { letters: LIMITS.letters_max, ..house(50) };

    let slow = admission.ask(&caller(1), 1, &slow, now).unwrap_err();
    let full = admission.ask(&caller(1), 1, &full, now).unwrap_err();

    assert_eq!((slow.why, slow.wait), (Shortage::Ledger, Duration::from_secs(6)));
    assert_eq!((full.why, full.wait), (Shortage::Letters, Duration::from_millis(500)));
}

#[test]
fn strangers_beyond_all_bounds_share_one_share() {
    let now = SystemClock.instant();
    let mut admission = Admission::new(LIMITS, now);
    for number in 0..CALLERS_MAX + 100 {
        let _ = admission.ask(&caller(number), 1, &house(1_000_000), now);
    }
    assert_eq!(admission.callers.len(), CALLERS_MAX + 1);

    let later = now + ACTIVE_FOR * 1000;
    let _ = admission.ask(&caller(1), 1, &house(0), later);
    let _ = admission.ask(&caller(1), 1, &house(0), later + ACTIVE_FOR);
    assert!(admission.callers.len() <= 2, "{} are remembered", admission.callers.len());
}

#[test]
fn who_left_in_debt_is_forgotten_when_it_would_be_paid_and_takes_no_share_meanwhile() {
    let now = SystemClock.instant();
    let mut admission = Admission::new(LIMITS, now);
    // A hundred orders a second, and a line that is just too long.
    let full = House { opening: Some(Duration::from_secs(9)), ..house(60_001) };
    let debt = Duration::from_secs(9);
    assert_eq!(admission.ask(&caller(1), 1_000, &full, now), Ok(()));

    let mut is_known_after = |time| {
        let _ = admission.ask(&caller(2), 1, &full, now + time);
        (admission.callers.contains_key(&caller(1)), admission.active())
    };

    assert_eq!(is_known_after(ACTIVE_FOR / 2), (true, 1));
    assert_eq!(is_known_after(ACTIVE_FOR), (true, 1), "it takes no share, and owes one");
    assert_eq!(is_known_after(debt + Duration::from_secs(1)), (false, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the others do, who asks for less than a fair share comes in, and the line is
    /// bounded by its limit and what was saved up.
    #[test]
    fn nobody_is_starved_and_the_line_is_bounded(
        loads in proptest::collection::vec(0.0_f64..3_000.0, 1..12),
        size in 1_usize..60,
        pace in 100.0_f64..2_000.0,
    ) {
        let callers = loads.len() + 1;
        let mut demand = loads;
        demand.push(0.7 * pace / callers as f64);
        let mut run = Run::new(callers, pace);
        run.go(Duration::from_secs(20), &demand, size);
        (run.asked, run.taken) = (vec![0.0; callers], vec![0.0; callers]);
        run.longest = run.line;
        run.go(Duration::from_secs(40), &demand, size);

        let modest = callers - 1;
        if run.asked[modest] > 0.0 {
            prop_assert!(run.served(modest) > 0.95, "{} of {:?}", run.served(modest), demand);
        }
        let saved = pace * 3.0 + (callers * size) as f64;
        prop_assert!(run.longest <= pace * 10.0 + saved, "{} at {pace}", run.longest);
    }
}

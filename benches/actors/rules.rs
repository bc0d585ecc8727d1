//! The rules alone: no clock is read, nobody is asked.

use std::hint::black_box;
use std::time::{Duration, Instant};

use resilience::backoff::{Backoff, Jitter};
use resilience::breaker::{Breaker, Config, Outcome, Verdict};
use uuid::Uuid;
use weir::domain::batch::{Item, cut_into_letters};
use weir::domain::carriage::{Carriage, Rules, Step};
use weir::domain::client::ClientId;
use weir::domain::letter::Load;
use weir::domain::line::{Freight, Line};
use weir::domain::trade::{Placing, Trade};

use crate::things::{NOW, loads, order, references, trade};
use crate::{Plan, RULE_NANOS, print};

const RULE: &str = "rule";
/// Loads that stand in the line already.
const BACKLOG: usize = 100;

/// A load in the line, as the supervisor keeps it.
struct Waiting {
    number: u64,
    load: Load,
}

impl From<(u64, Load)> for Waiting {
    fn from((number, load): (u64, Load)) -> Self {
        Self { number, load }
    }
}

impl Freight for Waiting {
    type Client = ClientId;
    type Destination = ();

    fn client(&self) -> &ClientId {
        &self.load.letter.client
    }

    fn destination(&self) -> &() {
        &()
    }

    fn orders(&self) -> usize {
        self.load.orders.len()
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn travels_alone(&self) -> bool {
        !self.load.letter.is_fresh()
    }
}

pub(crate) fn run(plan: Plan) {
    print("breaker: a permit and its outcome", RULE, permits(plan), Some(RULE_NANOS));
    print("line: a load goes in, a load comes out", RULE, line(plan), Some(RULE_NANOS));
    // Begun, answered, ended: three operations on one letter.
    let step = carriages(plan, 1).map(|nanos| nanos / 3.0);
    print("letter of 1 order: a step of its carriage", RULE, step, Some(RULE_NANOS));
    print("letter of 25 orders: carried, per order", RULE, carriages(plan, 25), Some(RULE_NANOS));
    print("letter of 25 orders: cut, per order", RULE, cuts(plan, 25), Some(RULE_NANOS));
}

pub(crate) fn carriage_rules() -> Rules {
    Rules {
        backoff: Backoff {
            base: Duration::from_secs(1),
            cap: Duration::from_mins(5),
            jitter: Jitter::Full,
        },
        quiet_after: Duration::from_secs(50),
        second_look: Duration::from_millis(1500),
        attempts_max: 25,
        kills_max: 3,
    }
}

fn permits(plan: Plan) -> [f64; 3] {
    let now = Instant::now();
    let mut breaker = Breaker::new(Config::trade().check().unwrap(), now, 1);
    plan.measure(|| {
        let started = Instant::now();
        for _ in 0..plan.runs {
            let Verdict::Granted(ticket) = breaker.ask(black_box(now)).verdict else {
                panic!("a closed breaker grants");
            };
            let outcome = Outcome::Succeeded { took: Duration::from_millis(1) };
            black_box(breaker.record(ticket, outcome, now));
        }
        started.elapsed()
    })
}

fn line(plan: Plan) -> [f64; 3] {
    plan.measure(|| {
        let mut line: Line<Waiting> = Line::new(50);
        let mut coming = (0..).zip(loads(BACKLOG + plan.runs, 1)).map(Waiting::from);
        coming.by_ref().take(BACKLOG).for_each(|load| line.push(load));
        let coming: Vec<_> = coming.collect();
        let mut gone = Vec::with_capacity(plan.runs);
        let started = Instant::now();
        for load in coming {
            line.push(load);
            gone.push(line.take(1));
        }
        let took = started.elapsed();
        assert!(gone.iter().all(|call| call.len() == 1), "one comes out for each that goes in");
        took
    })
}

/// From the load to the last word about its letter, with the trades at hand.
fn carriages(plan: Plan, orders: usize) -> [f64; 3] {
    let (rules, references) = (carriage_rules(), references());
    plan.measure(|| {
        let coming = loads(plan.runs.div_ceil(orders), orders);
        let trades = |load: &Load| load.orders.iter().map(trade).collect();
        let trades: Vec<Vec<Trade>> = coming.iter().map(trades).collect();
        let mut ends = Vec::with_capacity(coming.len());
        let started = Instant::now();
        for (load, trades) in coming.into_iter().zip(trades) {
            let mut carriage = Carriage::new(vec![load], rules);
            black_box(carriage.next_step());
            carriage.placed(Placing::Placed(trades), &references, NOW, 0.5);
            ends.push(carriage.next_step());
        }
        let took = started.elapsed();
        assert!(ends.iter().all(|end| matches!(end, Step::Done(_))), "each is settled");
        took
    })
}

fn cuts(plan: Plan, orders: usize) -> [f64; 3] {
    plan.measure(|| {
        let batch = || (1..).take(orders).map(|id| Ok(order(id))).collect();
        let mut batches: Vec<Vec<Item>> =
            std::iter::repeat_with(batch).take(plan.runs.div_ceil(orders)).collect();
        let started = Instant::now();
        for items in &mut batches {
            black_box(cut_into_letters(items, &[], 50, orders, Uuid::nil(), Uuid::now_v7));
        }
        started.elapsed()
    })
}

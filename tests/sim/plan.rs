//! A history before it happens: all that its seed decides.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use weir::domain::admission::Limits;

use crate::desk::{Manner, Temper};
use crate::memory::Weather;

/// The most steps of a process that a death is planned within; longer lives end by the clock.
const STEPS_MAX: u64 = 400;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Two processes on one store, else one.
    pub(crate) instances: u8,
    /// How long clients ask and faults happen. Then it is calm until everything is decided.
    pub(crate) storm: Duration,
    pub(crate) weather: Weather,
    pub(crate) manner: Manner,
    pub(crate) temper: Temper,
    /// Deaths per instance.
    pub(crate) deaths: u8,
    /// How often an instance stands still for a while and goes on as if nothing had been.
    pub(crate) freezes: u8,
    pub(crate) clients: u8,
    pub(crate) requests: u8,
    pub(crate) house: HousePlan,
}

/// How the house is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HousePlan {
    pub(crate) chunk: usize,
    pub(crate) bulk_max: usize,
    /// 0 is never.
    pub(crate) attempts_max: u32,
    pub(crate) lanes: u16,
    pub(crate) ids_block: u32,
    /// Who comes in: everybody, or few at a time.
    pub(crate) limits: Limits,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let unique = rng.bool();
        let instances = if rng.u8(0..3) == 0 { 2 } else { 1 };
        let temper = temper(rng, unique);
        // A process that stood still between its last look at the lease and its call sends what
        // another one has taken over: only the trade service can catch that, and a look-up that
        // does not see what it caught would make it a refusal.
        let may_freeze = unique && !temper.refuses_known && rng.u8(0..3) == 0;
        Self {
            seed,
            instances,
            storm: Duration::from_secs(one_of(rng, &[10, 60, 180])),
            weather: weather(rng),
            manner: manner(rng),
            temper,
            deaths: if rng.bool() { rng.u8(1..6) } else { 0 },
            freezes: if may_freeze { rng.u8(1..4) } else { 0 },
            clients: rng.u8(1..4),
            requests: rng.u8(2..10),
            house: HousePlan {
                chunk: one_of(rng, &[1, 3, 10, 50]),
                bulk_max: one_of(rng, &[1, 5, 20, 100]),
                attempts_max: one_of(rng, &[0, 0, 0, 25, 3]),
                lanes: one_of(rng, &[1, 1, 2]),
                ids_block: one_of(rng, &[1, 20, 100]),
                limits: one_of(rng, &[Limits::default(), Limits::default(), TIGHT]),
            },
        }
    }

    /// The step at which a process dies, if it is doomed.
    pub(crate) fn doom(rng: &mut Rng) -> u64 {
        // Low ones more often: the first steps of a process are the ones that recover.
        let most = one_of(rng, &[10, 40, STEPS_MAX]);
        rng.u64(1..=most)
    }
}

/// A handful of orders make callers come later.
const TIGHT: Limits = Limits {
    line_max: Duration::from_secs(1),
    drain_max: Duration::from_secs(10),
    ledger_max: Duration::from_secs(1),
    letters_max: 20,
    pace_at_first: 5.0,
};

fn one_of<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(0..choices.len())]
}

/// None at all in half of the histories, so that what one fault does is not hidden by others.
fn chance(rng: &mut Rng, most: f64) -> f64 {
    if rng.bool() { 0.0 } else { rng.f64() * most }
}

fn weather(rng: &mut Rng) -> Weather {
    Weather {
        failing: chance(rng, 0.2),
        losing: chance(rng, 0.2),
        slow: chance(rng, 0.2),
        outage: chance(rng, 0.02),
    }
}

fn manner(rng: &mut Rng) -> Manner {
    Manner {
        not_sent: chance(rng, 0.1),
        deferred: chance(rng, 0.1),
        lost_before: chance(rng, 0.2),
        lost_after: chance(rng, 0.2),
        timed_out: chance(rng, 0.1),
        unnamed: chance(rng, 0.1),
        unclear: chance(rng, 0.3),
        slow: chance(rng, 0.3),
        stale: chance(rng, 0.5),
        accident: chance(rng, 0.03),
    }
}

fn temper(rng: &mut Rng, unique: bool) -> Temper {
    let foreign = if unique && rng.u8(0..4) == 0 { rng.usize(1..4) } else { 0 };
    let foreign: BTreeSet<i64> = (0..foreign).map(|_| rng.i64(1..100)).collect();
    let refuses_known = unique && rng.bool();
    let (guilty, poisonous) = (chance(rng, 0.1), chance(rng, 0.02));
    Temper { unique, refuses_known, guilty, poisonous, foreign }
}

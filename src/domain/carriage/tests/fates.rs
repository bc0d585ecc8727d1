//! Whole lives of many orders under random faults: however the trade service, the table and the
//! worker behave, each order ends in one place.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::table::{Answer, Service, Table};
use super::*;

/// What happens to a call. Half of them go well.
#[derive(Clone, Copy, Debug)]
enum Luck {
    Good,
    /// The answer blames a wrong order, or names one too few.
    Lies,
    NotSent,
    Deferred,
    /// No answer, an answer that says nothing, a dead worker, a dead process, and what becomes
    /// of the call.
    Silence(Fate),
    Broken(Fate),
    WorkerDies(Fate),
    Crash(Fate),
    /// The breaker or the lease forbids it.
    Forbidden,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrived,
    Late,
    Lost,
}

fn luck() -> impl Strategy<Value = Luck> {
    let fate = || prop_oneof![Just(Fate::Arrived), Just(Fate::Late), Just(Fate::Lost)];
    prop_oneof![
        8 => Just(Luck::Good),
        1 => Just(Luck::Lies),
        1 => Just(Luck::NotSent),
        1 => Just(Luck::Deferred),
        2 => fate().prop_map(Luck::Silence),
        1 => fate().prop_map(Luck::Broken),
        1 => fate().prop_map(Luck::WorkerDies),
        1 => fate().prop_map(Luck::Crash),
        1 => Just(Luck::Forbidden),
    ]
}

/// A process over its letters.
struct Life {
    now: Moment,
    rules: Rules,
    table: Table,
    service: Service,
    orders: BTreeSet<i64>,
    luck: Vec<Luck>,
    /// Calls that arrive at their moment.
    late: Vec<(Moment, Vec<i64>)>,
    /// Orders that were ever in a call of unknown outcome.
    unsure: BTreeSet<i64>,
    /// Orders of which the last word of the trade service was that it has none.
    absent: BTreeSet<i64>,
}

impl Life {
    fn luck(&mut self) -> Luck {
        self.luck.pop().unwrap_or(Luck::Good)
    }

    fn settle(&mut self, settlements: &[Settlement]) -> Vec<Settled> {
        let settle = |settlement: &Settlement| {
            let rejected = settlement.rejected.iter().map(|rejection| rejection.order_id);
            for order in rejected.filter(|order| self.unsure.contains(order)) {
                assert!(self.absent.contains(&order), "{order} was rejected without a look");
            }
            self.table.settle(settlement)
        };
        let settled = settlements.iter().map(settle).collect();
        self.table.check(&self.orders).unwrap();
        self.service.check(&self.table).unwrap();
        settled
    }

    fn pass(&mut self, until: Moment) {
        self.now = self.now.max(until);
        let now = self.now;
        let (arrived, late) = std::mem::take(&mut self.late).into_iter().partition(|l| l.0 <= now);
        self.late = late;
        let arrived: Vec<_> = arrived;
        arrived.iter().for_each(|(_, ids)| {
            self.service.arrives(ids);
        });
    }

    /// The call of an unknown outcome goes its way.
    fn goes(&mut self, ids: &[i64], fate: Fate) {
        self.unsure.extend(ids);
        match fate {
            Fate::Arrived => {
                self.service.arrives(ids);
            }
            Fate::Late => self.late.push((self.now.plus(self.rules.quiet_after), ids.to_vec())),
            Fate::Lost => {}
        }
    }

    fn crash(&mut self) {
        self.table.end_lease(0);
        self.table.take_back(self.now.plus(self.rules.quiet_after));
    }

    /// Carries a call to its end, or to a crash.
    fn carry(&mut self, mut carriage: Carriage) {
        for _ in 0..10 * self.orders.len() + 10 {
            let goes_on = match carriage.next_step() {
                Step::Place(ids) => self.place(&mut carriage, &ids),
                Step::LookUp(order) => self.look_up(&mut carriage, order),
                Step::Write(settlements) => self.write(&mut carriage, &settlements),
                Step::Done(settlements) => {
                    self.settle(&settlements);
                    false
                }
            };
            if !goes_on {
                return;
            }
        }
        panic!("it does not end: {carriage:?}");
    }

    fn place(&mut self, carriage: &mut Carriage, ids: &[i64]) -> bool {
        let under_way = self.late.iter().flat_map(|(_, ids)| ids);
        let twice: Vec<_> = under_way.filter(|id| ids.contains(id)).collect();
        assert!(twice.is_empty(), "{twice:?} are under way already");
        let (reason, wait) = (String::new(), None);
        let placing = match self.luck() {
            Luck::Good => self.answer(ids, false),
            Luck::Lies => self.answer(ids, true),
            Luck::NotSent => Placing::NotSent { reason, wait },
            Luck::Deferred => Placing::Deferred { reason, wait },
            Luck::Silence(fate) => {
                self.goes(ids, fate);
                Placing::Unknown { reason, over: false, wait }
            }
            Luck::Broken(fate) => {
                // It is over: nothing of it is late.
                let fate = if matches!(fate, Fate::Late) { Fate::Lost } else { fate };
                self.goes(ids, fate);
                Placing::Unknown { reason, over: true, wait }
            }
            Luck::WorkerDies(fate) => {
                self.goes(ids, fate);
                let settlements = carriage.killed(self.now, 0.5);
                self.settle(&settlements);
                return false;
            }
            Luck::Crash(fate) => {
                self.goes(ids, fate);
                self.crash();
                return false;
            }
            Luck::Forbidden => {
                carriage.let_go("forbidden", SECOND, self.now);
                return true;
            }
        };
        carriage.placed(placing, &references(), self.now, 0.5);
        true
    }

    fn answer(&mut self, ids: &[i64], lies: bool) -> Placing {
        match self.service.arrives(ids) {
            Answer::Taken(taken) => {
                let named = &taken[usize::from(lies)..];
                self.unsure.extend(&taken[..usize::from(lies)]);
                all_taken(named)
            }
            Answer::Refused(index) => {
                self.absent.retain(|id| !ids.contains(id));
                refused(Some((index + usize::from(lies)) % ids.len()))
            }
        }
    }

    fn look_up(&mut self, carriage: &mut Carriage, order: i64) -> bool {
        let luck = self.luck();
        let under_way = self.late.iter().any(|(_, ids)| ids.contains(&order));
        let finding = match luck {
            Luck::Deferred | Luck::Silence(_) | Luck::Broken(_) => {
                Finding::Unclear { reason: String::new(), wait: None }
            }
            // Before it is quiet an answer may be as old as it likes.
            Luck::Lies if under_way => Finding::Absent,
            Luck::Good | Luck::Lies | Luck::NotSent => self.service.answers(order),
            Luck::WorkerDies(_) => {
                let settlements = carriage.killed(self.now, 0.5);
                self.settle(&settlements);
                return false;
            }
            Luck::Crash(_) => {
                self.crash();
                return false;
            }
            Luck::Forbidden => {
                carriage.let_go("forbidden", SECOND, self.now);
                return true;
            }
        };
        if finding == Finding::Absent {
            self.absent.insert(order);
        }
        carriage.found(finding, &references(), self.now, 0.5);
        true
    }

    fn write(&mut self, carriage: &mut Carriage, settlements: &[Settlement]) -> bool {
        match self.luck() {
            Luck::Forbidden | Luck::NotSent => {
                carriage.let_go("the ledger failed", SECOND, self.now);
            }
            Luck::Silence(_) => {
                // It was written, and nobody heard of it.
                self.settle(settlements);
                carriage.let_go("the ledger failed", SECOND, self.now);
            }
            Luck::Crash(fate) => {
                if matches!(fate, Fate::Arrived) {
                    self.settle(settlements);
                }
                self.crash();
                return false;
            }
            Luck::WorkerDies(fate) => {
                if matches!(fate, Fate::Arrived) {
                    self.settle(settlements);
                }
                let settlements = carriage.killed(self.now, 0.5);
                self.settle(&settlements);
                return false;
            }
            Luck::Good | Luck::Lies | Luck::Deferred | Luck::Broken(_) => {
                let settled = self.settle(settlements);
                carriage.written(&settled);
            }
        }
        true
    }

    /// Lives until nothing is left to do.
    fn live(&mut self) {
        let held = self.table.rows.values().map(|(letter, _)| load(letter.clone())).collect();
        self.carry(Carriage::new(held, self.rules));
        for _ in 0..2000 {
            if let Some(load) = self.table.collect(0, self.now) {
                self.carry(Carriage::new(vec![load], self.rules));
                self.pass(self.now.plus(Duration::from_millis(1)));
                continue;
            }
            let letters = self.table.rows.values().map(|(letter, _)| letter);
            let open = letters.filter(|letter| letter.state != LetterState::Dead);
            let Some(due_at) = open.map(|letter| letter.due_at).min() else { return };
            self.pass(due_at);
        }
        panic!("there is always more to do: {:?}", self.table);
    }

    fn check_the_dead(&self) {
        let letters = self.table.rows.values().map(|(letter, _)| letter);
        for letter in letters {
            let reason = letter.last_error.clone().unwrap_or_default();
            if reason.starts_with("ATTEMPTS_EXHAUSTED") {
                let is_there = letter.undecided.iter().any(|order| self.service.has(*order));
                assert!(!is_there, "what is exhausted is not there: {letter:?}");
            } else {
                assert_eq!(letter.trouble.doubtful, letter.undecided, "{letter:?}");
            }
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_order_ends_in_one_place(
        sizes in proptest::collection::vec(1_i64..7, 1..4),
        luck in proptest::collection::vec(luck(), 0..60),
        guilty in proptest::collection::btree_set(1_i64..20, 0..4),
        foreign in proptest::collection::btree_set(1_i64..20, 0..3),
        unique in any::<bool>(),
        attempts_max in prop_oneof![Just(0_u32), Just(3)],
    ) {
        let mut last = 0;
        let letters: Vec<_> = sizes.iter().map(|size| {
            let first = last + 1;
            last += size;
            letter(first..=last)
        }).collect();
        let foreign = if unique { foreign } else { BTreeSet::new() };
        let service = Service { guilty, unique, foreign, ..Service::default() };
        let mut life = Life {
            now: NOW,
            rules: Rules { attempts_max, ..RULES },
            table: Table::of(&letters, Some(super::table::Holder::Instance(0))),
            service,
            orders: (1..=last).collect(),
            luck,
            late: Vec::new(),
            unsure: BTreeSet::new(),
            absent: BTreeSet::new(),
        };

        life.live();

        life.table.check(&life.orders).unwrap();
        life.service.check(&life.table).unwrap();
        life.check_the_dead();
    }
}

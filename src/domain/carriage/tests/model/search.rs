//! What each event does, and the search over all of them.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashSet, VecDeque};

use super::*;

/// A search that needs more does not end.
const STATES_MAX: usize = 2_000_000;

impl World {
    /// The world after an event; None if it changes nothing.
    fn after(&self, event: Event, play: &Play) -> Option<Self> {
        let mut next = self.clone();
        let is_fault = match event {
            Event::Collect(at) => {
                let load = next.table.collect(at, next.now)?;
                next.instances[at].carriage = Some(Carriage::new(vec![load], play.rules));
                false
            }
            Event::Begin(at) => {
                next.begin(at, play);
                false
            }
            Event::Hear(at) => {
                next.hear(at);
                false
            }
            Event::Arrive(place) => {
                next.arrive(place);
                false
            }
            Event::Vanish(place) => {
                next.flights.remove(place);
                false
            }
            Event::TakeBack => {
                let ended = Some(Holder::Ended);
                next.table.rows.values().find(|(_, holder)| *holder == ended)?;
                next.table.take_back(next.now.plus(play.rules.quiet_after));
                false
            }
            Event::Second => {
                next.now = next.now.plus(SECOND);
                false
            }
            Event::Fault(at, fault) => {
                next.fault(at, fault);
                true
            }
        };
        next.faults -= u8::from(is_fault);
        Some(next)
    }

    fn carriage(&mut self, at: usize) -> &mut Carriage {
        self.instances[at].carriage.as_mut().unwrap()
    }

    fn begin(&mut self, at: usize, play: &Play) {
        let now = self.now;
        match self.carriage(at).next_step() {
            Step::Place(_) if self.instances[at].ended => {
                self.carriage(at).let_go("the lease is over", Duration::ZERO, now);
            }
            Step::Place(ids) => {
                let lands_by = now.plus(play.late);
                let flight = Flight { ids, lands_by, waiting: Some(at), answer: None };
                self.flights.push(flight);
            }
            Step::LookUp(order) => {
                let finding = self.service.answers(order);
                self.carriage(at).found(finding, &references(), now, 0.0);
            }
            Step::Write(settlements) => {
                let settled = settlements.iter().map(|one| self.table.settle(one));
                self.instances[at].settled = Some(settled.collect());
            }
            Step::Done(settlements) => {
                self.settle_all(&settlements);
                self.instances[at] = Instance::default();
            }
        }
    }

    fn settle_all(&mut self, settlements: &[Settlement]) {
        settlements.iter().for_each(|settlement| {
            self.table.settle(settlement);
        });
    }

    fn hear(&mut self, at: usize) {
        let now = self.now;
        if let Some(settled) = self.instances[at].settled.take() {
            self.carriage(at).written(&settled);
            return;
        }
        let place = self.flight_of(at).unwrap();
        let answer = self.flights.remove(place).answer.unwrap();
        self.carriage(at).next_step();
        self.carriage(at).placed(answer.placing(), &references(), now, 0.0);
    }

    fn arrive(&mut self, place: usize) {
        let flight = &mut self.flights[place];
        let answer = self.service.arrives(&flight.ids);
        if let Answer::Taken(ids) = &answer {
            let until = flight.lands_by.plus(SECOND);
            self.stale_until.extend(ids.iter().map(|id| (*id, until)));
        }
        if flight.waiting.is_some() {
            flight.answer = Some(answer);
        } else {
            self.flights.remove(place);
        }
    }

    /// Nobody waits for the instance's call any more; it may be under way.
    fn forget_call(&mut self, at: usize) {
        if let Some(place) = self.flight_of(at) {
            self.flights[place].waiting = None;
            if self.flights[place].answer.is_some() {
                self.flights.remove(place);
            }
        }
    }

    fn fault(&mut self, at: usize, fault: Fault) {
        let now = self.now;
        let (reason, wait) = (String::new(), None);
        match fault {
            Fault::Silence => {
                self.forget_call(at);
                self.placed(at, Placing::Unknown { reason, over: false, wait });
            }
            Fault::Breaks => {
                let place = self.flight_of(at).unwrap();
                let ids = self.flights.remove(place).ids;
                let until = now.plus(SECOND);
                self.stale_until.extend(ids.into_iter().map(|id| (id, until)));
                self.placed(at, Placing::Unknown { reason, over: true, wait });
            }
            Fault::NotSent => self.placed(at, Placing::NotSent { reason, wait }),
            Fault::Deferred => self.placed(at, Placing::Deferred { reason, wait }),
            Fault::Overlook => {
                self.carriage(at).found(Finding::Absent, &references(), now, 0.0);
            }
            Fault::Unclear => {
                let unclear = Finding::Unclear { reason, wait };
                self.carriage(at).found(unclear, &references(), now, 0.0);
            }
            Fault::LedgerFails => {
                self.instances[at].settled = None;
                self.carriage(at).let_go("the ledger failed", Duration::ZERO, now);
            }
            Fault::WorkerDies => {
                self.forget_call(at);
                let settlements = self.carriage(at).killed(now, 0.0);
                self.settle_all(&settlements);
                self.instances[at] = Instance::default();
            }
            Fault::Crash => {
                self.forget_call(at);
                self.table.end_lease(at);
                self.instances[at] = Instance::default();
            }
            Fault::LeaseEnds => {
                self.table.end_lease(at);
                self.instances[at].ended = true;
            }
        }
    }

    fn placed(&mut self, at: usize, placing: Placing) {
        let now = self.now;
        self.carriage(at).placed(placing, &references(), now, 0.0);
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// What a search found.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) states: usize,
    /// Worlds in which nothing is left to do.
    pub(super) ends: usize,
    /// Of those, worlds with a dead letter.
    pub(super) dead: usize,
}

impl Play {
    /// Looks at every state; the first that breaks a promise is told with the way to it.
    pub(super) fn search(&self) -> Result<Searched, String> {
        let begin = self.begin();
        let mut seen = HashSet::from([begin.fingerprint()]);
        // How each state was reached: from which one, and by what.
        let mut ways: Vec<Option<(usize, Event)>> = vec![None];
        let mut open = VecDeque::from([(0, begin)]);
        let (mut ends, mut dead) = (0, 0);
        while let Some((number, world)) = open.pop_front() {
            self.check(&world).map_err(|fault| told(&fault, number, &ways))?;
            let mut is_end = true;
            for event in world.events() {
                let Some(next) = world.after(event, self) else { continue };
                is_end = false;
                if seen.insert(next.fingerprint()) {
                    open.push_back((ways.len(), next));
                    ways.push(Some((number, event)));
                }
            }
            if is_end {
                ends += 1;
                dead += usize::from(!world.table.orders(LetterState::Dead, true).is_empty());
                let left = world.table.orders(LetterState::Dead, false);
                if !left.is_empty() {
                    return Err(told(&format!("orders {left:?} are left over"), number, &ways));
                }
            }
            assert!(seen.len() < STATES_MAX, "more than {STATES_MAX} states");
        }
        Ok(Searched { states: seen.len(), ends, dead })
    }
}

/// A fault and the way to it.
fn told(fault: &str, mut number: usize, ways: &[Option<(usize, Event)>]) -> String {
    let mut way = Vec::new();
    while let Some((before, event)) = ways[number] {
        way.push(event);
        number = before;
    }
    way.reverse();
    format!("{fault}: {way:?}")
}

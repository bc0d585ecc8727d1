//! Every life of a letter or two, over the real rules: whatever is lost, late, stale or dead, in
//! whatever order, no order is lost and none takes effect twice.
//!
//! A breadth-first search over all states of two instances, the table of letters, the calls that
//! are under way, and a trade service, with a few faults to spend.

mod plays;
mod search;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use super::table::{Answer, Guard, Holder, Service, Table};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// How long a call may be under way.
const LATE: Duration = Duration::from_secs(2);

const RULES: Rules = Rules {
    backoff: Backoff { base: SECOND, cap: SECOND, jitter: Jitter::Full },
    quiet_after: LATE,
    second_look: SECOND,
    attempts_max: 0,
    kills_max: u8::MAX,
};

/// What may happen next.
#[derive(Clone, Copy, Debug)]
enum Event {
    Collect(usize),
    /// An instance begins its next step: sends a call, asks for an order, writes.
    Begin(usize),
    /// It hears the answer: of the call, or of the table.
    Hear(usize),
    Arrive(usize),
    /// A call for which nobody waits never arrives.
    Vanish(usize),
    TakeBack,
    Second,
    Fault(usize, Fault),
}

/// What may go wrong with an instance.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Nobody answers. The call may still be under way.
    Silence,
    /// The trade service breaks off, whether it did anything or not.
    Breaks,
    NotSent,
    Deferred,
    /// A look-up reads what was true before the call.
    Overlook,
    Unclear,
    /// The table's answer does not come, whether it wrote or not.
    LedgerFails,
    WorkerDies,
    Crash,
    LeaseEnds,
}

/// A call under way, or answered and not heard.
#[derive(Clone, Debug, Hash)]
struct Flight {
    ids: Vec<i64>,
    lands_by: Moment,
    waiting: Option<usize>,
    answer: Option<Answer>,
}

#[derive(Clone, Debug, Default)]
struct Instance {
    carriage: Option<Carriage>,
    /// What the table said to the last write and was not heard.
    settled: Option<Vec<Settled>>,
    /// Its lease is over, and so it begins no call.
    ended: bool,
}

impl Hash for Instance {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let carriage = self.carriage.as_ref();
        carriage.map(|c| (&c.hands, &c.calls, &c.step, c.touched)).hash(state);
        (&self.settled, self.ended).hash(state);
    }
}

#[derive(Clone, Debug, Hash)]
struct World {
    now: Moment,
    instances: [Instance; 2],
    flights: Vec<Flight>,
    table: Table,
    service: Service,
    /// Until when a look-up may overlook an order that is there.
    stale_until: BTreeMap<i64, Moment>,
    faults: u8,
}

/// What is played, and by which rules.
#[derive(Clone, Debug)]
struct Play {
    letters: Vec<Letter>,
    guilty: &'static [i64],
    held: bool,
    unique: bool,
    faults: u8,
    rules: Rules,
    late: Duration,
    guard: Guard,
}

impl Play {
    fn of(letters: impl IntoIterator<Item = RangeInclusive<i64>>) -> Self {
        Self {
            letters: letters.into_iter().map(letter).collect(),
            guilty: &[],
            held: true,
            unique: false,
            faults: 2,
            rules: RULES,
            late: LATE,
            guard: Guard::Held,
        }
    }

    fn begin(&self) -> World {
        let state = if self.held { LetterState::Held } else { LetterState::Waiting };
        let fence = i64::from(self.held);
        let fresh = |letter: &Letter| Letter { state, fence, ..letter.clone() };
        let letters: Vec<_> = self.letters.iter().map(fresh).collect();
        let holder = self.held.then_some(Holder::Instance(0));
        let mut table = Table::of(&letters, holder);
        table.guard = self.guard;
        let mut instances = [Instance::default(), Instance::default()];
        if self.held {
            let loads = letters.into_iter().map(load).collect();
            instances[0].carriage = Some(Carriage::new(loads, self.rules));
        }
        let guilty = self.guilty.iter().copied().collect();
        let service = Service { guilty, unique: self.unique, ..Service::default() };
        let faults = self.faults;
        let (flights, stale_until) = (Vec::new(), BTreeMap::new());
        World { now: NOW, instances, flights, table, service, stale_until, faults }
    }

    fn check(&self, world: &World) -> Result<(), String> {
        let orders: BTreeSet<_> =
            self.letters.iter().flat_map(|letter| letter.undecided.clone()).collect();
        world.table.check(&orders)?;
        world.service.check(&world.table)
    }
}

impl World {
    fn step(&self, at: usize) -> Option<Step> {
        let carriage = self.instances[at].carriage.as_ref()?;
        Some(carriage.clone().next_step())
    }

    fn flight_of(&self, at: usize) -> Option<usize> {
        self.flights.iter().position(|flight| flight.waiting == Some(at))
    }

    /// Everything that may happen now.
    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let idle = self.instances.iter().position(|instance| instance.carriage.is_none());
        events.extend(idle.map(Event::Collect));
        for at in 0..self.instances.len() {
            self.events_of(at, &mut events);
        }
        for (place, flight) in self.flights.iter().enumerate() {
            if flight.answer.is_none() {
                events.push(Event::Arrive(place));
                events.extend(flight.waiting.is_none().then_some(Event::Vanish(place)));
            }
        }
        events.push(Event::TakeBack);
        let late = self.flights.iter().any(|flight| flight.lands_by <= self.now);
        let rows = self.table.rows.values();
        let wanted = rows.filter(|(letter, _)| letter.due_at > self.now).count() > 0;
        events.extend((wanted && !late).then_some(Event::Second));
        events
    }

    fn events_of(&self, at: usize, events: &mut Vec<Event>) {
        let Some(step) = self.step(at) else { return };
        let may = self.faults > 0;
        let mut fault = |fault| events.extend(may.then_some(Event::Fault(at, fault)));
        fault(Fault::Crash);
        fault(Fault::WorkerDies);
        if !self.instances[at].ended {
            fault(Fault::LeaseEnds);
        }
        if let Some(flight) = self.flight_of(at) {
            fault(Fault::Silence);
            fault(Fault::Breaks);
            events.extend(self.flights[flight].answer.as_ref().map(|_| Event::Hear(at)));
            return;
        }
        if self.instances[at].settled.is_some() {
            fault(Fault::LedgerFails);
            events.push(Event::Hear(at));
            return;
        }
        match step {
            Step::Place(_) => {
                fault(Fault::NotSent);
                fault(Fault::Deferred);
            }
            Step::LookUp(order) => {
                fault(Fault::Unclear);
                if self.stale_until.get(&order).is_some_and(|until| self.now < *until) {
                    fault(Fault::Overlook);
                }
            }
            Step::Write(_) => fault(Fault::LedgerFails),
            Step::Done(_) => {}
        }
        events.push(Event::Begin(at));
    }
}

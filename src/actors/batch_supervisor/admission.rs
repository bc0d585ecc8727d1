//! Who comes in: the rule is asked before anything is stored, with the house as it is.

use std::time::{Duration, Instant};

use actix::{Context, Handler, Message};

use super::BatchSupervisor;
use super::progress::OrderFate;
use crate::actors::ledger::Refused;
use crate::domain::admission::{House, Later};
use crate::domain::caller::Caller;
use crate::domain::client::ClientId;

/// Letters for which callers may wait in vain: each holds a request in memory.
const WAITING_MAX: usize = 750;
/// Orders in a letter, until some were seen: what callers usually send.
const SIZE_AT_FIRST: u64 = 25;
/// Calm again after so long without a refusal.
const CALM_AFTER: Duration = Duration::from_secs(10);

/// Event from the mailbox: so many letters stand in the database that are not dead.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct LettersCounted {
    /// Held by nobody: waiting, or to be reconciled.
    pub free: u64,
    /// Of these, those of paused clients: nobody waits behind them.
    pub aside: u64,
}

/// What stands in the database alone, between two counts of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parked {
    letters: u64,
    orders: u64,
    /// All that ever came, which tells how large a letter is.
    seen: (u64, u64),
}

/// A time in which callers were told to come later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overload {
    since: Instant,
    last: Instant,
    refused: u64,
}

impl Default for Parked {
    fn default() -> Self {
        Self { letters: 0, orders: 0, seen: (1, SIZE_AT_FIRST) }
    }
}

impl Parked {
    /// A letter with so many orders was left to the database.
    pub(super) fn add(&mut self, orders: usize) {
        let orders = u64::try_from(orders).unwrap_or(u64::MAX);
        self.letters += 1;
        self.orders = self.orders.saturating_add(orders);
        self.seen = (self.seen.0 + 1, self.seen.1.saturating_add(orders));
    }

    /// A letter of a paused client was left to the database: nobody waits behind it.
    pub(super) fn put_aside(&mut self) {
        self.letters += 1;
    }

    /// A letter was taken from it.
    pub(super) fn take(&mut self, orders: usize) {
        self.letters = self.letters.saturating_sub(1);
        self.orders = self.orders.saturating_sub(u64::try_from(orders).unwrap_or(u64::MAX));
    }

    /// What is counted is right, whatever was thought.
    fn counted(&mut self, letters: u64, aside: u64) {
        self.orders = letters.saturating_sub(aside).saturating_mul(self.seen.1) / self.seen.0;
        self.letters = letters;
    }
}

impl Handler<LettersCounted> for BatchSupervisor {
    type Result = ();

    fn handle(&mut self, counted: LettersCounted, _: &mut Context<Self>) {
        self.parked.counted(counted.free, counted.aside);
        self.tell_wait();
    }
}

/// What callers are told of orders before whose turn their time is over.
pub(super) fn queued_in_line() -> OrderFate {
    let reason = "more waits for the trade service than it takes in the time that a caller waits";
    OrderFate::Queued { reason: reason.to_owned() }
}

impl BatchSupervisor {
    /// May this caller bring so many orders? A request under a key that came in before brings
    /// none.
    pub(super) fn let_in(
        &mut self,
        caller: &Caller,
        client: &ClientId,
        key: Option<&str>,
        orders: usize,
    ) -> Result<(), Refused> {
        let (now, house) = (self.now(), self.house());
        let doorway = &self.setup.door.doorway;
        match self.admission.ask(caller, orders, &house, now) {
            Ok(()) => {
                doorway.open(caller);
                self.note_calm(now);
                Ok(())
            }
            Err(_) if key.is_some_and(|key| doorway.knows(client, key)) => Ok(()),
            Err(later) => {
                doorway.shut(caller.clone(), later, now);
                self.note_overload(later, now);
                Err(Refused::Busy { retry_after: later.wait })
            }
        }
    }

    fn house(&self) -> House {
        let now = self.now();
        let orders = u64::try_from(self.reserved).unwrap_or(u64::MAX);
        let stopped = self.is_stopped().then_some(Duration::ZERO);
        let held = u64::try_from(self.fresh.loads() + self.retries.loads()).unwrap_or(u64::MAX);
        House {
            orders: self.parked.orders.saturating_add(orders),
            letters: self.parked.letters.saturating_add(held),
            ledger_wait: self.setup.door.queue.wait(),
            opening: self.setup.tools.breaker.view().opening(now).or(stopped),
        }
    }

    /// Will it take longer until this client's turn than anybody waits for it, while many wait
    /// already? Then it hears so at once. Few may wait in vain: it keeps them from sending more.
    pub(super) fn is_long_way_off(&self, client: &ClientId) -> bool {
        if self.batches.watched() < WAITING_MAX {
            return false;
        }
        let house = House { orders: self.behind.orders(client), ..self.house() };
        let callers = u32::try_from(self.admission.active().max(1)).unwrap_or(u32::MAX);
        self.admission.wait(&house).saturating_mul(callers) > self.setup.door.wait_max
    }

    /// So many orders were decided, or put off with a reason of their own.
    pub(super) fn note_decided(&mut self, orders: usize) {
        self.admission.pace_mut().decided(orders);
        let (now, called) = (self.now(), !self.is_paused(self.now()));
        self.admission.pace_mut().look(now, called);
    }

    pub(super) fn tell_wait(&self) {
        let house = self.house();
        let meter = &self.setup.meter;
        meter.backlog(house.orders, self.admission.pace(&house), self.admission.wait(&house));
    }

    fn note_overload(&mut self, later: Later, now: Instant) {
        self.counters.declined += 1;
        let overload = self.overload.get_or_insert_with(|| {
            let (reason, wait_s) = (later.why.label(), later.wait.as_secs_f64());
            log::warn!(reason, wait_s; "more comes than can be done: callers are told to come later");
            Overload { since: now, last: now, refused: 0 }
        });
        overload.last = now;
        overload.refused += 1;
    }

    fn note_calm(&mut self, now: Instant) {
        let over = |it: &Overload| now.saturating_duration_since(it.last) >= CALM_AFTER;
        if let Some(overload) = self.overload.take_if(|it| over(it)) {
            let lasted_s = overload.last.duration_since(overload.since).as_secs_f64();
            let refused = overload.refused;
            log::info!(lasted_s, refused; "all that comes is taken in again");
        }
    }
}

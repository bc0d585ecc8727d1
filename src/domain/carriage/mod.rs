//! The carriage: brings the loads of one call to the trade service, step by step.
//!
//! It says what to do next and hears what came of it. Two things it never does: it sends no
//! order of which it is not known whether an earlier call placed it, and it starts no call from
//! whose record a stranger could not tell, after a crash, which orders were in it.

mod calls;
mod cargo;
mod doubt;
mod hand;
mod loss;
mod outcome;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use resilience::backoff::Backoff;

use self::calls::{Call, Part};
pub use self::cargo::Cargo;
use self::hand::Hand;
use super::letter::{Load, Settled, Settlement};
use super::moment::Moment;

/// No wait is longer: a moment that lies further ahead was written before the clock was put back.
const WAIT_MAX: Duration = Duration::from_hours(1);

/// What a carriage goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub backoff: Backoff,
    /// After a call of unknown outcome: how long it may still arrive at the trade service.
    pub quiet_after: Duration,
    /// Between the two looks that make an absence believed.
    pub second_look: Duration,
    /// Letters that were called in vain so often are dead; 0 is never.
    pub attempts_max: u32,
    /// Orders over which so many workers died are dead.
    pub kills_max: u8,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Place these orders in one call, then say [`Carriage::placed`].
    Place(Vec<i64>),
    /// Ask for the trade of this order, then say [`Carriage::found`].
    LookUp(i64),
    /// Write this down, and say [`Carriage::written`] when it is durable. Not before goes
    /// anything on.
    Write(Vec<Settlement>),
    /// Write this down: the last word, after which nothing is to be done.
    Done(Vec<Settlement>),
}

/// The loads of one call on their way.
///
/// Whoever shares it with its worker can ask it what to write if the worker dies.
#[derive(Clone, Debug)]
pub struct Carriage {
    rules: Rules,
    cargo: Cargo,
    hands: Vec<Hand>,
    calls: VecDeque<Call>,
    /// What was said and not answered. It stands until its answer is digested.
    step: Option<Step>,
    touched: bool,
}

impl Carriage {
    /// Orders that a letter names and its load does not bring are put aside as dead.
    #[must_use]
    pub fn new(loads: Vec<Load>, rules: Rules) -> Self {
        let mut orders = Vec::with_capacity(loads.iter().map(|load| load.orders.len()).sum());
        let mut hands = Vec::with_capacity(loads.len());
        for load in loads {
            orders.extend(load.orders);
            hands.push(Hand::new(load.letter));
        }
        let cargo = Cargo::new(orders);
        for hand in &mut hands {
            put_missing_aside(hand, &cargo);
        }
        let touched = hands.iter().any(Hand::has_news);
        let calls = VecDeque::new();
        let mut carriage = Self { rules, cargo, hands, calls, step: None, touched };
        carriage.plan();
        carriage
    }

    /// The orders, to be read while an outcome is awaited.
    #[must_use]
    pub fn cargo(&self) -> Cargo {
        self.cargo.clone()
    }

    /// What is to be done. Says the same until it hears what came of it.
    pub fn next_step(&mut self) -> Step {
        let step = self.step.take().unwrap_or_else(|| self.find_step());
        self.step = Some(step.clone());
        step
    }

    fn find_step(&mut self) -> Step {
        if let Some(order_id) = self.hands.iter().find_map(Hand::question) {
            return Step::LookUp(order_id);
        }
        self.forget_what_is_over();
        let Some(call) = self.calls.front() else {
            return Step::Done(self.hands.iter().map(Hand::last_settlement).collect());
        };
        let to_write = self.settlements_before(call);
        if to_write.is_empty() { Step::Place(call.order_ids()) } else { Step::Write(to_write) }
    }

    /// What must be durable before a call; then also the last words that are known already.
    fn settlements_before(&self, call: &Call) -> Vec<Settlement> {
        let of_call = call.parts.iter().filter_map(|part| {
            let hand = self.hands.get(part.hand)?;
            hand.must_write_before(&part.orders).then(|| hand.before_sending(&part.orders))
        });
        let mut settlements: Vec<_> = of_call.collect();
        if !settlements.is_empty() {
            let over = self.hands.iter().filter(|hand| hand.is_over());
            settlements.extend(over.map(Hand::last_settlement));
        }
        settlements
    }

    /// Takes letters that are over out of the calls.
    fn forget_what_is_over(&mut self) {
        let hands = &self.hands;
        for call in &mut self.calls {
            call.parts.retain(|part| hands.get(part.hand).is_some_and(|hand| !hand.is_over()));
        }
        self.calls.retain(|call| !call.parts.is_empty());
    }

    /// What became of the settlements of [`Step::Write`], in their order. A letter that has
    /// another holder is dropped: nothing is said of it again.
    pub fn written(&mut self, settled: &[Settled]) {
        let Some(Step::Write(settlements)) = &self.step else { return };
        self.touched = true;
        let done: Vec<_> = settlements
            .iter()
            .zip(settled)
            .filter(|(_, settled)| **settled == Settled::Done)
            .map(|(settlement, _)| settlement.letter_id)
            .collect();
        let written: Vec<_> = settlements.iter().map(|settlement| settlement.letter_id).collect();
        let front = self.calls.front().map(|call| call.parts.clone()).unwrap_or_default();
        for part in &front {
            let hand = self.hands.get_mut(part.hand);
            if let Some(hand) = hand.filter(|hand| done.contains(&hand.letter.id)) {
                hand.written_before_sending(&part.orders);
            }
        }
        self.drop_hands(|hand| {
            let id = &hand.letter.id;
            written.contains(id) && (hand.is_over() || !done.contains(id))
        });
        self.step = None;
    }

    /// Forgets letters that are nobody's business here any more.
    fn drop_hands(&mut self, is_gone: impl Fn(&Hand) -> bool) {
        let mut kept = 0;
        let places: Vec<_> = self
            .hands
            .iter()
            .map(|hand| {
                let place = (!is_gone(hand)).then_some(kept);
                kept += usize::from(place.is_some());
                place
            })
            .collect();
        self.hands.retain(|hand| !is_gone(hand));
        for call in &mut self.calls {
            let parts = std::mem::take(&mut call.parts).into_iter().filter_map(|part| {
                let hand = places.get(part.hand).copied().flatten()?;
                Some(Part { hand, ..part })
            });
            call.parts = parts.collect();
        }
        self.calls.retain(|call| !call.parts.is_empty());
    }

    /// The step cannot be done now, and was not begun: the breaker or the lease forbids it, or
    /// nothing can be written. Everything undecided is let go as it was, and nothing is counted.
    pub fn let_go(&mut self, reason: &str, due_in: Duration, now: Moment) {
        if matches!(self.step, Some(Step::Done(_))) {
            return;
        }
        for hand in self.hands.iter_mut().filter(|hand| !hand.is_over()) {
            hand.letter.last_error = Some(reason.to_owned());
            hand.let_go(now.plus(due_in), now);
        }
        self.calls.clear();
        self.touched = true;
        self.step = None;
    }

    /// Has nothing come of any step so far? Then the loads can go back to the line, if the
    /// present step was not begun.
    #[must_use]
    pub const fn untouched(&self) -> bool {
        !self.touched
    }

    /// The loads as they came, of a carriage that is untouched.
    #[must_use]
    pub fn into_loads(self) -> Vec<Load> {
        debug_assert!(!self.touched);
        let orders = self.cargo.into_orders().into_iter();
        let mut orders: HashMap<_, _> = orders.map(|order| (order.id, order)).collect();
        let loads = self.hands.into_iter().map(|hand| {
            let letter = hand.letter;
            let orders = letter.undecided.iter().filter_map(|id| orders.remove(id)).collect();
            Load { letter, orders }
        });
        loads.collect()
    }

    /// The calls of letters in which nothing is doubtful. Those that never met with trouble
    /// share one; every other travels alone.
    fn plan(&mut self) {
        let mut shared = Vec::new();
        let mut alone = Vec::new();
        for (place, hand) in self.hands.iter().enumerate() {
            if hand.is_over() || hand.question().is_some() {
                continue;
            }
            if hand.letter.trouble.part_max.is_some() {
                alone.push(place);
            } else {
                shared.push(Part { hand: place, orders: hand.letter.undecided.clone() });
            }
        }
        if !shared.is_empty() {
            self.calls.push_back(Call { parts: shared, blamed: false });
        }
        alone.into_iter().for_each(|place| self.plan_parts(place, &[]));
    }

    /// The calls of one letter, in its parts, the suspects in the last ones.
    fn plan_parts(&mut self, place: usize, suspects: &[i64]) {
        let Some(hand) = self.hands.get(place) else { return };
        let undecided = hand.letter.undecided.iter().copied();
        let (last, first): (Vec<_>, Vec<_>) = undecided.partition(|id| suspects.contains(id));
        let size = hand.letter.trouble.part_max.map_or(usize::MAX, |max| usize::from(max.max(1)));
        let parts = first.chunks(size).chain(last.chunks(size));
        self.calls.extend(parts.map(|orders| Call::of(place, orders)));
    }
}

/// Orders that a letter names and nobody brought cannot be sent: an operator has to look.
fn put_missing_aside(hand: &mut Hand, cargo: &Cargo) {
    let undecided = hand.letter.undecided.iter().copied();
    let missing: Vec<_> = undecided.filter(|id| cargo.order(*id).is_none()).collect();
    for order_id in missing {
        let reason = format!("ORDER_MISSING: order {order_id} is not there");
        hand.sever(order_id, reason, hand.letter.due_at);
    }
    let Hand { letter, asking, .. } = hand;
    letter.trouble.doubtful.retain(|id| letter.undecided.contains(id));
    asking.retain(|id| letter.undecided.contains(id));
}

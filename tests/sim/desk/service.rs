//! The other side: what arrived, and what has an effect.

use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;
use weir::domain::amount::Amount;
use weir::domain::order::Order;
use weir::domain::trade::{Finding, Placing, Trade};

use super::manner::{Fate, Manner};
use super::{MARGIN, QUIET_AFTER};

/// What does not change while the service stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Temper {
    /// Is an order id taken once only? Else a second call is a second effect.
    pub(crate) unique: bool,
    /// What it does with an order id that it has: it refuses the call, as for a guilty order;
    /// else the call fails as if the service had a fault.
    pub(crate) refuses_known: bool,
    /// Chances of one order each, decided by its id: refused for good; kills every worker.
    pub(crate) guilty: f64,
    pub(crate) poisonous: f64,
    /// Order ids that somebody else has used for trades of theirs.
    pub(crate) foreign: BTreeSet<i64>,
}

/// A worker that dies over a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poison {
    pub(super) sends_first: bool,
}

pub(crate) struct TradeService {
    state: RefCell<State>,
    temper: Temper,
    salt: u64,
}

struct State {
    rng: Rng,
    manner: Manner,
    next_call: u64,
    next_trade: i64,
    on_the_way: Vec<Sent>,
    outcomes: BTreeMap<u64, Placing>,
    effects: BTreeMap<i64, Vec<Effect>>,
    poisoned: BTreeSet<i64>,
    calls_with: BTreeMap<i64, u32>,
    violations: Vec<String>,
}

struct Sent {
    call: u64,
    arrives: Instant,
    /// Whatever happens, look-ups see it by then.
    seen_by: Instant,
    orders: Vec<Trade>,
}

struct Effect {
    trade: Trade,
    seen_from: Instant,
}

impl TradeService {
    pub(crate) fn new(temper: Temper, seed: u64) -> Self {
        let state = State {
            rng: Rng::with_seed(seed),
            manner: Manner::default(),
            next_call: 0,
            next_trade: 1_000_000,
            on_the_way: Vec::new(),
            outcomes: BTreeMap::new(),
            effects: BTreeMap::new(),
            poisoned: BTreeSet::new(),
            calls_with: BTreeMap::new(),
            violations: Vec::new(),
        };
        Self { state: RefCell::new(state), temper, salt: seed }
    }

    pub(crate) fn set_manner(&self, manner: Manner) {
        self.state.borrow_mut().manner = manner;
    }

    /// How often each order has had an effect: the ids of its trades.
    pub(crate) fn effects(&self, order_id: i64) -> Vec<i64> {
        let state = self.arrived();
        let effects = state.effects.get(&order_id).into_iter().flatten();
        effects.map(|effect| effect.trade.id).collect()
    }

    /// Orders whose trades are somebody else's.
    pub(crate) fn is_foreign(&self, order_id: i64) -> bool {
        self.temper.foreign.contains(&order_id)
    }

    pub(crate) fn is_guilty(&self, order_id: i64) -> bool {
        self.chance_of(order_id, 1) < self.temper.guilty
    }

    /// Has a worker died over it?
    pub(crate) fn has_killed(&self, order_id: i64) -> bool {
        self.state.borrow().poisoned.contains(&order_id)
    }

    pub(crate) fn calls_with(&self, order_id: i64) -> u32 {
        self.state.borrow().calls_with.get(&order_id).copied().unwrap_or_default()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.state.borrow().violations.clone()
    }

    pub(super) fn note_in_flight(&self, calls: usize, most: usize) {
        if calls > most {
            let line = format!("{calls} calls are in flight of one instance");
            self.state.borrow_mut().violations.push(line);
        }
    }

    pub(super) fn note_call(&self, orders: &[Trade]) {
        let mut state = self.state.borrow_mut();
        if orders.is_empty() {
            state.violations.push("a call without orders was made".to_owned());
        }
        for order in orders {
            *state.calls_with.entry(order.order_id).or_default() += 1;
        }
    }

    pub(super) fn latency(&self) -> [Duration; 2] {
        let mut state = self.state.borrow_mut();
        let manner = state.manner;
        manner.latency(&mut state.rng)
    }

    pub(super) fn fate(&self) -> Fate {
        let mut state = self.state.borrow_mut();
        let manner = state.manner;
        manner.fate(&mut state.rng)
    }

    pub(super) fn poison(&self, orders: &[&Order]) -> Option<Poison> {
        let is_poison = |order: &&Order| self.chance_of(order.id, 2) < self.temper.poisonous;
        let mut state = self.state.borrow_mut();
        let accident = state.manner.accident;
        if !orders.iter().any(is_poison) && state.rng.f64() >= accident {
            return None;
        }
        state.poisoned.extend(orders.iter().map(|order| order.id));
        Some(Poison { sends_first: state.rng.bool() })
    }

    /// Puts a call on its way. From here on nobody can take it back. Look-ups see it within `seen_within`; a service that takes an id once only may also let
    /// them wait longer, since a second call does no harm there.
    pub(super) fn send(&self, orders: Vec<Trade>, after: Duration, seen_within: Duration) -> u64 {
        let mut state = self.state.borrow_mut();
        let (call, now) = (state.next_call, Instant::now());
        state.next_call += 1;
        let (arrives, seen_by) = (now + after, now + self.hidden_max(seen_within));
        state.on_the_way.push(Sent { call, arrives, seen_by, orders });
        call
    }

    /// After so long nothing is on its way any more; a service that takes an id once only may
    /// also be later than anybody thinks.
    pub(super) fn arrives_within(&self) -> Duration {
        if self.temper.unique { 2 * QUIET_AFTER } else { QUIET_AFTER - MARGIN }
    }

    fn hidden_max(&self, seen_within: Duration) -> Duration {
        let is_harmless = self.temper.unique && !self.temper.refuses_known;
        if is_harmless { 2 * QUIET_AFTER } else { seen_within.min(QUIET_AFTER - MARGIN) }
    }

    /// What became of a call that has arrived.
    pub(super) fn outcome(&self, call: u64) -> Placing {
        self.arrived().outcomes.remove(&call).unwrap()
    }

    pub(super) fn find(&self, order_id: i64) -> Finding {
        let mut state = self.arrived();
        let unclear = state.manner.unclear;
        if state.rng.f64() < unclear {
            let wait = state.rng.bool().then(|| Duration::from_millis(state.rng.u64(0..5000)));
            return Finding::Unclear { reason: "no answer, as planned".to_owned(), wait };
        }
        if self.temper.foreign.contains(&order_id) {
            return Finding::Found(foreign(order_id));
        }
        let seen = |effect: &&Effect| effect.seen_from <= Instant::now();
        match state.effects.get(&order_id).into_iter().flatten().find(seen) {
            Some(effect) => Finding::Found(effect.trade.clone()),
            None => Finding::Absent,
        }
    }

    /// The state as it is now: what was on its way until now has arrived.
    fn arrived(&self) -> RefMut<'_, State> {
        let mut state = self.state.borrow_mut();
        let now = Instant::now();
        state.on_the_way.sort_by_key(|sent| (sent.arrives, sent.call));
        let count = state.on_the_way.iter().take_while(|sent| sent.arrives <= now).count();
        let due: Vec<Sent> = state.on_the_way.drain(..count).collect();
        for sent in due {
            let call = sent.call;
            let outcome = self.take_in(&mut state, sent);
            state.outcomes.insert(call, outcome);
        }
        state
    }

    /// All of a call, or nothing of it.
    fn take_in(&self, state: &mut State, sent: Sent) -> Placing {
        let taken = |order: &Trade| {
            let is_known = state.effects.contains_key(&order.order_id);
            self.temper.foreign.contains(&order.order_id) || (self.temper.unique && is_known)
        };
        let guilty = |order: &Trade| self.is_guilty(order.order_id);
        let blamed = match sent.orders.iter().position(taken) {
            Some(_) if !self.temper.refuses_known => {
                let reason = "an unexpected error occurred".to_owned();
                return Placing::Unknown { reason, over: true, wait: None };
            }
            Some(index) => Some(("the order is known already", index)),
            None => sent.orders.iter().position(guilty).map(|index| ("it is guilty", index)),
        };
        if let Some((reason, index)) = blamed {
            let index = match state.rng.u8(0..8) {
                0 => None,
                1 => Some(state.rng.usize(0..sent.orders.len() + 2)),
                _ => Some(index),
            };
            return Placing::Refused { reason: reason.to_owned(), index };
        }
        let stale = state.manner.stale;
        let hidden = if state.rng.f64() < stale { state.rng.u64(0..60_000) } else { 0 };
        let seen_from = (sent.arrives + Duration::from_millis(hidden)).min(sent.seen_by);
        let mut placed = Vec::new();
        for order in sent.orders {
            let trade = Trade { id: state.next_trade, ..order };
            state.next_trade += 1;
            let effects = state.effects.entry(trade.order_id).or_default();
            effects.push(Effect { trade: trade.clone(), seen_from });
            placed.push(trade);
        }
        state.rng.shuffle(&mut placed);
        Placing::Placed(placed)
    }

    /// A number from 0 to 1 that belongs to the order.
    fn chance_of(&self, order_id: i64, what: u64) -> f64 {
        let order = u64::try_from(order_id).unwrap();
        Rng::with_seed(self.salt ^ (order << 8) ^ what).f64()
    }
}

fn foreign(order_id: i64) -> Trade {
    Trade {
        id: -order_id,
        order_id,
        portfolio_id: "somebody else's".to_owned(),
        security_id: "S".to_owned(),
        order_type: "BUY".to_owned(),
        quantity: Amount::from_scaled(1),
        limit_price: None,
    }
}

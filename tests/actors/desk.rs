//! A trade service that does as it is told, and remembers what it was asked.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};
use weir::domain::order::Order;
use weir::domain::reference::References;
use weir::domain::trade::{Finding, Placing, Trade};
use weir::ports::desk::{Call, TradeDesk};

/// What becomes of a call that places orders.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    Takes,
    /// It says this, and takes nothing.
    Says(Placing),
    /// It takes the orders, and nobody hears of it.
    TakesUnheard,
    /// Whoever calls dies of it.
    Kills,
}

/// A call that placed orders.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) orders: Vec<i64>,
    pub(crate) at: Instant,
}

type Script = dyn FnMut(&[i64]) -> Manner;

pub(crate) struct Desk {
    script: RefCell<Box<Script>>,
    takes: Cell<Duration>,
    calls: RefCell<Vec<Placed>>,
    trades: RefCell<BTreeMap<i64, Trade>>,
    twice: RefCell<Vec<i64>>,
    in_flight: Cell<usize>,
    most: Cell<usize>,
}

impl Desk {
    /// Takes everything, a second a call.
    pub(crate) fn new() -> Self {
        Self {
            script: RefCell::new(Box::new(|_| Manner::Takes)),
            takes: Cell::new(Duration::from_secs(1)),
            calls: RefCell::default(),
            trades: RefCell::default(),
            twice: RefCell::default(),
            in_flight: Cell::new(0),
            most: Cell::new(0),
        }
    }

    pub(crate) fn follow(&self, script: impl FnMut(&[i64]) -> Manner + 'static) {
        *self.script.borrow_mut() = Box::new(script);
    }

    pub(crate) fn take(&self, time: Duration) {
        self.takes.set(time);
    }

    pub(crate) fn calls(&self) -> Vec<Placed> {
        self.calls.borrow().clone()
    }

    /// The orders of all calls, in the order in which the calls began.
    pub(crate) fn called(&self) -> Vec<i64> {
        self.calls.borrow().iter().flat_map(|call| call.orders.clone()).collect()
    }

    pub(crate) fn trade_of(&self, order_id: i64) -> Option<i64> {
        self.trades.borrow().get(&order_id).map(|trade| trade.id)
    }

    pub(crate) fn trades(&self) -> usize {
        self.trades.borrow().len()
    }

    /// Orders that it was sent a second time after it had taken them.
    pub(crate) fn twice(&self) -> Vec<i64> {
        self.twice.borrow().clone()
    }

    /// The most calls that were out at once.
    pub(crate) fn most(&self) -> usize {
        self.most.get()
    }

    fn enter(&self) -> InFlight<'_> {
        self.in_flight.set(self.in_flight.get() + 1);
        self.most.set(self.most.get().max(self.in_flight.get()));
        InFlight(&self.in_flight)
    }

    fn accept(&self, orders: &[&Order], references: &References) -> Vec<Trade> {
        let mut trades = self.trades.borrow_mut();
        let mut taken = Vec::with_capacity(orders.len());
        for order in orders {
            let trade = trade(order, references);
            if trades.insert(order.id, trade.clone()).is_some() {
                self.twice.borrow_mut().push(order.id);
            }
            taken.push(trade);
        }
        taken
    }
}

#[async_trait(?Send)]
impl TradeDesk for Desk {
    async fn place(&self, call: Call<'_>) -> Placing {
        let _in_flight = self.enter();
        let orders: Vec<i64> = call.orders.iter().map(|order| order.id).collect();
        let manner = (self.script.borrow_mut())(&orders);
        self.calls.borrow_mut().push(Placed { orders, at: Instant::now() });
        sleep(self.takes.get()).await;
        match manner {
            Manner::Takes => Placing::Placed(self.accept(call.orders, call.references)),
            Manner::Says(placing) => placing,
            Manner::TakesUnheard => {
                self.accept(call.orders, call.references);
                unknown()
            }
            Manner::Kills => std::panic::resume_unwind(Box::new("as planned")),
        }
    }

    async fn look_up(&self, order_id: i64) -> Finding {
        let _in_flight = self.enter();
        sleep(self.takes.get()).await;
        self.trades.borrow().get(&order_id).map_or(Finding::Absent, |it| Finding::Found(it.clone()))
    }
}

struct InFlight<'a>(&'a Cell<usize>);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Nobody knows, and it may still arrive.
pub(crate) fn unknown() -> Placing {
    Placing::Unknown { reason: "no answer".to_owned(), over: false, wait: None }
}

fn trade(order: &Order, references: &References) -> Trade {
    Trade {
        id: 9_000 + order.id,
        order_id: order.id,
        portfolio_id: order.terms.portfolio_id.clone(),
        security_id: order.terms.security_id.clone(),
        order_type: references.order_types[&order.terms.order_type_id].key().to_owned(),
        quantity: order.terms.quantity,
        limit_price: order.terms.limit_price,
    }
}

//! A scripted trade service, and the way to it.
//!
//! [`TradeService`] is the model of the other side: it lives outside every process, so what was
//! sent to it arrives also when its sender is dead by then. [`Desk`] is one process's way to it.

mod manner;
mod service;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;
use weir::domain::order::Order;
use weir::domain::reference::References;
use weir::domain::trade::{Finding, Placing, Trade};
use weir::ports::desk::{Call, TradeDesk};

use self::manner::Fate;
pub(crate) use self::manner::Manner;
pub(crate) use self::service::{Temper, TradeService};
use crate::memory::{Memory, Process};

/// The most calls in flight per instance.
const CALLS_MAX: usize = 15;
/// How long a call may take.
pub(crate) const CALL_TIME: Duration = Duration::from_secs(45);
/// After so long nothing of a call is on its way any more.
pub(crate) const QUIET_AFTER: Duration = Duration::from_secs(60);

/// So much before the last moment everything has arrived.
const MARGIN: Duration = Duration::from_millis(50);

/// A process's way to the trade service.
pub(crate) struct Desk {
    pub(crate) service: Rc<TradeService>,
    pub(crate) process: Arc<Process>,
    memory: Arc<Memory>,
    in_flight: Cell<usize>,
}

impl Desk {
    /// `memory` keeps the story.
    pub(crate) fn new(
        service: &Rc<TradeService>,
        process: &Arc<Process>,
        memory: &Arc<Memory>,
    ) -> Self {
        let (service, process) = (Rc::clone(service), Arc::clone(process));
        Self { service, process, memory: Arc::clone(memory), in_flight: Cell::new(0) }
    }

    fn enter(&self) -> InFlight<'_> {
        self.in_flight.set(self.in_flight.get() + 1);
        self.service.note_in_flight(self.in_flight.get(), CALLS_MAX);
        InFlight(&self.in_flight)
    }

    async fn pass(&self, time: Duration) {
        self.process.step().await;
        if !time.is_zero() {
            sleep(time).await;
        }
        self.process.step().await;
    }

    /// `over`: whoever hears of it may look it up at once.
    async fn placed(&self, orders: Vec<Trade>, latency: [Duration; 2], over: bool) -> Placing {
        let seen_within = if over { latency[0] } else { QUIET_AFTER };
        let call = self.service.send(orders, latency[0], seen_within);
        self.pass(latency[0]).await;
        let outcome = self.service.outcome(call);
        self.pass(latency[1]).await;
        outcome
    }

    /// The call arrives once nobody waits for it any more.
    async fn timed_out(&self, orders: Vec<Trade>, arrives: Option<Duration>) -> Placing {
        if let Some(after) = arrives {
            let after = after.min(self.service.arrives_within());
            self.service.send(orders, after, QUIET_AFTER);
        }
        self.pass(CALL_TIME).await;
        unknown("timed out", false)
    }

    async fn make(&self, orders: Vec<Trade>, latency: [Duration; 2], fate: Fate) -> Placing {
        match fate {
            Fate::Answered => self.placed(orders, latency, false).await,
            Fate::Unnamed => match self.placed(orders, latency, true).await {
                Placing::Placed(mut trades) => {
                    trades.pop();
                    Placing::Placed(trades)
                }
                outcome @ (Placing::Refused { .. }
                | Placing::NotSent { .. }
                | Placing::Deferred { .. }
                | Placing::Unknown { .. }) => outcome,
            },
            Fate::NotSent(wait) => {
                self.pass(latency[0]).await;
                Placing::NotSent { reason: "refused to connect".to_owned(), wait }
            }
            Fate::Deferred(wait) => {
                self.pass(latency[0]).await;
                Placing::Deferred { reason: "too many requests".to_owned(), wait }
            }
            Fate::LostBefore { over } => {
                self.pass(latency[0]).await;
                unknown("lost on the way", over)
            }
            Fate::LostAfter { over } => {
                self.placed(orders, latency, over).await;
                unknown("the answer was lost", over)
            }
            Fate::TimedOut { arrives } => self.timed_out(orders, arrives).await,
        }
    }
}

#[async_trait(?Send)]
impl TradeDesk for Desk {
    async fn place(&self, call: Call<'_>) -> Placing {
        self.process.step().await;
        let _in_flight = self.enter();
        let orders: Vec<Trade> =
            call.orders.iter().map(|order| trade_of(order, call.references)).collect();
        self.service.note_call(&orders);
        let (latency, fate) = (self.service.latency(), self.service.fate());
        let ids: Vec<i64> = orders.iter().map(|order| order.order_id).collect();
        self.memory.tell(|| format!("places {ids:?}: {fate:?}"));
        if let Some(poison) = self.service.poison(call.orders) {
            if poison.sends_first {
                self.service.send(orders, latency[0], QUIET_AFTER);
            }
            self.pass(latency[1]).await;
            self.memory.tell(|| format!("a worker dies over {ids:?}"));
            std::panic::resume_unwind(Box::new("poisoned, as planned"));
        }
        let placing = self.make(orders, latency, fate).await;
        self.memory.tell(|| format!("placed {ids:?}: {placing:?}"));
        placing
    }

    async fn look_up(&self, order_id: i64) -> Finding {
        self.process.step().await;
        let _in_flight = self.enter();
        let [there, back] = self.service.latency();
        self.pass(there).await;
        let finding = self.service.find(order_id);
        self.memory.tell(|| format!("looks up {order_id}: {finding:?}"));
        self.pass(back).await;
        finding
    }
}

struct InFlight<'a>(&'a Cell<usize>);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn unknown(reason: &str, over: bool) -> Placing {
    Placing::Unknown { reason: reason.to_owned(), over, wait: None }
}

fn trade_of(order: &Order, references: &References) -> Trade {
    Trade {
        id: 0,
        order_id: order.id,
        portfolio_id: order.terms.portfolio_id.clone(),
        security_id: order.terms.security_id.clone(),
        order_type: references.order_types[&order.terms.order_type_id].key().to_owned(),
        quantity: order.terms.quantity,
        limit_price: order.terms.limit_price,
    }
}

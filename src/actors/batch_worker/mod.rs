//! Batch worker: carries one call's loads to the trade service and writes down what became of
//! them.
//!
//! | hears | from | answers |
//! |---|---|---|
//! | [`Carry`] | supervisor | [`Carried`], when the last word is on the disk |
//!
//! Says: `Settle` to the ledger. Asks the trade breaker for a permit before each call, and holds
//! neither a connection nor a lock while one is out.
//! Holds: nothing between two loads. What it carries lies in a [`Hand`] that its parent holds, too.
//! Fails: a panic ends the carriage and not the worker; whoever is told nothing at all finds in the
//! hand what was being sent. A settlement that the database cannot take is tried until it can: the
//! worker is busy until then.

mod hand;
mod settle;

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message, ResponseFuture};
use futures_util::FutureExt;
use uuid::Uuid;

pub use self::hand::Hand;
pub use self::settle::Written;
use super::circuit_breaker::{BreakerHandle, Permit};
use super::lease::Lease;
use super::ledger::Ledger;
use crate::domain::carriage::Step;
use crate::domain::order::Order;
use crate::domain::trade::{Finding, Placing};
use crate::ports::catalogue::Catalogue;
use crate::ports::clock::Clock;
use crate::ports::desk::{Call, TradeDesk};

/// Command: carry what lies in this hand.
#[derive(Debug, Message)]
#[rtype(result = "Carried")]
pub struct Carry {
    pub hand: Arc<Hand>,
    /// The epoch that holds the letters.
    pub epoch: Uuid,
    /// The trace that the calls belong to.
    pub trace: Uuid,
}

/// How a carriage ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// Everything is written down, or another holder has the letter.
    Done { written: Vec<Written>, times: Times },
    /// The breaker let no call through, or nobody took the connection: nothing was done, and the
    /// hand still has the loads.
    NotNow { wait: Duration },
    /// It panicked; the hand says over what.
    Died,
}

/// Where the time of a carriage went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub trade: Duration,
    pub update: Duration,
    pub calls: u32,
    /// Of these, calls that failed or were sent back.
    pub failed: u32,
}

/// What all workers share.
#[derive(Clone)]
pub struct Tools {
    pub desk: Rc<dyn TradeDesk>,
    pub ledger: Addr<Ledger>,
    pub breaker: BreakerHandle,
    pub lease: Lease,
    pub catalogue: Arc<dyn Catalogue>,
    pub clock: Arc<dyn Clock>,
}

pub struct BatchWorker {
    tools: Tools,
}

impl BatchWorker {
    #[must_use]
    pub const fn new(tools: Tools) -> Self {
        Self { tools }
    }
}

impl Actor for BatchWorker {
    type Context = Context<Self>;
}

impl Handler<Carry> for BatchWorker {
    type Result = ResponseFuture<Carried>;

    fn handle(&mut self, carry: Carry, _: &mut Self::Context) -> Self::Result {
        let carriage = self.tools.clone().carry(carry);
        Box::pin(AssertUnwindSafe(carriage).catch_unwind().map(|end| end.unwrap_or(Carried::Died)))
    }
}

impl Tools {
    async fn carry(self, Carry { hand, epoch, trace }: Carry) -> Carried {
        let mut times = Times::default();
        let mut written = Vec::new();
        loop {
            match hand.next_step() {
                Step::Place(order_ids) => match self.leave(&hand, epoch).await {
                    Ok(permit) => {
                        let cargo = hand.cargo();
                        let orders =
                            cargo.iter().flat_map(|cargo| cargo.pick(&order_ids)).collect();
                        let placing = self.place(permit, orders, trace, &mut times).await;
                        if let Placing::NotSent { reason, wait } = &placing
                            && hand.is_untouched()
                        {
                            // Not let go of: it would come after what its client sent later.
                            log::debug!(reason:%; "call could not be made");
                            return Carried::NotNow { wait: wait.unwrap_or_default() };
                        }
                        let references = self.catalogue.references();
                        hand.placed(placing, &references, self.clock.utc());
                    }
                    Err(Stay::NotNow { wait }) => return Carried::NotNow { wait },
                    Err(Stay::LetGo) => {}
                },
                Step::LookUp(order_id) => match self.leave(&hand, epoch).await {
                    Ok(permit) => {
                        let finding = self.look_up(permit, order_id, &mut times).await;
                        let references = self.catalogue.references();
                        hand.found(finding, &references, self.clock.utc());
                    }
                    Err(Stay::NotNow { wait }) => return Carried::NotNow { wait },
                    Err(Stay::LetGo) => {}
                },
                Step::Write(settlements) => {
                    let these = self.settle(settlements, epoch, &mut times).await;
                    hand.written(&these.iter().map(Written::for_the_carriage).collect::<Vec<_>>());
                    written.extend(these);
                }
                Step::Done(settlements) => {
                    written.extend(self.settle(settlements, epoch, &mut times).await);
                    return Carried::Done { written, times };
                }
            }
        }
    }

    /// May a call leave the house now? Asked before each, also before each half of one.
    async fn leave(&self, hand: &Hand, epoch: Uuid) -> Result<Permit, Stay> {
        if !self.lease.is_good(epoch, self.clock.instant()) {
            hand.let_go(
                "the lease of this instance has to be renewed first",
                None,
                self.clock.utc(),
            );
            return Err(Stay::LetGo);
        }
        match self.breaker.permit().await {
            Ok(permit) => Ok(permit),
            Err(refusal) if hand.is_untouched() => Err(Stay::NotNow { wait: refusal.wait }),
            Err(refusal) => {
                let reason = "the trade breaker lets no call through";
                hand.let_go(reason, Some(refusal.wait), self.clock.utc());
                Err(Stay::LetGo)
            }
        }
    }

    async fn place(
        &self,
        permit: Permit,
        orders: Vec<&Order>,
        trace: Uuid,
        times: &mut Times,
    ) -> Placing {
        let references = self.catalogue.references();
        let started = self.clock.instant();
        let call = Call { orders: &orders, references: &references, trace };
        let placing = self.desk.place(call).await;
        let took = self.clock.instant().duration_since(started);
        times.trade += took;
        times.calls += 1;
        match placing.failure() {
            Some(kind) => {
                times.failed += 1;
                permit.failed(kind, took);
            }
            None => permit.succeeded(took),
        }
        placing
    }

    async fn look_up(&self, permit: Permit, order_id: i64, times: &mut Times) -> Finding {
        let started = self.clock.instant();
        let finding = self.desk.look_up(order_id).await;
        let took = self.clock.instant().duration_since(started);
        times.trade += took;
        times.calls += 1;
        match finding.failure() {
            Some(kind) => {
                times.failed += 1;
                permit.failed(kind, took);
            }
            None => permit.succeeded(took),
        }
        finding
    }
}

/// Why a call does not leave the house.
enum Stay {
    /// The breaker refuses, and nothing was done yet.
    NotNow { wait: Duration },
    /// The carriage was told to let go; it says what is to be written.
    LetGo,
}

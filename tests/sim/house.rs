//! The house of one process: the one place that names how the actors are made.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, MailboxError};
use async_trait::async_trait;
use fastrand::Rng;
use resilience::backoff::{Backoff, Jitter};
use resilience::breaker::Config;
use weir::actors::batch_supervisor::{
    self, BatchSupervisor, Door, Doorway, Meet, Submission, SubmitBatch, SubmitOrders,
};
use weir::actors::batch_worker::Tools;
use weir::actors::circuit_breaker::{self, BreakerHandle, CircuitBreaker, Protected, Subscribe};
use weir::actors::lease::Lease;
use weir::actors::ledger::{self, Entry, Ledger, Limits, Queue, Record, Refused};
use weir::actors::retry_mailbox::{self, Leave, Pace, RetryMailbox};
use weir::domain::carriage::Rules;
use weir::domain::pool::PoolSample;
use weir::ports::clock::Clock;
use weir::ports::gauge::{DatabaseState, Hold, PoolGauge};

use crate::desk::{Desk, QUIET_AFTER};
use crate::memory::{Session, SimClock};
use crate::plan::HousePlan;

/// What a sender hears: the inner error is the house's, the outer one says that it is gone.
pub(crate) type Answer<T> = Result<Result<T, Refused>, MailboxError>;

/// What a house is made of.
pub(crate) struct Parts {
    pub(crate) instance: String,
    pub(crate) session: Arc<Session>,
    pub(crate) desk: Rc<Desk>,
    pub(crate) clock: SimClock,
    pub(crate) plan: HousePlan,
    pub(crate) rng: Rng,
}

#[derive(Clone)]
pub(crate) struct House {
    ledger: Addr<Ledger>,
    supervisor: Addr<BatchSupervisor>,
    mailbox: Addr<RetryMailbox>,
}

impl House {
    /// Starts the actors on the set of tasks that polls this.
    pub(crate) async fn open(mut parts: Parts) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(parts.clock);
        let ledger = parts.ledger(&clock);
        let breaker = parts.breaker(&clock);
        let lease = Lease::default();
        let tools = Tools {
            desk: parts.desk.clone(),
            ledger: ledger.clone(),
            breaker: breaker.1,
            lease: lease.clone(),
            catalogue: parts.session.clone(),
            clock: Arc::clone(&clock),
        };
        let supervisor = BatchSupervisor::new(parts.supervisor(tools)).start();
        breaker.0.send(Subscribe(supervisor.clone().recipient())).await.unwrap();
        let mailbox = RetryMailbox::new(retry_mailbox::Setup {
            leases: parts.session.clone(),
            board: parts.session.clone(),
            gauge: Arc::new(Serving),
            ledger: ledger.clone(),
            supervisor: supervisor.clone(),
            lease,
            clock,
            meter: Arc::new(()),
            instance: parts.instance,
            pace: Pace {
                lease: Duration::from_secs(15),
                renew_every: Duration::from_secs(5),
                sweep_every: Duration::from_secs(5),
                quiet_after: QUIET_AFTER,
                batches_kept: Duration::from_hours(24),
            },
        });
        let mailbox = mailbox.start();
        supervisor.send(Meet(mailbox.clone().recipient())).await.unwrap();
        Self { ledger, supervisor, mailbox }
    }

    pub(crate) async fn submit_batch(&self, asked: SubmitBatch) -> Answer<Submission> {
        self.supervisor.send(asked).await
    }

    pub(crate) async fn submit_orders(&self, asked: SubmitOrders) -> Answer<Submission> {
        self.supervisor.send(asked).await
    }

    pub(crate) async fn record(&self, asked: Record) -> Answer<Entry> {
        self.ledger.send(asked).await
    }

    /// Takes nothing more, finishes what it can, and leaves.
    pub(crate) async fn close(&self, within: Duration) {
        let _ = self.supervisor.send(batch_supervisor::Drain { within }).await;
        let _ = self.mailbox.send(Leave).await;
        let _ = self.ledger.send(ledger::Drain).await;
    }
}

impl Parts {
    fn ledger(&self, clock: &Arc<dyn Clock>) -> Addr<Ledger> {
        let HousePlan { lanes, ids_block, .. } = self.plan;
        let limits = Limits { lanes, group_max: 256, line_max: 4096, ids_block };
        Ledger::new(self.session.clone(), Arc::clone(clock), Arc::new(()), limits).start()
    }

    fn breaker(&mut self, clock: &Arc<dyn Clock>) -> (Addr<CircuitBreaker>, BreakerHandle) {
        let setup = circuit_breaker::Setup {
            protects: Protected::Trade,
            rules: Config::trade().check().unwrap(),
            permits_max: 2 * weir::domain::line::WORKERS,
            seed: self.rng.u64(..),
        };
        let (room, view) = CircuitBreaker::new(&setup, Arc::clone(clock), Arc::new(()));
        let room = room.start();
        (room.clone(), BreakerHandle::new(view, room.recipient()))
    }

    fn supervisor(&mut self, tools: Tools) -> batch_supervisor::Setup {
        batch_supervisor::Setup {
            tools,
            meter: Arc::new(()),
            adapts: true,
            door: Door {
                limits: self.plan.limits,
                wait_max: Duration::from_secs(5),
                queue: Queue::default(),
                doorway: Doorway::new(Arc::new(())),
            },
            rules: Rules {
                backoff: Backoff {
                    base: Duration::from_secs(1),
                    cap: Duration::from_mins(5),
                    jitter: Jitter::Full,
                },
                quiet_after: QUIET_AFTER,
                second_look: Duration::from_secs(1),
                attempts_max: self.plan.attempts_max,
                kills_max: 3,
            },
            chunk: self.plan.chunk,
            bulk_max: self.plan.bulk_max,
            seed: self.rng.u64(..),
        }
    }
}

/// The database serves as far as anybody can see: what fails is the call.
struct Serving;

#[async_trait]
impl PoolGauge for Serving {
    fn sample(&self) -> PoolSample {
        PoolSample::default()
    }

    fn state(&self) -> DatabaseState {
        DatabaseState::Serving
    }

    fn holds(&self) -> Vec<Hold> {
        Vec::new()
    }

    fn timeouts(&self) -> u64 {
        0
    }

    fn timeouts_in_a_row(&self) -> u32 {
        0
    }

    async fn probe(&self) -> DatabaseState {
        DatabaseState::Serving
    }
}

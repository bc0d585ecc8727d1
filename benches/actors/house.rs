//! The actors, and a database and a trade service behind them that answer at once.

use std::cell::Cell;
use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, Addr};
use async_trait::async_trait;
use resilience::breaker::Config;
use tokio::sync::Notify;
use uuid::Uuid;
use weir::actors::batch_supervisor::{self, BatchSupervisor, Door, Doorway};
use weir::actors::batch_worker::Tools;
use weir::actors::circuit_breaker::{self, BreakerHandle, CircuitBreaker, Protected};
use weir::actors::lease::Lease;
use weir::actors::ledger::{self, Ledger, Queue};
use weir::actors::retry_mailbox::{self, Pace, RetryMailbox};
use weir::domain::admission::Limits;
use weir::domain::batch::{Answer, Batch, Claim, Claimed, Item, Known, Wanted};
use weir::domain::client::ClientId;
use weir::domain::decision::{Decided, NotDecided, Ruling};
use weir::domain::letter::{Letter, Settled, Settlement};
use weir::domain::moment::Moment;
use weir::domain::pause::Pause;
use weir::domain::pool::{Hold, PoolSample};
use weir::domain::reference::References;
use weir::domain::trade::{Finding, Placing};
use weir::ports::Failure;
use weir::ports::board::Board;
use weir::ports::catalogue::Catalogue;
use weir::ports::clock::{Clock, SystemClock};
use weir::ports::desk::{Call, TradeDesk};
use weir::ports::gauge::{DatabaseState, PoolGauge};
use weir::ports::journal::{Change, ChangeRefusal, Changed, Journal};
use weir::ports::post::{Backlog, Collect, Collected, Leases, Post};

use crate::rules::carriage_rules;
use crate::things::{references, trade};

pub(crate) struct House {
    pub(crate) breaker: Addr<CircuitBreaker>,
    pub(crate) permits: BreakerHandle,
    pub(crate) ledger: Addr<Ledger>,
    pub(crate) supervisor: Addr<BatchSupervisor>,
    pub(crate) desk: Rc<Desk>,
    pub(crate) database: Arc<Database>,
    pub(crate) lease: Lease,
}

impl House {
    /// Begins on this thread; the trade service is shut.
    pub(crate) async fn open() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let database = Arc::new(Database::default());
        let setup = circuit_breaker::Setup {
            protects: Protected::Trade,
            rules: Config::trade().check().unwrap(),
            permits_max: 256,
            seed: 1,
        };
        let (breaker, view) = CircuitBreaker::new(&setup, Arc::clone(&clock), Arc::new(()));
        let breaker = breaker.start();
        let permits = BreakerHandle::new(view, breaker.clone().recipient());
        let limits = ledger::Limits { lanes: 2, group_max: 256, line_max: 4096, ids_block: 10_000 };
        let ledger = Ledger::new(database.clone(), Arc::clone(&clock), Arc::new(()), limits);
        let ledger = ledger.start();
        let (desk, lease) = (Rc::new(Desk::default()), Lease::default());
        let tools = Tools {
            desk: desk.clone(),
            ledger: ledger.clone(),
            breaker: permits.clone(),
            lease: lease.clone(),
            catalogue: database.clone(),
            clock: Arc::clone(&clock),
        };
        let setup = batch_supervisor::Setup {
            tools,
            meter: Arc::new(()),
            rules: carriage_rules(),
            chunk: 50,
            bulk_max: 250,
            adapts: true,
            door: Door {
                limits: Limits::default(),
                wait_max: Duration::from_secs(5),
                queue: Queue::default(),
                doorway: Doorway::new(Arc::new(())),
            },
            seed: 1,
        };
        let supervisor = BatchSupervisor::new(setup).start();
        keep_lease(&database, &ledger, &supervisor, &lease, &clock).await;
        Self { breaker, permits, ledger, supervisor, desk, database, lease }
    }
}

/// Only the mailbox has the lease to give.
async fn keep_lease(
    database: &Arc<Database>,
    ledger: &Addr<Ledger>,
    supervisor: &Addr<BatchSupervisor>,
    lease: &Lease,
    clock: &Arc<dyn Clock>,
) {
    let pace = Pace {
        lease: Duration::from_hours(1),
        renew_every: Duration::from_mins(10),
        sweep_every: Duration::from_mins(10),
        quiet_after: Duration::from_mins(1),
        batches_kept: Duration::from_hours(24),
    };
    let setup = retry_mailbox::Setup {
        leases: database.clone(),
        board: database.clone(),
        gauge: database.clone(),
        ledger: ledger.clone(),
        supervisor: supervisor.clone(),
        lease: lease.clone(),
        clock: Arc::clone(clock),
        meter: Arc::new(()),
        instance: "bench".to_owned(),
        pace,
    };
    RetryMailbox::new(setup).start();
    while lease.epoch(clock.instant()).is_none() {
        tokio::task::yield_now().await;
    }
}

/// A trade service that takes everything once it is open.
#[derive(Default)]
pub(crate) struct Desk {
    is_open: Cell<bool>,
    opened: Notify,
}

impl Desk {
    pub(crate) fn open(&self) {
        self.is_open.set(true);
        self.opened.notify_waiters();
    }
}

#[async_trait(?Send)]
impl TradeDesk for Desk {
    async fn place(&self, call: Call<'_>) -> Placing {
        if !self.is_open.get() {
            self.opened.notified().await;
        }
        Placing::Placed(call.orders.iter().map(|order| trade(order)).collect())
    }

    async fn look_up(&self, _: i64) -> Finding {
        Finding::Absent
    }
}

/// A database that believes everything and keeps a count.
#[derive(Default)]
pub(crate) struct Database {
    pub(crate) settled: AtomicUsize,
    references: std::sync::OnceLock<Arc<References>>,
}

#[async_trait]
impl Catalogue for Database {
    fn references(&self) -> Arc<References> {
        Arc::clone(self.references.get_or_init(|| Arc::new(references())))
    }

    async fn refresh(&self) -> Result<Arc<References>, Failure> {
        Ok(self.references())
    }
}

#[async_trait]
impl Post for Database {
    async fn known(&self, wanted: &Wanted) -> Result<Known, Failure> {
        let keys = vec![None; wanted.keys.len()];
        Ok(Known { keys, client_orders: vec![None; wanted.client_orders.len()] })
    }

    async fn claim(&self, _: u16, _: &[Claim]) -> Result<Vec<Claimed>, Failure> {
        Ok(Vec::new())
    }

    async fn collect(&self, _: Collect, _: Moment) -> Result<Collected, Failure> {
        Ok(Collected::default())
    }

    async fn settle(&self, _: u16, settlements: &[Settlement]) -> Result<Vec<Settled>, Failure> {
        self.settled.fetch_add(settlements.len(), Ordering::Relaxed);
        Ok(vec![Settled::Done; settlements.len()])
    }

    async fn freeze(&self, answers: &[(Uuid, Answer)]) -> Result<Vec<Answer>, Failure> {
        Ok(answers.iter().map(|(_, answer)| answer.clone()).collect())
    }

    async fn decide(&self, _: &[Ruling]) -> Result<Vec<Vec<Result<Decided, NotDecided>>>, Failure> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Journal for Database {
    async fn reserve_order_ids(&self, count: u32) -> Result<Range<i64>, Failure> {
        Ok(1..1 + i64::from(count))
    }

    async fn record(&self, _: u16, _: &[Batch]) -> Result<(), Failure> {
        Ok(())
    }

    async fn record_screened(&self, _: u16, batch: Batch) -> Result<Vec<Item>, Failure> {
        Ok(batch.items)
    }

    async fn record_part(&self, _: u16, _: &Batch, _: Range<usize>) -> Result<(), Failure> {
        Ok(())
    }

    async fn recorded(&self, _: &[i64]) -> Result<HashSet<i64>, Failure> {
        Ok(HashSet::new())
    }

    async fn change(
        &self,
        _: u16,
        changes: &[Change],
    ) -> Result<Vec<Result<Changed, ChangeRefusal>>, Failure> {
        Ok(changes.iter().map(|_| Ok(Changed::Removed)).collect())
    }

    async fn tidy(&self) {}
}

#[async_trait]
impl Board for Database {
    async fn pauses(&self) -> Result<Vec<Pause>, Failure> {
        Ok(Vec::new())
    }

    async fn letters_in_line(&self, _: &[ClientId]) -> Result<u64, Failure> {
        Ok(0)
    }
}

#[async_trait]
impl Leases for Database {
    async fn enter(&self, _: Uuid, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    async fn renew(&self, _: Uuid) -> Result<bool, Failure> {
        Ok(true)
    }

    async fn take_back(&self, _: Uuid, _: Moment) -> Result<u64, Failure> {
        Ok(0)
    }

    async fn let_go(&self, _: &[(Uuid, i64)], _: Moment) -> Result<u64, Failure> {
        Ok(0)
    }

    async fn held(&self, _: Uuid) -> Result<Vec<(Uuid, i64)>, Failure> {
        Ok(Vec::new())
    }

    async fn leave(&self, _: Uuid) -> Result<(), Failure> {
        Ok(())
    }

    async fn backlog(&self) -> Result<Backlog, Failure> {
        Ok(Backlog::default())
    }

    async fn letters_of(&self, _: &[i64]) -> Result<Vec<Letter>, Failure> {
        Ok(Vec::new())
    }

    async fn prune(&self, _: Moment, _: Moment) -> Result<u64, Failure> {
        Ok(0)
    }
}

#[async_trait]
impl PoolGauge for Database {
    fn sample(&self) -> PoolSample {
        PoolSample { active: 0, idle: 1, waiting: 0, total: 1, max: 1 }
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

//! The actors around the one that is tested, and the words that the tests use.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Addr};
use async_trait::async_trait;
use resilience::backoff::{Backoff, Jitter};
use resilience::breaker::{Command, Config};
use tokio::time::sleep;
use uuid::Uuid;
use weir::actors::batch_supervisor::{
    self, Accepted, BatchSupervisor, Door, Doorway, Meet, Submission, SubmitBatch,
};
use weir::actors::batch_worker::Tools;
use weir::actors::circuit_breaker::{
    self, BreakerHandle, CircuitBreaker, Operate, Protected, Subscribe,
};
use weir::actors::lease::Lease;
use weir::actors::ledger::{Entry, Ledger, Letters, Limits, Queue, Record, Recorded};
use weir::actors::retry_mailbox::{self, Pace, RetryMailbox};
use weir::domain::admission;
use weir::domain::amount::Amount;
use weir::domain::batch::Key;
use weir::domain::caller::Caller;
use weir::domain::carriage::Rules;
use weir::domain::client::ClientId;
use weir::domain::letter::{Letter, LetterState};
use weir::domain::moment::Moment;
use weir::domain::order::{Fault, Order, Terms, status};
use weir::domain::pool::PoolSample;
use weir::ports::clock::Clock;
use weir::ports::gauge::{DatabaseState, Hold, PoolGauge};

use crate::desk::Desk;
use crate::memory::{Memory, Process, Session, SimClock};

pub(crate) const ROUTE: &str = "/orders/batch";
pub(crate) const INSTANCE: &str = "here";
pub(crate) const QUIET_AFTER: Duration = Duration::from_secs(60);
pub(crate) const DAY: Duration = Duration::from_hours(24);

pub(crate) const RULES: Rules = Rules {
    backoff: Backoff {
        base: Duration::from_secs(1),
        cap: Duration::from_mins(5),
        jitter: Jitter::Full,
    },
    quiet_after: QUIET_AFTER,
    second_look: Duration::from_secs(1),
    attempts_max: 25,
    kills_max: 3,
};

/// What is different from house to house.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) chunk: usize,
    pub(crate) bulk_max: usize,
    pub(crate) sweep_every: Duration,
    /// Does the supervisor know the mailbox? Else nothing wakes it but its sweeps.
    pub(crate) meets: bool,
    pub(crate) serves: bool,
    pub(crate) limits: admission::Limits,
    pub(crate) adapts: bool,
}

impl Default for Shape {
    fn default() -> Self {
        let sweep_every = Duration::from_secs(5);
        let limits = admission::Limits::default();
        let (meets, serves, adapts) = (true, true, false);
        Self { chunk: 50, bulk_max: 100, sweep_every, meets, serves, limits, adapts }
    }
}

pub(crate) struct House {
    pub(crate) memory: Arc<Memory>,
    pub(crate) session: Arc<Session>,
    pub(crate) gauge: Arc<Gauge>,
    pub(crate) desk: Rc<Desk>,
    pub(crate) ledger: Addr<Ledger>,
    pub(crate) supervisor: Addr<BatchSupervisor>,
    pub(crate) mailbox: Addr<RetryMailbox>,
    pub(crate) tools: Tools,
    breaker: Addr<CircuitBreaker>,
    named: Cell<u32>,
}

/// A disk and a way to it, on paused time.
pub(crate) fn disk() -> (Arc<Memory>, Arc<Session>) {
    tokio::time::pause();
    let memory = Memory::new(SimClock::new(), true, true);
    let session = session(&memory);
    (memory, session)
}

fn door(limits: admission::Limits) -> Door {
    let (queue, doorway) = (Queue::default(), Doorway::new(Arc::new(())));
    Door { limits, wait_max: Duration::from_secs(5), queue, doorway }
}

/// Another way to the same disk.
pub(crate) fn session(memory: &Arc<Memory>) -> Arc<Session> {
    Session::new(memory, &Arc::new(Process::lasting()), 1)
}

pub(crate) fn ledger(session: &Arc<Session>, clock: SimClock) -> Addr<Ledger> {
    let limits = Limits { lanes: 1, group_max: 256, line_max: 4096, ids_block: 1000 };
    Ledger::new(session.clone(), Arc::new(clock), Arc::new(()), limits).start()
}

impl House {
    /// On paused time. If the database serves, it has its lease when it is open.
    pub(crate) async fn open(shape: Shape) -> Self {
        let (memory, session) = disk();
        let clock: Arc<dyn Clock> = Arc::new(memory.clock);
        let ledger = ledger(&session, memory.clock);
        let (breaker, handle) = trade_breaker(&clock);
        let (desk, lease) = (Rc::new(Desk::new()), Lease::default());
        let gauge = Arc::new(Gauge(AtomicBool::new(shape.serves)));
        let tools = Tools {
            desk: desk.clone(),
            ledger: ledger.clone(),
            breaker: handle,
            lease: lease.clone(),
            catalogue: session.clone(),
            clock: Arc::clone(&clock),
        };
        let supervisor = BatchSupervisor::new(batch_supervisor::Setup {
            tools: tools.clone(),
            meter: Arc::new(()),
            rules: RULES,
            chunk: shape.chunk,
            bulk_max: shape.bulk_max,
            door: door(shape.limits),
            adapts: shape.adapts,
            seed: 1,
        });
        let supervisor = supervisor.start();
        breaker.send(Subscribe(supervisor.clone().recipient())).await.unwrap();
        let mailbox = RetryMailbox::new(retry_mailbox::Setup {
            leases: session.clone(),
            board: session.clone(),
            gauge: gauge.clone(),
            ledger: ledger.clone(),
            supervisor: supervisor.clone(),
            lease,
            clock,
            meter: Arc::new(()),
            instance: INSTANCE.to_owned(),
            pace: pace(shape.sweep_every),
        });
        let mailbox = mailbox.start();
        if shape.meets {
            supervisor.send(Meet(mailbox.clone().recipient())).await.unwrap();
        }
        let house = Self {
            memory,
            session,
            gauge,
            desk,
            ledger,
            supervisor,
            mailbox,
            tools,
            breaker,
            named: Cell::new(0),
        };
        if shape.serves {
            house.is_in_service().await;
        }
        house
    }

    async fn is_in_service(&self) {
        self.until("there is a lease", || self.epoch().is_some()).await;
        sleep(Duration::from_millis(100)).await;
    }

    /// Lets time pass until it is so, and fails if it never is.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        for _ in 0..40_000 {
            if is_so() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("never came: {what}\n{}", self.memory.story().join("\n"));
    }

    pub(crate) fn epoch(&self) -> Option<Uuid> {
        self.tools.lease.epoch(self.tools.clock.instant())
    }

    pub(crate) fn now(&self) -> Moment {
        self.tools.clock.utc()
    }

    pub(crate) async fn operate(&self, command: Command) {
        let reason = "a test".to_owned();
        self.breaker.send(Operate { command, reason }).await.unwrap();
        tokio::task::yield_now().await;
    }

    pub(crate) fn batch(&self, client: &str, orders: usize) -> SubmitBatch {
        let items = (0..orders).map(|_| Ok(self.terms())).collect();
        let client = client_id(client);
        let caller = Caller::of(&client, None);
        SubmitBatch { client, caller, route: ROUTE, key: None, items }
    }

    pub(crate) async fn submit(&self, batch: SubmitBatch) -> Accepted {
        accepted(self.supervisor.send(batch).await.unwrap().unwrap())
    }

    pub(crate) fn terms(&self) -> Terms {
        self.named.set(self.named.get() + 1);
        terms(&format!("P{}", self.named.get()))
    }

    /// Records orders in letters of which the supervisor does not know: held by `epoch`, or
    /// waiting.
    pub(crate) async fn write_letters(
        &self,
        orders: usize,
        chunk: usize,
        epoch: Option<Uuid>,
    ) -> Recorded {
        let held_max = if epoch.is_some() { orders } else { 0 };
        let letters = Letters { epoch: epoch.unwrap_or_default(), chunk, held_max };
        let items = (0..orders).map(|_| Ok(self.terms())).collect();
        let record = Record { letters: Some(letters), ..record(items, None) };
        new(self.ledger.send(record).await.unwrap().unwrap())
    }

    pub(crate) fn letter(&self, id: Uuid) -> Option<Letter> {
        self.memory.book().letters.get(&id).map(|row| row.letter.clone())
    }

    /// The letters that stand, by their state.
    pub(crate) fn letters_in(&self, state: LetterState) -> Vec<Letter> {
        let book = self.memory.book();
        let letters = book.letters.values().map(|row| &row.letter);
        letters.filter(|letter| letter.state == state).cloned().collect()
    }

    pub(crate) fn is_sent(&self, order_id: i64) -> bool {
        let book = self.memory.book();
        let order = &book.orders[&order_id].order;
        book.is_status(order, status::SENT) && order.trade_order_id == self.desk.trade_of(order_id)
    }

    /// Are all orders on the disk sent?
    pub(crate) fn all_sent(&self) -> bool {
        let ids: Vec<i64> = self.memory.book().orders.keys().copied().collect();
        ids.into_iter().all(|id| self.is_sent(id))
    }
}

pub(crate) fn client_id(name: &str) -> ClientId {
    ClientId::from_header(name.as_bytes()).unwrap()
}

pub(crate) fn key(text: &str) -> Option<(Key, Duration)> {
    Some((Key { text: text.to_owned(), fingerprint: [7; 32] }, DAY))
}

pub(crate) fn terms(portfolio_id: &str) -> Terms {
    Terms {
        blotter_id: 1,
        status_id: 1,
        order_type_id: 1,
        portfolio_id: portfolio_id.to_owned(),
        security_id: "S".to_owned(),
        quantity: Amount::from_scaled(5),
        limit_price: None,
        ordered_at: Moment::from_micros(0),
        client_order_id: None,
    }
}

/// Orders that are recorded and not submitted.
pub(crate) fn record(items: Vec<Result<Terms, Fault>>, key: Option<(Key, Duration)>) -> Record {
    Record { client: client_id("client"), route: ROUTE, key, items, letters: None }
}

pub(crate) fn new(entry: Entry) -> Recorded {
    let Entry::New(recorded) = entry else { panic!("not new: {entry:?}") };
    recorded
}

pub(crate) fn accepted(submission: Submission) -> Accepted {
    let Submission::Accepted(accepted) = submission else { panic!("not new: {submission:?}") };
    accepted
}

pub(crate) fn ids(accepted: &Accepted) -> Vec<i64> {
    let mut ids: Vec<i64> = accepted.progress.fates().into_keys().collect();
    ids.sort_unstable();
    ids
}

pub(crate) fn order_ids<'a>(orders: impl IntoIterator<Item = &'a Order>) -> Vec<i64> {
    orders.into_iter().map(|order| order.id).collect()
}

/// Timers are as fine as a millisecond, and never early.
pub(crate) fn is_about(took: Duration, wanted: Duration) -> bool {
    (wanted..wanted + Duration::from_millis(100)).contains(&took)
}

fn pace(sweep_every: Duration) -> Pace {
    Pace {
        lease: Duration::from_secs(15),
        renew_every: Duration::from_secs(5),
        sweep_every,
        quiet_after: QUIET_AFTER,
        batches_kept: Duration::from_hours(24),
    }
}

fn trade_breaker(clock: &Arc<dyn Clock>) -> (Addr<CircuitBreaker>, BreakerHandle) {
    let setup = circuit_breaker::Setup {
        protects: Protected::Trade,
        rules: Config::trade().check().unwrap(),
        permits_max: 2 * weir::domain::line::WORKERS,
        seed: 1,
    };
    let (room, view) = CircuitBreaker::new(&setup, Arc::clone(clock), Arc::new(()));
    let room = room.start();
    (room.clone(), BreakerHandle::new(view, room.recipient()))
}

/// A database that serves, or is still being looked for.
pub(crate) struct Gauge(pub(crate) AtomicBool);

impl Gauge {
    pub(crate) fn serve(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl PoolGauge for Gauge {
    fn sample(&self) -> PoolSample {
        PoolSample::default()
    }

    fn state(&self) -> DatabaseState {
        match self.0.load(Ordering::Relaxed) {
            true => DatabaseState::Serving,
            false => DatabaseState::Starting,
        }
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
        self.state()
    }
}

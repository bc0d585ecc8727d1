//! The simulator without its sockets: book, faults and rules behind one lock.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};

use super::answer::{self, Answer};
use super::book::calls::{CallRecord, Calls, Effect};
use super::book::file::{BookError, BookFile};
use super::book::{Book, OrderCount, Rules, Times, Totals, Verdict};
use super::check::{NewTrade, Refusal, check_all};
use super::faults::chaos::{Chaos, OrderFacts, Plan};
use super::faults::kind::Kind;
use super::faults::{Faults, Step};
use super::wire::{Route, WireTrade};
use super::{BULK_MAX, Options};
use crate::ports::clock::Clock;

/// How long a change of the door may take.
const DOOR_WITHIN: Duration = Duration::from_secs(5);

/// A simulator: shared by its listeners, and by a test that holds it in its own process.
pub struct Sim {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    began: Instant,
    /// Where late arrivals live on when their worker has gone.
    runtime: Handle,
    pub(super) changed: Notify,
    /// Whether the trade listener takes connections.
    pub(super) door: watch::Sender<bool>,
    /// Whether faults can be set while nobody listens for trades.
    pub(super) has_control: bool,
}

pub(super) struct State {
    pub(super) book: Book,
    file: Option<BookFile>,
    pub(super) chaos: Chaos,
    pub(super) calls: Calls,
    pub(super) rules: Rules,
    pub(super) lookups: u64,
    /// Calls that will reach the store and have not yet.
    pub(super) pending: usize,
}

/// A placing call as it came in; a copy is cheap.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) route: Route,
    pub(super) key: Option<Box<str>>,
    pub(super) traceparent: Option<Box<str>>,
    pub(super) body: Bytes,
}

type Orders<'a> = serde_json::Result<Vec<Option<WireTrade<'a>>>>;

impl Call {
    pub(super) fn read(&self) -> Orders<'_> {
        self.route.read(&self.body)
    }
}

/// What a look-up asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) order_id: Option<i32>,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

/// Held as long as a call is not over for its caller.
pub(super) struct Presence(#[expect(dead_code, reason = "held to be dropped")] oneshot::Sender<()>);

/// A call that will reach the store, unless the simulator goes down before.
pub(super) struct Pending(Arc<Sim>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.lock().pending -= 1;
    }
}

impl Sim {
    /// Reads the book; to be called where tasks can be spawned.
    pub(super) fn new(options: Options, has_control: bool) -> Result<Self, BookError> {
        let (file, book) = match options.book.as_deref().map(BookFile::open).transpose()? {
            Some((file, book)) => (Some(file), book),
            None => (None, Book::default()),
        };
        let began = options.clock.instant();
        let mut chaos = Chaos::new(options.faults, began);
        chaos.append(options.script);
        let state = State {
            book,
            file,
            chaos,
            calls: Calls::default(),
            rules: options.rules,
            lookups: 0,
            pending: 0,
        };
        Ok(Self {
            state: Mutex::new(state),
            clock: options.clock,
            began,
            runtime: Handle::current(),
            changed: Notify::new(),
            door: watch::Sender::new(true),
            has_control,
        })
    }

    /// Sets what goes wrong from now on. Whether the door follows is known a moment later:
    /// [`Self::settle`].
    pub fn set_faults(&self, faults: Faults) -> Result<(), String> {
        faults.check()?;
        self.lock().chaos.set(faults, self.clock.instant());
        self.changed.notify_one();
        Ok(())
    }

    #[must_use]
    pub fn faults(&self) -> Faults {
        self.lock().chaos.faults().clone()
    }

    /// Says what happens to the next calls, after what is already scripted.
    pub fn append_script(&self, steps: Vec<Step>) -> Result<(), String> {
        for (place, step) in steps.iter().enumerate() {
            step.check().map_err(|reason| format!("[{place}]: {reason}"))?;
        }
        let is_short_enough = self.lock().chaos.append(steps);
        is_short_enough.then_some(()).ok_or_else(|| "the script is too long".to_owned())
    }

    /// Says what happens to the next calls, in the place of what is scripted.
    pub fn replace_script(&self, steps: Vec<Step>) -> Result<(), String> {
        let old: Vec<_> = self.lock().chaos.script().cloned().collect();
        self.forget_script();
        self.append_script(steps).inspect_err(|_| {
            // It was short enough before.
            self.lock().chaos.append(old);
        })
    }

    pub fn forget_script(&self) {
        self.lock().chaos.forget_script();
    }

    pub fn set_rules(&self, rules: Rules) {
        self.lock().rules = rules;
    }

    #[must_use]
    pub fn totals(&self) -> Totals {
        self.lock().book.totals()
    }

    #[must_use]
    pub fn count(&self, order_id: i32) -> OrderCount {
        self.lock().book.count(order_id)
    }

    /// Waits until connections are taken, or refused, as the faults want it.
    pub async fn settle(&self) -> Result<(), String> {
        let wants_open = !self.is_refusing();
        let mut door = self.door.subscribe();
        let settling = door.wait_for(|is_open| *is_open == wants_open);
        match tokio::time::timeout(DOOR_WITHIN, settling).await {
            Ok(_) => Ok(()),
            Err(_) => Err("the trade listener did not follow in time".to_owned()),
        }
    }

    pub(super) fn is_refusing(&self) -> bool {
        self.lock().chaos.is_refusing(self.clock.instant())
    }

    pub(super) fn next_turn(&self) -> Option<Instant> {
        self.lock().chaos.next_turn(self.clock.instant())
    }

    /// A simulator must not end because one of its threads panicked: the book is the judge.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn times(&self) -> Times {
        let running = self.clock.instant().saturating_duration_since(self.began);
        Times { utc: self.clock.utc(), running: Some(running) }
    }

    /// Remembers a call and decides how it is treated.
    pub(super) fn arrive(&self, call: &Call, orders: &Orders<'_>) -> (u64, Plan) {
        let (orders, now) = (orders.as_deref().unwrap_or_default(), self.clock.instant());
        let facts: Vec<_> = orders.iter().map(facts).collect();
        let mut state = self.lock();
        let plan = state.chaos.place(&facts, now);
        let mut record = CallRecord::new(self.clock.utc(), call.route, plan.kind);
        record.idempotency_key.clone_from(&call.key);
        record.traceparent.clone_from(&call.traceparent);
        record.order_ids = facts.iter().map(|order| order.order_id).collect();
        (state.calls.add(record), plan)
    }

    /// What the store makes of a call. Durable, when there is a file, before it is answered.
    pub(super) fn place(&self, call: &Call, orders: Orders<'_>, number: u64, kind: Kind) -> Answer {
        let times = self.times();
        let failed = |status, message: &str| {
            (Effect::Invalid, answer::failed(status, message, call.route.path(), times.utc))
        };
        let count = orders.as_ref().map_or(0, Vec::len);
        let (effect, answer) = match orders {
            Err(error) => failed(StatusCode::BAD_REQUEST, &format!("JSON parse error: {error}")),
            Ok(_) if !(1..=BULK_MAX).contains(&count) => {
                failed(StatusCode::BAD_REQUEST, "Trade orders must be between 1 and 1000")
            }
            Ok(orders) => match check_all(orders) {
                Ok(trades) => return self.store(call, &trades, number, kind, &times),
                Err(refusal) => {
                    let answer = answer::refused(call.route, count, &refusal, times.utc);
                    (Effect::Invalid, answer)
                }
            },
        };
        self.lock().calls.note(number, effect);
        answer
    }

    fn store(
        &self,
        call: &Call,
        trades: &[NewTrade<'_>],
        number: u64,
        kind: Kind,
        times: &Times,
    ) -> Answer {
        let failed =
            |status, message: &str| answer::failed(status, message, call.route.path(), times.utc);
        let mut state = self.lock();
        let (effect, answer) = match state.store(trades, call.key.as_deref(), times) {
            Ok((effect, range)) => (effect, answer::placed(call.route, &state.book, &range, kind)),
            Err(Unplaced::Exists) => (
                Effect::Exists,
                failed(StatusCode::INTERNAL_SERVER_ERROR, "An unexpected error occurred"),
            ),
            Err(Unplaced::KeyReused) => (
                Effect::Invalid,
                failed(StatusCode::UNPROCESSABLE_ENTITY, "The key was used for other orders"),
            ),
            Err(Unplaced::Broken(reason)) => {
                log::error!(reason:%; "the book could not be written, nothing was placed");
                (Effect::None, failed(StatusCode::INTERNAL_SERVER_ERROR, "The store is broken"))
            }
        };
        state.calls.note(number, effect);
        answer
    }

    /// What a call gets that is refused for one of its orders.
    pub(super) fn reject(&self, call: &Call, count: usize, index: usize) -> Answer {
        let reason = "Rejected by the trade simulator".to_owned();
        let index = index.min(count.saturating_sub(1));
        answer::refused(call.route, count, &Refusal { index, reason }, self.clock.utc())
    }

    /// Decides how a look-up is treated.
    pub(super) fn arrive_lookup(&self) -> Plan {
        let now = self.clock.instant();
        let mut state = self.lock();
        state.lookups += 1;
        state.chaos.look_up(now)
    }

    /// The trades of a page as the plan lets them be seen, and how many there are in all.
    pub(super) fn look_up(&self, page: Page, plan: &Plan) -> (usize, Answer) {
        let running = self.clock.instant().saturating_duration_since(self.began);
        // A simulator younger than the age it shows has only what was in its file.
        let as_of = (plan.kind == Kind::Stale).then(|| running.checked_sub(plan.stale));
        let state = self.lock();
        let found = match as_of {
            Some(None) => state.book.find(page.order_id, Some(Duration::ZERO)),
            Some(as_of) => state.book.find(page.order_id, as_of),
            None => state.book.find(page.order_id, None),
        };
        let found: Vec<_> = if plan.kind == Kind::Empty { Vec::new() } else { found.collect() };
        let page = found.iter().copied().skip(page.offset).take(page.limit);
        (found.len(), answer::list(page))
    }

    /// One trade by its id.
    pub(super) fn read(&self, id: u32, plan: &Plan) -> Option<Answer> {
        let state = self.lock();
        state.book.trade(id).filter(|_| plan.kind != Kind::Empty).map(answer::one)
    }

    /// Places a call when it has long been over for its caller.
    pub(super) fn expect_late(
        self: &Arc<Self>,
        call: Call,
        number: u64,
        after: Duration,
    ) -> Presence {
        let (presence, gone) = oneshot::channel();
        let (sim, pending) = (Arc::clone(self), self.pending());
        self.runtime.spawn(async move {
            // Nothing is ever sent: it ends when the other side is dropped.
            drop(gone.await);
            tokio::time::sleep(after).await;
            sim.place(&call, call.read(), number, Kind::Ok);
            drop(pending);
        });
        Presence(presence)
    }

    /// Counts a call that will reach the store until the guard is dropped.
    pub(super) fn pending(self: &Arc<Self>) -> Pending {
        self.lock().pending += 1;
        Pending(Arc::clone(self))
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}

fn facts<'a>(order: &'a Option<WireTrade<'_>>) -> OrderFacts<'a> {
    let order = order.as_ref();
    OrderFacts {
        order_id: order.and_then(|order| order.order_id).unwrap_or(0),
        portfolio_id: order.and_then(|order| order.portfolio_id.as_ref()).map_or("", |id| &id.0),
    }
}

/// Why nothing was placed.
enum Unplaced {
    Exists,
    KeyReused,
    Broken(String),
}

impl State {
    /// Places all trades or none: first on the disk, then in the book.
    fn store(
        &mut self,
        trades: &[NewTrade<'_>],
        key: Option<&str>,
        times: &Times,
    ) -> Result<(Effect, Range<usize>), Unplaced> {
        let broken = |error: std::io::Error| Unplaced::Broken(error.to_string());
        match self.book.judge(trades, key, self.rules) {
            Verdict::Free => {
                let full = || Unplaced::Broken("no trade ids are left".to_owned());
                let first_id = self.book.next_id().ok_or_else(full)?;
                if let Some(file) = &mut self.file {
                    file.placed(first_id, trades, key, times.utc).map_err(broken)?;
                }
                Ok((Effect::Placed, self.book.place(trades, key, times)))
            }
            Verdict::Replay(range) => Ok((Effect::Replayed, range)),
            Verdict::KeyReused => Err(Unplaced::KeyReused),
            Verdict::Exists(ids) => {
                if let Some(file) = &mut self.file {
                    file.refused(&ids, times.utc).map_err(broken)?;
                }
                self.book.refuse(&ids);
                Err(Unplaced::Exists)
            }
        }
    }
}

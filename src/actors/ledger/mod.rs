//! Ledger: the write side of the house, through which every write goes.
//!
//! Requests that arrive while a commit is under way wait in the line and go down together in
//! the next one: one statement per kind, one flush of the disk. There are no timers in it: it
//! batches exactly as much as the disk makes it wait.
//!
//! | hears | from | answers |
//! |---|---|---|
//! | [`Record`] | http, supervisor | [`Entry`], after the commit |
//! | [`Submit`] | supervisor | [`Submitted`], after the commit |
//! | [`Gather`] | mailbox | [`Collected`], after the commit |
//! | [`Settle`] | workers, supervisor | [`Settled`], after the commit |
//! | [`Freeze`] | http | the [`Answer`] that stands, after the commit |
//! | [`Apply`] | http | [`Changed`], after the commit |
//! | [`Decide`] | http | what became of each letter, after the commit |
//! | [`Drain`] | app | when everything taken is decided |
//! | [`Observe`] | anyone | [`Snapshot`] |
//!
//! Holds: the line, and the ids that are reserved and not given out yet. Stores nothing that
//! the database does not have.
//! Fails: a panic in a lane frees the lane, and its senders hear "unknown"; if the ledger itself
//! dies, its senders hear "closed" and what was committed stands.

mod lane;
mod line;
mod message;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix::{
    Actor, AsyncContext, Context, Handler, MessageResult, ResponseFuture, fut::ActorFutureExt,
    fut::WrapFuture,
};
use tokio::sync::oneshot;

use self::lane::{Ids, Lane};
use self::line::{Full, Group, Line, Ticket};
pub use self::message::{
    Apply, Decide, Drain, Entry, Freeze, Gather, Letters, Record, Recorded, Refused, Settle,
    Submit, Submitted,
};
use super::observe::{Observe, Snapshot};
use crate::domain::batch::Answer;
use crate::domain::decision::{Decided, NotDecided};
use crate::domain::letter::Settled;
use crate::domain::moment::Moment;
use crate::ports::Failure;
use crate::ports::books::Books;
use crate::ports::clock::Clock;
use crate::ports::journal::Changed;
use crate::ports::meter::LedgerMeter;
use crate::ports::post::Collected;

/// How long the line must be empty before the writer's housekeeping begins.
const REST_AFTER: Duration = Duration::from_secs(1);

/// What bounds the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Commits under way at once.
    pub lanes: u16,
    /// Requests in one commit.
    pub group_max: usize,
    /// Requests in the line.
    pub line_max: usize,
    /// Order ids reserved at once.
    pub ids_block: u32,
}

/// How long the ledger's line is, for whoever has to know without asking.
#[derive(Clone, Debug, Default)]
pub struct Queue(Arc<AtomicU64>);

impl Queue {
    /// How long what enters the line now waits until it is written.
    #[must_use]
    pub fn wait(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::Relaxed))
    }

    fn tell(&self, wait: Duration) {
        self.0.store(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

pub struct Ledger {
    books: Arc<dyn Books>,
    clock: Arc<dyn Clock>,
    meter: Arc<dyn LedgerMeter>,
    limits: Limits,
    line: Line,
    queue: Queue,
    lanes_free: Vec<u16>,
    ids: Ids,
    drains: Vec<oneshot::Sender<()>>,
    stopping: bool,
    untidy: bool,
    idle_since: Instant,
    since: Moment,
    counters: Counters,
    last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    groups: u64,
    requests: u64,
    busy: u64,
    panics: u64,
}

impl Ledger {
    #[must_use]
    pub fn new(
        books: Arc<dyn Books>,
        clock: Arc<dyn Clock>,
        meter: Arc<dyn LedgerMeter>,
        limits: Limits,
    ) -> Self {
        let (idle_since, since) = (clock.instant(), clock.utc());
        Self {
            books,
            clock,
            meter,
            limits,
            line: Line::new(limits.line_max, limits.group_max),
            queue: Queue::default(),
            lanes_free: (0..limits.lanes.max(1)).rev().collect(),
            ids: Ids::new(),
            drains: Vec::new(),
            stopping: false,
            untidy: false,
            idle_since,
            since,
            counters: Counters::default(),
            last_error: None,
        }
    }

    /// The length of the line is seen here.
    #[must_use]
    pub fn telling(mut self, queue: Queue) -> Self {
        self.queue = queue;
        self
    }

    /// Puts a request in the line by `push` and answers with what its sender will hear.
    fn enter<Work, Answer: Send + 'static>(
        &mut self,
        work: Work,
        push: impl FnOnce(&mut Line, Ticket<Work, Answer>) -> Result<(), Full>,
        context: &mut Context<Self>,
    ) -> ResponseFuture<Result<Answer, Refused>> {
        if self.stopping {
            self.meter.refused(Refused::Stopping.label());
            return Box::pin(async { Err(Refused::Stopping) });
        }
        let (answer, heard) = oneshot::channel();
        let ticket = Ticket { work, answer, since: self.clock.instant() };
        if let Err(Full { retry_after }) = push(&mut self.line, ticket) {
            let busy = Refused::Busy { retry_after };
            self.counters.busy += 1;
            self.meter.refused(busy.label());
            return Box::pin(async { Err(busy) });
        }
        self.dispatch(context);
        Box::pin(async { heard.await.unwrap_or_else(|_| Err(Refused::Unknown(died()))) })
    }

    /// The same for work that has a place of its own.
    fn enter_always<Work, Answer: Send + 'static>(
        &mut self,
        work: Work,
        push: impl FnOnce(&mut Line, Ticket<Work, Answer>),
        context: &mut Context<Self>,
    ) -> ResponseFuture<Result<Answer, Refused>> {
        let push = |line: &mut Line, ticket| {
            push(line, ticket);
            Ok(())
        };
        self.enter(work, push, context)
    }

    /// Gives every free lane what waits.
    fn dispatch(&mut self, context: &mut Context<Self>) {
        while let Some(shard) = self.lanes_free.pop() {
            let Some(group) = self.line.take() else {
                self.lanes_free.push(shard);
                break;
            };
            self.send_down(shard, group, context);
        }
        self.meter.line(self.line.requests(), self.line.orders());
        self.queue.tell(self.line.wait());
    }

    fn send_down(&mut self, shard: u16, group: Group, context: &mut Context<Self>) {
        let started = self.clock.instant();
        let requests = self.count(&group, started);
        let orders = group.new_orders();
        let lane = self.lane(shard);
        // No more than the group can use: the other lanes need ids too.
        let ids = self.ids.drain(..orders.min(self.ids.len())).collect();
        self.untidy = true;
        let work = async move { lane.commit(group, ids).await };
        self.occupy(shard, work, context, move |ledger, ids| {
            let took = ledger.clock.instant().duration_since(started);
            ledger.ids.extend(ids);
            ledger.line.note_pace(requests, took);
            ledger.counters.groups += 1;
        });
    }

    /// Runs `work` beside the actor, and frees the lane when it ends, however it ends. The work
    /// is a task of its own, because an actor polls all of its own futures on each wake.
    fn occupy<T: 'static>(
        &self,
        shard: u16,
        work: impl Future<Output = T> + 'static,
        context: &mut Context<Self>,
        finish: impl FnOnce(&mut Self, T) + 'static,
    ) {
        let (done, ended) = oneshot::channel();
        actix::spawn(async move { drop(done.send(work.await)) });
        let free = ended.into_actor(self).map(move |outcome, ledger, context| {
            match outcome {
                Ok(outcome) => finish(ledger, outcome),
                Err(_) => {
                    ledger.counters.panics += 1;
                    ledger.last_error = Some(died().to_string());
                }
            }
            ledger.lanes_free.push(shard);
            ledger.dispatch(context);
            ledger.rest();
        });
        context.spawn(free);
    }

    /// Counts a group as it leaves the line.
    fn count(&mut self, group: &Group, now: Instant) -> usize {
        let entered = group.entered();
        for since in &entered {
            self.meter.waited(now.duration_since(*since));
        }
        self.counters.requests += u64::try_from(entered.len()).unwrap_or(u64::MAX);
        entered.len()
    }

    fn lane(&self, shard: u16) -> Lane {
        Lane {
            shard,
            books: Arc::clone(&self.books),
            clock: Arc::clone(&self.clock),
            meter: Arc::clone(&self.meter),
            ids_block: self.limits.ids_block,
        }
    }

    fn is_idle(&self) -> bool {
        self.line.is_empty() && self.lanes_free.len() == usize::from(self.limits.lanes.max(1))
    }

    /// Notes when the last lane came to rest, and tells those who wait for it.
    fn rest(&mut self) {
        if !self.is_idle() {
            return;
        }
        self.idle_since = self.clock.instant();
        for drain in self.drains.drain(..) {
            // Whoever asked and left needs no answer.
            let _ = drain.send(());
        }
    }

    /// The housekeeping of a writer that has been idle for a while.
    fn tidy(&mut self, context: &mut Context<Self>) {
        let idle_for = self.clock.instant().duration_since(self.idle_since);
        if !self.untidy || !self.is_idle() || idle_for < REST_AFTER {
            return;
        }
        let Some(shard) = self.lanes_free.pop() else { return };
        self.untidy = false;
        let books = Arc::clone(&self.books);
        self.occupy(shard, async move { books.tidy().await }, context, |_, ()| {});
    }
}

/// What the senders of a lane hear that ended without a word.
fn died() -> Failure {
    Failure::Lost { reason: "the writer stopped unexpectedly".to_owned() }
}

impl Actor for Ledger {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(REST_AFTER, Self::tidy);
    }
}

impl Handler<Record> for Ledger {
    type Result = ResponseFuture<Result<Entry, Refused>>;

    fn handle(&mut self, record: Record, context: &mut Self::Context) -> Self::Result {
        self.enter(record, Line::push_record, context)
    }
}

impl Handler<Apply> for Ledger {
    type Result = ResponseFuture<Result<Changed, Refused>>;

    fn handle(&mut self, Apply(change): Apply, context: &mut Self::Context) -> Self::Result {
        self.enter(change, Line::push_change, context)
    }
}

impl Handler<Decide> for Ledger {
    type Result = ResponseFuture<Result<Vec<Result<Decided, NotDecided>>, Refused>>;

    fn handle(&mut self, decide: Decide, context: &mut Self::Context) -> Self::Result {
        self.enter(decide, Line::push_decision, context)
    }
}

impl Handler<Submit> for Ledger {
    type Result = ResponseFuture<Result<Submitted, Refused>>;

    fn handle(&mut self, submit: Submit, context: &mut Self::Context) -> Self::Result {
        self.enter(submit, Line::push_submit, context)
    }
}

impl Handler<Gather> for Ledger {
    type Result = ResponseFuture<Result<Collected, Refused>>;

    fn handle(&mut self, gather: Gather, context: &mut Self::Context) -> Self::Result {
        self.enter_always(gather, Line::push_gather, context)
    }
}

impl Handler<Settle> for Ledger {
    type Result = ResponseFuture<Result<Settled, Refused>>;

    fn handle(&mut self, settle: Settle, context: &mut Self::Context) -> Self::Result {
        self.enter_always(settle, Line::push_settle, context)
    }
}

impl Handler<Freeze> for Ledger {
    type Result = ResponseFuture<Result<Answer, Refused>>;

    fn handle(&mut self, freeze: Freeze, context: &mut Self::Context) -> Self::Result {
        self.enter_always(freeze, Line::push_freeze, context)
    }
}

impl Handler<Drain> for Ledger {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
        self.stopping = true;
        let (drained, heard) = oneshot::channel();
        self.drains.push(drained);
        self.rest();
        Box::pin(async { heard.await.unwrap_or_default() })
    }
}

impl Handler<Observe> for Ledger {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
        let Counters { groups, requests, busy, panics } = self.counters;
        let counters = [("groups", groups), ("requests", requests), ("busy", busy)];
        let counters = counters.into_iter().chain([("panics", panics)]);
        let state = match (self.stopping, self.is_idle()) {
            (true, _) => "stopping",
            (false, true) => "idle",
            (false, false) => "writing",
        };
        MessageResult(Snapshot {
            name: "ledger",
            state,
            since: self.since,
            depth: u64::try_from(self.line.requests()).unwrap_or(u64::MAX),
            counters: BTreeMap::from_iter(counters),
            last_error: self.last_error.clone(),
            parts: Vec::new(),
        })
    }
}

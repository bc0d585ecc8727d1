//! The line, and what leaves it with a child.

use std::sync::Arc;
use std::time::Instant;

use actix::fut::{ActorFutureExt, WrapFuture};
use actix::{AsyncContext, Context, Handler, MailboxError, Message};
use futures_util::future::join_all;
use uuid::Uuid;

use super::children::{Cargo, Carriage};
use super::progress::OrderFate;
use super::{BatchSupervisor, LOOK_AGAIN, Waiting};
use crate::actors::batch_worker::{Carried, Carry, Hand, Times};
use crate::domain::letter::{Letter, LetterState, Load, Rest, Settlement};
use crate::domain::line::WORKERS;

/// Children that may carry retries while first attempts wait.
const RETRIES_MAX: usize = WORKERS / 3;

/// To itself: the line moves. What became durable in one commit is heard in one go, and so leaves
/// in few calls instead of one for each batch.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Move;

impl Handler<Move> for BatchSupervisor {
    type Result = ();

    fn handle(&mut self, _: Move, context: &mut Self::Context) {
        self.moving = false;
        self.dispatch(context);
        self.note_rest();
    }
}

impl BatchSupervisor {
    /// Puts a load in the line; its place is reserved already.
    pub(super) fn push(&mut self, load: Load, epoch: Uuid) {
        let since = self.now();
        let is_fresh = load.letter.is_fresh() && load.letter.state != LetterState::Reconcile;
        let line = if is_fresh { &mut self.fresh } else { &mut self.retries };
        self.entered += 1;
        line.push(Waiting { load, epoch, since, number: self.entered });
    }

    pub(super) fn is_paused(&self, now: Instant) -> bool {
        self.is_stopped()
            || self.paused_until.is_some_and(|until| now < until)
            || self.setup.tools.breaker.view().is_refusing(now)
    }

    /// Something may have changed: the line moves when all that is told already has been heard.
    pub(super) fn stir(&mut self, context: &mut Context<Self>) {
        if !self.moving {
            self.moving = true;
            context.notify(Move);
        }
    }

    /// Gives every free child what waits.
    fn dispatch(&mut self, context: &mut Context<Self>) {
        if self.draining {
            self.let_go_of_the_line(context);
            return;
        }
        self.put_paused_aside(context);
        if self.is_paused(self.now()) {
            self.pause(context);
        } else {
            while self.send_next(context) {}
            if self.fresh.is_empty() && self.retries.is_empty() {
                self.admission.pace_mut().ran_dry();
            }
        }
        self.tell_line();
    }

    fn send_next(&mut self, context: &mut Context<Self>) -> bool {
        let may_retry = self.children.busy_with_retries() < RETRIES_MAX || self.fresh.is_empty();
        let is_retry = may_retry && !self.retries.is_empty();
        if !is_retry && self.fresh.is_empty() {
            return false;
        }
        if self.children.busy() >= self.children_in_use() {
            return false;
        }
        let Some((place, child)) = self.children.free(&self.setup.tools) else { return false };
        let line = if is_retry { &mut self.retries } else { &mut self.fresh };
        let waiting = line.take(self.setup.bulk_max);
        let Some(epoch) = waiting.first().map(|waiting| waiting.epoch) else { return false };
        let cargo: Vec<Cargo> = waiting.iter().map(Cargo::of).collect();
        let now = self.now();
        for letter in &cargo {
            let waited = now.duration_since(letter.since);
            self.setup.meter.waited(waited);
            self.batches.left_the_line(letter.batch_id, waited);
            self.tell(letter, |_| OrderFate::OnTheWay);
        }
        let trace = cargo.first().map(|letter| letter.batch_id).unwrap_or_default();
        let loads = waiting.into_iter().map(|waiting| waiting.load).collect();
        let rules = self.setup.rules;
        let hand = Arc::new(Hand::new(loads, rules, self.dice.u64(..)));
        let carry = Carry { hand: Arc::clone(&hand), epoch, trace };
        self.children.begin(place, Carriage { hand, epoch, cargo, is_retry, since: now });
        self.counters.carriages += 1;
        let carried = child.send(carry).into_actor(self);
        context.spawn(carried.map(move |end, supervisor, context| {
            supervisor.carried(place, end, context);
        }));
        true
    }

    /// A child is done, one way or another.
    fn carried(
        &mut self,
        place: usize,
        end: Result<Carried, MailboxError>,
        context: &mut Context<Self>,
    ) {
        let busy = self.children.busy();
        let Some(carriage) = self.children.end(place) else { return };
        match end {
            Ok(Carried::Done { written, times }) => {
                self.setup.meter.carried("done");
                self.note_calls(times, busy);
                self.finish(&carriage, &written, times);
            }
            Ok(Carried::NotNow { wait }) => {
                self.setup.meter.carried("not_now");
                self.counters.not_now += 1;
                self.paused_until = Some(self.now() + wait.max(LOOK_AGAIN));
                self.put_back(&carriage);
            }
            Ok(Carried::Died) => self.bury(carriage, context),
            // It did not even answer: nobody knows what it would do next.
            Err(_) => {
                self.children.replace(place, &self.setup.tools);
                self.setup.meter.replaced();
                self.bury(carriage, context);
            }
        }
        self.stir(context);
        self.note_rest();
    }

    /// How many children may call at once.
    pub(super) fn children_in_use(&self) -> usize {
        if self.setup.adapts { self.width.children() } else { WORKERS }
    }

    /// How the trade service fared with these calls tells how many it can stand.
    fn note_calls(&mut self, times: Times, busy: usize) {
        let now = self.now();
        if times.failed > 0 {
            self.width.failed(now);
        } else if times.calls > 0 {
            self.width.answered(times.trade / times.calls, busy, now);
        }
    }

    /// Nothing was done with these loads: back to where they were.
    fn put_back(&mut self, carriage: &Carriage) {
        let loads = carriage.hand.give_back();
        let line = if carriage.is_retry { &mut self.retries } else { &mut self.fresh };
        for (load, Cargo { since, number, .. }) in loads.into_iter().zip(&carriage.cargo) {
            let (since, number) = (*since, *number);
            line.put_back(Waiting { load, epoch: carriage.epoch, since, number });
        }
    }

    /// A child died over these loads. Its letters are let go of as doubtful, and counted.
    fn bury(&mut self, carriage: Carriage, context: &mut Context<Self>) {
        self.setup.meter.carried("died");
        self.counters.died += 1;
        let letters: Vec<_> =
            carriage.cargo.iter().map(|letter| letter.letter_id.to_string()).collect();
        let last_error = format!("a worker died over the letters {}", letters.join(", "));
        log::error!("{last_error}");
        self.last_error = Some(last_error);
        let settlements = carriage.hand.killed(self.setup.tools.clock.utc());
        let tools = self.setup.tools.clone();
        let epoch = carriage.epoch;
        let writing = async move { tools.write(settlements, epoch).await };
        context.spawn(writing.into_actor(self).map(move |written, supervisor, context| {
            supervisor.finish(&carriage, &written, Times::default());
            supervisor.stir(context);
            supervisor.note_rest();
        }));
    }

    /// Tells those who wait for a letter what is known of all of its orders.
    fn tell(&self, letter: &Cargo, fate: impl Fn(i64) -> OrderFate) {
        if self.batches.is_watched(letter.letter_id) {
            let fates: Vec<_> = letter.order_ids.iter().map(|id| (*id, fate(*id))).collect();
            self.batches.tell(letter.letter_id, &fates);
        }
    }

    /// Nothing goes through: those who wait hear at once that it will take a while.
    fn pause(&mut self, context: &mut Context<Self>) {
        for waiting in self.fresh.iter().chain(self.retries.iter()) {
            let fate = self.standstill(&waiting.load.letter.client);
            self.tell(&Cargo::of(waiting), |_| fate.clone().unwrap_or_else(super::breaker_open));
        }
        let Some(until) = self.paused_until else { return };
        let at = until.max(self.now() + LOOK_AGAIN);
        if self.alarm.is_none_or(|(_, set)| at < set) {
            let wait = at.duration_since(self.now());
            let alarm = context.run_later(wait, |supervisor, context| {
                supervisor.alarm = None;
                if supervisor.paused_until.is_some_and(|until| until <= supervisor.now()) {
                    supervisor.paused_until = None;
                }
                supervisor.stir(context);
            });
            if let Some((later, _)) = self.alarm.replace((alarm, at)) {
                context.cancel_future(later);
            }
        }
    }

    /// What waits goes back to the database as it came: no attempt was made.
    pub(super) fn let_go_of_the_line(&mut self, context: &mut Context<Self>) {
        let waiting = self.fresh.drain().into_iter().chain(self.retries.drain()).collect();
        self.let_go(waiting, "the service is stopping: it goes on with the next start", context);
    }

    /// Lets go of loads that left the line, and tells those who wait for them why.
    pub(super) fn let_go(
        &mut self,
        waiting: Vec<Waiting>,
        reason: &str,
        context: &mut Context<Self>,
    ) {
        if waiting.is_empty() {
            return;
        }
        let mut writing = Vec::with_capacity(waiting.len());
        for Waiting { load, epoch, .. } in waiting {
            self.forget(&load, reason);
            let settlement = untouched(load.letter);
            let tools = self.setup.tools.clone();
            writing.push(async move { tools.write_one(settlement, epoch).await });
        }
        self.letting_go += 1;
        context.spawn(join_all(writing).into_actor(self).map(|_, supervisor, _| {
            supervisor.letting_go -= 1;
            supervisor.wake_mailbox();
            supervisor.note_rest();
        }));
    }

    /// A load that is no longer ours to carry.
    pub(super) fn forget(&mut self, load: &Load, reason: &str) {
        let letter = &load.letter;
        let fate = OrderFate::Queued { reason: reason.to_owned() };
        let fates: Vec<_> = letter.undecided.iter().map(|id| (*id, fate.clone())).collect();
        self.batches.tell(letter.id, &fates);
        self.reserved = self.reserved.saturating_sub(load.orders.len());
        let (now, meter) = (self.now(), Arc::clone(&self.setup.meter));
        self.batches.rest(letter.batch_id, letter.id, now, meter.as_ref());
    }

    pub(super) fn tell_line(&self) {
        let orders = self.fresh.orders() + self.retries.orders();
        self.setup.meter.line(self.fresh.loads(), self.retries.loads(), orders);
        self.setup.meter.children(self.children.busy(), self.children_in_use());
        self.tell_wait();
    }

    /// Tells those who drain when the last child is done.
    pub(super) fn note_rest(&mut self) {
        let is_quiet = !self.moving && self.children.busy() == 0;
        if self.draining && is_quiet && self.letting_go == 0 && self.landing == 0 {
            for drain in self.drains.drain(..) {
                // Whoever asked and left needs no answer.
                let _ = drain.send(());
            }
        }
    }
}

/// A letter is let go of as it came.
fn untouched(letter: Letter) -> Settlement {
    Settlement {
        letter_id: letter.id,
        fence: letter.fence,
        sent: Vec::new(),
        rejected: Vec::new(),
        severed: None,
        rest: Rest::Kept {
            state: letter.state,
            undecided: letter.undecided,
            attempts: letter.attempts,
            // As it was: later would put it behind what its client sent after it.
            due_at: letter.due_at,
            trouble: letter.trouble,
            last_error: letter.last_error,
        },
    }
}

impl Cargo {
    fn of(waiting: &Waiting) -> Self {
        let letter = &waiting.load.letter;
        Self {
            letter_id: letter.id,
            batch_id: letter.batch_id,
            order_ids: letter.undecided.clone(),
            since: waiting.since,
            number: waiting.number,
        }
    }
}

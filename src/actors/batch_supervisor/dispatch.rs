//! The line, and what leaves it with a child.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use actix::fut::{ActorFutureExt, WrapFuture};
use actix::{AsyncContext, Context, Handler, MailboxError, Message};
use futures_util::future::join_all;
use uuid::Uuid;

use super::children::{Cargo, Carriage};
use super::progress::OrderFate;
use super::{BatchSupervisor, LOOK_AGAIN, Waiting};
use crate::actors::batch_worker::{Carried, Carry, Hand, Times, Written};
use crate::domain::letter::{LetterState, Load, Rest, Settled, Settlement};
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
        self.paused_until.is_some_and(|until| now < until)
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
        if self.is_paused(self.now()) {
            self.pause(context);
        } else {
            while self.send_next(context) {}
        }
        self.tell_line();
    }

    fn send_next(&mut self, context: &mut Context<Self>) -> bool {
        let may_retry = self.children.busy_with_retries() < RETRIES_MAX || self.fresh.is_empty();
        let is_retry = may_retry && !self.retries.is_empty();
        if !is_retry && self.fresh.is_empty() {
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
        let Some(carriage) = self.children.end(place) else { return };
        match end {
            Ok(Carried::Done { written, times }) => {
                self.setup.meter.carried("done");
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

    /// The last word about a carriage's letters is written down, or somebody else has them.
    fn finish(&mut self, carriage: &Carriage, written: &[Written], times: Times) {
        let mut let_go = false;
        for letter in &carriage.cargo {
            let mut fates = HashMap::new();
            for Written { settlement, settled, .. } in written {
                if settlement.letter_id == letter.letter_id && *settled == Settled::Done {
                    fates.extend(fates_of(settlement));
                    let_go |= matches!(settlement.rest, Rest::Kept { .. });
                    self.log_settlement(carriage, letter, settlement);
                }
            }
            let is_late = |it: &Written| {
                it.settlement.letter_id == letter.letter_id && it.settled == Settled::Stale
            };
            if written.iter().any(is_late) {
                self.note_late(letter);
            }
            self.tell_fates(letter, fates);
            self.reserved = self.reserved.saturating_sub(letter.order_ids.len());
            self.batches.carried(letter.batch_id, times.trade, times.update);
            let (now, meter) = (self.now(), Arc::clone(&self.setup.meter));
            self.batches.rest(letter.batch_id, letter.letter_id, now, meter.as_ref());
        }
        if let_go || self.behind.some_are() || self.more_due {
            self.wake_mailbox();
        }
    }

    /// What became of a letter's call was not written: somebody else has the letter, and looks up
    /// what this instance knows.
    fn note_late(&mut self, letter: &Cargo) {
        self.counters.late += 1;
        let (id, orders) = (letter.letter_id, letter.order_ids.len());
        log::warn!(letter_id:% = id, orders; "letter has another holder: its outcome came too late and is not written");
    }

    /// Counts what became of a letter's orders, and tells it all at once: who waits for the last
    /// word must not hear an earlier one.
    fn tell_fates(&self, letter: &Cargo, fates: HashMap<i64, OrderFate>) {
        let elsewhere =
            || OrderFate::Queued { reason: "another instance has taken it over".to_owned() };
        let fate = |id: &i64| (*id, fates.get(id).cloned().unwrap_or_else(elsewhere));
        let fates: Vec<_> = letter.order_ids.iter().map(fate).collect();
        let count = |is: fn(&OrderFate) -> bool| fates.iter().filter(|(_, fate)| is(fate)).count();
        let meter = &self.setup.meter;
        meter.orders("sent", count(|fate| matches!(fate, OrderFate::Sent { .. })));
        meter.orders("rejected", count(|fate| matches!(fate, OrderFate::Rejected { .. })));
        meter.orders("queued", count(|fate| matches!(fate, OrderFate::Queued { .. })));
        meter.orders("dead", count(|fate| matches!(fate, OrderFate::Dead { .. })));
        self.batches.tell(letter.letter_id, &fates);
    }

    /// A dead letter and a recovered one are a line each.
    fn log_settlement(&mut self, carriage: &Carriage, letter: &Cargo, settlement: &Settlement) {
        let letter_id = letter.letter_id;
        if let Some(severed) = &settlement.severed {
            let (dead_id, orders) = (severed.letter_id, severed.order_ids.len());
            let reason = severed.reason.as_str();
            log::error!(letter_id:% = dead_id, orders, reason; "letter {dead_id} is dead: {reason}");
            self.last_error = Some(severed.reason.clone());
        }
        match &settlement.rest {
            Rest::Kept { state: LetterState::Dead, undecided, last_error, .. } => {
                let orders = undecided.len();
                let reason = last_error.as_deref().unwrap_or_default();
                log::error!(letter_id:% = letter_id, orders, reason; "letter {letter_id} is dead: {reason}");
                self.last_error = Some(reason.to_owned());
            }
            Rest::Closed if carriage.is_retry => {
                let (sent, rejected) = (settlement.sent.len(), settlement.rejected.len());
                log::info!(letter_id:% = letter_id, sent, rejected; "letter {letter_id} recovered");
            }
            Rest::Closed | Rest::Kept { .. } => {}
        }
    }

    /// Tells those who wait for a letter what is known of all of its orders.
    fn tell(&self, letter: &Cargo, fate: impl Fn(i64) -> OrderFate) {
        if self.batches.is_watched(letter.letter_id) {
            let fates: Vec<_> = letter.order_ids.iter().map(|id| (*id, fate(*id))).collect();
            self.batches.tell(letter.letter_id, &fates);
        }
    }

    /// The breaker lets nothing through: those who wait hear at once that it will take a while.
    fn pause(&mut self, context: &mut Context<Self>) {
        let waiting = self.fresh.iter().chain(self.retries.iter());
        let cargo: Vec<Cargo> = waiting.map(Cargo::of).collect();
        for letter in &cargo {
            self.tell(letter, |_| super::breaker_open());
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
        let waiting: Vec<_> = self.fresh.drain().into_iter().chain(self.retries.drain()).collect();
        if waiting.is_empty() {
            return;
        }
        let mut writing = Vec::with_capacity(waiting.len());
        for Waiting { load, epoch, .. } in waiting {
            self.forget(&load, "the service is stopping: it goes on with the next start");
            let letter = load.letter;
            let settlement = Settlement {
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
            };
            let tools = self.setup.tools.clone();
            writing.push(async move { tools.write_one(settlement, epoch).await });
        }
        self.letting_go += 1;
        context.spawn(join_all(writing).into_actor(self).map(|_, supervisor, _| {
            supervisor.letting_go -= 1;
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
        self.setup.meter.children(self.children.busy());
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

/// What a settlement says of its orders.
fn fates_of(settlement: &Settlement) -> Vec<(i64, OrderFate)> {
    let sent = settlement.sent.iter();
    let sent = sent.map(|(id, trade)| (*id, OrderFate::Sent { trade_order_id: *trade }));
    let rejected = settlement.rejected.iter().map(|rejection| {
        (rejection.order_id, OrderFate::Rejected { message: rejection.message.clone() })
    });
    let mut fates: Vec<_> = sent.chain(rejected).collect();
    if let Some(severed) = &settlement.severed {
        let dead = || OrderFate::Dead { reason: severed.reason.clone() };
        fates.extend(severed.order_ids.iter().map(|id| (*id, dead())));
    }
    if let Rest::Kept { state, undecided, last_error, .. } = &settlement.rest {
        let reason = last_error.clone().unwrap_or_else(|| "it is tried again".to_owned());
        let fate = match state {
            LetterState::Dead => OrderFate::Dead { reason },
            LetterState::Waiting | LetterState::Reconcile => OrderFate::Queued { reason },
            LetterState::Held => OrderFate::OnTheWay,
        };
        fates.extend(undecided.iter().map(|id| (*id, fate.clone())));
    }
    fates
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

//! Circuit breaker: keeps work away from what is drowning, and finds out when it no longer is.
//!
//! | hears | from | answers |
//! |---|---|---|
//! | [`AskPermit`] | a [`BreakerHandle`] | [`Permit`] or [`Refusal`] |
//! | outcomes | a [`Permit`] | nothing |
//! | [`PoolSampled`] | pool monitor | nothing |
//! | [`Operate`] | http (admin) | [`BreakerChanged`], when it is in effect |
//! | [`Subscribe`] | app | how it is now |
//! | [`ObserveBreaker`] | http (admin) | [`BreakerPicture`] |
//! | [`Observe`] | anyone | [`Snapshot`] |
//!
//! Holds: one `Breaker` of the rules, the last changes, the subscribers, and the one end of the
//! line in which outcomes come. Stores nothing: a restart begins closed.
//! Fails: when it dies the process has to end; until then calls are permitted unseen, except
//! behind a breaker that was forced open. A lost permit comes back by itself.

mod events;
mod message;
mod permit;
mod subscribers;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task;
use std::task::Poll;
use std::time::Duration;

use actix::fut::ActorFuture;
use actix::{Actor, AsyncContext, Context, Handler, MessageResult, Supervised};
use resilience::breaker::{Asked, Breaker, Change, Picture, Rules, Verdict};
use tokio::sync::mpsc;

use self::events::Events;
pub use self::message::{
    AskPermit, BreakerChanged, BreakerPicture, ObserveBreaker, Operate, PoolSampled, Protected,
    Refusal, Subscribe,
};
pub use self::permit::Permit;
use self::permit::Report;
use self::subscribers::Subscribers;
use self::view::Shown;
pub use self::view::{BreakerHandle, BreakerView};
use super::observe::{Observe, Snapshot};
use crate::domain::moment::Moment;
use crate::ports::clock::Clock;
use crate::ports::meter::BreakerMeter;

/// How soon a subscriber with a full mailbox is tried again.
const RETELL_AFTER: Duration = Duration::from_millis(100);

/// What makes a breaker this one.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub protects: Protected,
    pub rules: Rules,
    /// Calls under way at once whose outcome is waited for; more are refused as busy.
    pub permits_max: usize,
    /// What decides the jitter.
    pub seed: u64,
}

pub struct CircuitBreaker {
    breaker: Breaker,
    view: BreakerView,
    reports: mpsc::Receiver<Report>,
    events: Events,
    subscribers: Subscribers,
    /// The generation that a timer is under way for.
    armed: Option<u64>,
    retelling: bool,
    since: Moment,
    clock: Arc<dyn Clock>,
    meter: Arc<dyn BreakerMeter>,
}

impl CircuitBreaker {
    /// The room, and what others see of it.
    #[must_use]
    pub fn new(
        setup: &Setup,
        clock: Arc<dyn Clock>,
        meter: Arc<dyn BreakerMeter>,
    ) -> (Self, BreakerView) {
        let breaker = Breaker::new(setup.rules, clock.instant(), setup.seed);
        let (sender, reports) = mpsc::channel(setup.permits_max.max(1));
        let shown = Shown { state: breaker.state(), door: breaker.door() };
        let (to_clock, to_meter) = (Arc::clone(&clock), Arc::clone(&meter));
        let view = BreakerView::new(setup.protects, shown, sender, to_clock, to_meter);
        let room = Self {
            breaker,
            view: view.clone(),
            reports,
            events: Events::default(),
            subscribers: Subscribers::default(),
            armed: None,
            retelling: false,
            since: clock.utc(),
            clock,
            meter,
        };
        (room, view)
    }

    fn name(&self) -> &'static str {
        self.view.protects().name()
    }

    /// Takes in every outcome that has arrived, so that whoever reports and then asks is
    /// answered by what it reported.
    fn hear_all(&mut self, context: &mut Context<Self>) {
        while let Ok(report) = self.reports.try_recv() {
            self.hear(report);
        }
        self.settle(context);
    }

    fn hear(&mut self, Report { ticket, outcome }: Report) {
        self.meter.ended(self.name(), outcome.label());
        let change = self.breaker.record(ticket, outcome, self.clock.instant());
        self.follow(change);
    }

    fn follow(&mut self, change: Option<Change>) {
        if let Some(change) = change {
            self.publish(change, None);
        }
    }

    /// Makes the present state seen and its end awaited. Every turn ends with it.
    fn settle(&mut self, context: &mut Context<Self>) {
        self.show();
        self.meter.permits_out(self.name(), self.view.permits_out());
        self.arm(context);
        self.retell(context);
    }

    fn show(&self) {
        self.view.show(Shown { state: self.breaker.state(), door: self.breaker.door() });
    }

    /// Sets the timer of this generation. An earlier one runs out and changes nothing.
    fn arm(&mut self, context: &mut Context<Self>) {
        let generation = self.breaker.generation();
        let Some(at) = self.breaker.wake_at() else { return };
        if self.armed == Some(generation) {
            return;
        }
        self.armed = Some(generation);
        let wait = at.saturating_duration_since(self.clock.instant());
        context.run_later(wait, move |room, context| room.wake(generation, context));
    }

    fn wake(&mut self, generation: u64, context: &mut Context<Self>) {
        if self.armed == Some(generation) {
            self.armed = None;
        }
        self.hear_all(context);
        let change = self.breaker.tick(generation, self.clock.instant());
        self.follow(change);
        self.settle(context);
    }

    /// Remembers a change and tells everybody.
    fn publish(&mut self, change: Change, note: Option<Arc<str>>) -> BreakerChanged {
        let (breaker, at) = (self.view.protects(), self.clock.utc());
        let event = BreakerChanged { breaker, change, note, at };
        let Change { from, to, reason, lasted, .. } = change;
        // Seen before it is told: whoever hears of a change finds it in effect.
        self.show();
        self.meter.state(self.name(), to.label());
        self.meter.changed(self.name(), from.label(), to.label(), reason.label(), lasted);
        self.events.add(event.clone());
        if from != to {
            self.since = at;
        }
        self.subscribers.tell(&event);
        event
    }

    /// Comes back to subscribers that could not hear.
    fn retell(&mut self, context: &mut Context<Self>) {
        if self.retelling || !self.subscribers.some_wait() {
            return;
        }
        self.retelling = true;
        context.run_later(RETELL_AFTER, |room, context| {
            room.retelling = false;
            room.subscribers.deliver();
            room.retell(context);
        });
    }

    fn picture(&self) -> Picture {
        let mut picture = self.breaker.picture(self.clock.instant());
        // Most refusals are made by the view.
        picture.totals.refused = self.view.refused_total();
        picture
    }
}

/// Hears outcomes as they come.
struct Listening;

impl ActorFuture<CircuitBreaker> for Listening {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        room: &mut CircuitBreaker,
        context: &mut Context<CircuitBreaker>,
        task: &mut task::Context<'_>,
    ) -> Poll<()> {
        let mut heard = false;
        while let Poll::Ready(Some(report)) = room.reports.poll_recv(task) {
            room.hear(report);
            heard = true;
        }
        if heard {
            room.settle(context);
        }
        Poll::Pending
    }
}

impl Actor for CircuitBreaker {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.meter.state(self.name(), self.breaker.state().label());
        context.spawn(Listening);
        self.settle(context);
    }
}

impl Supervised for CircuitBreaker {
    fn restarting(&mut self, _: &mut Self::Context) {
        // The timers went with the old context. That of the breaker is of an old generation.
        self.retelling = false;
        let change = self.breaker.restart(self.clock.instant());
        self.publish(change, None);
    }
}

impl Handler<AskPermit> for CircuitBreaker {
    type Result = Result<Permit, Refusal>;

    fn handle(&mut self, _: AskPermit, context: &mut Self::Context) -> Self::Result {
        self.hear_all(context);
        let place = self.view.reserve()?;
        let Asked { verdict, change } = self.breaker.ask(self.clock.instant());
        self.follow(change);
        self.settle(context);
        match (verdict, place) {
            (Verdict::Granted(ticket), Some(place)) => Ok(Permit::new(ticket, place)),
            // The line ends here, in this very actor, so there is always somebody to hear.
            (Verdict::Granted(_), None) => Ok(Permit::unheard()),
            (Verdict::Refused { wait }, _) => {
                Err(self.view.refused(wait, self.breaker.state().label()))
            }
        }
    }
}

impl Handler<PoolSampled> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, sampled: PoolSampled, context: &mut Self::Context) {
        self.hear_all(context);
        let PoolSampled { sample, acquire_timeouts_in_a_row } = sampled;
        let now = self.clock.instant();
        let change = self.breaker.sample(sample.utilisation(), acquire_timeouts_in_a_row, now);
        self.follow(change);
        self.settle(context);
    }
}

impl Handler<Operate> for CircuitBreaker {
    type Result = MessageResult<Operate>;

    fn handle(&mut self, operate: Operate, context: &mut Self::Context) -> Self::Result {
        self.hear_all(context);
        let change = self.breaker.command(operate.command, self.clock.instant());
        let event = self.publish(change, Some(operate.reason.into()));
        self.settle(context);
        MessageResult(event)
    }
}

impl Handler<Subscribe> for CircuitBreaker {
    type Result = MessageResult<Subscribe>;

    fn handle(&mut self, Subscribe(who): Subscribe, context: &mut Self::Context) -> Self::Result {
        self.hear_all(context);
        self.subscribers.add(who);
        MessageResult(self.picture())
    }
}

impl Handler<ObserveBreaker> for CircuitBreaker {
    type Result = MessageResult<ObserveBreaker>;

    fn handle(&mut self, _: ObserveBreaker, context: &mut Self::Context) -> Self::Result {
        self.hear_all(context);
        MessageResult(BreakerPicture {
            breaker: self.view.protects(),
            picture: self.picture(),
            since: self.since,
            permits_out: self.view.permits_out(),
            events: self.events.all(),
            events_skipped: self.subscribers.skipped,
        })
    }
}

impl Handler<Observe> for CircuitBreaker {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, context: &mut Self::Context) -> Self::Result {
        self.hear_all(context);
        let totals = self.picture().totals;
        let counters = [
            ("refused", totals.refused),
            ("succeeded", totals.succeeded),
            ("failed", totals.failed),
            ("ignored", totals.ignored),
            ("returned", totals.returned),
            ("stale", totals.stale),
            ("trips", totals.trips),
            ("would_trip", totals.would_trip),
            ("permits_out", u64::try_from(self.view.permits_out()).unwrap_or(u64::MAX)),
        ];
        MessageResult(Snapshot {
            name: self.view.protects().room(),
            state: self.breaker.state().label(),
            since: self.since,
            depth: 0,
            counters: BTreeMap::from_iter(counters),
            last_error: self.events.last_error(),
            parts: Vec::new(),
        })
    }
}

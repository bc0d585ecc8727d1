//! Lookout: looks at the whole house once a second, and shows it to whoever watches.
//!
//! | hears | from | answers |
//! |---|---|---|
//! | [`AskStatus`] | http (admin) | the newest sight, printed |
//! | [`Watch`] | http (admin) | [`News`] from now on, or [`NoPlace`] |
//! | [`Tell`] | http (admin) | nothing; those who watch read it |
//! | [`BreakerChanged`] | the breakers | nothing; those who watch read it, and it looks at once |
//! | [`Close`] | app | when nobody watches any more |
//! | [`Observe`] | anyone | [`Snapshot`] |
//!
//! Says: `ObserveBreaker`, `ObserveLine` and [`Observe`] to the other actors, once for all who
//! watch: thirty open consoles cost the house what one does.
//! Holds: the newest sight, the totals of the last minute, and the ends of the lines to those who
//! watch. Stores nothing.
//! Fails: an actor that does not answer is a gap in the sight. If the lookout itself dies, nobody
//! sees the house any more, and the house goes on.

mod look;
mod message;
mod sight;
mod watchers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::{ActorFutureExt, WrapFuture};
use actix::{Actor, AsyncContext, Context, Handler, MessageResult, ResponseFuture};
use tokio::sync::{mpsc, oneshot};

pub use self::look::Places;
use self::look::Seen;
pub use self::message::{AskStatus, Close, Happening, News, NoPlace, Tell, Watch};
use self::sight::why;
pub use self::sight::{About, BreakerSight, BreakerTold, Readiness, Sight};
use self::watchers::Watchers;
use super::circuit_breaker::BreakerChanged;
use super::observe::{Observe, Snapshot};
use crate::domain::pulse::Pulse;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How what is seen becomes text; a line of it for each happening.
#[derive(Clone, Copy)]
pub struct Printer {
    pub sight: fn(&Sight) -> String,
    pub happening: fn(&Happening) -> String,
}

pub struct Lookout {
    places: Places,
    about: Arc<About>,
    printer: Printer,
    pulse: Pulse,
    newest: Option<Arc<str>>,
    /// Those who asked before the first sight.
    early: Vec<oneshot::Sender<Arc<str>>>,
    watchers: Watchers,
    looking: bool,
    /// Something happened since the present look began.
    look_again: bool,
    closed: bool,
    looks: u64,
}

impl Lookout {
    #[must_use]
    pub fn new(places: Places, about: About, printer: Printer) -> Self {
        Self {
            places,
            about: Arc::new(about),
            printer,
            pulse: Pulse::default(),
            newest: None,
            early: Vec::new(),
            watchers: Watchers::default(),
            looking: false,
            look_again: false,
            closed: false,
            looks: 0,
        }
    }

    fn tick(&mut self, context: &mut Context<Self>) {
        let totals = self.places.figures.read().totals;
        self.pulse.beat(self.places.clock.instant(), totals);
        self.look(context);
    }

    fn look(&mut self, context: &mut Context<Self>) {
        if self.looking {
            self.look_again = true;
            return;
        }
        self.looking = true;
        let places = self.places.clone();
        let looking = async move { places.look().await };
        context.spawn(looking.into_actor(self).map(|seen, lookout, context| {
            lookout.show(seen);
            lookout.looking = false;
            if std::mem::take(&mut lookout.look_again) {
                lookout.look(context);
            }
        }));
    }

    fn show(&mut self, seen: Seen) {
        self.looks += 1;
        let (rates, latency) = (self.pulse.rates(), self.pulse.latency());
        let sight = Sight::of(seen, Arc::clone(&self.about), rates, latency);
        let text: Arc<str> = (self.printer.sight)(&sight).into();
        for early in self.early.drain(..) {
            // Whoever asked and left needs no answer.
            let _ = early.send(Arc::clone(&text));
        }
        self.watchers.tell(&News { kind: "status", text: Arc::clone(&text) });
        self.newest = Some(text);
    }

    fn tell(&mut self, kind: &'static str, text: String) {
        let happening = Happening { at: self.places.clock.utc(), kind, text };
        let text = (self.printer.happening)(&happening).into();
        self.watchers.tell(&News { kind: "change", text });
    }
}

impl Actor for Lookout {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.tick(context);
        context.run_interval(LOOK_EVERY, Self::tick);
    }
}

impl Handler<AskStatus> for Lookout {
    type Result = ResponseFuture<Option<Arc<str>>>;

    fn handle(&mut self, _: AskStatus, _: &mut Self::Context) -> Self::Result {
        let newest = self.newest.clone();
        if newest.is_some() {
            return Box::pin(std::future::ready(newest));
        }
        let (early, first) = oneshot::channel();
        self.early.push(early);
        Box::pin(async { first.await.ok() })
    }
}

impl Handler<Watch> for Lookout {
    type Result = MessageResult<Watch>;

    fn handle(&mut self, _: Watch, _: &mut Self::Context) -> Self::Result {
        if self.closed {
            return MessageResult(Err(NoPlace::Closing));
        }
        let heard: Result<mpsc::Receiver<News>, _> = self.watchers.add().ok_or(NoPlace::Full);
        if let (Ok(_), Some(text)) = (&heard, &self.newest) {
            self.watchers.tell_last(&News { kind: "status", text: Arc::clone(text) });
        }
        MessageResult(heard)
    }
}

impl Handler<Tell> for Lookout {
    type Result = ();

    fn handle(&mut self, Tell { kind, text }: Tell, context: &mut Self::Context) {
        self.tell(kind, text);
        self.look(context);
    }
}

impl Handler<BreakerChanged> for Lookout {
    type Result = ();

    fn handle(&mut self, event: BreakerChanged, context: &mut Self::Context) {
        let BreakerChanged { breaker, change, note, .. } = event;
        let (from, to) = (change.from.label(), change.to.label());
        let why = why(&change.reason, note.as_deref());
        self.tell("breaker", format!("{}: {from} to {to}: {why}", breaker.name()));
        self.look(context);
    }
}

impl Handler<Close> for Lookout {
    type Result = ();

    fn handle(&mut self, _: Close, _: &mut Self::Context) {
        self.closed = true;
        self.watchers.clear();
    }
}

impl Handler<Observe> for Lookout {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
        let watchers = u64::try_from(self.watchers.count()).unwrap_or(u64::MAX);
        let counters = BTreeMap::from([
            ("looks", self.looks),
            ("watchers", watchers),
            ("watchers_too_slow", self.watchers.too_slow),
        ]);
        let state = match (self.closed, watchers) {
            (true, _) => "closed",
            (false, 0) => "unwatched",
            (false, _) => "watched",
        };
        MessageResult(Snapshot {
            name: "lookout",
            state,
            since: self.about.started_at,
            depth: u64::from(self.looking),
            counters,
            last_error: None,
            parts: Vec::new(),
        })
    }
}

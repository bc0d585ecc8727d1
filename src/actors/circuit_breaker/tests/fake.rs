//! What stands around the breaker in its tests: a clock that is moved by hand, a meter that
//! counts, a subscriber that can be deaf, and messages that stop or kill the room.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix::{ActorContext, Message, WrapFuture};

use super::*;

/// Command: stop, as a supervised actor does that is to begin again.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Stop;

/// Command: panic.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Die;

impl Handler<Stop> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, _: Stop, context: &mut Self::Context) {
        context.stop();
    }
}

impl Handler<Die> for CircuitBreaker {
    type Result = ();

    fn handle(&mut self, _: Die, _: &mut Self::Context) {
        panic!("planned");
    }
}

pub(super) struct HandClock {
    start: Instant,
    millis: AtomicU64,
}

impl HandClock {
    pub(super) fn new() -> Self {
        Self { start: SystemClock.instant(), millis: AtomicU64::new(0) }
    }

    pub(super) fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn instant(&self) -> Instant {
        self.start + Duration::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn utc(&self) -> Moment {
        Moment::from_micros(0)
    }
}

/// Counts everything by its words.
#[derive(Default)]
pub(super) struct Tally(Mutex<BTreeMap<String, u64>>);

impl Tally {
    pub(super) fn of(&self, words: &str) -> u64 {
        self.0.lock().unwrap().get(words).copied().unwrap_or_default()
    }

    fn count(&self, words: String) {
        *self.0.lock().unwrap().entry(words).or_default() += 1;
    }
}

impl BreakerMeter for Tally {
    fn state(&self, breaker: &'static str, state: &'static str) {
        self.count(format!("{breaker} is {state}"));
    }

    fn changed(
        &self,
        _breaker: &'static str,
        from: &'static str,
        to: &'static str,
        reason: &'static str,
        lasted: Duration,
    ) {
        self.count(format!("{from} {to} {reason} {}s", lasted.as_secs()));
    }

    fn refused(&self, _breaker: &'static str, why: &'static str) {
        self.count(format!("refused {why}"));
    }

    fn ended(&self, _breaker: &'static str, outcome: &'static str) {
        self.count(format!("ended {outcome}"));
    }

    fn permits_out(&self, _breaker: &'static str, permits: usize) {
        let most = self.of("permits").max(u64::try_from(permits).unwrap());
        self.0.lock().unwrap().insert("permits".to_owned(), most);
    }
}

/// Writes down the states that it is told of, in words of `from>to`. It is deaf for a while.
pub(super) struct Ear {
    pub(super) heard: Arc<Mutex<Vec<String>>>,
    pub(super) deaf_for: Duration,
    pub(super) room_for: usize,
}

impl Ear {
    pub(super) fn hear(
        deaf_for: Duration,
        room_for: usize,
    ) -> (Addr<Self>, Arc<Mutex<Vec<String>>>) {
        let heard = Arc::default();
        let ear = Self { heard: Arc::clone(&heard), deaf_for, room_for };
        (ear.start(), heard)
    }
}

impl Actor for Ear {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(self.room_for);
        if !self.deaf_for.is_zero() {
            context.wait(tokio::time::sleep(self.deaf_for).into_actor(self));
        }
    }
}

impl Handler<BreakerChanged> for Ear {
    type Result = ();

    fn handle(&mut self, event: BreakerChanged, _: &mut Self::Context) {
        let Change { from, to, .. } = event.change;
        self.heard.lock().unwrap().push(format!("{}>{}", from.label(), to.label()));
    }
}

impl Handler<Stop> for Ear {
    type Result = ();

    fn handle(&mut self, _: Stop, context: &mut Self::Context) {
        context.stop();
    }
}

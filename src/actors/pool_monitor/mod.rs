//! Pool monitor: keeps the picture of the connection pool, warns before it is used up, and looks
//! for a database that went away.
//!
//! | hears | from | answers |
//! |---|---|---|
//! | [`ObservePool`] | http | [`PoolPicture`] |
//! | [`BreakerChanged`] | the pool's breaker | nothing; it measures quicker while that is not closed |
//! | [`Observe`] | anyone | [`Snapshot`] |
//!
//! Says: [`PoolSampled`] to the pool's breaker, after each look while the database serves.
//! Holds: the samples of the last ten minutes and what was said in the log already. Stores
//! nothing: a restart begins with an empty history.
//! Fails: a probe that panics or hangs is given up and the next one begins. If the monitor itself
//! dies, its askers hear "closed" and the pool goes on, but nobody looks for a lost database any
//! more: the process has to end.

mod message;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, AsyncContext, Context, Handler, MessageResult, Recipient, SpawnHandle};
use actix::{fut::ActorFutureExt, fut::WrapFuture};
use resilience::breaker::StateName;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use self::message::{ObservePool, PoolPicture};
use super::circuit_breaker::{BreakerChanged, PoolSampled};
use super::observe::{Observe, Snapshot};
use crate::domain::moment::Moment;
use crate::domain::pool::{PoolColour, PoolSample};
use crate::domain::pool_watch::{PoolWatch, Turn};
use crate::ports::clock::Clock;
use crate::ports::gauge::{DatabaseState, Hold, PoolGauge};

/// How far back the history goes.
const HISTORY: Duration = Duration::from_mins(10);
/// The most samples in it, however quickly they come.
const HISTORY_SAMPLES_MAX: usize = 6_000;
/// The pool is measured at least so often while its breaker is not closed.
const QUICK: Duration = Duration::from_secs(1);
/// The pause between two looks for a database that is away.
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// How long one look may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

const _: () = assert!(PROBE_EVERY.as_millis() < PROBE_LIMIT.as_millis());

/// When the monitor does what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the pool is measured while its breaker is closed.
    pub sample_every: Duration,
    /// Whoever holds a connection for so long is named in the log.
    pub hold_warning: Duration,
}

pub struct PoolMonitor {
    gauge: Arc<dyn PoolGauge>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    watch: PoolWatch,
    history: VecDeque<Look>,
    breaker: Recipient<PoolSampled>,
    breaker_is_closed: bool,
    /// The timer that measures.
    measuring: Option<SpawnHandle>,
    probing: bool,
    since: Moment,
    counters: Counters,
    last_error: Option<String>,
}

/// What was seen at one tick.
struct Look {
    instant: Instant,
    at: Moment,
    sample: PoolSample,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    samples: u64,
    /// Samples that the breaker's full mailbox did not take.
    samples_untold: u64,
    warnings: u64,
    probes: u64,
    probes_failed: u64,
}

/// How a probe ended.
enum Probed {
    Answered,
    TooSlow,
    Panicked,
}

impl PoolMonitor {
    #[must_use]
    pub fn new(
        gauge: Arc<dyn PoolGauge>,
        clock: Arc<dyn Clock>,
        pace: Pace,
        breaker: Recipient<PoolSampled>,
    ) -> Self {
        let since = clock.utc();
        Self {
            gauge,
            clock,
            pace,
            watch: PoolWatch::new(pace.hold_warning),
            history: VecDeque::new(),
            breaker,
            breaker_is_closed: true,
            measuring: None,
            probing: false,
            since,
            counters: Counters::default(),
            last_error: None,
        }
    }

    /// Measures from now on at the pace that the breaker's state asks for.
    fn keep_pace(&mut self, context: &mut Context<Self>) {
        if let Some(measuring) = self.measuring.take() {
            context.cancel_future(measuring);
        }
        let usual = self.pace.sample_every;
        let every = if self.breaker_is_closed { usual } else { usual.min(QUICK) };
        self.measuring = Some(context.run_interval(every, Self::measure));
    }

    /// Measures the pool, and says what is worth saying.
    fn measure(&mut self, _: &mut Context<Self>) {
        let sample = self.gauge.sample();
        self.counters.samples += 1;
        self.remember(sample);
        self.tell_breaker(sample);
        if let Some(turn) = self.watch.note_sample(&sample) {
            self.tell(turn, &sample);
        }
        for hold in self.watch.note_holds(&self.gauge.holds(), self.clock.instant()) {
            self.tell_hold(&hold);
        }
    }

    fn remember(&mut self, sample: PoolSample) {
        let (instant, at) = (self.clock.instant(), self.clock.utc());
        let is_old = |look: &mut Look| instant.saturating_duration_since(look.instant) >= HISTORY;
        while self.history.pop_front_if(is_old).is_some() {}
        if self.history.len() >= HISTORY_SAMPLES_MAX {
            self.history.pop_front();
        }
        self.history.push_back(Look { instant, at, sample });
    }

    /// A pool without its database is not judged: that is a state of its own, which ends by
    /// itself and must not be followed by an opening.
    fn tell_breaker(&mut self, sample: PoolSample) {
        if !self.gauge.state().is_serving() {
            return;
        }
        let acquire_timeouts_in_a_row = self.gauge.timeouts_in_a_row();
        let sampled = PoolSampled { sample, acquire_timeouts_in_a_row };
        if self.breaker.try_send(sampled).is_err() {
            self.counters.samples_untold += 1;
        }
    }

    fn tell(&mut self, turn: Turn, sample: &PoolSample) {
        let PoolSample { active, waiting, max, .. } = *sample;
        let utilisation = (sample.utilisation() * 1_000.0).round() / 1_000.0;
        match turn {
            Turn::High => {
                self.counters.warnings += 1;
                log::warn!(utilisation, active, waiting, max; "pool utilisation is high");
            }
            Turn::Critical => {
                self.counters.warnings += 1;
                log::error!(utilisation, active, waiting, max; "pool is nearly used up");
            }
            Turn::Recovered => {
                log::info!(utilisation, active, waiting, max; "pool utilisation is normal again");
            }
        }
    }

    fn tell_hold(&mut self, hold: &Hold) {
        self.counters.warnings += 1;
        let held_ms = hold.held.as_millis();
        log::warn!(doing = hold.doing, held_ms; "connection has been held for long");
    }

    /// Looks for a database that is away, one look at a time. The look is a task of its own:
    /// whatever becomes of it, the monitor goes on.
    fn look(&mut self, context: &mut Context<Self>) {
        if self.probing || !matches!(self.gauge.state(), DatabaseState::Away { .. }) {
            return;
        }
        self.probing = true;
        let gauge = Arc::clone(&self.gauge);
        let (done, ended) = oneshot::channel();
        actix::spawn(async move { drop(done.send(timeout(PROBE_LIMIT, gauge.probe()).await)) });
        let note = ended.into_actor(self).map(|outcome, monitor, _| {
            monitor.note_probe(match outcome {
                Ok(Ok(_)) => Probed::Answered,
                Ok(Err(_)) => Probed::TooSlow,
                Err(_) => Probed::Panicked,
            });
        });
        context.spawn(note);
    }

    fn note_probe(&mut self, probed: Probed) {
        self.probing = false;
        self.counters.probes += 1;
        let error = match probed {
            Probed::Answered => return,
            Probed::TooSlow => "probe of the database did not end in time",
            Probed::Panicked => "probe of the database stopped unexpectedly",
        };
        self.counters.probes_failed += 1;
        self.last_error = Some(error.to_owned());
        log::warn!(limit_ms = PROBE_LIMIT.as_millis(); "{error}");
    }
}

impl Actor for PoolMonitor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.keep_pace(context);
        context.run_interval(PROBE_EVERY, Self::look);
    }
}

impl Handler<BreakerChanged> for PoolMonitor {
    type Result = ();

    fn handle(&mut self, event: BreakerChanged, context: &mut Self::Context) {
        let is_closed = event.change.to == StateName::Closed;
        if is_closed != self.breaker_is_closed {
            self.breaker_is_closed = is_closed;
            self.keep_pace(context);
        }
    }
}

impl Handler<ObservePool> for PoolMonitor {
    type Result = MessageResult<ObservePool>;

    fn handle(&mut self, _: ObservePool, _: &mut Self::Context) -> Self::Result {
        MessageResult(PoolPicture {
            sample: self.gauge.sample(),
            state: self.gauge.state(),
            history: self.history.iter().map(|look| (look.at, look.sample)).collect(),
            holds: self.gauge.holds(),
            timeouts: self.gauge.timeouts(),
        })
    }
}

impl Handler<Observe> for PoolMonitor {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
        let Counters { samples, samples_untold, warnings, probes, probes_failed } = self.counters;
        let counters = [
            ("samples", samples),
            ("samples_untold", samples_untold),
            ("warnings", warnings),
            ("probes", probes),
            ("probes_failed", probes_failed),
        ];
        let sample = self.gauge.sample();
        MessageResult(Snapshot {
            name: "pool_monitor",
            state: state(&self.gauge.state(), &sample),
            since: self.since,
            depth: u64::from(sample.waiting),
            counters: BTreeMap::from(counters),
            last_error: self.last_error.clone(),
            parts: Vec::new(),
        })
    }
}

/// A database that is not there comes before the pool's colour.
fn state(database: &DatabaseState, sample: &PoolSample) -> &'static str {
    match (database, sample.colour()) {
        (DatabaseState::Starting, _) => "starting",
        (DatabaseState::Away { .. }, _) => "away",
        (DatabaseState::Serving, PoolColour::Healthy) => "healthy",
        (DatabaseState::Serving, PoolColour::Warning) => "warning",
        (DatabaseState::Serving, PoolColour::Critical) => "critical",
    }
}

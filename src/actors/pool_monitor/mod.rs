//! Pool monitor: keeps the picture of the connection pool, warns before it is used up, and looks
//! for a database that went away.
//!
//! | hears | from | answers |
//! |---|---|---|
//! | [`ObservePool`] | http | [`PoolPicture`] |
//! | [`Observe`] | anyone | [`Snapshot`] |
//!
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
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, MessageResult};
use actix::{fut::ActorFutureExt, fut::WrapFuture};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use self::message::{ObservePool, PoolPicture};
use super::observe::{Observe, Snapshot};
use crate::domain::moment::Moment;
use crate::domain::pool::{PoolColour, PoolSample};
use crate::domain::pool_watch::{PoolWatch, Turn};
use crate::ports::clock::Clock;
use crate::ports::gauge::{DatabaseState, Hold, PoolGauge};

/// How far back the history goes.
const HISTORY: Duration = Duration::from_mins(10);
/// The most samples in it, however quickly they come.
const HISTORY_SAMPLES_MAX: u128 = 6_000;
/// The pause between two looks for a database that is away.
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// How long one look may take.
const PROBE_LIMIT: Duration = Duration::from_secs(5);

const _: () = assert!(PROBE_EVERY.as_millis() < PROBE_LIMIT.as_millis());

/// When the monitor does what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the pool is measured.
    pub sample_every: Duration,
    /// Whoever holds a connection for so long is named in the log.
    pub hold_warning: Duration,
}

pub struct PoolMonitor {
    gauge: Arc<dyn PoolGauge>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    watch: PoolWatch,
    history: VecDeque<(Moment, PoolSample)>,
    probing: bool,
    since: Moment,
    counters: Counters,
    last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    samples: u64,
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
    pub fn new(gauge: Arc<dyn PoolGauge>, clock: Arc<dyn Clock>, pace: Pace) -> Self {
        let since = clock.utc();
        Self {
            gauge,
            clock,
            pace,
            watch: PoolWatch::new(pace.hold_warning),
            history: VecDeque::new(),
            probing: false,
            since,
            counters: Counters::default(),
            last_error: None,
        }
    }

    /// Measures the pool, and says what is worth saying.
    fn measure(&mut self, _: &mut Context<Self>) {
        let sample = self.gauge.sample();
        self.counters.samples += 1;
        self.remember(sample);
        if let Some(turn) = self.watch.note_sample(&sample) {
            self.tell(turn, &sample);
        }
        for hold in self.watch.note_holds(&self.gauge.holds(), self.clock.instant()) {
            self.tell_hold(&hold);
        }
    }

    fn remember(&mut self, sample: PoolSample) {
        while self.history.len() >= samples_max(self.pace.sample_every) {
            self.history.pop_front();
        }
        self.history.push_back((self.clock.utc(), sample));
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

/// As many samples as the history holds at this pace, and at least one.
fn samples_max(sample_every: Duration) -> usize {
    let samples = HISTORY.as_micros() / sample_every.as_micros().max(1);
    usize::try_from(samples.clamp(1, HISTORY_SAMPLES_MAX)).unwrap_or(1)
}

impl Actor for PoolMonitor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(self.pace.sample_every, Self::measure);
        context.run_interval(PROBE_EVERY, Self::look);
    }
}

impl Handler<ObservePool> for PoolMonitor {
    type Result = MessageResult<ObservePool>;

    fn handle(&mut self, _: ObservePool, _: &mut Self::Context) -> Self::Result {
        MessageResult(PoolPicture {
            sample: self.gauge.sample(),
            state: self.gauge.state(),
            history: self.history.iter().copied().collect(),
            holds: self.gauge.holds(),
            timeouts: self.gauge.timeouts(),
        })
    }
}

impl Handler<Observe> for PoolMonitor {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
        let Counters { samples, warnings, probes, probes_failed } = self.counters;
        let counters = [
            ("samples", samples),
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

//! One look at the house: everybody is asked at the same time, and who does not answer in time
//! holds nobody up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Message, Recipient};
use futures_util::future::{join_all, join3};
use uuid::Uuid;

use crate::actors::batch_supervisor::{LinePicture, ObserveLine};
use crate::actors::circuit_breaker::{BreakerPicture, ObserveBreaker, Protected};
use crate::actors::lease::Lease;
use crate::actors::observe::Observe;
use crate::domain::moment::Moment;
use crate::domain::pool::PoolSample;
use crate::ports::clock::Clock;
use crate::ports::figures::{Figures, Reading};
use crate::ports::gauge::{DatabaseState, PoolGauge};

/// How long an actor may take to tell of itself.
const TOLD_WITHIN: Duration = Duration::from_millis(250);

/// The name of the actor that tells of the line.
const SUPERVISOR: &str = "batch_supervisor";

/// Who and what is looked at.
#[derive(Clone)]
pub struct Places {
    pub gauge: Arc<dyn PoolGauge>,
    pub figures: Arc<dyn Figures>,
    pub clock: Arc<dyn Clock>,
    pub lease: Lease,
    /// True from the first sign of the end.
    pub draining: Arc<AtomicBool>,
    pub breakers: Vec<(Protected, Recipient<ObserveBreaker>)>,
    pub line: Recipient<ObserveLine>,
    /// The others, who are only asked whether they answer.
    pub rooms: Vec<(&'static str, Recipient<Observe>)>,
}

/// What one look brought.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) at: Moment,
    pub(super) epoch: Option<Uuid>,
    pub(super) stopping: bool,
    pub(super) database: DatabaseState,
    pub(super) pool: PoolSample,
    pub(super) reading: Reading,
    pub(super) breakers: Vec<(Protected, Option<BreakerPicture>)>,
    pub(super) line: Option<LinePicture>,
    /// Those who did not answer, but the breakers.
    pub(super) silent: Vec<&'static str>,
}

impl Places {
    pub(super) async fn look(&self) -> Seen {
        let breakers = self
            .breakers
            .iter()
            .map(async |(protects, room)| (*protects, ask(room, ObserveBreaker).await));
        let rooms = self
            .rooms
            .iter()
            .map(async |(name, room)| ask(room, Observe).await.is_none().then_some(*name));
        let line = ask(&self.line, ObserveLine);
        let (breakers, line, rooms) = join3(join_all(breakers), line, join_all(rooms)).await;
        let unheard = line.is_none().then_some(SUPERVISOR);
        Seen {
            at: self.clock.utc(),
            epoch: self.lease.epoch(self.clock.instant()),
            stopping: self.draining.load(Ordering::Acquire),
            database: self.gauge.state(),
            pool: self.gauge.sample(),
            reading: self.figures.read(),
            breakers,
            line,
            silent: rooms.into_iter().chain([unheard]).flatten().collect(),
        }
    }
}

/// The answer, if there is one in time.
async fn ask<M>(room: &Recipient<M>, question: M) -> Option<M::Result>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    tokio::time::timeout(TOLD_WITHIN, room.send(question)).await.ok()?.ok()
}

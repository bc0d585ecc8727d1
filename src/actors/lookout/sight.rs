//! The house at one moment, as people want to see it.

use std::sync::Arc;
use std::time::Duration;

use resilience::breaker::StateName;
use uuid::Uuid;

use super::look::Seen;
use crate::actors::batch_supervisor::LinePicture;
use crate::actors::circuit_breaker::{BreakerPicture, Protected};
use crate::domain::moment::Moment;
use crate::domain::pool::PoolSample;
use crate::domain::pulse::{Latency, Rates};
use crate::domain::verdict::{BreakerSign, Signs, Verdict, judge};
use crate::ports::figures::LetterCounts;
use crate::ports::gauge::DatabaseState;

/// What stays as it is for as long as the process lives.
#[derive(Clone, Debug)]
pub struct About {
    pub version: &'static str,
    pub instance: String,
    pub started_at: Moment,
    /// Orders go to the simulator in the process.
    pub trades_are_simulated: bool,
}

/// The house at one moment. What an actor did not tell is None.
#[derive(Clone, Debug)]
pub struct Sight {
    pub about: Arc<About>,
    pub at: Moment,
    pub uptime: Duration,
    /// Under which letters are held; None without a lease.
    pub epoch: Option<Uuid>,
    pub readiness: Readiness,
    pub verdict: Verdict,
    pub reasons: Vec<String>,
    pub pool: PoolSample,
    pub breakers: Vec<BreakerSight>,
    pub line: Option<LinePicture>,
    pub letters: LetterCounts,
    pub orders_per_second: f64,
    pub wait: Duration,
    pub rates: Rates,
    pub latency: Option<Latency>,
}

/// May the service be sent work?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    Up,
    OutOfService,
}

/// One breaker at one moment.
#[derive(Clone, Debug)]
pub struct BreakerSight {
    pub protects: Protected,
    pub told: Option<BreakerTold>,
}

/// What a breaker says of itself.
#[derive(Clone, Debug)]
pub struct BreakerTold {
    pub state: StateName,
    pub since: Moment,
    /// Why it is as it is; None if it never changed.
    pub why: Option<String>,
    pub retry_in: Option<Duration>,
}

impl Sight {
    pub(super) fn of(
        seen: Seen,
        about: Arc<About>,
        rates: Rates,
        latency: Option<Latency>,
    ) -> Self {
        let Seen { at, epoch, stopping, database, pool, reading, line, .. } = seen;
        let breakers: Vec<_> = seen.breakers.into_iter().map(BreakerSight::of).collect();
        let uptime = at.micros().saturating_sub(about.started_at.micros());
        let unready = unready(stopping, &database);
        let silent_breakers = breakers.iter().filter(|it| it.told.is_none());
        let silent = seen.silent.into_iter().chain(silent_breakers.map(|it| it.protects.room()));
        let (verdict, reasons) = judge(&Signs {
            unready,
            pool,
            breakers: breakers.iter().filter_map(BreakerSight::sign).collect(),
            children: line.as_ref().map(|line| line.children_in_use),
            has_lease: epoch.is_some(),
            dead_letters: reading.letters.dead,
            oldest_letter: reading.letters.oldest,
            pauses: line.as_ref().map_or(&[], |line| &line.pauses),
            declined: rates.declined,
            silent: silent.collect(),
        });
        Self {
            about,
            at,
            uptime: Duration::from_micros(u64::try_from(uptime).unwrap_or_default()),
            epoch,
            readiness: if unready.is_none() { Readiness::Up } else { Readiness::OutOfService },
            verdict,
            reasons,
            pool,
            breakers,
            line,
            letters: reading.letters,
            orders_per_second: reading.orders_per_second,
            wait: reading.wait,
            rates,
            latency,
        }
    }
}

impl BreakerSight {
    fn of((protects, picture): (Protected, Option<BreakerPicture>)) -> Self {
        let told = picture.map(|BreakerPicture { picture, since, events, .. }| BreakerTold {
            state: picture.state,
            since,
            why: events.last().map(|event| why(&event.change.reason, event.note.as_deref())),
            retry_in: picture.retry_in,
        });
        Self { protects, told }
    }

    fn sign(&self) -> Option<BreakerSign<'_>> {
        let BreakerTold { state, why, .. } = self.told.as_ref()?;
        Some(BreakerSign {
            name: self.protects.name(),
            state: *state,
            why: why.as_deref(),
            is_vital: self.protects == Protected::Pool,
        })
    }
}

/// The reason of a change, and what an operator gave as one.
pub(super) fn why(reason: &resilience::breaker::Reason, note: Option<&str>) -> String {
    note.map_or_else(|| reason.to_string(), |note| format!("{reason}: {note}"))
}

const fn unready(stopping: bool, database: &DatabaseState) -> Option<&'static str> {
    match (stopping, database) {
        (true, _) => Some("The service is stopping"),
        (false, DatabaseState::Starting) => Some("The database has not been reached yet"),
        (false, DatabaseState::Away { .. }) => Some("The database is away"),
        (false, DatabaseState::Serving) => None,
    }
}

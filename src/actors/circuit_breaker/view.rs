//! What others hold of a breaker: a view that costs nothing to read, and a handle for permits.
//!
//! While the breaker is closed a permit is given here, on the caller's own thread; while it is
//! open a refusal is too. Only a half-open breaker is asked by message, because there it counts
//! who is first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix::{MailboxError, Recipient};
use arc_swap::ArcSwap;
use resilience::breaker::{Door, Glance, StateName, Ticket};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{OwnedPermit, Sender};

use super::message::{AskPermit, Protected, Refusal};
use super::permit::{Permit, Report};
use crate::ports::clock::Clock;
use crate::ports::meter::BreakerMeter;

/// How long a breaker may take to answer; it has nothing else to do.
const ASK_WITHIN: Duration = Duration::from_secs(1);
/// What a caller is told to wait who is refused for another reason than an opening.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Look at a breaker without asking it.
#[derive(Clone)]
pub struct BreakerView(Arc<Shared>);

struct Shared {
    protects: Protected,
    shown: ArcSwap<Shown>,
    reports: Sender<Report>,
    refused: AtomicU64,
    clock: Arc<dyn Clock>,
    meter: Arc<dyn BreakerMeter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) state: StateName,
    pub(super) door: Door,
}

/// Get permits of a breaker.
#[derive(Clone)]
pub struct BreakerHandle {
    view: BreakerView,
    room: Recipient<AskPermit>,
}

impl BreakerView {
    pub(super) fn new(
        protects: Protected,
        shown: Shown,
        reports: Sender<Report>,
        clock: Arc<dyn Clock>,
        meter: Arc<dyn BreakerMeter>,
    ) -> Self {
        let (shown, refused) = (ArcSwap::from_pointee(shown), AtomicU64::new(0));
        Self(Arc::new(Shared { protects, shown, reports, refused, clock, meter }))
    }

    #[must_use]
    pub fn protects(&self) -> Protected {
        self.0.protects
    }

    #[must_use]
    pub fn state(&self) -> StateName {
        self.0.shown.load().state
    }

    /// Whether a call would be refused now without a question to the breaker.
    #[must_use]
    pub fn is_refusing(&self, now: Instant) -> bool {
        matches!(self.0.shown.load().door.glance(now), Glance::Refused { .. })
    }

    /// What remains of an opening, nothing while probes try whether it is over; None while calls
    /// are let through.
    #[must_use]
    pub fn opening(&self, now: Instant) -> Option<Duration> {
        match self.0.shown.load().door.glance(now) {
            Glance::Refused { wait } => Some(wait),
            Glance::Ask => Some(Duration::ZERO),
            Glance::Pass { .. } => None,
        }
    }

    /// Refuses a caller if the breaker does, and counts it.
    #[must_use]
    pub fn refuse(&self, now: Instant) -> Option<Refusal> {
        let shown = **self.0.shown.load();
        match shown.door.glance(now) {
            Glance::Refused { wait } => Some(self.refused(wait, shown.state.label())),
            Glance::Pass { .. } | Glance::Ask => None,
        }
    }

    /// Permits whose outcome has not been heard.
    #[must_use]
    pub fn permits_out(&self) -> usize {
        self.0.reports.max_capacity() - self.0.reports.capacity()
    }

    /// Calls refused since the start.
    #[must_use]
    pub fn refused_total(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    pub(super) fn show(&self, shown: Shown) {
        if **self.0.shown.load() != shown {
            self.0.shown.store(Arc::new(shown));
        }
    }

    pub(super) fn refused(&self, wait: Duration, why: &'static str) -> Refusal {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        self.0.meter.refused(self.0.protects.name(), why);
        Refusal { breaker: self.0.protects, wait, why }
    }

    /// A place for an outcome; None if nobody is there to hear it.
    pub(super) fn reserve(&self) -> Result<Option<OwnedPermit<Report>>, Refusal> {
        match self.0.reports.clone().try_reserve_owned() {
            Ok(place) => Ok(Some(place)),
            Err(TrySendError::Full(_)) => Err(self.refused(BUSY_WAIT, "busy")),
            Err(TrySendError::Closed(_)) => Ok(None),
        }
    }

    fn grant(&self, ticket: Ticket) -> Result<Permit, Refusal> {
        let place = self.reserve()?;
        Ok(place.map_or_else(Permit::unheard, |place| Permit::new(ticket, place)))
    }
}

impl BreakerHandle {
    #[must_use]
    pub fn new(view: BreakerView, room: Recipient<AskPermit>) -> Self {
        Self { view, room }
    }

    #[must_use]
    pub fn view(&self) -> &BreakerView {
        &self.view
    }

    /// What needs no question: the answer of a breaker that is open or closed. None if it must
    /// be asked.
    #[must_use]
    pub fn permit_unasked(&self) -> Option<Result<Permit, Refusal>> {
        let shown = **self.view.0.shown.load();
        match shown.door.glance(self.view.0.clock.instant()) {
            Glance::Pass { heard: false, .. } => Some(Ok(Permit::unheard())),
            Glance::Pass { ticket, heard: true } => Some(self.view.grant(ticket)),
            Glance::Refused { wait } => Some(Err(self.view.refused(wait, shown.state.label()))),
            Glance::Ask => None,
        }
    }

    /// Leave to make one call. A breaker that has died permits everything, unless an operator
    /// had forced it open: what it protects has other bounds, and a house that refuses for ever
    /// helps nobody.
    pub async fn permit(&self) -> Result<Permit, Refusal> {
        match self.permit_unasked() {
            Some(answer) => answer,
            None => self.ask().await,
        }
    }

    async fn ask(&self) -> Result<Permit, Refusal> {
        let answer = tokio::time::timeout(ASK_WITHIN, self.room.send(AskPermit)).await;
        match answer.unwrap_or(Err(MailboxError::Timeout)) {
            Ok(answer) => answer,
            Err(MailboxError::Closed) => Ok(Permit::unheard()),
            Err(MailboxError::Timeout) => Err(self.view.refused(BUSY_WAIT, "unresponsive")),
        }
    }
}

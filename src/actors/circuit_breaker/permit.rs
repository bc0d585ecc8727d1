//! The permit: leave to make one call, and a place kept for its outcome.
//!
//! The place is reserved when the permit is given, so that an outcome is never lost and never
//! waits: not in a full line, not in a panic. There are only so many places, and so only so many
//! permits.

use std::time::Duration;

use resilience::breaker::{FailureKind, Outcome, Ticket};
use tokio::sync::mpsc::OwnedPermit;

/// What became of a permitted call, on its way to the breaker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    pub(super) ticket: Ticket,
    pub(super) outcome: Outcome,
}

/// Leave to make one call. Say what became of it; a permit that is dropped without a word, also
/// by a panic or a cancelled future, goes back and counts for nothing.
#[derive(Debug)]
#[must_use = "a permit that is dropped goes back unused"]
pub struct Permit {
    /// None if nobody waits for the outcome.
    place: Option<(Ticket, OwnedPermit<Report>)>,
}

impl Permit {
    pub(super) fn new(ticket: Ticket, place: OwnedPermit<Report>) -> Self {
        Self { place: Some((ticket, place)) }
    }

    pub(super) const fn unheard() -> Self {
        Self { place: None }
    }

    /// Whether somebody waits for the outcome.
    #[must_use]
    pub const fn is_heard(&self) -> bool {
        self.place.is_some()
    }

    /// The other side answered as it should. A definite refusal of what was asked is an answer
    /// too.
    pub fn succeeded(self, took: Duration) {
        self.tell(Outcome::Succeeded { took });
    }

    pub fn failed(self, kind: FailureKind, took: Duration) {
        self.tell(Outcome::Failed { kind, took });
    }

    /// The call says nothing about the other side: our own mistake or cancellation, or it was
    /// not made.
    pub fn ignored(self) {
        self.tell(Outcome::Ignored);
    }

    fn tell(mut self, outcome: Outcome) {
        self.send(outcome);
    }

    fn send(&mut self, outcome: Outcome) {
        if let Some((ticket, place)) = self.place.take() {
            drop(place.send(Report { ticket, outcome }));
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.send(Outcome::Returned);
    }
}

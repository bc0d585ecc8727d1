//! Leave of the breaker to make one call.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use resilience::breaker::{Breaker, FailureKind, Outcome, Ticket, Verdict};

use crate::clock;
use crate::rules::class::{Class, Heard};

/// Dropped without a word, it is given back: its caller went away.
pub(super) struct Permit<'a> {
    breaker: &'a RefCell<Breaker>,
    ticket: Option<Ticket>,
    began: Instant,
}

impl<'a> Permit<'a> {
    /// Asks for leave, or says how long there is none.
    pub(super) fn ask(breaker: &'a RefCell<Breaker>) -> Result<Self, Duration> {
        let began = clock::instant();
        match breaker.borrow_mut().ask(began).verdict {
            Verdict::Granted(ticket) => Ok(Self { breaker, ticket: Some(ticket), began }),
            Verdict::Refused { wait } => Err(wait),
        }
    }

    /// Says what came of the call.
    pub(super) fn tell(mut self, heard: &Heard, class: Class) {
        let took = clock::instant().saturating_duration_since(self.began);
        self.give_back(outcome(heard, class, took));
    }

    fn give_back(&mut self, outcome: Outcome) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.borrow_mut().record(ticket, outcome, clock::instant());
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.give_back(Outcome::Returned);
    }
}

/// What a call says about the service. A refusal says that it is well, and a pool of our own that
/// is used up says nothing.
fn outcome(heard: &Heard, class: Class, took: Duration) -> Outcome {
    let kind = match class {
        _ if *heard == Heard::NoLease => return Outcome::Ignored,
        Class::Taken | Class::Invalid | Class::Refused => return Outcome::Succeeded { took },
        Class::Unreachable => FailureKind::Unreachable,
        Class::Silent | Class::Impatient => FailureKind::TimedOut,
        // Whoever asks for a pause is given it by the retry; the breaker only counts.
        Class::BreakerOpen | Class::Unavailable | Class::RateLimited => FailureKind::Exhausted,
        Class::ServerError => FailureKind::Faulty,
    };
    Outcome::Failed { kind, took }
}

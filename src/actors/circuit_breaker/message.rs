//! What a circuit breaker hears, answers and tells.

use std::sync::Arc;
use std::time::Duration;

use actix::{Message, Recipient};
use resilience::breaker::{Change, Command, Picture};

use super::permit::Permit;
use crate::domain::moment::Moment;
use crate::domain::pool::PoolSample;

/// What a breaker stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protected {
    /// The connections to our own database.
    Pool,
    /// The trade service.
    Trade,
}

impl Protected {
    pub const ALL: [Self; 2] = [Self::Pool, Self::Trade];

    /// Its name for operators and labels.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Trade => "trade",
        }
    }

    /// The name of its breaker among the actors.
    #[must_use]
    pub const fn room(self) -> &'static str {
        match self {
            Self::Pool => "pool_breaker",
            Self::Trade => "trade_breaker",
        }
    }
}

/// Command: let me make one call.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Permit, Refusal>")]
pub struct AskPermit;

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {} breaker lets no call through ({why}); not before {wait:?} have passed", breaker.name())]
pub struct Refusal {
    pub breaker: Protected,
    /// At least so long; never longer than what remains of the opening.
    pub wait: Duration,
    /// One word: the state that refuses, `busy` (too many permits are out), or `unresponsive`.
    pub why: &'static str,
}

/// Event: the pool monitor looked at the connection pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct PoolSampled {
    pub sample: PoolSample,
    /// Waits for a connection that ran out since the last one that did not.
    pub acquire_timeouts_in_a_row: u32,
}

/// Command: an operator decides. The answer comes when it is in effect.
#[derive(Clone, Debug, Message)]
#[rtype(result = "BreakerChanged")]
pub struct Operate {
    pub command: Command,
    pub reason: String,
}

/// Event: a breaker changed, or would have in its metrics-only mode.
#[derive(Clone, Debug, PartialEq, Message)]
#[rtype(result = "()")]
pub struct BreakerChanged {
    pub breaker: Protected,
    pub change: Change,
    /// What the operator gave as the reason.
    pub note: Option<Arc<str>>,
    pub at: Moment,
}

/// Command: tell this one of every change from now on. The answer is how the breaker is now.
/// Whoever cannot hear (a full mailbox) is told the newest change later; whoever is gone is
/// forgotten.
#[derive(Clone, Message)]
#[rtype(result = "Picture")]
pub struct Subscribe(pub Recipient<BreakerChanged>);

/// Query: everything about a breaker.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "BreakerPicture")]
pub struct ObserveBreaker;

/// The answer to [`ObserveBreaker`].
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerPicture {
    pub breaker: Protected,
    pub picture: Picture,
    /// When it became as it is.
    pub since: Moment,
    /// Permits whose outcome has not been heard.
    pub permits_out: usize,
    /// The last changes, oldest first.
    pub events: Vec<BreakerChanged>,
    /// Changes that a subscriber was not told because a newer one overtook them.
    pub events_skipped: u64,
}

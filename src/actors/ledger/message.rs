//! What the ledger hears and answers.

use std::time::Duration;

use actix::Message;

use crate::domain::batch::Item;
use crate::domain::client::ClientId;
use crate::domain::order::{Fault, Terms};
use crate::ports::Failure;
use crate::ports::journal::{Change, ChangeRefusal, Changed};
use uuid::Uuid;

/// Command: put these orders on the disk. At least one of them is good.
#[derive(Debug, Message)]
#[rtype(result = "Result<Recorded, Refused>")]
pub struct Record {
    pub client: ClientId,
    pub route: &'static str,
    /// The items in request order: terms to record, or the fault that their check found.
    pub items: Vec<Result<Terms, Fault>>,
}

/// The answer to [`Record`]: committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub batch_id: Uuid,
    /// In request order.
    pub items: Vec<Item>,
}

/// Command: change one row.
#[derive(Debug, Message)]
#[rtype(result = "Result<Changed, Refused>")]
pub struct Apply(pub Change);

/// Why the ledger did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The line is full. Nothing was written.
    #[error("the ledger's line is full")]
    Busy { retry_after: Duration },
    /// The house is closing. Nothing was written.
    #[error("the ledger takes nothing more: the service is stopping")]
    Stopping,
    /// Nothing was written.
    #[error(transparent)]
    Change(ChangeRefusal),
    /// Nothing was written.
    #[error("the write failed")]
    Failed(#[source] Failure),
    /// It may stand or not: the connection broke and the database has not come back.
    #[error("it is not known whether the write was made")]
    Unknown(#[source] Failure),
}

impl Refused {
    /// One word for a label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::Stopping => "stopping",
            Self::Change(_) => "rule",
            Self::Failed(failure) => failure.label(),
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Command: take nothing more, and answer when everything taken is decided.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Drain;

//! What the ledger hears and answers.

use std::time::Duration;

use actix::Message;

use crate::domain::batch::{Answer, Claimed, Item, Key, KnownBatch, NewLetter};
use crate::domain::client::ClientId;
use crate::domain::decision::{Decided, NotDecided, Ruling};
use crate::domain::letter::{Settled, Settlement};
use crate::domain::moment::Moment;
use crate::domain::order::{Fault, Terms};
use crate::ports::Failure;
use crate::ports::journal::{Change, ChangeRefusal, Changed};
use crate::ports::post::{Collect, Collected};
use uuid::Uuid;

/// Command: put these orders on the disk. At least one of them is good.
#[derive(Debug, Message)]
#[rtype(result = "Result<Entry, Refused>")]
pub struct Record {
    pub client: ClientId,
    pub route: &'static str,
    /// What makes the request the same when it comes again, and how long it does.
    pub key: Option<(Key, Duration)>,
    /// The items in request order: terms to record, or the fault that their check found.
    pub items: Vec<Result<Terms, Fault>>,
    /// Submit the orders, too; None only records them.
    pub letters: Option<Letters>,
}

/// The answer to [`Record`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Committed.
    New(Recorded),
    /// An earlier request under the same key was committed; of this one nothing was written.
    Known(KnownBatch),
}

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub batch_id: Uuid,
    pub accepted_at: Moment,
    /// In request order. One whose client order id was known already is the first order.
    pub items: Vec<Item>,
    /// Places of items that stand since an earlier request.
    pub standing: Vec<usize>,
    /// In the order of their orders.
    pub letters: Vec<NewLetter>,
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

/// Command: submit these orders, which stand already.
#[derive(Debug, Message)]
#[rtype(result = "Result<Submitted, Refused>")]
pub struct Submit {
    pub client: ClientId,
    pub route: &'static str,
    /// What makes the request the same when it comes again, and how long it does.
    pub key: Option<(Key, Duration)>,
    /// Each id once.
    pub order_ids: Vec<i64>,
    pub letters: Letters,
}

/// The answer to [`Submit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// Committed.
    New(Claimed),
    /// An earlier request under the same key was committed; of this one nothing was written.
    Known(KnownBatch),
}

/// How orders that are to be submitted are put into letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    /// The epoch that will hold them.
    pub epoch: Uuid,
    /// Orders per letter.
    pub chunk: usize,
    /// Orders for which a place with a child is reserved: their letters are held from the first
    /// moment, the others wait.
    pub held_max: usize,
}

/// Command: take letters that are due.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Result<Collected, Refused>")]
pub struct Gather(pub Collect);

/// Command: write down what was decided about a letter. It has a place in the line of its own,
/// and is tried until the database takes it.
#[derive(Debug, Message)]
#[rtype(result = "Result<Settled, Refused>")]
pub struct Settle(pub Settlement);

/// Command: do what an operator decided about letters. The answers are in the order of the letters.
#[derive(Debug, Message)]
#[rtype(result = "Result<Vec<Result<Decided, NotDecided>>, Refused>")]
pub struct Decide(pub Ruling);

/// Command: keep the answer of a batch; the answer is the one that is kept.
#[derive(Debug, Message)]
#[rtype(result = "Result<Answer, Refused>")]
pub struct Freeze {
    pub batch_id: Uuid,
    pub answer: Answer,
}

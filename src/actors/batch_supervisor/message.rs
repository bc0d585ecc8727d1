//! What the supervisor hears and answers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use uuid::Uuid;

use super::progress::Progress;
use crate::actors::ledger::Refused;
use crate::domain::batch::{Key, KnownBatch};
use crate::domain::caller::Caller;
use crate::domain::client::ClientId;
use crate::domain::letter::Load;
use crate::domain::order::{Fault, Terms};
use crate::domain::pause::Pause;
use crate::ports::meter::BatchEnd;

/// Command: record these orders and bring them to the trade service. At least one of them is
/// good. The answer comes when they are on the disk; what becomes of them then is told by the
/// [`Progress`]. A sender that hangs up changes nothing.
#[derive(Debug, Message)]
#[rtype(result = "Result<Submission, Refused>")]
pub struct SubmitBatch {
    pub client: ClientId,
    /// Whose share of the house it takes.
    pub caller: Caller,
    pub route: &'static str,
    pub key: Option<(Key, Duration)>,
    pub items: Vec<Result<Terms, Fault>>,
}

/// Command: bring orders that stand already to the trade service. Each id once.
#[derive(Debug, Message)]
#[rtype(result = "Result<Submission, Refused>")]
pub struct SubmitOrders {
    pub client: ClientId,
    /// Whose share of the house it takes.
    pub caller: Caller,
    pub route: &'static str,
    pub key: Option<(Key, Duration)>,
    pub order_ids: Vec<i64>,
}

/// The answer to a submission.
#[derive(Clone, Debug)]
pub enum Submission {
    /// Accepted: committed.
    Accepted(Accepted),
    /// An earlier request under the same key was accepted. Its progress, if it is under way here.
    Known(KnownBatch, Option<Arc<Progress>>),
}

/// An accepted batch.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub batch_id: Uuid,
    /// In the order of the request's items, or of the ids that were to be submitted.
    pub items: Vec<AcceptedItem>,
    pub progress: Arc<Progress>,
}

/// What acceptance made of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptedItem {
    /// Its fate is told by the progress.
    Order {
        id: i64,
        client_order_id: Option<String>,
    },
    /// It is at the trade service since an earlier submission.
    Sent {
        id: i64,
        client_order_id: Option<String>,
        trade_order_id: i64,
    },
    Fault(Fault),
}

/// Command from the mailbox: these letters are due, and held by us.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct LettersDue {
    pub loads: Vec<Load>,
    /// The epoch that holds them.
    pub epoch: Uuid,
    /// The look that brought them.
    pub look: u64,
    /// More are due than there was room for.
    pub more: bool,
}

/// Query from the mailbox: which letters do you know to hold?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "HashSet<Uuid>")]
pub struct AskHeld;

/// Event from the mailbox: the lease has ended, and with it every letter that waits here.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct LeaseLost;

/// Query from the mailbox: for how much is there room?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Room")]
pub struct AskRoom;

/// The answer to [`AskRoom`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    pub letters: usize,
    pub orders: usize,
    /// Of the letters, those with attempts at most.
    pub retries: usize,
    /// The number of this look; what it brings is told with it.
    pub look: u64,
}

/// Query: where did the time of this batch go? None if it is not known here (any more).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<BatchEnd>")]
pub struct AskTimes(pub Uuid);

/// Query: what waits for a child, whose is it, and how many children are at work?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "LinePicture")]
pub struct ObserveLine;

/// The answer to [`ObserveLine`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinePicture {
    pub children_busy: usize,
    /// Children that may carry a load at once.
    pub children_in_use: usize,
    pub loads: usize,
    pub orders: usize,
    /// The clients with the most orders in the line, the largest first.
    pub clients: Vec<ClientShare>,
    /// What operators have paused, as it is obeyed.
    pub pauses: Vec<Pause>,
}

/// What one client has in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientShare {
    pub client: ClientId,
    pub loads: usize,
    pub orders: usize,
}

/// Command: take nothing more, let go of what waits, and answer when the last child is done.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Drain {
    /// After this nobody is waited for: what is still out is left to be reconciled.
    pub within: Duration,
}

/// Event: there is room again, or something may be due. The mailbox listens.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Wake;

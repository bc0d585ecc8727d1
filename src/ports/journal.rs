//! The write side of the store, as the ledger needs it.

use std::collections::HashSet;
use std::ops::Range;

use async_trait::async_trait;

use super::Failure;
use crate::domain::audit::{AuditLine, Signature};
use crate::domain::batch::{Batch, Item};
use crate::domain::order::amend::{Amendment, Refusal};
use crate::domain::order::{Fault, Order};
use crate::domain::pause::{Pause, Paused};
use crate::domain::reference::{ReferenceChange, ReferenceKind, ReferenceRow};

/// A change to one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    AmendOrder(Amendment),
    RemoveOrder {
        id: i64,
        version: i32,
    },
    Reference(ReferenceChange),
    /// A line of the audit, about what has taken effect already.
    Note(AuditLine),
    /// Nothing of it is sent any more. A pause of the same that stands already stays as it is.
    Pause {
        paused: Paused,
        signature: Signature,
    },
    Resume {
        paused: Paused,
        signature: Signature,
    },
}

/// What a change left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    Order(Order),
    Reference(ReferenceRow),
    Removed,
    Noted,
    Paused(Pause),
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefusal {
    #[error(transparent)]
    Order(#[from] Refusal),
    #[error("{} {id} does not exist", kind.title())]
    NoReference { kind: ReferenceKind, id: i32 },
    #[error("{} {id} has version {current}, not {given}: read it again and repeat the change", kind.title())]
    StaleReference { kind: ReferenceKind, id: i32, given: i32, current: i32 },
    #[error("{} {id} is used by orders and cannot be deleted", kind.title())]
    Referenced { kind: ReferenceKind, id: i32 },
    #[error("the rules of orders speak of {key}: it keeps its name, and there is one of it")]
    Ruled { key: String },
    #[error("{} {} is not paused", paused.kind(), paused.name())]
    NotPaused { paused: Paused },
    #[error("{0}")]
    Fault(Fault),
}

/// # Contract
/// Every method is one commit: after `Ok` everything it names is on the disk, after an error
/// other than [`Failure::Lost`] nothing of it is. `shard` tells writers that work side by side
/// apart, so that they do not queue on one row.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Takes `count` order ids that nobody ever gets again, also after a crash.
    async fn reserve_order_ids(&self, count: u32) -> Result<Range<i64>, Failure>;

    /// All batches or none, each with its key and its letters. A key or a client's own order id
    /// that somebody else has meanwhile is [`Failure::Taken`].
    async fn record(&self, shard: u16, batches: &[Batch]) -> Result<(), Failure>;

    /// One batch, without the orders that the database refuses: the answer is the items as they
    /// stand then; the letters are [`Batch::letters_that_stand`]. Slow; for a batch that is known
    /// to hold a guilty order.
    async fn record_screened(&self, shard: u16, batch: Batch) -> Result<Vec<Item>, Failure>;

    /// The orders of a part of a batch's items, free; the empty part at the end is the batch
    /// itself with [`Batch::letters_that_stand`], and puts the orders into them. If one of them
    /// was changed or claimed by then, that is [`Failure::Taken`]: the orders stand, and are in
    /// no letter.
    async fn record_part(
        &self,
        shard: u16,
        batch: &Batch,
        part: Range<usize>,
    ) -> Result<(), Failure>;

    /// Which of these orders are on the disk.
    async fn recorded(&self, order_ids: &[i64]) -> Result<HashSet<i64>, Failure>;

    /// Makes each change that its rule allows; the answers are in the order of the changes.
    async fn change(
        &self,
        shard: u16,
        changes: &[Change],
    ) -> Result<Vec<Result<Changed, ChangeRefusal>>, Failure>;

    /// Housekeeping that only an idle writer has time for. Never fails: it is tried again.
    async fn tidy(&self);
}

//! The letters' side of the store, as the ledger and the mailbox need it.

use async_trait::async_trait;
use uuid::Uuid;

use super::Failure;
use crate::domain::batch::{Answer, Claim, Claimed, Known, Wanted};
use crate::domain::decision::{Decided, NotDecided, Ruling};
use crate::domain::letter::{Letter, Load, Settled, Settlement};
use crate::domain::moment::Moment;

/// How many letters stand in each state, and how old the oldest is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    pub waiting: u64,
    pub held: u64,
    pub reconcile: u64,
    pub dead: u64,
    /// When the oldest that waits (or is to be reconciled) was recorded.
    pub oldest_at: Option<Moment>,
}

/// What a collection brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Held by the one who asked, from now on: the fence of each has risen.
    pub loads: Vec<Load>,
    /// More are due than were taken.
    pub more: bool,
    /// When the next one is due that is not due yet.
    pub next_due: Option<Moment>,
}

/// What is asked for when letters are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
    pub epoch: Uuid,
    /// Letters at most; at least one is taken if any is due.
    pub letters_max: usize,
    /// Orders at most, in all letters together; a single letter may be larger.
    pub orders_max: usize,
    /// Of those, letters with attempts (or to be reconciled) at most.
    pub retries_max: usize,
}

/// # Contract
/// Every method is one commit, with the same reading of errors as the journal's. Letters are
/// locked before orders, each in the order of their ids.
#[async_trait]
pub trait Post: Send + Sync {
    /// What is known already of keys and of clients' own order ids: asked before a record.
    async fn known(&self, wanted: &Wanted) -> Result<Known, Failure>;

    /// Claims existing orders for letters: those that are NEW, without a trade and without a
    /// letter get one, and the letters and the batch are written with them. The answers are in
    /// the order of the claims, and each says something of every id.
    async fn claim(&self, shard: u16, claims: &[Claim]) -> Result<Vec<Claimed>, Failure>;

    /// Takes letters that are due (waiting or to be reconciled), in turn by client. A due time
    /// that lies further ahead than any wait can reach is due.
    async fn collect(&self, collect: Collect, now: Moment) -> Result<Collected, Failure>;

    /// Writes what was decided, and what becomes of the rest. Sent orders are SENT, have their
    /// trade id, one more version, and no letter; rejected ones are free, with the reason kept.
    async fn settle(&self, shard: u16, settlements: &[Settlement])
    -> Result<Vec<Settled>, Failure>;

    /// Keeps the answer of a batch if it has none. What stands after it is told, in the order of
    /// `answers`.
    async fn freeze(&self, answers: &[(Uuid, Answer)]) -> Result<Vec<Answer>, Failure>;

    /// Does what operators decided about letters, and keeps a line of the audit for each that was
    /// decided. The answers are in the order of the rulings and of their letters.
    async fn decide(
        &self,
        rulings: &[Ruling],
    ) -> Result<Vec<Vec<Result<Decided, NotDecided>>>, Failure>;
}

/// Leases: who may hold letters.
///
/// # Contract
/// The database's clock judges. On SQLite the one process that has the file owns everything, so
/// a lease never ends there.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Begins an epoch of this instance. Earlier epochs of the same instance are ended: their
    /// process is known to be gone.
    async fn enter(&self, epoch: Uuid, instance: &str) -> Result<(), Failure>;

    /// Prolongs the epoch's lease. False if it has ended: whoever hears that holds nothing.
    async fn renew(&self, epoch: Uuid) -> Result<bool, Failure>;

    /// Gives the letters of ended epochs back, to be reconciled: all that were held there, at
    /// `quiet_at` at the latest. Says how many.
    async fn take_back(&self, epoch: Uuid, quiet_at: Moment) -> Result<u64, Failure>;

    /// Gives up these letters, each under this fence: they are held by a living process that does
    /// not know them. They become as those of `take_back`. Says how many.
    async fn let_go(&self, letters: &[(Uuid, i64)], quiet_at: Moment) -> Result<u64, Failure>;

    /// The letters that the database says `epoch` holds, with their fences.
    async fn held(&self, epoch: Uuid) -> Result<Vec<(Uuid, i64)>, Failure>;

    /// Ends the epoch: nobody has to wait for its lease.
    async fn leave(&self, epoch: Uuid) -> Result<(), Failure>;

    /// How many letters stand in each state. Counted, so not asked often.
    async fn backlog(&self) -> Result<Backlog, Failure>;

    /// Letters of these orders, for whoever wants to know why they wait.
    async fn letters_of(&self, order_ids: &[i64]) -> Result<Vec<Letter>, Failure>;

    /// Deletes a few batches that were accepted by then and whose keys are over. Says how many.
    async fn prune(&self, now: Moment, accepted_by: Moment) -> Result<u64, Failure>;
}

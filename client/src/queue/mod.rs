//! Where orders wait that could not be brought: durable, bounded, and seen by whoever asks.
//!
//! What is taken is leased and not removed: if its taker dies, it is taken again when the lease
//! has ended, under the same key and with the same bytes, so that the service knows it.

mod drain;
mod sqlite;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub(crate) use self::drain::Drainer;
pub use self::drain::Round;
pub use self::sqlite::SqliteStore;
use crate::parcel::Parcel;

/// What keeps submissions until the service has them.
///
/// # Contract
/// What [`Store::put`] and [`Store::settle`] return from is on the disk. No two takers hold the
/// same submission at one time, in whatever process they are.
#[async_trait(?Send)]
pub trait Store {
    /// Keeps a submission. The same one again changes nothing.
    async fn put(&self, parcel: &Parcel, waiting: &Waiting) -> Result<(), QueueError>;

    /// Takes the one that is due longest, for as long as the lease.
    async fn take(&self, lease: Duration, now: DateTime<Utc>) -> Result<Option<Taken>, QueueError>;

    /// Keeps of one that was taken what is left of it: nothing, if the service has all of it. Of
    /// one that somebody else has taken since, nothing is changed.
    async fn settle(&self, taken: &Taken, left: &[Kept]) -> Result<(), QueueError>;

    /// Everything that is kept, the oldest first.
    async fn list(&self) -> Result<Vec<Entry>, QueueError>;

    /// Lets a failed submission wait again, or all of them. Says how many it was.
    async fn requeue(&self, id: Option<i64>, now: DateTime<Utc>) -> Result<u64, QueueError>;

    /// Forgets a submission that nobody has taken. Says how many it was.
    async fn discard(&self, id: i64, now: DateTime<Utc>) -> Result<u64, QueueError>;

    async fn depth(&self) -> Result<Depth, QueueError>;

    /// Keeps the answer to a submission, and forgets those from before `since`.
    async fn remember(
        &self,
        key: &str,
        answer: &str,
        now: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Result<(), QueueError>;

    /// The answer that was kept for a key since then.
    async fn recall(&self, key: &str, since: DateTime<Utc>) -> Result<Option<String>, QueueError>;
}

/// How a submission waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Why it was queued, in one word.
    pub reason: String,
    pub queued_at: DateTime<Utc>,
    /// Calls that failed.
    pub attempts: u32,
    /// When it failed last, and why.
    pub failure: Option<Failure>,
    /// Not before then.
    pub due_at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub at: DateTime<Utc>,
    pub message: String,
}

/// A submission that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub id: i64,
    /// Whose lease it is.
    pub token: String,
    pub parcel: Parcel,
    pub waiting: Waiting,
}

/// What is left of a submission that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub parcel: Parcel,
    pub waiting: Waiting,
    /// It waits for somebody to decide, and not for another time.
    pub is_failed: bool,
}

/// A submission, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: i64,
    pub key: String,
    pub order_count: usize,
    pub state: EntryState,
    pub waiting: Waiting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    Waiting,
    /// Somebody is bringing it.
    Taken,
    /// It waits for somebody to decide.
    Failed,
}

/// How many submissions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    pub waiting: u64,
    pub failed: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("the queue is full: it holds {most} submissions")]
    Full { most: u64 },
    /// The key names other orders already.
    #[error("the key {key} is in the queue with other orders")]
    KeyReused { key: String },
    #[error("the queue's file cannot be used")]
    Database(#[from] sea_orm::DbErr),
    #[error("the queue's file holds what is no submission")]
    Foreign(#[from] serde_json::Error),
}

impl EntryState {
    /// One word for a table.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Failed => "failed",
        }
    }
}

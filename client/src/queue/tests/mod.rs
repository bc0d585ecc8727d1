//! The queue on real files.

mod draining;
mod storing;

use tempfile::TempDir;

use super::*;
use crate::clock;
use crate::rules::key::Key;
use crate::wire::{Decimal, Order};

const LEASE: Duration = Duration::from_secs(60);

/// A folder for a file, and the file.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> SqliteStore {
        self.with_room(100).await
    }

    async fn with_room(&self, most: u64) -> SqliteStore {
        SqliteStore::open(&self.0.path().join("queue"), most).await.unwrap()
    }
}

fn parcel(key: &str, count: u32) -> Parcel {
    let orders = (1..=count).map(|n| Order::new("p", "s", 1, Decimal::from(n))).collect();
    Parcel::pack(Key::Given(key.to_owned()), orders).unwrap()
}

/// Some time, and so many seconds after it. SQLite keeps microseconds.
fn at(seconds: u64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_623_400, 0).unwrap() + Duration::from_secs(seconds)
}

fn waiting(due_at: DateTime<Utc>) -> Waiting {
    let reason = "connection".to_owned();
    Waiting { reason, queued_at: due_at, attempts: 0, failure: None, due_at }
}

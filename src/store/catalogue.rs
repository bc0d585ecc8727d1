//! Reference data at hand: a snapshot that is swapped whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use sea_orm::DbErr;
use tokio::sync::Mutex;

use super::{Store, rows};
use crate::domain::reference::{ReferenceKind, ReferenceRow, References};
use crate::ports::Failure;
use crate::ports::catalogue::Catalogue;
use crate::ports::journal::Change;
use crate::ports::library::Library;

/// The snapshot, and the turn that keeps refreshes from running side by side.
#[derive(Default)]
pub(super) struct Snapshot {
    references: ArcSwap<References>,
    turn: Mutex<()>,
    /// How many reads have begun, and which of them the snapshot came from.
    begun: AtomicU64,
    loaded: AtomicU64,
}

const KINDS: [ReferenceKind; 3] =
    [ReferenceKind::Blotter, ReferenceKind::Status, ReferenceKind::OrderType];

#[async_trait]
impl Catalogue for Store {
    fn references(&self) -> Arc<References> {
        self.snapshot()
    }

    async fn refresh(&self) -> Result<Arc<References>, Failure> {
        let asked = self.catalogue.begun.load(Relaxed);
        let _turn = self.catalogue.turn.lock().await;
        // Somebody else's read serves too, but only one that began after this was asked: one
        // that was under way may have passed the row that the caller is missing.
        if self.catalogue.loaded.load(Relaxed) > asked {
            return Ok(self.snapshot());
        }
        self.load_references().await
    }
}

impl Store {
    pub(super) fn snapshot(&self) -> Arc<References> {
        self.catalogue.references.load_full()
    }

    /// The snapshot after a write of our own, or after the database refused what it allowed.
    /// What was written stands whether or not it can be read again now.
    pub(super) async fn renew_references(&self) {
        let _turn = self.catalogue.turn.lock().await;
        if let Err(failure) = self.load_references().await {
            log::warn!(reason:% = failure; "reference data could not be read again");
        }
    }

    /// The snapshot that changes are judged by: read again when a change names a row that it
    /// does not have.
    pub(super) async fn references_for(
        &self,
        changes: &[Change],
    ) -> Result<Arc<References>, Failure> {
        let references = self.snapshot();
        let knows = |kind, id: Option<i64>| id.is_none_or(|id| references.find(kind, id).is_some());
        let known = changes.iter().all(|change| match change {
            Change::AmendOrder(amendment) => {
                knows(ReferenceKind::Blotter, amendment.draft.blotter_id)
                    && knows(ReferenceKind::Status, amendment.draft.status_id)
                    && knows(ReferenceKind::OrderType, amendment.draft.order_type_id)
            }
            Change::RemoveOrder { .. }
            | Change::Reference(_)
            | Change::Note(_)
            | Change::Pause { .. }
            | Change::Resume { .. } => true,
        });
        if known { Ok(references) } else { self.refresh().await }
    }

    /// The first snapshot, read while the gate is still closed: nobody may be let in before
    /// orders can be checked.
    pub(super) async fn first_references(&self) -> Result<(), DbErr> {
        let mut references = References::default();
        for kind in KINDS {
            *references.of_mut(kind) = by_id(rows::references(self.pools.read.orm(), kind).await?);
        }
        self.catalogue.references.store(Arc::new(references));
        Ok(())
    }

    /// In turn only.
    async fn load_references(&self) -> Result<Arc<References>, Failure> {
        let number = self.catalogue.begun.fetch_add(1, Relaxed) + 1;
        let mut references = References::default();
        for kind in KINDS {
            *references.of_mut(kind) = by_id(Library::references(self, kind).await?);
        }
        let references = Arc::new(references);
        self.catalogue.references.store(Arc::clone(&references));
        self.catalogue.loaded.store(number, Relaxed);
        Ok(references)
    }
}

fn by_id(rows: Vec<ReferenceRow>) -> BTreeMap<i32, ReferenceRow> {
    rows.into_iter().map(|row| (row.id, row)).collect()
}

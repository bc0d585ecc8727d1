//! The read side of the store.

use async_trait::async_trait;
use uuid::Uuid;

use super::Failure;
use crate::domain::audit::{AuditLine, AuditQuery};
use crate::domain::batch::{BatchQuery, BatchRecord};
use crate::domain::letter::{Letter, LetterQuery};
use crate::domain::listing::Listing;
use crate::domain::order::{Order, OrderRecord};
use crate::domain::reference::{ReferenceKind, ReferenceRow};

/// A page of the list of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub orders: Vec<Order>,
    /// How many orders the filter finds in all: exact.
    pub total: u64,
}

/// # Contract
/// Reads see what was committed before they began, and end within the read limit.
#[async_trait]
pub trait Library: Send + Sync {
    async fn order(&self, id: i64) -> Result<Option<Order>, Failure>;
    /// Those of the orders that exist, by id.
    async fn orders_by_id(&self, ids: &[i64]) -> Result<Vec<Order>, Failure>;
    async fn orders(&self, listing: &Listing) -> Result<Page, Failure>;
    /// A batch and what became of it. Its parts may be read one after the other: an order that is
    /// settled meanwhile may name a letter that is not among them any more.
    async fn batch(&self, id: Uuid) -> Result<Option<BatchRecord>, Failure>;
    /// The ids of batches, the newest first.
    async fn find_batches(&self, query: &BatchQuery) -> Result<Vec<Uuid>, Failure>;
    async fn order_record(&self, id: i64) -> Result<Option<OrderRecord>, Failure>;
    /// Letters, the oldest first.
    async fn letters(&self, query: &LetterQuery) -> Result<Vec<Letter>, Failure>;
    async fn letter(&self, id: Uuid) -> Result<Option<Letter>, Failure>;
    /// All rows of a kind by id.
    async fn references(&self, kind: ReferenceKind) -> Result<Vec<ReferenceRow>, Failure>;
    /// Lines of the audit, the newest first.
    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditLine>, Failure>;
}

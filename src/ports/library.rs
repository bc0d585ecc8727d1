//! The read side of the store.

use async_trait::async_trait;

use super::Failure;
use crate::domain::listing::Listing;
use crate::domain::order::Order;
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
    async fn orders(&self, listing: &Listing) -> Result<Page, Failure>;
    /// All rows of a kind by id.
    async fn references(&self, kind: ReferenceKind) -> Result<Vec<ReferenceRow>, Failure>;
}

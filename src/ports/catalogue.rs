//! Reference data at hand: orders are checked against it without a statement each.

use std::sync::Arc;

use async_trait::async_trait;

use super::Failure;
use crate::domain::reference::References;

/// # Contract
/// A snapshot is whole: nobody sees half of a change. It may lag behind what another instance
/// just wrote; whoever misses a row in it calls `refresh` once before saying "not found".
#[async_trait]
pub trait Catalogue: Send + Sync {
    fn references(&self) -> Arc<References>;

    /// Reads the rows again. Callers that come together share one read.
    async fn refresh(&self) -> Result<Arc<References>, Failure>;
}

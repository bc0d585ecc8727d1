//! The board on which operators' pauses are posted, for all instances to see.

use async_trait::async_trait;

use super::Failure;
use crate::domain::client::ClientId;
use crate::domain::pause::Pause;

/// # Contract
/// Reads see what was committed before they began. What a newer binary may have paused, and this
/// one knows nothing of, is left out.
#[async_trait]
pub trait Board: Send + Sync {
    /// All that is paused, in the order of kind and name.
    async fn pauses(&self) -> Result<Vec<Pause>, Failure>;

    /// How many letters of these clients stand in line.
    async fn letters_in_line(&self, clients: &[ClientId]) -> Result<u64, Failure>;
}

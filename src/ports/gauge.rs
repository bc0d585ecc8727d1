//! What can be seen of the connection pool and of the database behind it.

use async_trait::async_trait;

pub use crate::domain::pool::Hold;
use crate::domain::pool::PoolSample;

/// Is the database there?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseState {
    /// The schema has not been checked yet: the first contact is still to come.
    Starting,
    Serving,
    /// Lost, and being looked for.
    Away {
        reason: String,
    },
}

impl DatabaseState {
    #[must_use]
    pub fn is_serving(&self) -> bool {
        *self == Self::Serving
    }
}

/// # Contract
/// Everything but `probe` answers at once from memory, also while the pool is exhausted.
#[async_trait]
pub trait PoolGauge: Send + Sync {
    fn sample(&self) -> PoolSample;
    fn state(&self) -> DatabaseState;
    /// Those who hold a connection now, the longest first.
    fn holds(&self) -> Vec<Hold>;
    /// Waits for a connection that ran out, since the start.
    fn timeouts(&self) -> u64;
    /// Those of them since somebody last got one, on the side that is worse off.
    fn timeouts_in_a_row(&self) -> u32;

    /// Asks a database that is away whether it is back, beside the gate, and opens the gate if
    /// so.
    async fn probe(&self) -> DatabaseState;
}

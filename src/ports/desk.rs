//! The trade service, as a worker needs it.

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::order::Order;
use crate::domain::reference::References;
use crate::domain::trade::{Finding, Placing};

/// A call that places orders.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// At least one.
    pub orders: &'a [&'a Order],
    /// What the orders' references are called.
    pub references: &'a References,
    /// The trace that the call belongs to: 16 bytes, the same for all attempts of a batch.
    pub trace: Uuid,
}

/// # Contract
/// Never fails and never hangs: whatever happens is one of the outcomes, at the latest when the
/// call's time is over. `NotSent` is only said when nothing left the house. The bulk is atomic,
/// and the same orders always carry the same key.
///
/// It stays on its thread: the HTTP client behind it does.
#[async_trait(?Send)]
pub trait TradeDesk {
    async fn place(&self, call: Call<'_>) -> Placing;

    async fn look_up(&self, order_id: i64) -> Finding;
}

//! Why a client could not be made, or could not even begin.

use crate::queue::QueueError;
use crate::settings::SettingsError;
use crate::wire::Order;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The registry has these names already: it serves another client.
    #[error("the metrics cannot be registered")]
    Metrics(#[from] prometheus::Error),
    #[error("the orders cannot be written in JSON")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// These orders are neither with the service nor in the queue: they are given back, named, so
    /// that it is safe to submit them again.
    #[error("{} orders could not be submitted ({reason}) and not be queued", orders.len())]
    NotKept {
        orders: Vec<Order>,
        reason: String,
        #[source]
        source: QueueError,
    },
    /// The key was used for other orders.
    #[error("the key {key} was used for other orders")]
    KeyReused { key: String },
}

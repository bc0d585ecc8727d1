//! Why a client could not be made, or could not even begin.

use crate::settings::SettingsError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The registry has these names already: it serves another client.
    #[error("the metrics cannot be registered")]
    Metrics(#[from] prometheus::Error),
    #[error("the orders cannot be written in JSON")]
    Json(#[from] serde_json::Error),
}

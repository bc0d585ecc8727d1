//! What is wrong with a setting, and where it came from.

use std::io;
use std::path::PathBuf;

use resilience::breaker::ConfigFault;

/// The client is not made: a setting is wrong.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{path} cannot be read")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} is no settings file")]
    Format {
        path: PathBuf,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("{key} must {must}")]
    Value { key: String, must: &'static str },
}

impl From<ConfigFault> for SettingsError {
    fn from(fault: ConfigFault) -> Self {
        Self::Value { key: format!("breaker.{}", fault.key), must: fault.must }
    }
}

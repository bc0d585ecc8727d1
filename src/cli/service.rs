//! Which service to send orders to, and where they wait if it cannot be reached.

use std::path::PathBuf;

use clap::Args;
use weir_client::{Settings, SettingsError};

/// Flags win over the environment (`ORDER_SERVICE_CLIENT_...`), and that over the file.
#[derive(Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct Service {
    /// Where the service is, such as `http://order-service:8080`.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Read the connection's settings from this TOML file: [order-service.client].
    #[arg(long, value_name = "FILE")]
    client_config: Option<PathBuf>,
    /// Say who sends, in X-Client-Id.
    #[arg(long, value_name = "NAME")]
    client_id: Option<String>,
    #[command(flatten)]
    pub(super) file: QueueFile,
}

#[derive(Args)]
#[command(next_help_heading = "Queue")]
pub(crate) struct QueueFile {
    /// Keep what could not be brought in this file.
    #[arg(long = "queue", value_name = "FILE", default_value = "weir-client.queue")]
    pub(super) path: PathBuf,
}

impl Service {
    pub(super) fn settings(&self) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        if let Some(path) = &self.client_config {
            settings = settings.with_file(path)?;
        }
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        settings = settings.with_variables(variables)?;
        if let Some(url) = &self.url {
            settings.connection.base_url.clone_from(url);
        }
        settings.client_id.clone_from(&self.client_id);
        settings.queue.path.clone_from(&self.file.path);
        Ok(settings)
    }
}

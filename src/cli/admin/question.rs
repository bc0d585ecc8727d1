//! What a running Weir can be asked and ordered.

use clap::Subcommand;
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::actors::Actors;
use super::audit::Audit;
use super::batches::Batches;
use super::breakers::Breakers;
use super::letters::Letters;
use super::log_level::LogLevel;
use super::orders::Orders;
use super::pauses::Pauses;
use super::status::Status;
use super::{Answer, EXAMPLES, Overrides};

#[derive(Subcommand)]
pub(crate) enum Question {
    /// Say at one glance how a running Weir is, and why it is not well.
    #[command(after_help = EXAMPLES)]
    Status(Status),
    /// Show what each actor of a running Weir says of itself.
    #[command(after_help = EXAMPLES)]
    Actors(Actors),
    /// Show how the breakers of a running Weir stand, or give them orders.
    #[command(after_help = EXAMPLES)]
    Breakers(Breakers),
    /// Look at what waits or was given up, and decide about it.
    #[command(subcommand, after_help = EXAMPLES)]
    Letters(Letters),
    /// Keep orders away from the trade service, or those of one client, until they are resumed.
    #[command(subcommand, after_help = EXAMPLES)]
    Pauses(Pauses),
    /// Find batches, and see what happened to them.
    #[command(subcommand, after_help = EXAMPLES)]
    Batches(Batches),
    /// See what happened to an order.
    #[command(subcommand, after_help = EXAMPLES)]
    Orders(Orders),
    /// Show what operators ordered, the newest first.
    #[command(after_help = EXAMPLES)]
    Audit(Audit),
    /// Show which lines of log a running Weir writes, or let it write others.
    #[command(after_help = EXAMPLES)]
    LogLevel(LogLevel),
}

impl Question {
    /// What stood behind the command.
    pub(in crate::cli) fn overrides(&mut self) -> &mut Overrides {
        let admin = match self {
            Self::Status(wanted) => &mut wanted.admin,
            Self::Actors(wanted) => &mut wanted.admin,
            Self::Breakers(wanted) => &mut wanted.admin,
            Self::Letters(wanted) => wanted.admin(),
            Self::Pauses(wanted) => wanted.admin(),
            Self::Batches(wanted) => wanted.admin(),
            Self::Orders(Orders::Show { admin, .. }) => admin,
            Self::Audit(wanted) => &mut wanted.admin,
            Self::LogLevel(wanted) => &mut wanted.admin,
        };
        &mut admin.overrides
    }

    pub(in crate::cli) async fn ask(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        match self {
            Self::Status(wanted) => wanted.run(settings).await,
            Self::Actors(wanted) => wanted.run(settings).await,
            Self::Breakers(wanted) => wanted.run(settings).await,
            Self::Letters(wanted) => wanted.run(settings).await,
            Self::Pauses(wanted) => wanted.run(settings).await,
            Self::Batches(wanted) => wanted.run(settings).await,
            Self::Orders(wanted) => wanted.run(settings).await,
            Self::Audit(wanted) => wanted.run(settings).await,
            Self::LogLevel(wanted) => wanted.run(settings).await,
        }
    }
}

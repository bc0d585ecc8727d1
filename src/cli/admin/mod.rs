//! What operators ask and order from a shell: `weir status`, `weir actors`, `weir breakers`.

mod actors;
mod breakers;
mod status;
mod table;

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use weir::outbound::admin::{AdminError, AdminListener};
use weir::settings::{AdminSettings, BaseUrl};

use super::arguments::Overrides;

pub(crate) use actors::Actors;
pub(crate) use breakers::Breakers;
pub(crate) use status::Status;

/// Something is not well, and the service runs.
const EXIT_DEGRADED: u8 = 3;

pub(super) const EXAMPLES: &str = "\
The address is that of the settings (admin.bind), or --admin. The token, if one is asked for, is
that of the settings: WEIR__ADMIN__TOKEN, or admin.token_file.

Exit codes:
  0  well, or done
  1  failed: no answer, refused, or no orders are taken
  2  bad settings or bad usage
  3  degraded: somebody should look

Examples:
  weir status
      is it well, and if not, why?
  weir status --json --admin http://10.1.2.3:9080 | jq .letters
      the same for a script, of another machine
  weir actors
      what each actor says of itself
  weir breakers
      how the breakers stand, and why
  weir breakers open trade --reason 'their release at 18:00'
      call the trade service no more; orders are accepted and wait
  weir breakers close trade --reason 'release is done'
      back to closed, with nothing remembered
";

/// Whom to ask, and how to say it.
#[derive(Args)]
#[command(next_help_heading = "Operation")]
pub(crate) struct Admin {
    /// Ask the admin listener here, such as `http://127.0.0.1:9080`.
    #[arg(long = "admin", value_name = "URL")]
    url: Option<BaseUrl>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) overrides: Overrides,
}

/// What is printed, and how well it is.
pub(crate) struct Answer {
    pub(super) text: String,
    pub(super) health: Health,
}

/// How an answer is read.
#[derive(Clone, Copy)]
struct Reading {
    health: fn(&Value) -> Health,
    text: fn(&Value) -> String,
}

/// How well it is, as exit codes tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Well,
    Degraded,
    Down,
}

impl Health {
    fn of(is_well: bool) -> Self {
        if is_well { Self::Well } else { Self::Degraded }
    }

    pub(super) fn exit_code(self) -> ExitCode {
        match self {
            Self::Well => ExitCode::SUCCESS,
            Self::Degraded => ExitCode::from(EXIT_DEGRADED),
            Self::Down => ExitCode::FAILURE,
        }
    }
}

impl Admin {
    fn listener(&self, settings: &AdminSettings) -> AdminListener {
        AdminListener::new(self.url.as_ref(), settings)
    }

    /// What the listener says, for people or as it came.
    async fn ask(
        &self,
        settings: &AdminSettings,
        path: &str,
        reading: Reading,
    ) -> Result<Answer, AdminError> {
        let told = self.listener(settings).get(path).await?;
        let text = if self.json { format!("{told}\n") } else { (reading.text)(&told) };
        Ok(Answer { text, health: (reading.health)(&told) })
    }
}

/// A member somewhere in an answer, as people read it; `?` where nothing is known.
fn word(told: &Value, pointer: &str) -> String {
    match told.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "?".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// The items of a list somewhere in an answer.
fn items<'a>(told: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    told.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

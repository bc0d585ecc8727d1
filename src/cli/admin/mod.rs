//! What operators ask and order from a shell: all that the admin listener can be asked and ordered.

mod actors;
mod audit;
mod batches;
mod breakers;
mod letters;
mod log_level;
mod motive;
mod orders;
mod pauses;
mod question;
mod status;
mod table;
mod timeline;

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use weir::outbound::admin::{AdminError, AdminListener};
use weir::settings::{AdminSettings, BaseUrl};

use super::arguments::Overrides;

pub(crate) use question::Question;

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
  weir pauses pause client desk-7 --reason 'it sends nonsense'
      its orders are accepted and wait; also after a restart
  weir letters list --state dead
      what was given up, and why
  weir letters requeue --error timeout --reason 'they are back'
      how many would go on; with --yes they do
  weir batches find --order 4711
      the batches of an order; then: weir batches show ID
  weir log-level weir::store=debug,info --for 10m --reason 'slow statements'
      more lines of log, for a while
  weir audit --since 2026-01-05T00:00:00Z
      what operators ordered
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
        self.find(settings, path, &[], reading).await
    }

    /// The same with a query.
    async fn find(
        &self,
        settings: &AdminSettings,
        path: &str,
        query: &[(&str, Option<String>)],
        reading: Reading,
    ) -> Result<Answer, AdminError> {
        Ok(self.read(&self.listener(settings).get(path, query).await?, reading))
    }

    /// What became of an order; one whose answer has a warning is done, and somebody should look.
    async fn order(
        &self,
        settings: &AdminSettings,
        path: &str,
        body: &Value,
        reading: Reading,
    ) -> Result<Answer, AdminError> {
        let told = self.listener(settings).post(path, body).await?;
        let mut answer = self.read(&told, reading);
        if let Some(warning) = told.get("warning").and_then(Value::as_str) {
            answer.health = Health::Degraded;
            if !self.json {
                answer.text.push_str(&format!("! {warning}\n"));
            }
        }
        Ok(answer)
    }

    fn read(&self, told: &Value, reading: Reading) -> Answer {
        let text = if self.json { format!("{told}\n") } else { (reading.text)(told) };
        Answer { text, health: (reading.health)(told) }
    }
}

/// What was asked for was told or done.
const fn well(_: &Value) -> Health {
    Health::Well
}

/// A member somewhere in an answer, as people read it; `?` where nothing is known.
fn word(told: &Value, pointer: &str) -> String {
    match told.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "?".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// The same, for what may well be missing.
fn known(told: &Value, pointer: &str) -> String {
    Some(word(told, pointer)).filter(|word| word != "?").unwrap_or_default()
}

/// The items of a list somewhere in an answer.
fn items<'a>(told: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    told.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// How to go on behind the page that was shown.
fn further(told: &Value) -> String {
    let next = told.get("next").and_then(Value::as_str);
    next.map(|next| format!("for more: --cursor {next}\n")).unwrap_or_default()
}

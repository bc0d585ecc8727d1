//! What can be said behind `weir queue`, and what is made of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio::time::sleep;
use weir::domain::moment::Moment;
use weir::ports::clock::{Clock, SystemClock};
use weir_client::{Entry, Error, OrderClient, QueueError, SettingsError, SqliteStore, Store};

use super::service::{QueueFile, Service};

pub(super) const EXAMPLES: &str = "\
Examples:
  weir queue list
      what waits or failed: since when, how often tried, when and why it failed
  weir queue drain --url http://order-service:8080
      bring it now; exit code 0 when nothing waits and nothing failed
  weir queue requeue 17
      let what failed wait again; --all: everything that failed
  weir queue discard 17
      forget it for good
";

/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Subcommand)]
pub(crate) enum Queue {
    /// List what waits and what failed.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: QueueFile,
    },
    /// Bring what waits to the service.
    Drain {
        /// Give up after so long.
        #[arg(long, value_name = "TIME", default_value = "1m", value_parser = humantime::parse_duration)]
        within: Duration,
        #[command(flatten)]
        service: Box<Service>,
    },
    /// Let failed submissions wait again.
    Requeue {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        file: QueueFile,
    },
    /// Forget a submission for good, unless somebody is bringing it.
    Discard {
        id: i64,
        #[command(flatten)]
        file: QueueFile,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    id: Option<i64>,
    /// All that failed.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueCommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the client cannot be opened")]
    Client(#[from] Error),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("no such submission failed, or somebody is bringing it")]
    Absent,
}

/// What is printed, and whether all is well.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) is_good: bool,
}

impl Queue {
    pub(super) async fn run(self) -> Result<Answer, QueueCommandError> {
        match self {
            Self::List { json, file } => {
                let entries = open(&file).await?.list().await?;
                Ok(good(if json { as_json(&entries) } else { as_table(&entries) }))
            }
            Self::Drain { within, service } => drain(&service, within).await,
            Self::Requeue { which, file } => {
                let store = open(&file).await?;
                let count = store.requeue(which.id, now()).await?;
                told(count, which.all, "wait again")
            }
            Self::Discard { id, file } => {
                let count = open(&file).await?.discard(id, now()).await?;
                told(count, false, "forgotten")
            }
        }
    }
}

async fn open(file: &QueueFile) -> Result<SqliteStore, QueueError> {
    // Nothing is put here, so that no bound is needed.
    SqliteStore::open(&file.path, u64::MAX).await
}

fn now() -> DateTime<Utc> {
    SystemClock.utc().into()
}

fn good(text: String) -> Answer {
    Answer { text, is_good: true }
}

fn told(count: u64, may_be_none: bool, done: &str) -> Result<Answer, QueueCommandError> {
    if count == 0 && !may_be_none {
        return Err(QueueCommandError::Absent);
    }
    Ok(good(format!("{count} submissions {done}\n")))
}

async fn drain(service: &Service, within: Duration) -> Result<Answer, QueueCommandError> {
    let client = OrderClient::builder("").settings(service.settings()?).open().await?;
    let clock = SystemClock;
    let until = clock.instant() + within;
    let mut brought = 0;
    while client.depth().await?.waiting > 0 && clock.instant() < until {
        brought += client.drain().await?.processed;
        sleep(PAUSE).await;
    }
    let depth = client.depth().await?;
    let text =
        format!("{brought} brought, {} still wait, {} failed\n", depth.waiting, depth.failed);
    Ok(Answer { text, is_good: depth.waiting == 0 && depth.failed == 0 })
}

fn as_table(entries: &[Entry]) -> String {
    let mut text = format!(
        "{:>6}  {:7}  {:>6}  {:>5}  {:27}  {:27}  {}\n",
        "ID", "STATE", "ORDERS", "TRIED", "QUEUED AT", "FAILED AT", "WHY"
    );
    for entry in entries {
        let waiting = &entry.waiting;
        let failure = waiting.failure.as_ref();
        let at = failure.map_or("-".to_owned(), |failure| time(failure.at));
        let why = failure.map_or(waiting.reason.as_str(), |failure| failure.message.as_str());
        text += &format!(
            "{:>6}  {:7}  {:>6}  {:>5}  {:27}  {:27}  {}\n",
            entry.id,
            entry.state.label(),
            entry.order_count,
            waiting.attempts,
            time(waiting.queued_at),
            at,
            why
        );
    }
    text
}

fn as_json(entries: &[Entry]) -> String {
    let entry = |entry: &Entry| -> Value {
        let waiting = &entry.waiting;
        let failure = waiting.failure.as_ref();
        json!({
            "id": entry.id,
            "key": entry.key,
            "state": entry.state.label(),
            "orders": entry.order_count,
            "attempts": waiting.attempts,
            "reason": waiting.reason,
            "queuedAt": time(waiting.queued_at),
            "dueAt": time(waiting.due_at),
            "failedAt": failure.map(|failure| time(failure.at)),
            "lastError": failure.map(|failure| &failure.message),
        })
    };
    let entries: Vec<_> = entries.iter().map(entry).collect();
    format!("{}\n", Value::Array(entries))
}

fn time(time: DateTime<Utc>) -> String {
    Moment::from(time).to_string()
}

#[cfg(test)]
mod tests {
    use weir_client::{EntryState, Failure, Waiting};

    use super::*;

    fn entry() -> Entry {
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let failure =
            Failure { at: time("2026-01-05T14:31:00Z"), message: "no answer in time".to_owned() };
        let waiting = Waiting {
            reason: "connection".to_owned(),
            queued_at: time("2026-01-05T14:30:00Z"),
            attempts: 5,
            failure: Some(failure),
            due_at: time("2026-01-05T14:32:00Z"),
        };
        let (key, state) = ("k".to_owned(), EntryState::Failed);
        Entry { id: 17, key, order_count: 25, state, waiting }
    }

    #[test]
    fn a_table_says_since_when_how_often_when_and_why() {
        let text = as_table(&[entry()]);

        let line = text.lines().nth(1).unwrap();
        let parts: Vec<_> =
            line.split("  ").filter(|part| !part.is_empty()).map(str::trim).collect();
        let expected = [
            "17",
            "failed",
            "25",
            "5",
            "2026-01-05T14:30:00Z",
            "2026-01-05T14:31:00Z",
            "no answer in time",
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn json_says_the_same_to_machines() {
        let entries: Value = serde_json::from_str(&as_json(&[entry()])).unwrap();

        assert_eq!(entries[0]["id"], 17);
        assert_eq!(entries[0]["lastError"], "no answer in time");
        assert_eq!(entries[0]["queuedAt"], "2026-01-05T14:30:00Z");
    }
}

//! `weir pauses`: what is not sent because an operator wants it so.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::motive::Motive;
use super::table::table;
use super::{Admin, Answer, Health, Reading, items, well, word};

#[derive(Subcommand)]
pub(crate) enum Pauses {
    /// List what is paused.
    List {
        #[command(flatten)]
        admin: Admin,
    },
    /// Accept and keep what would be sent, until it is resumed.
    Pause(Change),
    /// Let it go again.
    Resume(Change),
}

#[derive(Args)]
pub(crate) struct Change {
    /// What sort of thing.
    #[arg(value_enum)]
    kind: Kind,
    /// Its name; the only destination is `trade`.
    name: String,
    #[command(flatten)]
    motive: Motive,
    #[command(flatten)]
    admin: Admin,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Destination,
    Client,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Destination => "destination",
            Self::Client => "client",
        }
    }
}

impl Pauses {
    pub(super) fn admin(&mut self) -> &mut Admin {
        match self {
            Self::List { admin } => admin,
            Self::Pause(change) | Self::Resume(change) => &mut change.admin,
        }
    }

    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        match self {
            Self::List { admin } => {
                admin.ask(settings, "/admin/pauses", Reading { health, text: list }).await
            }
            Self::Pause(change) => change.order(settings, "/admin/pauses", paused).await,
            Self::Resume(change) => {
                change.order(settings, "/admin/pauses/resume", |_| "it goes on\n".to_owned()).await
            }
        }
    }
}

impl Change {
    async fn order(
        &self,
        settings: &AdminSettings,
        path: &str,
        text: fn(&Value) -> String,
    ) -> Result<Answer, AdminError> {
        let (kind, name) = (self.kind.word().into(), self.name.clone().into());
        let body = self.motive.sign([("kind", kind), ("name", name)]);
        self.admin.order(settings, path, &body, Reading { health: well, text }).await
    }
}

fn health(told: &Value) -> Health {
    Health::of(items(told, "/items").next().is_none())
}

fn list(told: &Value) -> String {
    let row = |pause: &Value| {
        ["/kind", "/name", "/since", "/operator", "/reason"].map(|part| word(pause, part))
    };
    table(["kind", "name", "since", "by", "why"], items(told, "/items").map(row))
}

fn paused(pause: &Value) -> String {
    let at = |part| word(pause, part);
    format!("{} {} is paused since {}\n", at("/kind"), at("/name"), at("/since"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_paused_is_listed_and_counts() {
        let pause = json!({"kind": "client", "name": "desk-7", "since": "2026-01-05T14:30:00Z",
            "operator": "ann", "reason": "it sends nonsense"});
        let told = json!({"items": [pause]});

        let expected = "\
kind    name    since                 by   why
client  desk-7  2026-01-05T14:30:00Z  ann  it sends nonsense
";
        assert_eq!(list(&told), expected);
        assert_eq!(paused(&pause), "client desk-7 is paused since 2026-01-05T14:30:00Z\n");
        assert_eq!(health(&told), Health::Degraded);
        assert_eq!(health(&json!({"items": []})), Health::Well);
    }
}

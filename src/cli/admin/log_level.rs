//! `weir log-level`: which lines of log are written.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::motive::Operator;
use super::{Admin, Answer, Reading, well, word};

const PATH: &str = "/admin/log-level";

#[derive(Args)]
pub(crate) struct LogLevel {
    /// Write these, such as debug or weir::store=debug,info; without it, it is only told.
    #[arg(requires = "reason")]
    filter: Option<String>,
    /// Go back to the one before after so long; without it, it lasts until the process ends.
    #[arg(long = "for", value_name = "TIME", requires = "filter", value_parser = humantime::parse_duration)]
    ends_in: Option<Duration>,
    /// Why, for the audit and for whoever looks next.
    #[arg(long, value_name = "TEXT", requires = "filter")]
    reason: Option<String>,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    pub(crate) admin: Admin,
}

impl LogLevel {
    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        let reading = Reading { health: well, text };
        let Some(filter) = &self.filter else {
            return self.admin.ask(settings, PATH, reading).await;
        };
        let mut body =
            json!({"level": filter, "reason": self.reason, "operator": self.operator.name()});
        if let (Some(time), Some(members)) = (self.ends_in, body.as_object_mut()) {
            members.insert("forSeconds".to_owned(), time.as_secs().into());
        }
        self.admin.order(settings, PATH, &body, reading).await
    }
}

fn text(told: &Value) -> String {
    let then = told.get("then").and_then(Value::as_str);
    let then = then.map(|then| format!(", for a while; then {then}")).unwrap_or_default();
    format!("{}{then}\n", word(told, "/level"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_again_is_told() {
        assert_eq!(
            text(&json!({"level": "debug", "then": "info"})),
            "debug, for a while; then info\n"
        );
        assert_eq!(text(&json!({"level": "info", "then": null})), "info\n");
    }
}

//! `weir breakers`: how they stand, and orders to them.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::motive::Operator;
use super::table::table;
use super::{Admin, Answer, Health, Reading, items, well, word};

#[derive(Args)]
pub(crate) struct Breakers {
    /// What to order; without it, all breakers are listed.
    #[arg(value_enum, requires = "name")]
    order: Option<Order>,
    /// Which breaker.
    #[arg(value_parser = ["pool", "trade"], requires = "reason")]
    name: Option<String>,
    /// Why, for the log and for whoever looks next.
    #[arg(long, value_name = "TEXT", requires = "order")]
    reason: Option<String>,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    pub(crate) admin: Admin,
}

#[derive(Clone, Copy, ValueEnum)]
enum Order {
    /// Refuse everything until ordered otherwise.
    Open,
    /// Back to closed, with nothing remembered.
    Close,
    /// Let everything through until ordered otherwise, and go on counting.
    ForceClosed,
    /// Let everything through and count nothing.
    Disable,
    /// Let everything through, and say when it would have opened.
    MetricsOnly,
}

impl Order {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "FORCE_OPEN",
            Self::Close => "RESET",
            Self::ForceClosed => "FORCE_CLOSED",
            Self::Disable => "DISABLED",
            Self::MetricsOnly => "METRICS_ONLY",
        }
    }
}

impl Breakers {
    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        let (Some(order), Some(name)) = (self.order, &self.name) else {
            return self
                .admin
                .ask(settings, "/admin/breakers", Reading { health, text: list })
                .await;
        };
        let operator = self.operator.name();
        let body = json!({"state": order.word(), "reason": self.reason, "operator": operator});
        let path = format!("/admin/breakers/{name}");
        self.admin.order(settings, &path, &body, Reading { health: well, text: changed }).await
    }
}

fn health(told: &Value) -> Health {
    Health::of(items(told, "/breakers").all(|breaker| word(breaker, "/state") == "CLOSED"))
}

fn list(told: &Value) -> String {
    let row = |breaker: &Value| {
        let wait = breaker.pointer("/retryInMs").and_then(Value::as_u64);
        let why = items(breaker, "/events").last().map(why).unwrap_or_default();
        let (name, state) = (word(breaker, "/name"), word(breaker, "/state"));
        let wait = wait.map(|wait| wait.to_string()).unwrap_or_default();
        [name, state, word(breaker, "/since"), wait, word(breaker, "/totals/refused"), why]
    };
    let head = ["breaker", "state", "since", "next try ms", "refused", "why"];
    table(head, items(told, "/breakers").map(row))
}

fn why(change: &Value) -> String {
    let reason = word(change, "/reason");
    match change.get("note").and_then(Value::as_str) {
        Some(note) => format!("{reason}: {note}"),
        None => reason,
    }
}

fn changed(change: &Value) -> String {
    format!("{}: {} to {}\n", word(change, "/name"), word(change, "/from"), word(change, "/to"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_breaker_is_listed_with_its_last_reason() {
        let at = "2026-01-05T14:30:00Z";
        let change = json!({"reason": "an operator ordered force_open", "note": "a drill"});
        let pool = json!({"name": "pool", "state": "CLOSED", "since": at, "retryInMs": null,
            "totals": {"refused": 0}, "events": []});
        let trade = json!({"name": "trade", "state": "FORCED_OPEN", "since": at, "retryInMs": 900,
            "totals": {"refused": 7}, "events": [{"reason": "old"}, change]});
        let told = json!({"breakers": [pool, trade, {"name": "gone", "state": "GONE"}]});

        let expected = "\
breaker  state        since                 next try ms  refused  why
pool     CLOSED       2026-01-05T14:30:00Z               0
trade    FORCED_OPEN  2026-01-05T14:30:00Z  900          7        an operator ordered force_open: a drill
gone     GONE         ?                                  ?
";
        assert_eq!(list(&told), expected);
        assert_eq!(health(&told), Health::Degraded);
        assert_eq!(health(&json!({"breakers": [pool]})), Health::Well);
    }
}

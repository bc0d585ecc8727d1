//! `weir actors`: what each actor says of itself.

use clap::Args;
use serde_json::Value;
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::table::table;
use super::{Admin, Answer, Health, Reading, items, known};

#[derive(Args)]
pub(crate) struct Actors {
    /// Also show what this one counts, and those who work for it.
    name: Option<String>,
    #[command(flatten)]
    pub(crate) admin: Admin,
}

impl Actors {
    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        let all = Reading { health: health_of_all, text: list };
        match &self.name {
            None => self.admin.ask(settings, "/debug/actors", all).await,
            Some(name) => {
                let path = format!("/debug/actors/{name}");
                self.admin.ask(settings, &path, Reading { health, text: one }).await
            }
        }
    }
}

fn health_of_all(told: &Value) -> Health {
    Health::of(items(told, "/actors").all(|actor| health(actor) == Health::Well))
}

/// One that does not answer has not said how much waits for it.
fn health(actor: &Value) -> Health {
    Health::of(actor.get("depth").is_some())
}

fn list(told: &Value) -> String {
    let row =
        |actor: &Value| ["/name", "/state", "/depth", "/lastError"].map(|at| known(actor, at));
    table(["actor", "state", "waiting", "last error"], items(told, "/actors").map(row))
}

fn one(actor: &Value) -> String {
    let mut text = list(&serde_json::json!({"actors": [actor]}));
    if let Some(counters) = actor.get("counters").and_then(Value::as_object) {
        let row = |(name, count): (&String, &Value)| [name.clone(), count.to_string()];
        text.push_str(&format!(
            "\n{}",
            table(["counter", "since the start, or now"], counters.iter().map(row))
        ));
    }
    let row = |child: &Value| {
        ["/name", "/state", "/busyMs", "/orders", "/done", "/restarts"].map(|at| known(child, at))
    };
    let children: Vec<_> = items(actor, "/children").map(row).collect();
    if !children.is_empty() {
        let head = ["child", "state", "busy ms", "orders", "done", "restarts"];
        text.push_str(&format!("\n{}", table(head, children)));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_that_does_not_answer_is_seen_and_counts() {
        let ledger =
            json!({"name": "ledger", "state": "idle", "depth": 0, "lastError": "disk full"});
        let told = json!({"actors": [ledger, {"name": "deaf", "state": "unresponsive"}]});

        let expected = "\
actor   state         waiting  last error
ledger  idle          0        disk full
deaf    unresponsive
";
        assert_eq!(list(&told), expected);
        assert_eq!(health_of_all(&told), Health::Degraded);
        assert_eq!(health_of_all(&json!({"actors": [ledger]})), Health::Well);
    }

    #[test]
    fn one_alone_is_shown_with_what_it_counts_and_its_children() {
        let child = json!({"name": "worker-1", "state": "idle", "busyMs": null, "orders": 0,
            "done": 7, "restarts": 1});
        let actor = json!({"name": "supervisor", "state": "idle", "depth": 0, "lastError": null,
            "counters": {"carriages": 7}, "children": [child]});

        let expected = "\
actor       state  waiting  last error
supervisor  idle   0

counter    since the start, or now
carriages  7

child     state  busy ms  orders  done  restarts
worker-1  idle            0       7     1
";
        assert_eq!(one(&actor), expected);
    }
}

//! `weir audit`: what operators ordered.

use clap::Args;
use serde_json::Value;
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::table::table;
use super::{Admin, Answer, Reading, further, items, known, well};

#[derive(Args)]
pub(crate) struct Audit {
    /// Only of this sort of target: breaker, client, destination, letter, letters, log.
    #[arg(long)]
    kind: Option<String>,
    /// Only about this one.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Only of this operator.
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    /// Only from this moment on, such as 2026-01-05T14:30:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Lines at most, 1 to 200; 50 without it.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Go on behind the page that named this.
    #[arg(long, value_name = "ID")]
    cursor: Option<String>,
    #[command(flatten)]
    pub(crate) admin: Admin,
}

impl Audit {
    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        let query = [
            ("kind", self.kind.clone()),
            ("target", self.target.clone()),
            ("operator", self.operator.clone()),
            ("since", self.since.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ];
        let reading = Reading { health: well, text: page };
        self.admin.find(settings, "/admin/audit", &query, reading).await
    }
}

fn page(told: &Value) -> String {
    format!("{}{}", table(HEAD, items(told, "/items").map(row)), further(told))
}

const HEAD: [&str; 8] = ["at", "operator", "kind", "target", "action", "before", "after", "why"];

fn row(line: &Value) -> [String; 8] {
    ["/at", "/operator", "/kind", "/target", "/action", "/before", "/after", "/reason"]
        .map(|part| known(line, part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_order_has_a_line_and_a_page_says_how_to_go_on() {
        let line = json!({"at": "2026-01-05T14:30:00Z", "operator": "ann", "kind": "client",
            "target": "a", "action": "PAUSE", "before": null, "after": "paused", "reason": "r s"});

        let text = page(&json!({"items": [line], "next": "1-2-3"}));

        let expected = "\
at                    operator  kind    target  action  before  after   why
2026-01-05T14:30:00Z  ann       client  a       PAUSE           paused  r s
for more: --cursor 1-2-3
";
        assert_eq!(text, expected);
    }
}

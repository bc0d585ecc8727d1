//! `weir orders`: one order, with all that happened to it.

use clap::Subcommand;
use serde_json::Value;
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::table::fields;
use super::timeline::timeline;
use super::{Admin, Answer, Reading, items, known, well, word};

#[derive(Subcommand)]
pub(crate) enum Orders {
    /// Show an order and what happened to it.
    Show {
        id: i64,
        #[command(flatten)]
        admin: Admin,
    },
}

impl Orders {
    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        let Self::Show { id, admin } = self;
        let path = format!("/admin/orders/{id}");
        admin.ask(settings, &path, Reading { health: well, text }).await
    }
}

fn text(told: &Value) -> String {
    let batches: Vec<_> = items(told, "/batches").map(|batch| word(batch, "")).collect();
    let lines = fields([
        ("order", word(told, "/id")),
        ("status", known(told, "/status/abbreviation")),
        ("type", known(told, "/orderType/abbreviation")),
        ("portfolio", known(told, "/portfolio/portfolioId")),
        ("security", known(told, "/security/securityId")),
        ("quantity", known(told, "/quantity")),
        ("limit price", known(told, "/limitPrice")),
        ("trade", known(told, "/tradeOrderId")),
        ("client", known(told, "/client")),
        ("client's id", known(told, "/clientOrderId")),
        ("last error", known(told, "/lastError")),
        ("batches", batches.join(", ")),
        ("letter", known(told, "/letter/id")),
    ]);
    lines + &timeline(told)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_order_is_shown_with_what_happened_to_it() {
        let event = json!({"at": "2026-01-05T14:30:00Z", "what": "recorded"});
        let told = json!({"id": 7, "status": {"abbreviation": "SENT"}, "orderType": null,
            "quantity": 2.5, "limitPrice": null, "tradeOrderId": 9, "batches": ["b-1", "b-2"],
            "letter": null, "timeline": [event]});

        let expected = "\
order        7
status       SENT
quantity     2.5
trade        9
batches      b-1, b-2

at                    what
2026-01-05T14:30:00Z  recorded
";
        assert_eq!(text(&told), expected);
    }
}

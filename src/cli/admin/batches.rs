//! `weir batches`: found by what is known of them, and one with all that happened to it.

use clap::{Args, Subcommand};
use serde_json::Value;
use uuid::Uuid;
use weir::outbound::admin::AdminError;
use weir::settings::AdminSettings;

use super::table::{fields, table};
use super::timeline::timeline;
use super::{Admin, Answer, Reading, items, known, well, word};

#[derive(Subcommand)]
pub(crate) enum Batches {
    /// Find batches, the newest first.
    Find(Wanted),
    /// Show a batch, its orders and what happened to it.
    Show {
        id: Uuid,
        #[command(flatten)]
        admin: Admin,
    },
}

#[derive(Args)]
pub(crate) struct Wanted {
    /// Only the one with this id.
    #[arg(long, value_name = "ID")]
    id: Option<Uuid>,
    /// Only those that name this order.
    #[arg(long, value_name = "ID")]
    order: Option<i64>,
    /// Only of this client.
    #[arg(long, value_name = "NAME")]
    client: Option<String>,
    /// Batches at most, 1 to 50; 50 without it.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    admin: Admin,
}

impl Batches {
    pub(super) fn admin(&mut self) -> &mut Admin {
        match self {
            Self::Find(Wanted { admin, .. }) | Self::Show { admin, .. } => admin,
        }
    }

    pub(crate) async fn run(&self, settings: &AdminSettings) -> Result<Answer, AdminError> {
        match self {
            Self::Find(Wanted { id, order, client, limit, admin }) => {
                let query = [
                    ("id", id.map(|id| id.to_string())),
                    ("order", order.map(|order| order.to_string())),
                    ("client", client.clone()),
                    ("limit", limit.map(|limit| limit.to_string())),
                ];
                let reading = Reading { health: well, text: list };
                admin.find(settings, "/admin/batches", &query, reading).await
            }
            Self::Show { id, admin } => {
                let path = format!("/admin/batches/{id}");
                admin.ask(settings, &path, Reading { health: well, text: one }).await
            }
        }
    }
}

fn list(told: &Value) -> String {
    let row = |batch: &Value| {
        ["/id", "/client", "/createdAt", "/state", "/total", "/sent", "/failed", "/queued", "/key"]
            .map(|part| known(batch, part))
    };
    let head = ["batch", "client", "came at", "state", "orders", "sent", "failed", "queued", "key"];
    table(head, items(told, "/items").map(row))
}

fn one(told: &Value) -> String {
    let lines = fields([
        ("batch", word(told, "/batchId")),
        ("state", word(told, "/state")),
        ("client", known(told, "/client")),
        ("key", known(told, "/key")),
        ("came at", known(told, "/acceptedAt")),
        ("message", known(told, "/message")),
    ]);
    let row = |order: &Value| {
        ["/requestIndex", "/orderId", "/status", "/tradeOrderId", "/errorCode", "/message"]
            .map(|part| known(order, part))
    };
    let head = ["line", "order", "status", "trade", "error", "message"];
    format!("{lines}\n{}{}", table(head, items(told, "/results").map(row)), timeline(told))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_is_found_in_one_line() {
        let batch = json!({"id": "b-1", "client": "desk-7", "createdAt": "2026-01-05T14:30:00Z",
            "state": "QUEUED", "total": 3, "sent": 1, "failed": 0, "queued": 2, "key": null});

        let expected = "\
batch  client  came at               state   orders  sent  failed  queued  key
b-1    desk-7  2026-01-05T14:30:00Z  QUEUED  3       1     0       2
";
        assert_eq!(list(&json!({"items": [batch]})), expected);
    }

    #[test]
    fn one_batch_is_shown_with_its_orders_and_what_happened_to_it() {
        let order = json!({"requestIndex": 0, "orderId": 7, "status": "SUCCESS",
            "tradeOrderId": 9, "message": "sent"});
        let event = json!({"at": "2026-01-05T14:30:00Z", "what": "recorded, 1 orders"});
        let told = json!({"batchId": "b-1", "state": "DONE", "client": "desk-7", "key": null,
            "results": [order], "timeline": [event]});

        let expected = "\
batch    b-1
state    DONE
client   desk-7

line  order  status   trade  error  message
0     7      SUCCESS  9             sent

at                    what
2026-01-05T14:30:00Z  recorded, 1 orders
";
        assert_eq!(one(&told), expected);
    }
}

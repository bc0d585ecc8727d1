//! What operators do to a running house, through its admin listener.

mod audit;
mod batches;
mod letters;
mod pauses;

use serde_json::Value;

use crate::support::{Answer, Weir};

/// An order to the house.
async fn order(weir: &Weir, path: &str, body: &Value) -> Answer {
    weir.admin_request("POST", path).json(body).send().await
}

/// The lines of the audit that this query finds, the newest first.
async fn audit_lines(weir: &Weir, query: &str) -> Vec<Value> {
    let page = weir.admin_get(&format!("/admin/audit?{query}")).await.expect(200);
    page.body["items"].as_array().unwrap().clone()
}

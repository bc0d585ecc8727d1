//! What happened to a batch or an order, line by line.

use serde_json::Value;

use super::table::table;
use super::{items, word};

pub(super) fn timeline(told: &Value) -> String {
    let row = |event: &Value| ["/at", "/what"].map(|part| word(event, part));
    format!("\n{}", table(["at", "what"], items(told, "/timeline").map(row)))
}

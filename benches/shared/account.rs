//! The account at the end: everything accepted must be at the trade service, once.

use std::time::Duration;

use super::simulator::Simulator;
use crate::support::{Database, wait_for};

const DRAIN_DEADLINE: Duration = Duration::from_secs(600);

/// Until nothing is left to be sent.
pub(crate) async fn drained(database: &Database) {
    wait_for("the last letter to be closed", DRAIN_DEADLINE, async || {
        match database.number("SELECT count(*) FROM letters").await {
            0 => Ok(()),
            letters => Err(format!("{letters} are left")),
        }
    })
    .await;
}

/// What was accepted was sent, once: the answers, the book and the rows agree. Only orders whose
/// sender heard that nobody knows may stand beside those that were accepted. Returns how many
/// orders there are.
pub(crate) async fn settle(
    database: &Database,
    simulator: Simulator,
    accepted: u64,
    may_doubt: bool,
) -> u64 {
    let placed = simulator.end(may_doubt).await.orders;
    let sent = "SELECT count(*) FROM orders WHERE trade_order_id IS NOT NULL";
    let sent = database.number(sent).await;
    let orders = database.number("SELECT count(*) FROM orders").await;
    assert_eq!((sent, orders), (placed as i64, placed as i64), "rows, and orders in the book");
    assert!(placed >= accepted, "{placed} in the book of {accepted} accepted");
    placed
}

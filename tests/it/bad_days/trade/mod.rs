//! The bad days of submitted orders: the real binary between its callers, its database and a trade
//! service that a test holds in its own hands.
//!
//! The judge is the simulator's book in the test's process, which outlives every kill: an order
//! that was accepted is there once.

pub(crate) mod market;
mod senders;
mod tickets;

mod away;
mod backlog;
mod database;
mod instances;
mod kills;
mod lies;
mod overload;
mod quota;
mod refusals;
mod stops;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Database, Weir, wait_for};

pub(crate) const BATCH: &str = "/api/v1/orders/batch";
/// Longer than the longest chain of waits in [`market::Market::plan`], on a busy machine.
const DRAINED_WITHIN: Duration = Duration::from_secs(60);

/// Waits until no letter is left: everything that was accepted is decided.
pub(crate) async fn drained(database: &Database) {
    wait_for("all letters to be gone", DRAINED_WITHIN, async || {
        let left = letters(database).await;
        if left.is_empty() { Ok(()) } else { Err(format!("{} left: {left:#?}", left.len())) }
    })
    .await;
}

/// Each letter's state, attempts, undecided orders and last error.
async fn letters(database: &Database) -> Vec<String> {
    let select =
        "SELECT CASE state WHEN 0 THEN 'waiting' WHEN 1 THEN 'held' WHEN 2 THEN 'reconcile'
        ELSE 'dead' END || ' ' || attempts || ' ' || undecided || ' ' || coalesce(last_error, '')
        FROM letters ORDER BY id";
    database.texts(select).await
}

/// So many orders that say when they were made, all of this portfolio.
pub(crate) fn orders(portfolio: &str, count: usize) -> Value {
    let order = |place: usize| {
        json!({"blotterId": 1, "statusId": 1, "orderTypeId": 1, "portfolioId": portfolio,
            "securityId": format!("s{place}"), "quantity": place + 1,
            "orderTimestamp": "2026-01-05T14:30:00Z"})
    };
    (0..count).map(order).collect()
}

/// The results of a submission.
#[track_caller]
pub(crate) fn results(answer: &Answer) -> &Vec<Value> {
    answer.body["results"].as_array().unwrap_or_else(|| panic!("{}", answer.text))
}

/// The `status` of each result.
pub(crate) fn statuses(answer: &Answer) -> Vec<&str> {
    results(answer).iter().map(|item| item["status"].as_str().unwrap()).collect()
}

pub(crate) fn ids(answer: &Answer) -> Vec<i64> {
    results(answer).iter().map(|item| item["orderId"].as_i64().unwrap()).collect()
}

async fn post_async(weir: &Weir, client: &str, body: &Value) -> Answer {
    let request = weir.request("POST", BATCH).header("Prefer", "respond-async");
    request.header("X-Client-Id", client).json(body).send().await
}

/// The batch as it stands, when this is its state.
async fn batch_in(weir: &Weir, batch_id: &str, state: &str) -> Answer {
    wait_for("the batch's state", DRAINED_WITHIN, async || {
        let batch = weir.get(&format!("/api/v1/batches/{batch_id}")).await.expect(200);
        if batch.body["state"] == state { Ok(batch) } else { Err(batch.text) }
    })
    .await
}

/// Checks that a client's orders went out as they were accepted: each call takes what is next in
/// its line. Fifteen are out at once and reach the other side in any order: one that comes before
/// its turn overtook the fourteen others at most, one that comes late may have been overtaken by
/// any number.
#[track_caller]
fn expect_in_order(calls: &[Value], accepted: &[i64]) {
    let mut begun = Vec::new();
    for call in calls {
        let orders = call["orderIds"].as_array().unwrap().iter();
        let places =
            orders.filter_map(|id| accepted.iter().position(|it| Some(*it) == id.as_i64()));
        let places: Vec<usize> = places.collect();
        let is_run = places.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        assert!(is_run, "a call leaves out what is next: {places:?}");
        begun.extend(places.first().copied());
    }
    let mut in_order = begun.clone();
    in_order.sort_unstable();
    for (arrived, place) in begun.iter().enumerate() {
        let rank = in_order.binary_search(place).unwrap();
        assert!(rank.saturating_sub(arrived) < 15, "{begun:?}");
    }
}

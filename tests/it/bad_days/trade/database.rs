//! The database leaves while a call is out, and comes back: what the trade service said in between
//! is written down then.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::market::Market;
use super::{BATCH, batch_in, drained, ids, orders, results, statuses};
use crate::support::postgres::Cluster;
use crate::support::{Database, wait_for};

const DEADLINE: Duration = Duration::from_secs(30);

#[actix_web::test]
async fn database_that_leaves_in_the_middle_of_a_batch_finds_it_sent_once_when_it_returns() {
    let Some(cluster) = Cluster::start_private().map(Arc::new) else { return };
    let market = Market::open_to_duplicates();
    market.treat(json!({"latencyMs": 2000})).await;
    let database = Database::at(cluster.create_database().await);
    let weir = market.plan(database.clone()).set("trade.answer_timeout", "10s").start().await;

    let body = orders("p", 20);
    let posting = weir.post(BATCH, &body);
    let leaving = async {
        market.has_a_call().await;
        aside(&cluster, Cluster::stop).await;
        let placed = market.sim.totals().placed;
        assert_eq!(placed, 0, "the database left too late to be in the middle");
        market.places(20).await;
        wait_for("weir to notice", DEADLINE, async || {
            let ready = weir.get("/actuator/health/readiness").await;
            if ready.status == 503 { Ok(()) } else { Err(ready.text) }
        })
        .await;
        aside(&cluster, Cluster::start).await;
    };
    let (answer, ()) = futures_util::future::join(posting, leaving).await;

    let answer = answer.expect(200);
    assert_eq!(statuses(&answer), ["SUCCESS"; 20], "{}", answer.text);
    drained(&database).await;
    let done = batch_in(&weir, answer.body["batchId"].as_str().unwrap(), "DONE").await;
    for (item, id) in results(&done).iter().zip(ids(&answer)) {
        assert_eq!(item["tradeOrderId"], market.trade_of(id), "{item}");
    }
    assert_eq!(market.calls().await.len(), 1, "it was sent once");
}

/// The service goes on meanwhile.
async fn aside(cluster: &Arc<Cluster>, order: fn(&Cluster)) {
    let cluster = Arc::clone(cluster);
    tokio::task::spawn_blocking(move || order(&cluster)).await.unwrap();
}

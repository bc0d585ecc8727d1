//! A trade service with faults, seen through the service: what the service took is done for the
//! client, what it refused is rejected, and nothing is sent twice.

use serde_json::json;
use weir_client::Outcome;
use weir_client::wire::ItemStatus;

use super::{BATCH, House, orders};
use crate::bad_days::trade::drained;
use crate::support::Kind;

#[actix_web::test]
async fn what_the_service_took_is_done_for_the_client_whatever_the_trade_service_does() {
    let house = House::open(Kind::Sqlite).await;
    let client = house.client().await;
    let (done, waits) = (ItemStatus::Success, ItemStatus::Queued);
    let faults = [
        (json!({"latencyMs": 300}), done),
        (json!({"rates": {"error_before": 1.0}}), waits),
        (json!({"rates": {"error_after": 1.0}}), waits),
        (json!({"rates": {"hang_before": 1.0}}), waits),
        (json!({"rates": {"hang_after": 1.0}}), waits),
        (json!({"down": {"mode": "refuse"}}), waits),
    ];

    for (number, (fault, expected)) in faults.iter().enumerate() {
        house.market.treat(fault.clone()).await;

        let outcome = client.submit(orders(&format!("p{number}"))).await.unwrap();

        let Outcome::Submitted { items } = outcome else { panic!("{fault}: {outcome:?}") };
        assert_eq!(items.len(), BATCH);
        assert!(items.iter().all(|item| item.status == *expected), "{fault}: {items:?}");
        house.market.return_well().await;
        drained(&house.weir.database).await;
    }

    house.expect_each_once(faults.len() * BATCH).await;
    assert_eq!(house.proxy.calls().len(), faults.len(), "nothing was sent twice");
}

#[actix_web::test]
async fn what_the_trade_service_refuses_is_rejected_and_its_neighbours_are_done() {
    // Time enough to find the guilty ones.
    let house = House::planned(Kind::Sqlite, |plan| plan.set("supervisor.wait_max", "20s")).await;
    house.market.treat(json!({"reject": {"portfolioPrefix": "BAD"}})).await;
    let client = house.client().await;
    let guilty = [3, 17];
    let mut mixed = orders("p");
    for place in guilty {
        mixed[place].portfolio_id = "BAD".to_owned();
        mixed[place].client_order_id = Some(format!("guilty-{place}"));
    }

    let some = client.submit(mixed).await.unwrap();
    let none = client.submit(orders("BAD")).await.unwrap();

    let Outcome::Partial { submitted, queued: None, rejected } = some else { panic!("{some:?}") };
    assert!(submitted.iter().all(|item| item.status == ItemStatus::Success), "{submitted:?}");
    assert_eq!(submitted.len(), BATCH - guilty.len());
    let names: Vec<_> = rejected.iter().map(|order| order.client_order_id.as_str()).collect();
    assert_eq!(names, ["guilty-3", "guilty-17"]);
    let Outcome::Rejected { orders: all } = none else { panic!("{none:?}") };
    assert_eq!(all.len(), BATCH);
    let is_refused = |code: &str| code == "ORDER_REJECTED";
    assert!(rejected.iter().chain(&all).all(|order| is_refused(&order.code)), "{rejected:?}");
    assert_eq!(house.proxy.calls().len(), 2, "nothing was sent twice");
    assert_eq!(house.depth().await.waiting, 0);
    let totals = house.market.sim.totals();
    assert_eq!((totals.placed, totals.placed_twice), (BATCH - guilty.len(), 0), "{totals:?}");
}

//! Two instances on one PostgreSQL share the letters: what one leaves the other takes up, and what
//! one says too late is not written.

use std::time::Duration;

use serde_json::json;

use super::drained;
use super::market::Market;
use super::senders::Senders;
use super::tickets::Tickets;
use crate::support::{Database, Kind, Weir, wait_for};

const LEASE: Duration = Duration::from_secs(3);
/// What the other one needs beyond the lease: its sweep, and a busy machine.
const AND: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(30);

async fn start(market: &Market, database: &Database, name: &str) -> Weir {
    let plan = market.plan(database.clone()).set("mailbox.instance", name);
    let plan = plan.set("mailbox.lease", "3s").set("mailbox.renew_every", "1s");
    plan.set("pool.instances", 2).set("pool.max", 30).start().await
}

/// Letters that the instance `weir-1` holds.
async fn held_by_the_first(database: &Database) -> i64 {
    let select = "SELECT count(*) FROM letters WHERE state = 1
        AND holder IN (SELECT epoch FROM holders WHERE instance = 'weir-1')";
    database.number(select).await
}

async fn taken_from_the_first(database: &Database) {
    wait_for("the letters to move on", LEASE + AND, async || {
        let held = held_by_the_first(database).await;
        if held == 0 { Ok(()) } else { Err(format!("{held} are held")) }
    })
    .await;
}

#[actix_web::test]
async fn work_of_an_instance_that_is_killed_moves_on_within_its_lease() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let (market, tickets) = (Market::open_to_duplicates(), Tickets::open());
    let database = Database::fresh(Kind::Postgres).await;
    let mut one = start(&market, &database, "weir-1").await;
    let other = start(&market, &database, "weir-2").await;
    market.treat(json!({"latencyMs": 500})).await;
    let senders = [Senders::to(&one, &tickets, 4), Senders::to(&other, &tickets, 2)];
    for senders in &senders {
        senders.hear(100).await;
    }
    wait_for("letters in the hands of the first", DEADLINE, async || {
        held_by_the_first(&database).await > 1
    })
    .await;

    one.kill_9();

    senders[0].turn_to(&other);
    assert!(held_by_the_first(&database).await > 0, "killed a moment too late");
    taken_from_the_first(&database).await;
    market.return_well().await;
    for senders in senders {
        senders.stop().await;
    }
    drained(&database).await;
    Tickets::judge(&tickets, &market, &other).await;
}

#[actix_web::test]
async fn an_instance_that_was_stopped_past_its_lease_writes_nothing_late_and_works_on() {
    if !Kind::Postgres.is_available() {
        return;
    }
    let (market, tickets) = (Market::open(), Tickets::open());
    let database = Database::fresh(Kind::Postgres).await;
    let mut one = start(&market, &database, "weir-1").await;
    let other = start(&market, &database, "weir-2").await;
    market.treat(json!({"latencyMs": 1000})).await;
    let senders = Senders::to(&one, &tickets, 4);
    senders.hear(50).await;
    market.has_a_call().await;

    one.run().signal("STOP");

    assert!(held_by_the_first(&database).await > 0, "stopped a moment too late");
    taken_from_the_first(&database).await;
    market.return_well().await;
    drained(&database).await;
    one.run().signal("CONT");

    wait_for("the late word to be refused", DEADLINE, async || {
        let late = "letter has another holder: its outcome came too late and is not written";
        !one.logged(late).is_empty()
    })
    .await;
    assert!(!one.logged("lease has ended: what waits here is left to others").is_empty());
    let room = one.admin_get("/debug/actors/batch_supervisor").await.expect(200);
    assert!(room.text.contains("\"settled_too_late\":"), "{}", room.text);
    // It takes up work again, under a lease of its own.
    senders.hear(100).await;
    senders.stop().await;
    drained(&database).await;
    Tickets::judge(&tickets, &market, &other).await;
    Tickets::judge(&tickets, &market, &one).await;
}

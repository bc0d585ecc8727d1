//! kill -9, again and again, while orders are on their way: none that was accepted is lost, and
//! none is traded twice.

use std::time::Duration;

use serde_json::json;

use super::drained;
use super::market::Market;
use super::senders::Senders;
use super::tickets::Tickets;
use crate::support::{Kind, Weir, on_both};

on_both! {
    no_kill_loses_an_accepted_order_or_trades_one_twice,
}

/// Half of what `WEIR_TEST_KILLS` says, else of 25.
fn kills(kind: Kind) -> usize {
    let given = std::env::var("WEIR_TEST_KILLS").ok().and_then(|kills| kills.parse().ok());
    let kills = given.unwrap_or(25);
    match kind {
        Kind::Sqlite => kills / 2,
        Kind::Postgres => kills - kills / 2,
    }
}

async fn no_kill_loses_an_accepted_order_or_trades_one_twice(kind: Kind) {
    let (market, tickets) = (Market::open_to_duplicates(), Tickets::open());
    let seed = tickets.borrow_mut().rng().u64(..);
    market.treat(nasty(seed)).await;
    // Small blocks of ids, so that kills also hit the moments in which one is taken.
    let mut weir = market.plan(kind).set("ledger.ids_block", 200).start().await;
    let senders = Senders::to(&weir, &tickets, 6);

    for _ in 0..kills(kind) {
        some_moment(&weir, &market, &tickets, &senders).await;
        weir.kill_9();
        let is_patient = tickets.borrow_mut().rng().u8(0..5) > 0;
        weir.restart_unready().await;
        if is_patient {
            weir.wait_until_ready().await;
        }
        senders.turn_to(&weir);
    }

    weir.wait_until_ready().await;
    market.return_well().await;
    senders.stop().await;
    drained(&weir.database).await;
    Tickets::judge(&tickets, &market, &weir).await;
    let (heard, broken) = (tickets.borrow().answers.clone(), tickets.borrow().broken);
    eprintln!("{} orders accepted; {heard:?}, {broken} broken", tickets.borrow().accepted());
}

/// A trade service that is slow, and now and then stores without saying so.
fn nasty(seed: u64) -> serde_json::Value {
    json!({
        "seed": seed, "latencyMs": 2, "latencySpreadMs": 60, "lateMs": 300, "staleMs": 200,
        "rates": {
            "error_after": 0.03, "error_before": 0.02, "reset_after": 0.03, "reset_before": 0.01,
            "hang_after": 0.01, "late": 0.01, "garbage_after": 0.01, "partial": 0.02,
            "too_many": 0.01, "shuffled": 0.05,
        },
        "lookupRates": {"error_before": 0.03, "reset_before": 0.03, "garbage_before": 0.03},
    })
}

/// After some were accepted, or some were placed, or at once; and a little off the beat.
async fn some_moment(
    weir: &Weir,
    market: &Market,
    tickets: &super::tickets::SharedTickets,
    senders: &Senders,
) {
    let (sort, orders, micros) = {
        let mut tickets = tickets.borrow_mut();
        let rng = tickets.rng();
        (rng.u8(0..5), rng.usize(1..400), rng.u64(0..30_000))
    };
    match sort {
        0 => {}
        1 | 2 => {
            weir.wait_until_ready().await;
            senders.hear(orders).await;
        }
        _ => {
            weir.wait_until_ready().await;
            market.places(orders).await;
        }
    }
    // Conditions are looked at in steps: a kill may fall anywhere between two.
    tokio::time::sleep(Duration::from_micros(micros)).await;
}

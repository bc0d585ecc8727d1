//! The same through the actors that own the rules: each operation with its messages, on one
//! thread.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix_web::rt::System;
use futures_util::future::join_all;
use uuid::Uuid;
use weir::actors::batch_supervisor::LettersDue;
use weir::actors::circuit_breaker::AskPermit;
use weir::actors::ledger::Settle;
use weir::domain::letter::Load;
use weir::domain::line::WORKERS;

use crate::house::House;
use crate::things::{loads, settlement};
use crate::{Plan, ROOM_NANOS, print};

const ROOM: &str = "actor";
/// Settlements that wait beside each other: as many as there are children with ten letters each.
const SETTLED_TOGETHER: usize = 150;
/// Outcomes that are told before the breaker's turn comes.
const OUTCOMES: usize = 15;

pub(crate) fn run(plan: Plan) {
    print("breaker: a permit and its outcome, closed", ROOM, handed(plan), Some(ROOM_NANOS));
    print("breaker: a permit asked by message", ROOM, asked(plan), Some(ROOM_NANOS));
    print("line: a load goes in", ROOM, pushed(plan), Some(ROOM_NANOS));
    print("letter of 1 order: settled", ROOM, settled(plan, 1), Some(ROOM_NANOS));
    print("letter of 25 orders: settled, per order", ROOM, settled(plan, 25), Some(ROOM_NANOS));
    let from = "supervisor, worker, breaker, ledger";
    print("letter of 1 order: from the line to its end", from, carried(plan, 1), None);
    let per_order = "letter of 25 orders: from the line to its end, per order";
    print(per_order, from, carried(plan, 25), None);
}

fn on_one_thread<T>(work: impl Future<Output = T>) -> T {
    System::new().block_on(work)
}

/// As a worker gets it: the caller's thread looks, and the actor hears of the outcome.
fn handed(plan: Plan) -> [f64; 3] {
    plan.measure(|| {
        on_one_thread(async {
            let house = House::open().await;
            let started = Instant::now();
            for run in 0..plan.runs {
                let permit = house.permits.permit().await.unwrap();
                permit.succeeded(Duration::from_millis(1));
                if run % OUTCOMES == 0 {
                    tokio::task::yield_now().await;
                }
            }
            started.elapsed()
        })
    })
}

fn asked(plan: Plan) -> [f64; 3] {
    plan.measure(|| {
        on_one_thread(async {
            let house = House::open().await;
            let started = Instant::now();
            for _ in 0..plan.runs {
                let permit = house.breaker.send(AskPermit).await.unwrap().unwrap();
                permit.succeeded(Duration::from_millis(1));
            }
            started.elapsed()
        })
    })
}

/// All children are busy, so that each load waits.
fn pushed(plan: Plan) -> [f64; 3] {
    plan.measure(|| {
        on_one_thread(async {
            let house = House::open().await;
            let mut coming = loads(plan.runs + WORKERS, 1);
            let waiting = coming.split_off(WORKERS);
            bring(&house, coming).await;
            let started = Instant::now();
            bring(&house, waiting).await;
            started.elapsed()
        })
    })
}

/// All loads stand in the line when the trade service opens.
fn carried(plan: Plan, orders: usize) -> [f64; 3] {
    plan.measure(|| {
        on_one_thread(async {
            let house = House::open().await;
            let coming = loads(plan.runs.div_ceil(orders), orders);
            let letters = coming.len();
            bring(&house, coming).await;
            let started = Instant::now();
            house.desk.open();
            while house.database.settled.load(Ordering::Relaxed) < letters {
                tokio::task::yield_now().await;
            }
            started.elapsed()
        })
    })
}

fn settled(plan: Plan, orders: usize) -> [f64; 3] {
    plan.measure(|| {
        on_one_thread(async {
            let house = House::open().await;
            let mut settlements: Vec<_> =
                loads(plan.runs.div_ceil(orders), orders).iter().map(settlement).collect();
            let started = Instant::now();
            while !settlements.is_empty() {
                let rest = settlements.split_off(settlements.len().min(SETTLED_TOGETHER));
                let together = std::mem::replace(&mut settlements, rest).into_iter();
                let told = join_all(together.map(|one| house.ledger.send(Settle(one)))).await;
                assert!(told.iter().all(|told| matches!(told, Ok(Ok(_)))), "each is settled");
            }
            started.elapsed()
        })
    })
}

async fn bring(house: &House, loads: Vec<Load>) {
    let epoch: Uuid = house.lease.epoch(Instant::now()).unwrap();
    for load in loads {
        let due = LettersDue { loads: vec![load], epoch, look: 0, more: false };
        house.supervisor.send(due).await.unwrap();
    }
}

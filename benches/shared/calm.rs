//! What can be done: closed loops, whose callers wait for each answer.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, sleep_until};

use super::fixture::BATCH;
use super::http::{Batch, Connection, Route};
use super::simulator::Simulator;
use crate::support::Weir;

/// Who is turned away comes back so soon.
const PAUSE: Duration = Duration::from_millis(50);
/// Callers that wait, enough to fill every call.
const CALLERS: u64 = 256;
/// Nobody else sends orders with these numbers.
const NUMBERS: u64 = 40_000_000;

/// Orders per second that come into the trade service's book, after a warm-up of half as long.
pub(crate) async fn maximum(weir: &Weir, simulator: &Simulator, length: Duration) -> f64 {
    let warm = Instant::now() + length / 2;
    let until = warm + length;
    let route = Route { path: "/api/v1/orders/batch", headers: "x-client-id: before\r\n" };
    let next = Rc::new(Cell::new(NUMBERS));
    let caller = |_| {
        let (public, next) = (weir.public.clone(), Rc::clone(&next));
        spawn_local(async move {
            let mut connection = Connection::open(&public).await;
            let mut batch = Batch::of(0..BATCH, route);
            while Instant::now() < until {
                let number = next.replace(next.get() + BATCH);
                let (status, _) = connection.hear(batch.at(number)).await;
                assert!(matches!(status, 200 | 202 | 503), "in calm: {status}");
                if !connection.is_open() {
                    sleep(PAUSE).await;
                    connection = Connection::open(&public).await;
                }
            }
        })
    };
    let callers: Vec<_> = (0..CALLERS).map(caller).collect();
    sleep_until(warm).await;
    let (from, began) = (simulator.totals().await.orders, Instant::now());
    sleep_until(until).await;
    let done = simulator.totals().await.orders - from;
    let rate = done as f64 / began.elapsed().as_secs_f64();
    for caller in callers {
        caller.await.expect("no caller fails");
    }
    rate
}

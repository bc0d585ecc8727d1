//! What it costs to turn somebody away: decided on the head of a request, its body unread.

use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::Instant;

use crate::shared::environment::{is_measuring, number};
use crate::shared::fixture::BATCH;
use crate::shared::http::{Batch, Connection, Route};
use crate::shared::load::{Samples, Window, observe};
use crate::shared::usage::Meter;
use crate::support::{Kind, Weir};

/// Of the service's CPU time, connecting included, in microseconds.
const MICROS: f64 = 100.0;
const CONNECTIONS: u64 = 8;
const ROUTE: Route = Route { path: "/api/v1/orders/batch", headers: "x-client-id: desk-0\r\n" };
/// Nobody listens there.
const NO_DATABASE: &str = "postgres://weir@127.0.0.1:1/weir";

/// Measures both and prints them.
pub(crate) async fn report() {
    println!("\n| turned away | refusals/s | p99 ms | CPU of the service, µs each | aim | |");
    println!("|---|--:|--:|--:|---|---|");
    let closed = Weir::on(Kind::Sqlite).set("database.url", NO_DATABASE).start_unready().await;
    line("no database", closed, 503).await;

    let strict = Weir::on(Kind::Sqlite).set("quota.orders_per_second", 1).start().await;
    spend_quota(&strict).await;
    line("nothing left of a quota", strict, 429).await;
}

async fn line(why: &str, mut weir: Weir, status: u16) {
    let length = if is_measuring() { number("SECONDS", 60.0) / 12.0 } else { 0.5 };
    let length = Duration::from_secs_f64(length);
    let window = Window::opens_after(length / 3, length);
    let meter = Meter::new(Kind::Sqlite, Some(weir.run().id()));
    let client = |first| spawn_local(ask(weir.public.clone(), status, first * 1_000_000, window));
    let clients = (0..CONNECTIONS).map(client).collect();
    let (measured, _) = observe(window, clients, &meter, 1).await;
    // CPU seconds of 100,000 are tenths of a microsecond of one.
    let micros = measured.cpu.weir * 10.0;
    let verdict = if micros < MICROS { "met" } else { "missed" };
    println!(
        "| {why} | {:.0} | {:.1} | {micros:.0} | below {MICROS} | {verdict} |",
        measured.per_second, measured.p99
    );
    assert!(weir.terminate().await.success(), "weir ends well");
}

async fn ask(public: String, status: u16, first: u64, window: Window) -> Samples {
    let mut samples = Samples::new(window);
    let mut batch = Batch::of(0..BATCH, ROUTE);
    let mut connection = Connection::open(&public).await;
    let mut next = first;
    while !window.is_over() {
        let asked = Instant::now();
        if !connection.is_open() {
            connection = Connection::open(&public).await;
        }
        let (heard, body) = connection.hear(batch.at(next)).await;
        assert!(heard == status, "{heard}: {}", String::from_utf8_lossy(body));
        samples.note(asked);
        next += BATCH;
    }
    samples
}

/// A thousand orders are allowed at once, and then one a second.
async fn spend_quota(weir: &Weir) {
    let mut connection = Connection::open(&weir.public).await;
    let mut batch = Batch::of(0..BATCH, ROUTE);
    let mut next = 20_000_000;
    while connection.hear(batch.at(next)).await.0 != 429 {
        next += BATCH;
    }
    // What is left now is less than a batch: a single order takes it.
    let mut order = Batch::of(0..1, ROUTE);
    for number in 0..BATCH {
        if !connection.is_open() {
            connection = Connection::open(&weir.public).await;
        }
        connection.hear(order.at(next + BATCH + number)).await;
    }
}

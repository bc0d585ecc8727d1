//! One measurement: a fresh database, a fresh trade service, one service between them, and the
//! account at the end. Everything accepted must be at the trade service, once.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep_until};

use crate::client::{self, Heard};
use crate::found::Found;
use crate::plan::{Case, Plan, Who};
use crate::rival;
use crate::shared::bare::{Bare, Way};
use crate::shared::databases::{discard, fresh};
use crate::shared::figures::percentile;
use crate::shared::fixture::BATCH;
use crate::shared::load::observe;
use crate::shared::simulator::{Simulator, Totals};
use crate::shared::usage::{Meter, memory_peak};
use crate::support::{Database, Kind, Weir, wait_for};
use crate::watch::{Seen, watch};

/// The slowest: half a million orders at 200 ms a call.
const DRAIN_DEADLINE: Duration = Duration::from_secs(300);

pub(crate) async fn run(kind: Kind, case: Case, plan: &Plan, writers: &Handle) -> Found {
    let database = fresh(kind).await;
    let found = match case.who {
        Who::Bound => bound(&database, case.connections, plan, writers).await,
        Who::Plain | Who::Before | Who::Weir | Who::WeirAsync => {
            service(&database, case, plan).await
        }
    };
    discard(database).await;
    found
}

async fn bound(database: &Database, clients: u16, plan: &Plan, writers: &Handle) -> Found {
    let bare = writers.spawn(Bare::open(database.clone(), Way::GroupedAndSent)).await.unwrap();
    let window = plan.window();
    let loops = {
        let _writers = writers.enter();
        bare.start(clients, window)
    };
    let meter = Meter::new(database.kind, None);
    let (measured, answered) = observe(window, loops, &meter, BATCH).await;
    writers.spawn(bare.close()).await.unwrap();
    check(database, answered * BATCH).await;
    let rate = measured.per_second;
    let (p50, p99, cpu) = (measured.p50, measured.p99, measured.cpu);
    Found { accepted: rate, completed: rate, p50, p99, cpu, success: 1.0, ..Found::default() }
}

/// What is measured.
enum Service {
    Weir(Box<Weir>),
    Rival(rival::Process),
}

impl Service {
    async fn start(who: Who, database: &Database, trade: &str, plan: &Plan) -> Self {
        match who {
            Who::Plain | Who::Before => {
                Self::Rival(rival::Process::start(who, &database.url, trade))
            }
            Who::Bound | Who::Weir | Who::WeirAsync => {
                let weir = Weir::on(database.clone()).set("trade.url", trade);
                let settings = plan.settings.iter();
                let weir = settings.fold(weir, |weir, (key, value)| weir.set(key, value));
                Self::Weir(Box::new(weir.start().await))
            }
        }
    }

    fn public(&self) -> &str {
        match self {
            Self::Weir(weir) => &weir.public,
            Self::Rival(rival) => &rival.public,
        }
    }

    fn admin(&self) -> Option<String> {
        match self {
            Self::Weir(weir) => Some(weir.admin.clone()),
            Self::Rival(_) => None,
        }
    }

    fn id(&mut self) -> u32 {
        match self {
            Self::Weir(weir) => weir.run().id(),
            Self::Rival(rival) => rival.id(),
        }
    }

    async fn end(self) {
        match self {
            Self::Weir(mut weir) => assert!(weir.terminate().await.success(), "weir ends well"),
            Self::Rival(rival) => rival.end(),
        }
    }
}

async fn service(database: &Database, case: Case, plan: &Plan) -> Found {
    let simulator = Simulator::start(case.latency).await;
    let mut service = Service::start(case.who, database, &simulator.trade, plan).await;
    let id = service.id();
    let meter = Meter::new(database.kind, Some(id)).with_simulator(simulator.id());
    let before = meter.read();
    let window = plan.window();
    let is_async = case.who == Who::WeirAsync;
    let clients = client::start(service.public(), case.connections, window, is_async);
    let watching = service.admin().map(|admin| spawn_local(watch(admin, window)));

    let opened = Look::at(window.from(), &simulator).await;
    let closed = Look::at(window.until(), &simulator).await;
    let mut heard = all(clients).await;
    let drained = drained(&simulator, heard.accepted()).await;
    let seen = match watching {
        Some(watching) => watching.await.expect("nobody disturbs the watch"),
        None => Seen::default(),
    };
    let spent = meter.read().since(before);
    let memory = memory_peak(id);
    service.end().await;
    let Totals { orders, calls, .. } = simulator.end(false).await;
    assert_eq!(orders, heard.accepted(), "orders at the trade service");
    check(database, orders).await;

    heard.micros.sort_unstable();
    let tried = heard.accepted() + heard.failed + heard.refused;
    Found {
        accepted: heard.accepted_in_window as f64 / window.length().as_secs_f64(),
        completed: closed.rate_since(&opened),
        drained: drained.rate_since(&closed),
        p50: percentile(&heard.micros, 0.50),
        p99: percentile(&heard.micros, 0.99),
        cpu: spent.times(100_000.0 / orders as f64),
        memory,
        per_call: orders as f64 / calls as f64,
        success: heard.accepted() as f64 / tried as f64,
        seen,
    }
}

async fn all(clients: Vec<JoinHandle<Heard>>) -> Heard {
    let mut heard = Heard::default();
    for client in clients {
        heard.add(client.await.expect("no client fails"));
    }
    heard
}

/// The book at a moment.
struct Look {
    orders: u64,
    at: Instant,
}

impl Look {
    async fn at(moment: Instant, simulator: &Simulator) -> Self {
        sleep_until(moment).await;
        let orders = simulator.totals().await.orders;
        Self { orders, at: Instant::now() }
    }

    fn rate_since(&self, before: &Self) -> f64 {
        let seconds = (self.at - before.at).as_secs_f64();
        (self.orders - before.orders) as f64 / seconds.max(1e-3)
    }
}

/// When everything accepted is in the book.
async fn drained(simulator: &Simulator, accepted: u64) -> Look {
    let orders = wait_for("the last order to be sent", DRAIN_DEADLINE, async || {
        let orders = simulator.totals().await.orders;
        if orders >= accepted { Ok(orders) } else { Err(format!("{orders} of {accepted}")) }
    })
    .await;
    Look { orders, at: Instant::now() }
}

/// Whoever said that it sent has written that down, and no more.
async fn check(database: &Database, accepted: u64) {
    let accepted = i64::try_from(accepted).unwrap();
    let sent = "SELECT count(*) FROM orders JOIN statuses ON statuses.id = orders.status_id \
                WHERE statuses.abbreviation = 'SENT' AND trade_order_id IS NOT NULL";
    assert_eq!(database.number(sent).await, accepted, "sent orders in the database");
    let orders = database.number("SELECT count(*) FROM orders").await;
    assert_eq!(orders, accepted, "orders in the database");
    let letters = database.number("SELECT count(*) FROM letters").await;
    assert_eq!(letters, 0, "letters in the database");
}

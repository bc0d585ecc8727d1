//! One storm: a fresh database, a fresh trade service, one service between them, and the account
//! at the end. Everything accepted must be at the trade service, once.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::{Instant, sleep};

use crate::crowd::Crowd;
use crate::heard::{Heard, sorted_micros};
use crate::plan::{Plan, Weather};
use crate::shared::account::{drained, settle};
use crate::shared::answers::is_wrong;
use crate::shared::calm;
use crate::shared::databases::{discard, fresh};
use crate::shared::environment::is_measuring;
use crate::shared::figures::percentile;
use crate::shared::simulator::Simulator;
use crate::shared::usage::{memory_now, memory_peak};
use crate::support::client::{Request, client};
use crate::support::{Kind, Weir, postgres};

/// In MiB: more than this is no bound.
const MEMORY_MAX: f64 = 256.0;
/// No answer comes later than `server.answer_within`, and this.
pub(crate) const LATEST: Duration = Duration::from_millis(25_250);

/// Everything that is told of a storm.
pub(crate) struct Storm {
    /// Orders per second that closed loops get done.
    pub(crate) calm_maximum: f64,
    /// Orders per second that were done during the storm.
    pub(crate) goodput: f64,
    pub(crate) heard: Vec<Heard>,
    /// What memory grew by, from the end of the calm to its peak, in MiB.
    pub(crate) memory: f64,
    /// Of an answer of the admin listener, in milliseconds.
    pub(crate) admin_p99: f64,
    /// How long it took to send all that was accepted, after the last had asked.
    pub(crate) drained: Duration,
}

pub(crate) async fn run(kind: Kind, weather: Weather, plan: &Plan) -> Storm {
    let database = fresh(kind).await;
    let simulator = Rc::new(Simulator::start(plan.latency).await);
    let mut weir = Weir::on(database.clone()).set("trade.url", &simulator.trade).start().await;
    let length = (plan.length / 8).max(4 * Duration::from_millis(plan.latency));
    let calm_maximum = calm::maximum(&weir, &simulator, length).await;

    let crowd = Crowd::new(&weir.public, weather);
    let is_over = Rc::new(Cell::new(false));
    let admin = spawn_local(watch_admin(weir.admin.clone(), Rc::clone(&is_over)));
    crowd.come(plan.length, calm_maximum * plan.calm).await;
    let memory_calm = memory_now(weir.run().id());
    let middle = Trouble { storm: plan.length, length: plan.trouble, latency: plan.latency };
    let trouble = spawn_local(trouble(weather, middle, Rc::clone(&simulator)));
    let (before, began) = (simulator.totals().await.orders, Instant::now());
    crowd.come(plan.length, calm_maximum * plan.storm).await;
    let done = simulator.totals().await.orders - before;
    let goodput = done as f64 / began.elapsed().as_secs_f64();
    trouble.await.unwrap();
    crowd.come(plan.length, calm_maximum * plan.calm).await;

    let asked = Instant::now();
    let heard = crowd.heard().await;
    drained(&database).await;
    let drained = asked.elapsed();
    is_over.set(true);
    let admin_p99 = percentile(&sorted_micros(admin.await.unwrap().into_iter()), 0.99);
    let memory = memory_peak(weir.run().id()) - memory_calm;
    assert!(weir.terminate().await.success(), "weir ends well");
    let simulator = Rc::into_inner(simulator).expect("nobody else has it");
    let accepted = heard.iter().map(|one| one.accepted).sum();
    settle(&database, simulator, accepted, weather == Weather::Outage).await;
    discard(database).await;
    check(&heard);
    assert!(memory < MEMORY_MAX, "memory grew by {memory:.0} MiB");
    Storm { calm_maximum, goodput, heard, memory, admin_p99, drained }
}

/// Answer times of the admin listener, asked again and again.
async fn watch_admin(admin: String, is_over: Rc<Cell<bool>>) -> Vec<Duration> {
    let client = client();
    let mut times = Vec::new();
    while !is_over.get() {
        for path in ["/metrics", "/debug/actors"] {
            let asked = Instant::now();
            Request::new(&client, "GET", format!("{admin}{path}")).send().await.expect(200);
            times.push(asked.elapsed());
        }
        sleep(Duration::from_millis(200)).await;
    }
    times
}

/// What goes wrong in the middle of the storm.
async fn trouble(weather: Weather, plan: Trouble, simulator: Rc<Simulator>) {
    sleep((plan.storm - plan.length) / 2).await;
    match weather {
        Weather::Plain | Weather::Retries | Weather::Budget => {}
        Weather::Slow => {
            simulator.slow_down(3 * plan.latency).await;
            sleep(plan.length).await;
            simulator.slow_down(plan.latency).await;
        }
        Weather::Outage => {
            let cluster = postgres::cluster().expect("a database that can be stopped");
            // Not on this thread: the clients live here.
            spawn_blocking(|| cluster.stop()).await.unwrap();
            sleep(plan.length).await;
            spawn_blocking(|| cluster.start()).await.unwrap();
        }
    }
}

/// How long the storm is, and the trouble in its middle, and what a call takes without it.
#[derive(Clone, Copy)]
struct Trouble {
    storm: Duration,
    length: Duration,
    latency: u64,
}

fn check(heard: &[Heard]) {
    let wrong = heard.iter().find(|one| is_wrong(one.status));
    assert!(wrong.is_none(), "a wrong answer: {wrong:?}");
    let late = heard.iter().find(|one| one.took > LATEST);
    // Whoever measures reads of it in the verdicts, next to the other figures.
    assert!(late.is_none() || is_measuring(), "an answer that came too late: {late:?}");
}

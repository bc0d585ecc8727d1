//! One soak: a fresh database, a fresh trade service, one service between them, and the account at
//! the end.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, sleep_until};

use crate::crowd::Crowd;
use crate::fault::Scene;
use crate::found::Soak;
use crate::plan::Plan;
use crate::report;
use crate::shared::account::{drained, settle};
use crate::shared::calm;
use crate::shared::databases::{discard, fresh};
use crate::shared::simulator::Simulator;
use crate::shared::usage::memory_peak;
use crate::support::{Database, Kind, Weir};
use crate::watch::{Figure, look};

/// In MiB: more than this is no bound.
const MEMORY_MAX: f64 = 512.0;
const CALM_MIN: Duration = Duration::from_secs(3);

/// What differs from the defaults. Calls are small, so that a lost one costs few look-ups; what is
/// in doubt is looked up within the minute; and what is kept by time is gone within a quarter.
const SETTINGS: [(&str, &str); 7] = [
    ("trade.bulk_max", "25"),
    ("supervisor.chunk", "25"),
    ("trade.answer_timeout", "6s"),
    ("mailbox.quiet_margin", "1s"),
    ("trade_breaker.open_for", "2s"),
    ("ledger.batches_kept", "5m"),
    ("idempotency.kept", "5m"),
];

pub(crate) async fn run(kind: Kind, plan: &Plan) -> Soak {
    let database = fresh(kind).await;
    let simulator = Rc::new(Simulator::start(plan.latency).await);
    let mut weir = start(&database, &simulator).await;
    let id = weir.run().id();
    let length = (plan.minute / 8).max(CALM_MIN);
    let can_be_done = calm::maximum(&weir, &simulator, length).await;
    drained(&database).await;
    let before = simulator.totals().await.orders;

    report::head(kind, can_be_done, plan);
    let rate = can_be_done * plan.load;
    let crowd = Crowd::new(&weir.public, plan.minute);
    let scene = Scene {
        public: weir.public.clone(),
        database: database.clone(),
        simulator: Rc::clone(&simulator),
        crowd: Rc::clone(&crowd),
        latency: plan.latency,
        rate,
    };
    let looks = pass(&weir, id, &scene, plan).await;

    crowd.leave().await;
    let asked = Instant::now();
    drained(&database).await;
    let drained = asked.elapsed();
    let memory_peak = memory_peak(id);
    assert!(weir.terminate().await.success(), "weir ends well");
    drop(scene);
    let (accepted, doubtful) = (crowd.tally().accepted, crowd.tally().doubtful);
    let simulator = Rc::into_inner(simulator).expect("nobody else has it");
    let placed = settle(&database, simulator, before + accepted, true).await;
    let most = before + accepted + doubtful;
    assert!(placed <= most, "{placed} in the book of {most} that were ever sent");
    discard(database).await;
    let minutes = plan.faults(kind).enumerate();
    let minutes = minutes.map(|(number, fault)| (fault, crowd.tally().minute(number))).collect();
    Soak { can_be_done, accepted, doubtful, minutes, looks, memory_peak, drained }
}

async fn start(database: &Database, simulator: &Simulator) -> Weir {
    let mut starting = Weir::on(database.clone()).set("trade.url", &simulator.trade);
    for (key, value) in SETTINGS {
        starting = starting.set(key, value);
    }
    starting.start().await
}

/// All the minutes, while the usual load comes. Returns what was looked at in each.
async fn pass(weir: &Weir, id: u32, scene: &Scene, plan: &Plan) -> Vec<(usize, Vec<Figure>)> {
    let Scene { crowd, simulator, rate, .. } = scene;
    let (usual, length, rate) = (Rc::clone(crowd), plan.length(), *rate);
    let mut minute_begins = Instant::now();
    let coming = spawn_local(async move { usual.come(length, rate).await });
    let mut looks = Vec::new();
    for (number, fault) in plan.faults(weir.database.kind).enumerate() {
        sleep_until(minute_begins + plan.fault_at()).await;
        fault.strike(plan.fault_length(), scene).await;
        sleep_until(minute_begins + plan.quiet_from()).await;
        minute_begins += plan.minute;
        while Instant::now() + plan.look_every() < minute_begins {
            looks.push((number, look(weir, id, crowd, simulator).await));
            sleep(plan.look_every()).await;
        }
        sleep_until(minute_begins).await;
        let memory = memory_peak(id);
        assert!(memory < MEMORY_MAX, "{memory:.0} MiB are resident");
        report::minute(number, fault, &crowd.tally().minute(number), plan);
        // Before its time: a client has failed.
        if coming.is_finished() {
            break;
        }
    }
    coming.await.unwrap();
    looks
}

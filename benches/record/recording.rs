//! Recording: the bound, the plain way and Weir take turns, each on a fresh database, so that all
//! have tables of the same size and what one measurement meets the others meet soon after.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::Instant;

use crate::plan::Plan;
use crate::shared::bare::{Bare, Way};
use crate::shared::databases::{discard, fresh};
use crate::shared::figures::Measured;
use crate::shared::fixture::BATCH;
use crate::shared::http::{Batch, Connection, RECORD};
use crate::shared::load::{Samples, Window, observe};
use crate::shared::usage::{Meter, memory_peak};
use crate::support::{Database, Kind, Weir};

/// Who writes, and for how many clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Bound(u16),
    Plain(u16),
    Weir(u16),
}

/// Those that are compared stand beside each other.
const ROUND: [Subject; 6] = [
    Subject::Plain(64),
    Subject::Weir(64),
    Subject::Bound(64),
    Subject::Bound(8),
    Subject::Weir(8),
    Subject::Weir(1),
];
/// Different bodies that each connection sends by turns.
const BODIES: u64 = 4;

/// What was found on one database.
pub(crate) struct Recorded {
    pub(crate) kind: Kind,
    /// A figure per round.
    pub(crate) rounds: BTreeMap<Subject, Vec<Measured>>,
    /// Of all of Weir's processes, in MiB.
    pub(crate) memory_peak: f64,
}

pub(crate) async fn run(kind: Kind, plan: &Plan, writers: &Handle) -> Recorded {
    let mut recorded = Recorded { kind, rounds: BTreeMap::new(), memory_peak: 0.0 };
    for round in 1..=plan.rounds {
        for subject in ROUND {
            eprintln!("recording on {kind:?}, round {round} of {}: {subject:?}", plan.rounds);
            let database = fresh(kind).await;
            let measured = match subject {
                Subject::Bound(clients) => {
                    bare(&database, Way::Grouped, clients, plan, writers).await
                }
                Subject::Plain(clients) => {
                    bare(&database, Way::Plain, clients, plan, writers).await
                }
                Subject::Weir(clients) => {
                    let (measured, memory) = weir(&database, clients, plan).await;
                    recorded.memory_peak = recorded.memory_peak.max(memory);
                    measured
                }
            };
            recorded.rounds.entry(subject).or_default().push(measured);
            discard(database).await;
        }
    }
    recorded
}

async fn bare(
    database: &Database,
    way: Way,
    clients: u16,
    plan: &Plan,
    writers: &Handle,
) -> Measured {
    let bare = writers.spawn(Bare::open(database.clone(), way)).await.unwrap();
    let window = plan.window();
    let loops = {
        let _writers = writers.enter();
        bare.start(clients, window)
    };
    let meter = Meter::new(database.kind, None);
    let (measured, answered) = observe(window, loops, &meter, BATCH).await;
    writers.spawn(bare.close()).await.unwrap();
    check(database, answered).await;
    measured
}

async fn weir(database: &Database, clients: u16, plan: &Plan) -> (Measured, f64) {
    let mut weir = Weir::on(database.clone()).start().await;
    let id = weir.run().id();
    let window = plan.window();
    let next = Rc::new(Cell::new(0));
    let client = |index| spawn_local(send(weir.public.clone(), index, Rc::clone(&next), window));
    let loops: Vec<JoinHandle<Samples>> = (0..u64::from(clients)).map(client).collect();
    let meter = Meter::new(database.kind, Some(id));
    let (measured, answered) = observe(window, loops, &meter, BATCH).await;

    let page = weir.get("/api/v1/orders?limit=1").await.expect(200);
    let total = page.body["pagination"]["totalElements"].as_u64();
    assert_eq!(total, Some(answered * BATCH), "weir's total is what it said to have recorded");
    let memory = memory_peak(id);
    assert!(weir.terminate().await.success(), "weir ends well");
    check(database, answered).await;
    (measured, memory)
}

async fn send(public: String, index: u64, next: Rc<Cell<u64>>, window: Window) -> Samples {
    let mut connection = Connection::open(&public).await;
    let body = |turn| {
        let first = (index * BODIES + turn) * BATCH;
        Batch::of(first..first + BATCH, RECORD)
    };
    let mut bodies: Vec<Batch> = (0..BODIES).map(body).collect();
    let mut samples = Samples::new(window);
    for turn in (0..bodies.len()).cycle() {
        if window.is_over() {
            break;
        }
        let request = bodies[turn].at(next.replace(next.get() + BATCH));
        let asked = Instant::now();
        let answer = connection.ask(request).await;
        assert!(
            answer.starts_with(br#"{"status":"SUCCESS""#),
            "a whole batch is recorded: {}",
            String::from_utf8_lossy(answer)
        );
        samples.note(asked);
    }
    samples
}

/// Whoever said that it wrote has written, and no more.
async fn check(database: &Database, answered: u64) {
    let orders = database.number("SELECT count(*) FROM orders").await;
    assert_eq!(u64::try_from(orders).unwrap(), answered * BATCH, "orders in the database");
    let tallied = database.number("SELECT sum(orders) FROM order_tallies").await;
    assert_eq!(tallied, orders, "orders by the tallies");
}

//! Listing: 50 of very many orders, with a total that must be exact.

use std::cell::Cell;
use std::rc::Rc;

use chrono::DateTime;
use serde_json::Value;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::Instant;

use crate::plan::Plan;
use crate::shared::databases::{discard, fresh};
use crate::shared::figures::Measured;
use crate::shared::http::{Batch, Connection, RECORD, get};
use crate::shared::load::{Samples, Window, observe};
use crate::shared::usage::{Meter, memory_peak};
use crate::support::{Kind, Weir};

/// The contract's largest batch.
const FILL_BATCH: u64 = 1000;
const FILLERS: u64 = 16;
const READERS: usize = 8;
const PAGE: usize = 50;

/// The lists, and whether there is an aim for them: those by an index from one of its ends.
pub(crate) const LISTS: [(&str, bool); 6] = [
    ("sort=id", true),
    ("sort=-id", true),
    ("sort=orderTimestamp", true),
    ("sort=-orderTimestamp", true),
    ("status.abbreviation=NEW", false),
    ("offset=HALF", false),
];

pub(crate) struct Listed {
    pub(crate) kind: Kind,
    pub(crate) orders: u64,
    pub(crate) filled_per_second: f64,
    /// In the order of [`LISTS`].
    pub(crate) measured: Vec<Measured>,
    /// After the large batches and the lists, in MiB.
    pub(crate) memory_peak: f64,
}

pub(crate) async fn run(kind: Kind, plan: &Plan) -> Listed {
    let database = fresh(kind).await;
    let mut weir = Weir::on(database.clone()).start().await;
    let id = weir.run().id();
    let orders = plan.listed.next_multiple_of(FILL_BATCH);
    eprintln!("filling {kind:?} with {orders} orders");
    let started = Instant::now();
    fill(&weir.public, orders).await;
    let filled_per_second = orders as f64 / started.elapsed().as_secs_f64();

    let meter = Meter::new(kind, Some(id));
    let mut measured = Vec::new();
    for (list, _) in LISTS {
        eprintln!("listing on {kind:?}: {list}");
        let path = path(list, orders);
        check(list, &weir.get(&path).await.expect(200).body, orders);
        let window = plan.halved().window();
        let request: Rc<[u8]> = get(&path).into();
        let reader =
            |_| spawn_local(read(weir.public.clone(), Rc::clone(&request), orders, window));
        let loops: Vec<JoinHandle<Samples>> = (0..READERS).map(reader).collect();
        measured.push(observe(window, loops, &meter, 1).await.0);
    }
    let memory_peak = memory_peak(id);
    assert!(weir.terminate().await.success(), "weir ends well");
    discard(database).await;
    Listed { kind, orders, filled_per_second, measured, memory_peak }
}

async fn fill(public: &str, orders: u64) {
    let next = Rc::new(Cell::new(0));
    let filler = |_| {
        let (public, next) = (public.to_owned(), Rc::clone(&next));
        spawn_local(async move {
            let mut connection = Connection::open(&public).await;
            let mut batch = Batch::of(0..FILL_BATCH, RECORD);
            while next.get() < orders {
                let request = batch.at(next.replace(next.get() + FILL_BATCH));
                let answer = connection.ask(request).await;
                assert!(answer.starts_with(br#"{"status":"SUCCESS""#), "a whole batch is recorded");
            }
        })
    };
    let fillers: Vec<JoinHandle<()>> = (0..FILLERS).map(filler).collect();
    for filler in fillers {
        filler.await.expect("no filler fails");
    }
}

async fn read(public: String, request: Rc<[u8]>, orders: u64, window: Window) -> Samples {
    let total = format!(r#""totalElements":{orders},"#).into_bytes();
    let mut connection = Connection::open(&public).await;
    let mut samples = Samples::new(window);
    while !window.is_over() {
        let asked = Instant::now();
        let page = connection.ask(&request).await;
        // It stands behind the orders: searching from the end finds it at once.
        let is_exact = page.windows(total.len()).rev().any(|window| window == total);
        assert!(is_exact, "not {orders} in all: {}", String::from_utf8_lossy(page));
        samples.note(asked);
    }
    samples
}

fn path(list: &str, orders: u64) -> String {
    let list = list.replace("HALF", &(orders / 2).to_string());
    format!("/api/v1/orders?limit={PAGE}&{list}")
}

/// One page of each list is looked at as a whole: as many orders as asked for, in order, no more.
fn check(list: &str, page: &Value, orders: u64) {
    assert_eq!(page["pagination"]["totalElements"], orders, "{list}");
    let content = page["content"].as_array().expect("a page has content");
    assert_eq!(content.len(), PAGE, "{list}");
    let key = |order: &Value| match list.contains("orderTimestamp") {
        true => {
            let time = DateTime::parse_from_rfc3339(order["orderTimestamp"].as_str().unwrap());
            time.unwrap().timestamp_micros()
        }
        false => order["id"].as_i64().unwrap(),
    };
    let mut keys: Vec<i64> = content.iter().map(key).collect();
    if list.starts_with("sort=-") {
        keys.reverse();
    }
    assert!(keys.is_sorted_by(|one, next| one < next), "{list}: {keys:?}");
}

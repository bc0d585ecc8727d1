//! Batches for the queue, while the service is away: each is on the disk when `submit` returns. A
//! bare append of the same bytes is the bound: it waits for the same disk, and does nothing else.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use tokio::task::spawn_local;
use weir_client::wire::Order;
use weir_client::{OrderClient, Outcome, Settings, SqliteStore, Store};

use crate::calling::micros;
use crate::orders::{batches, name};
use crate::plan::Plan;
use crate::shared::fixture::BATCH;

/// Who submit at the same time.
pub(crate) const CROWD: usize = 10;
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Microseconds until a batch was on the disk; sorted.
#[derive(Default)]
pub(crate) struct Queued {
    pub(crate) alone: Vec<u32>,
    pub(crate) crowd: Vec<u32>,
    pub(crate) appended: Vec<u32>,
}

pub(crate) async fn run(plan: &Plan) -> Queued {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let client = Rc::new(away(&path).await);
    let mut appended = File::create(folder.path().join("appended")).unwrap();
    let mut queued = Queued::default();
    for round in 1..=plan.rounds {
        eprintln!("queueing, round {round} of {}", plan.rounds);
        let orders = batches(0, plan.writes);
        queued.appended.extend(orders.iter().map(|orders| append(&mut appended, orders.clone())));
        queued.alone.extend(submit(client.clone(), orders.clone()).await);
        queued.crowd.extend(crowd(&client, orders).await);
    }
    drop(client);
    let kept = SqliteStore::open(&path, u64::MAX).await.unwrap().depth().await.unwrap();
    assert_eq!(kept.waiting as usize, queued.alone.len() + queued.crowd.len(), "all wait");
    let Queued { alone, crowd, appended } = &mut queued;
    [alone, crowd, appended].into_iter().for_each(|samples| samples.sort_unstable());
    queued
}

/// A client of a service that is not there.
async fn away(queue: &Path) -> OrderClient {
    let mut settings = Settings::default();
    settings.queue.path = queue.to_owned();
    settings.queue.most = u64::MAX;
    settings.connection.base_url = NOWHERE.to_owned();
    OrderClient::builder("").settings(settings).open().await.unwrap()
}

async fn submit(client: Rc<OrderClient>, batches: Vec<Vec<Order>>) -> Vec<u32> {
    let mut samples = Vec::with_capacity(batches.len());
    for orders in batches {
        let asked = Instant::now();
        let outcome = client.submit(orders).await.unwrap();
        samples.push(micros(asked.elapsed()));
        let is_queued = matches!(outcome, Outcome::Queued { count, .. } if count as u64 == BATCH);
        assert!(is_queued, "a whole batch is queued: {outcome:?}");
    }
    samples
}

async fn crowd(client: &Rc<OrderClient>, batches: Vec<Vec<Order>>) -> Vec<u32> {
    let shares = batches.chunks(batches.len().div_ceil(CROWD));
    let all: Vec<_> =
        shares.map(|share| spawn_local(submit(client.clone(), share.to_vec()))).collect();
    let mut samples = Vec::with_capacity(batches.len());
    for one in all {
        samples.extend(one.await.expect("nobody fails"));
    }
    samples
}

fn append(file: &mut File, mut orders: Vec<Order>) -> u32 {
    let asked = Instant::now();
    name(&mut orders, "00000000-0000-7000-8000-000000000000");
    file.write_all(&serde_json::to_vec(&orders).unwrap()).unwrap();
    file.sync_data().unwrap();
    micros(asked.elapsed())
}

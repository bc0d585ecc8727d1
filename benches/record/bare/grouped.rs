//! The bound: group commit and nothing else. Producers hand batches to one queue; a writer takes all
//! that waits and commits it at once, while the next group gathers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::rows::Batch;
use super::{Pool, postgres, sqlite};
use crate::load::{Samples, Window};

/// Batches in one commit at most, as in Weir.
const GROUP_MAX: usize = 256;
/// Two writers keep PostgreSQL's disk and its processors busy by turns; SQLite has one.
const POSTGRES_WRITERS: i16 = 2;

type Ticket = (Batch, oneshot::Sender<()>);
type Queue = Arc<Mutex<UnboundedReceiver<Ticket>>>;

pub(super) fn start(pool: &Pool, clients: u16, window: Window) -> Vec<JoinHandle<Samples>> {
    let (sender, receiver) = unbounded_channel();
    let queue = Arc::new(Mutex::new(receiver));
    let writers = match pool {
        Pool::Sqlite(_) => 1,
        Pool::Postgres(_) => POSTGRES_WRITERS,
    };
    for shard in 0..writers {
        tokio::spawn(write(pool.clone(), Arc::clone(&queue), shard));
    }
    let batches = Arc::new(AtomicU64::new(0));
    let client = |_| tokio::spawn(produce(sender.clone(), Arc::clone(&batches), window));
    (0..clients).map(client).collect()
}

async fn produce(
    queue: UnboundedSender<Ticket>,
    batches: Arc<AtomicU64>,
    window: Window,
) -> Samples {
    let mut samples = Samples::new(window);
    while !window.is_over() {
        let asked = Instant::now();
        let (done, committed) = oneshot::channel();
        let batch = Batch::numbered(batches.fetch_add(1, Ordering::Relaxed));
        assert!(queue.send((batch, done)).is_ok(), "a writer lives");
        committed.await.expect("the batch is committed");
        samples.note(asked);
    }
    samples
}

/// Ends with the last producer.
async fn write(pool: Pool, queue: Queue, shard: i16) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    loop {
        queue.lock().await.recv_many(&mut group, GROUP_MAX).await;
        if group.is_empty() {
            return;
        }
        let (batches, producers): (Vec<Batch>, Vec<_>) = group.drain(..).unzip();
        match &pool {
            Pool::Sqlite(pool) => sqlite::insert_group(pool, shard, &batches).await,
            Pool::Postgres(pool) => postgres::insert_group(pool, shard, &batches).await,
        }
        .unwrap();
        for producer in producers {
            producer.send(()).expect("the producer waits");
        }
    }
}

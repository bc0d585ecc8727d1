//! The bounds: group commit and nothing else. Producers hand batches to one queue; a writer takes all
//! that waits and commits it at once, while the next group gathers. A batch that is to be sent
//! comes twice: to be written, and to be settled as if the trade service had taken it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::load::{Samples, Window};
use super::rows::Batch;
use super::{Pool, postgres, sqlite};

/// Batches in one commit at most, as in Weir.
const GROUP_MAX: usize = 256;
/// Two writers keep PostgreSQL's disk and its processors busy by turns; SQLite has one.
const POSTGRES_WRITERS: i16 = 2;

struct Ticket {
    batch: Batch,
    /// It is written already, and now sent.
    is_sent: bool,
    /// Gives the batch back when it is committed.
    done: oneshot::Sender<Batch>,
}

type Queue = Arc<Mutex<UnboundedReceiver<Ticket>>>;

pub(super) fn start(
    pool: &Pool,
    clients: u16,
    window: Window,
    sends: bool,
) -> Vec<JoinHandle<Samples>> {
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
    let client = |_| tokio::spawn(produce(sender.clone(), Arc::clone(&batches), window, sends));
    (0..clients).map(client).collect()
}

async fn produce(
    queue: UnboundedSender<Ticket>,
    batches: Arc<AtomicU64>,
    window: Window,
    sends: bool,
) -> Samples {
    let mut samples = Samples::new(window);
    while !window.is_over() {
        let asked = Instant::now();
        let index = batches.fetch_add(1, Ordering::Relaxed);
        if sends {
            let batch = commit(&queue, Batch::in_a_letter(index), false).await;
            commit(&queue, batch, true).await;
        } else {
            commit(&queue, Batch::numbered(index), false).await;
        }
        samples.note(asked);
    }
    samples
}

async fn commit(queue: &UnboundedSender<Ticket>, batch: Batch, is_sent: bool) -> Batch {
    let (done, committed) = oneshot::channel();
    assert!(queue.send(Ticket { batch, is_sent, done }).is_ok(), "a writer lives");
    committed.await.expect("the batch is committed")
}

/// Ends with the last producer.
async fn write(pool: Pool, queue: Queue, shard: i16) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    loop {
        queue.lock().await.recv_many(&mut group, GROUP_MAX).await;
        if group.is_empty() {
            return;
        }
        let (sent, new): (Vec<Ticket>, Vec<Ticket>) =
            group.drain(..).partition(|ticket| ticket.is_sent);
        for tickets in [sent, new] {
            write_down(&pool, shard, tickets).await;
        }
    }
}

/// Tickets of one sort.
async fn write_down(pool: &Pool, shard: i16, tickets: Vec<Ticket>) {
    let Some(first) = tickets.first() else { return };
    let is_sent = first.is_sent;
    let (batches, producers): (Vec<Batch>, Vec<_>) =
        tickets.into_iter().map(|ticket| (ticket.batch, ticket.done)).unzip();
    match (pool, is_sent) {
        (Pool::Sqlite(pool), false) => sqlite::insert_group(pool, shard, &batches).await,
        (Pool::Sqlite(pool), true) => sqlite::settle_group(pool, shard, &batches).await,
        (Pool::Postgres(pool), false) => postgres::insert_group(pool, shard, &batches).await,
        (Pool::Postgres(pool), true) => postgres::settle_group(pool, shard, &batches).await,
    }
    .unwrap();
    for (batch, producer) in batches.into_iter().zip(producers) {
        assert!(producer.send(batch).is_ok(), "the producer waits");
    }
}

//! The plain way: whoever has a batch takes a connection, begins, inserts row by row and commits.
//!
//! It is given what can be given without changing it: statements are prepared once, the pool is
//! of the size at which it does best, and each client keeps its own row of the tallies, so that none
//! waits for a row that another holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::sqlx;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::load::{Samples, Window};
use super::Pool;
use super::rows::{BLOTTER, Batch, CLIENT, ROUTE, STATUS, tallies};

const BATCH: &str = "INSERT INTO batches (id, client, route, fates, created_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const ORDER: &str = "INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, \
    blotter_id, status_id, order_type_id, version, limit_price, portfolio_id, security_id, client) \
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7, 1, $8, $9, $10, $11)";
const TALLY: &str = "INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, \
    order_type_id, orders) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (shard, blotter_id, status_id, order_type_id) \
    DO UPDATE SET orders = kept.orders + excluded.orders";

pub(super) fn start(pool: &Pool, clients: u16, window: Window) -> Vec<JoinHandle<Samples>> {
    let batches = Arc::new(AtomicU64::new(0));
    let client = |shard| {
        let shard = i16::try_from(shard).unwrap();
        tokio::spawn(write(pool.clone(), shard, Arc::clone(&batches), window))
    };
    (0..clients).map(client).collect()
}

async fn write(pool: Pool, shard: i16, batches: Arc<AtomicU64>, window: Window) -> Samples {
    let mut samples = Samples::new(window);
    while !window.is_over() {
        let asked = Instant::now();
        let batch = Batch::numbered(batches.fetch_add(1, Ordering::Relaxed));
        let batch = std::slice::from_ref(&batch);
        match &pool {
            Pool::Sqlite(pool) => insert!(pool, "BEGIN IMMEDIATE", shard, batch),
            Pool::Postgres(pool) => insert!(pool, "BEGIN", shard, batch),
        }
        samples.note(asked);
    }
    samples
}

/// The same on both databases, but the drivers share no type to say it with.
macro_rules! insert {
    ($pool:ident, $begin:literal, $shard:ident, $batches:ident) => {{
        let mut transaction = $pool.begin_with($begin).await.unwrap();
        for batch in $batches {
            let statement = sqlx::query(BATCH).bind(batch.id).bind(CLIENT).bind(ROUTE);
            let statement = statement.bind(batch.fates.as_str());
            let statement = statement.bind(batch.created_at).bind(batch.expires_at);
            statement.execute(&mut *transaction).await.unwrap();
            for row in &batch.orders {
                let statement = sqlx::query(ORDER).bind(row.id).bind(row.order.quantity);
                let statement = statement.bind(row.ordered_at).bind(batch.created_at);
                let statement = statement.bind(BLOTTER).bind(STATUS).bind(row.order.order_type);
                let statement = statement.bind(Some(row.order.limit_price));
                let statement = statement.bind(row.order.portfolio).bind(row.order.security);
                statement.bind(CLIENT).execute(&mut *transaction).await.unwrap();
            }
        }
        for (order_type, orders) in tallies($batches) {
            let statement = sqlx::query(TALLY).bind($shard).bind(BLOTTER).bind(STATUS);
            let statement = statement.bind(order_type).bind(orders);
            statement.execute(&mut *transaction).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }};
}
use insert;

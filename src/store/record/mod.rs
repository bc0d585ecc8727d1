//! Recording orders in bulk: one statement per kind and group.

mod postgres;
mod sqlite;

use std::ops::Range;

use sea_orm::sqlx::{self, Connection};

use super::error;
use super::pools::Pool;
use super::tally::Tallies;
use crate::domain::batch::{Batch, Item};
use crate::domain::order::{Fault, FaultKind, Order};
use crate::ports::Failure;

/// What goes to the disk together.
#[derive(Default)]
struct Rows<'a> {
    batches: Vec<BatchRow<'a>>,
    orders: Vec<OrderRow<'a>>,
    tallies: Tallies,
}

struct BatchRow<'a> {
    batch: &'a Batch,
    fates: String,
}

struct OrderRow<'a> {
    batch: &'a Batch,
    order: &'a Order,
}

impl<'a> Rows<'a> {
    fn whole(batches: &'a [Batch]) -> Self {
        let mut rows = Self::default();
        for batch in batches {
            rows.push_batch(batch);
            rows.push_orders(batch, 0..batch.items.len());
        }
        rows
    }

    fn push_batch(&mut self, batch: &'a Batch) {
        self.batches.push(BatchRow { batch, fates: fates(&batch.items) });
    }

    fn push_orders(&mut self, batch: &'a Batch, part: Range<usize>) {
        for order in batch.orders_in(part) {
            self.tallies.add(&order.terms);
            self.orders.push(OrderRow { batch, order });
        }
    }
}

/// All batches in one commit.
pub(super) async fn record(pool: &Pool, shard: u16, batches: &[Batch]) -> Result<(), Failure> {
    insert(pool, shard, &Rows::whole(batches)).await
}

/// A part of a batch's orders; the empty part is the batch's own row.
pub(super) async fn record_part(
    pool: &Pool,
    shard: u16,
    batch: &Batch,
    part: Range<usize>,
) -> Result<(), Failure> {
    let mut rows = Rows::default();
    if part.is_empty() {
        rows.push_batch(batch);
    }
    rows.push_orders(batch, part);
    insert(pool, shard, &rows).await
}

async fn insert(pool: &Pool, shard: u16, rows: &Rows<'_>) -> Result<(), Failure> {
    let failed = |error: sqlx::Error| error::of_sqlx(&error);
    match pool {
        // One statement is its own transaction: no round trips to begin and to commit.
        Pool::Postgres { pool, .. } => {
            let mut connection = pool.acquire().await.map_err(|e| error::of_acquire(&e))?;
            postgres::insert(&mut connection, shard, rows).await.map_err(failed)
        }
        Pool::Sqlite { pool, .. } => {
            let mut connection = pool.acquire().await.map_err(|e| error::of_acquire(&e))?;
            let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
            sqlite::insert(&mut transaction, shard, rows).await.map_err(failed)?;
            transaction.commit().await.map_err(failed)
        }
    }
}

/// One order at a time behind a savepoint: those that the database refuses become faults, the
/// others and the batch go down in one commit.
pub(super) async fn record_screened(
    pool: &Pool,
    shard: u16,
    batch: Batch,
) -> Result<Vec<Item>, Failure> {
    match pool {
        Pool::Postgres { pool, .. } => {
            screen!(pool, "BEGIN", postgres::insert, shard, batch)
        }
        Pool::Sqlite { pool, .. } => {
            screen!(pool, "BEGIN IMMEDIATE", sqlite::insert, shard, batch)
        }
    }
}

/// The screening is the same on both databases, but the drivers share no type to say it with.
macro_rules! screen {
    ($pool:ident, $begin:literal, $insert:path, $shard:ident, $batch:ident) => {{
        let failed = |error: sqlx::Error| error::of_sqlx(&error);
        let mut batch = $batch;
        let mut connection = $pool.acquire().await.map_err(|e| error::of_acquire(&e))?;
        let mut transaction = connection.begin_with($begin).await.map_err(failed)?;
        for index in 0..batch.items.len() {
            let mut rows = Rows::default();
            rows.push_orders(&batch, index..index + 1);
            if rows.orders.is_empty() {
                continue;
            }
            let mut savepoint = transaction.begin().await.map_err(failed)?;
            match $insert(&mut savepoint, $shard, &rows).await.map_err(failed) {
                Ok(()) => savepoint.commit().await.map_err(failed)?,
                Err(Failure::Data { reason }) => {
                    log::warn!(reason; "database refused an order that the rules let through");
                    savepoint.rollback().await.map_err(failed)?;
                    refuse(&mut batch, index);
                }
                Err(failure) => return Err(failure),
            }
        }
        let mut rows = Rows::default();
        rows.push_batch(&batch);
        $insert(&mut transaction, $shard, &rows).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(batch.items)
    }};
}
use screen;

fn refuse(batch: &mut Batch, index: usize) {
    if let Some(item) = batch.items.get_mut(index) {
        *item = Err(Fault {
            kind: FaultKind::Refused,
            field: "",
            message: "The database refused this order: its blotter, status or order type may \
                      have been deleted meanwhile"
                .to_owned(),
        });
    }
}

/// What became of each item, in request order: an order's id, or the fault in words.
fn fates(items: &[Item]) -> String {
    let mut text = String::with_capacity(items.len() * 8 + 2);
    text.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        match item {
            Ok(order) => text.push_str(&order.id.to_string()),
            Err(fault) => {
                let fate = serde_json::json!({
                    "kind": fault.kind.label(),
                    "field": fault.field,
                    "message": fault.message,
                });
                text.push_str(&fate.to_string());
            }
        }
    }
    text.push(']');
    text
}

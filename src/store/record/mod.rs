//! Recording orders in bulk: one statement per kind and group.

mod postgres;
mod sqlite;

use std::ops::Range;

use sea_orm::sqlx::{self, Connection};
use uuid::Uuid;

use super::pools::Pool;
use super::tally::Tallies;
use super::{error, fates, letters};
use crate::domain::batch::{Batch, Item, NewLetter};
use crate::domain::letter::LetterState;
use crate::domain::order::{Fault, FaultKind, Order};
use crate::ports::Failure;

/// What goes to the disk together.
#[derive(Default)]
struct Rows<'a> {
    batches: Vec<BatchRow<'a>>,
    orders: Vec<OrderRow<'a>>,
    letters: Vec<LetterRow<'a>>,
    tallies: Tallies,
}

struct BatchRow<'a> {
    batch: &'a Batch,
    fates: String,
}

struct OrderRow<'a> {
    batch: &'a Batch,
    order: &'a Order,
    letter_id: Option<Uuid>,
}

struct LetterRow<'a> {
    batch: &'a Batch,
    id: Uuid,
    holder: Option<Uuid>,
    undecided: String,
}

impl<'a> LetterRow<'a> {
    fn new(batch: &'a Batch, letter: &NewLetter) -> Self {
        let undecided = letters::ids::text(&letter.undecided);
        Self { batch, id: letter.id, holder: letter.holder, undecided }
    }

    /// Held from the first moment, or waiting for somebody to take it.
    fn state(&self) -> i16 {
        let held = self.holder.is_some();
        if held { LetterState::Held.code() } else { LetterState::Waiting.code() }
    }

    fn fence(&self) -> i64 {
        i64::from(self.holder.is_some())
    }
}

impl<'a> Rows<'a> {
    fn whole(batches: &'a [Batch]) -> Self {
        let mut rows = Self::default();
        for batch in batches {
            rows.push_batch(batch);
            rows.push_orders(batch, 0..batch.items.len());
            rows.push_letters(batch, &batch.letters);
        }
        rows
    }

    fn push_batch(&mut self, batch: &'a Batch) {
        self.batches.push(BatchRow { batch, fates: fates::of_items(&batch.items) });
    }

    fn push_orders(&mut self, batch: &'a Batch, part: Range<usize>) {
        for order in batch.orders_in(part) {
            self.tallies.add(&order.terms);
            self.orders.push(OrderRow { batch, order, letter_id: order.letter_id });
        }
    }

    fn push_letters(&mut self, batch: &'a Batch, letters: &[NewLetter]) {
        self.letters.extend(letters.iter().map(|letter| LetterRow::new(batch, letter)));
    }
}

/// All batches in one commit.
pub(super) async fn record(pool: &Pool, shard: u16, batches: &[Batch]) -> Result<(), Failure> {
    insert(pool, shard, &Rows::whole(batches)).await
}

/// A part of a batch's orders, free until the empty part: that is the batch's own row with the
/// letters, and puts the orders into them. So no order ever names a letter that is not there.
pub(super) async fn record_part(
    pool: &Pool,
    shard: u16,
    batch: &Batch,
    part: Range<usize>,
) -> Result<(), Failure> {
    let mut rows = Rows::default();
    if !part.is_empty() {
        rows.push_orders(batch, part);
        for row in &mut rows.orders {
            row.letter_id = None;
        }
        return insert(pool, shard, &rows).await;
    }
    let letters = batch.letters_that_stand();
    rows.push_batch(batch);
    rows.push_letters(batch, &letters);
    if letters.is_empty() {
        return insert(pool, shard, &rows).await;
    }
    match pool {
        Pool::Postgres { pool, .. } => {
            finish!(pool, "BEGIN", postgres, shard, rows, letters)
        }
        Pool::Sqlite { pool, .. } => {
            finish!(pool, "BEGIN IMMEDIATE", sqlite, shard, rows, letters)
        }
    }
}

/// Everybody could see the orders while they were free: if somebody took one, nothing of this
/// stands.
macro_rules! finish {
    ($pool:ident, $begin:literal, $words:ident, $shard:ident, $rows:ident, $letters:ident) => {{
        let failed = |error: sqlx::Error| error::of_sqlx(&error);
        let mut connection = $pool.acquire().await.map_err(|e| error::of_acquire(&e))?;
        let mut transaction = connection.begin_with($begin).await.map_err(failed)?;
        $words::insert(&mut transaction, $shard, &$rows).await.map_err(failed)?;
        let mut pairs: Vec<(i64, Uuid)> = $letters
            .iter()
            .flat_map(|letter| letter.undecided.iter().map(|id| (*id, letter.id)))
            .collect();
        pairs.sort_unstable();
        let bound = $words::put_into_letters(&mut transaction, &pairs).await.map_err(failed)?;
        if usize::try_from(bound) != Ok(pairs.len()) {
            let reason = "an order was changed before its letter was written".to_owned();
            return Err(Failure::Taken { reason });
        }
        transaction.commit().await.map_err(failed)
    }};
}
use finish;

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
                    batch.refuse(index..index + 1, &refused());
                }
                Err(failure) => return Err(failure),
            }
        }
        let mut rows = Rows::default();
        rows.push_batch(&batch);
        rows.push_letters(&batch, &batch.letters_that_stand());
        $insert(&mut transaction, $shard, &rows).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(batch.items)
    }};
}
use screen;

fn refused() -> Fault {
    Fault {
        kind: FaultKind::Refused,
        field: "",
        message: "The database refused this order: its blotter, status or order type may have \
                  been deleted meanwhile"
            .to_owned(),
    }
}

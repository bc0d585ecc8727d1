//! The journal: what the ledger writes.

use std::collections::HashSet;
use std::ops::Range;

use async_trait::async_trait;
use entity::{counters, orders};
use sea_orm::sqlx;
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::pools::Pool;
use super::{Store, change, error, record};
use crate::domain::batch::{Batch, Item};
use crate::domain::order::FaultKind;
use crate::ports::Failure;
use crate::ports::journal::{Change, ChangeRefusal, Changed, Journal};

/// The counter that order ids are taken from.
pub(super) const ORDER_IDS: &str = "order_id";
/// The most ids in one question, below SQLite's limit of values.
const IDS_MAX: usize = 10_000;

impl Store {
    async fn take_order_ids(&self, count: u32) -> Result<Range<i64>, Failure> {
        let count = i64::from(count);
        let taken = counters::Entity::update_many()
            .col_expr(counters::Column::Next, Expr::col(counters::Column::Next).add(count))
            .filter(counters::Column::Name.eq(ORDER_IDS))
            .exec_with_returning(self.writer().orm())
            .await
            .map_err(|error| error::of_orm(&error))?;
        let missing = || Failure::Broken { reason: "the counter of order ids is gone".to_owned() };
        let next = taken.first().map(|counter| counter.next).ok_or_else(missing)?;
        Ok(next - count..next)
    }
}

#[async_trait]
impl Journal for Store {
    async fn reserve_order_ids(&self, count: u32) -> Result<Range<i64>, Failure> {
        self.write("orders.reserve_ids", self.patience.write, self.take_order_ids(count)).await
    }

    async fn record(&self, shard: u16, batches: &[Batch]) -> Result<(), Failure> {
        let recorded = record::record(self.writer(), shard, batches);
        self.write("orders.record", self.patience.write, recorded).await
    }

    async fn record_screened(&self, shard: u16, batch: Batch) -> Result<Vec<Item>, Failure> {
        let screened = record::record_screened(self.writer(), shard, batch);
        let items =
            self.write("orders.record_screened", self.patience.long_write, screened).await?;
        if items
            .iter()
            .any(|item| item.as_ref().is_err_and(|fault| fault.kind == FaultKind::Refused))
        {
            self.renew_references().await;
        }
        Ok(items)
    }

    async fn record_part(
        &self,
        shard: u16,
        batch: &Batch,
        part: Range<usize>,
    ) -> Result<(), Failure> {
        let recorded = record::record_part(self.writer(), shard, batch, part);
        self.write("orders.record_part", self.patience.write, recorded).await
    }

    async fn recorded(&self, order_ids: &[i64]) -> Result<HashSet<i64>, Failure> {
        let mut found = HashSet::with_capacity(order_ids.len());
        for part in order_ids.chunks(IDS_MAX) {
            let ids = self.read("orders.recorded", move |orm| {
                let select = orders::Entity::find().select_only().column(orders::Column::Id);
                let wanted = select.filter(orders::Column::Id.is_in(part.iter().copied()));
                async move { wanted.into_tuple::<i64>().all(&orm).await }
            });
            found.extend(ids.await?);
        }
        Ok(found)
    }

    async fn change(
        &self,
        shard: u16,
        changes: &[Change],
    ) -> Result<Vec<Result<Changed, ChangeRefusal>>, Failure> {
        let references = self.references_for(changes).await?;
        let now = self.clock.utc();
        let changed = change::change(self.writer().orm(), shard, changes, &references, now);
        let outcomes = self.write("rows.change", self.patience.long_write, changed).await?;
        if changes.iter().any(|change| matches!(change, Change::Reference(_))) {
            self.renew_references().await;
        }
        Ok(outcomes)
    }

    async fn tidy(&self) {
        let Pool::Sqlite { pool, .. } = self.writer() else { return };
        let checkpoint = async {
            let done = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(pool).await;
            done.map_err(|error| error::of_sqlx(&error))
        };
        if let Err(failure) =
            self.write("wal.checkpoint", self.patience.long_write, checkpoint).await
        {
            log::warn!(reason = failure.label(); "checkpoint failed, the next idle moment tries again");
        }
    }
}

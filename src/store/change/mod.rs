//! Changes to single rows: read and lock, ask the rule, write what it says.

mod order;
mod reference;

use entity::order_tallies::{self, Column};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, ExprTrait,
};

use super::tally::{self, Tallies};
use super::{audit, board, error, sql};
use crate::domain::moment::Moment;
use crate::domain::reference::{ReferenceChange, ReferenceKind, References};
use crate::ports::Failure;
use crate::ports::journal::{Change, ChangeRefusal, Changed};

type Outcome = Result<Changed, ChangeRefusal>;

/// What all changes of one commit share.
struct Desk<'a> {
    transaction: &'a DatabaseTransaction,
    references: &'a References,
    now: Moment,
    tallies: Tallies,
}

/// Makes the changes in one commit. Rows are touched in the order of their ids, so that two
/// writers wait for each other instead of in a circle.
pub(super) async fn change(
    orm: &DatabaseConnection,
    shard: u16,
    changes: &[Change],
    references: &References,
    now: Moment,
) -> Result<Vec<Outcome>, Failure> {
    let failed = |error: DbErr| error::of_uncommitted(&error);
    let transaction = sql::begin(orm).await.map_err(failed)?;
    let tallies = Tallies::default();
    let mut desk = Desk { transaction: &transaction, references, now, tallies };
    let mut order: Vec<_> = changes.iter().enumerate().collect();
    order.sort_by_key(|(_, change)| lock_order(change));
    let mut outcomes = Vec::with_capacity(changes.len());
    for (index, change) in order {
        outcomes.push((index, desk.make(change).await.map_err(failed)?));
    }
    desk.keep_tallies(shard).await.map_err(failed)?;
    transaction.commit().await.map_err(|error| error::of_orm(&error))?;
    outcomes.sort_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// Reference rows first, kind by kind, then orders, each by id; what is only added, last.
fn lock_order(change: &Change) -> (u8, i64) {
    let rank = |kind: ReferenceKind| match kind {
        ReferenceKind::Blotter => 0,
        ReferenceKind::Status => 1,
        ReferenceKind::OrderType => 2,
    };
    match change {
        Change::Reference(ReferenceChange::Create { kind, .. }) => (rank(*kind), 0),
        Change::Reference(ReferenceChange::Amend { kind, row }) => (rank(*kind), row.id.into()),
        Change::Reference(ReferenceChange::Remove { kind, id, .. }) => (rank(*kind), (*id).into()),
        Change::AmendOrder(amendment) => (3, amendment.id),
        Change::RemoveOrder { id, .. } => (3, *id),
        Change::Pause { .. } | Change::Resume { .. } => (4, 0),
        Change::Note(_) => (5, 0),
    }
}

impl Desk<'_> {
    async fn make(&mut self, change: &Change) -> Result<Outcome, DbErr> {
        match change {
            Change::AmendOrder(amendment) => self.amend_order(amendment).await,
            Change::RemoveOrder { id, version } => self.remove_order(*id, *version).await,
            Change::Reference(ReferenceChange::Create { kind, label, version }) => {
                self.create_reference(*kind, label, *version).await
            }
            Change::Reference(ReferenceChange::Amend { kind, row }) => {
                self.amend_reference(*kind, row).await
            }
            Change::Reference(ReferenceChange::Remove { kind, id, version }) => {
                self.remove_reference(*kind, *id, *version).await
            }
            Change::Pause { paused, signature } => {
                board::post(self.transaction, paused, signature).await
            }
            Change::Resume { paused, signature } => {
                board::take_down(self.transaction, paused, signature).await
            }
            Change::Note(line) => {
                audit::write(self.transaction, [line.clone()]).await?;
                Ok(Ok(Changed::Noted))
            }
        }
    }

    /// Writes what the changes did to the tallies; last, so that these few rows are locked for
    /// no longer than the commit takes.
    async fn keep_tallies(&self, shard: u16) -> Result<(), DbErr> {
        let shard = tally::column(shard);
        for (blotter_id, status_id, order_type_id, orders) in self.tallies.rows() {
            let row = order_tallies::ActiveModel {
                shard: Set(shard),
                blotter_id: Set(blotter_id),
                status_id: Set(status_id),
                order_type_id: Set(order_type_id),
                orders: Set(orders),
            };
            let kept = Expr::col((order_tallies::Entity, Column::Orders)).add(orders);
            let key = [Column::Shard, Column::BlotterId, Column::StatusId, Column::OrderTypeId];
            let add = OnConflict::columns(key).value(Column::Orders, kept).to_owned();
            let insert = order_tallies::Entity::insert(row).on_conflict(add);
            insert.exec_without_returning(self.transaction).await?;
        }
        Ok(())
    }
}

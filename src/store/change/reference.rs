//! Changes to reference rows.

use entity::{blotters, order_tallies, order_types, statuses};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction,
    DbErr, EntityTrait, QueryFilter, QuerySelect,
};

use super::{Desk, Outcome};
use crate::domain::reference::{ReferenceKind, ReferenceLabel, ReferenceRow, is_free_to_change};
use crate::ports::journal::{ChangeRefusal, Changed};
use crate::store::rows;

impl Desk<'_> {
    pub(super) async fn create_reference(
        &self,
        kind: ReferenceKind,
        label: &ReferenceLabel,
        version: i32,
    ) -> Result<Outcome, DbErr> {
        if !is_free_to_change(kind, None, Some(label.key())) {
            return Ok(Err(ChangeRefusal::Ruled { key: label.key().to_owned() }));
        }
        let row = create(self.transaction, kind, label, version).await?;
        Ok(Ok(Changed::Reference(row)))
    }

    pub(super) async fn amend_reference(
        &self,
        kind: ReferenceKind,
        row: &ReferenceRow,
    ) -> Result<Outcome, DbErr> {
        let current = match self.current(kind, row.id, row.version).await? {
            Ok(current) => current,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !is_free_to_change(kind, Some(current.key()), Some(row.key())) {
            return Ok(Err(ChangeRefusal::Ruled { key: current.key().to_owned() }));
        }
        let amended = ReferenceRow { version: current.version.saturating_add(1), ..row.clone() };
        update(self.transaction, kind, &amended).await?;
        Ok(Ok(Changed::Reference(amended)))
    }

    /// Deletes a row that no order uses. The tallies are locked before they are added up: an
    /// order that is being recorded either counts already or will miss the row.
    pub(super) async fn remove_reference(
        &self,
        kind: ReferenceKind,
        id: i32,
        version: i32,
    ) -> Result<Outcome, DbErr> {
        let current = match self.current(kind, id, version).await? {
            Ok(current) => current,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let column = match kind {
            ReferenceKind::Blotter => order_tallies::Column::BlotterId,
            ReferenceKind::Status => order_tallies::Column::StatusId,
            ReferenceKind::OrderType => order_tallies::Column::OrderTypeId,
        };
        let uses = order_tallies::Entity::find().filter(column.eq(id)).lock_exclusive();
        let uses = uses.all(self.transaction).await?;
        if uses.iter().map(|tally| tally.orders).sum::<i64>() > 0 {
            return Ok(Err(ChangeRefusal::Referenced { kind, id }));
        }
        if !is_free_to_change(kind, Some(current.key()), None) {
            return Ok(Err(ChangeRefusal::Ruled { key: current.key().to_owned() }));
        }
        order_tallies::Entity::delete_many().filter(column.eq(id)).exec(self.transaction).await?;
        delete(self.transaction, kind, id).await?;
        Ok(Ok(Changed::Removed))
    }

    /// The row as it stands, locked, if it is at the version that the caller read.
    async fn current(
        &self,
        kind: ReferenceKind,
        id: i32,
        given: i32,
    ) -> Result<Result<ReferenceRow, ChangeRefusal>, DbErr> {
        let transaction = self.transaction;
        let row = match kind {
            ReferenceKind::Blotter => {
                let row =
                    blotters::Entity::find_by_id(id).lock_exclusive().one(transaction).await?;
                row.map(rows::blotter)
            }
            ReferenceKind::Status => {
                let row =
                    statuses::Entity::find_by_id(id).lock_exclusive().one(transaction).await?;
                row.map(rows::status)
            }
            ReferenceKind::OrderType => {
                let row =
                    order_types::Entity::find_by_id(id).lock_exclusive().one(transaction).await?;
                row.map(rows::order_type)
            }
        };
        Ok(match row {
            None => Err(ChangeRefusal::NoReference { kind, id }),
            Some(row) if row.version != given => {
                Err(ChangeRefusal::StaleReference { kind, id, given, current: row.version })
            }
            Some(row) => Ok(row),
        })
    }
}

async fn create(
    transaction: &DatabaseTransaction,
    kind: ReferenceKind,
    label: &ReferenceLabel,
    version: i32,
) -> Result<ReferenceRow, DbErr> {
    Ok(match (kind, label) {
        (ReferenceKind::Blotter, label) => {
            let name = Set(label_name(label));
            let row = blotters::ActiveModel { id: NotSet, name, version: Set(version) };
            rows::blotter(row.insert(transaction).await?)
        }
        (ReferenceKind::Status, label) => {
            let (abbreviation, description) = label_words(label);
            let row = statuses::ActiveModel {
                id: NotSet,
                abbreviation: Set(abbreviation),
                description: Set(description),
                version: Set(version),
            };
            rows::status(row.insert(transaction).await?)
        }
        (ReferenceKind::OrderType, label) => {
            let (abbreviation, description) = label_words(label);
            let row = order_types::ActiveModel {
                id: NotSet,
                abbreviation: Set(abbreviation),
                description: Set(description),
                version: Set(version),
            };
            rows::order_type(row.insert(transaction).await?)
        }
    })
}

async fn update(
    transaction: &DatabaseTransaction,
    kind: ReferenceKind,
    row: &ReferenceRow,
) -> Result<(), DbErr> {
    let (id, version) = (Set(row.id), Set(row.version));
    match kind {
        ReferenceKind::Blotter => {
            let name = Set(label_name(&row.label));
            blotters::ActiveModel { id, name, version }.update(transaction).await?;
        }
        ReferenceKind::Status => {
            let (abbreviation, description) = label_words(&row.label);
            let (abbreviation, description) = (Set(abbreviation), Set(description));
            let row = statuses::ActiveModel { id, abbreviation, description, version };
            row.update(transaction).await?;
        }
        ReferenceKind::OrderType => {
            let (abbreviation, description) = label_words(&row.label);
            let (abbreviation, description) = (Set(abbreviation), Set(description));
            let row = order_types::ActiveModel { id, abbreviation, description, version };
            row.update(transaction).await?;
        }
    }
    Ok(())
}

async fn delete(
    transaction: &DatabaseTransaction,
    kind: ReferenceKind,
    id: i32,
) -> Result<(), DbErr> {
    match kind {
        ReferenceKind::Blotter => {
            blotters::Entity::delete_by_id(id).exec(transaction).await?;
        }
        ReferenceKind::Status => {
            statuses::Entity::delete_by_id(id).exec(transaction).await?;
        }
        ReferenceKind::OrderType => {
            order_types::Entity::delete_by_id(id).exec(transaction).await?;
        }
    }
    Ok(())
}

fn label_name(label: &ReferenceLabel) -> String {
    match label {
        ReferenceLabel::Blotter { name } => name.clone(),
        ReferenceLabel::Abbreviated { abbreviation, .. } => abbreviation.clone(),
    }
}

fn label_words(label: &ReferenceLabel) -> (String, String) {
    match label {
        ReferenceLabel::Blotter { name } => (name.clone(), name.clone()),
        ReferenceLabel::Abbreviated { abbreviation, description } => {
            (abbreviation.clone(), description.clone())
        }
    }
}

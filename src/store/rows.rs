//! Rows as the rules see them.

use entity::{blotters, order_types, orders, statuses};
use sea_orm::{DatabaseConnection, DbErr, EntityTrait, QueryOrder};

use crate::domain::amount::Amount;
use crate::domain::moment::Moment;
use crate::domain::order::{Order, Terms};
use crate::domain::reference::{ReferenceKind, ReferenceLabel, ReferenceRow};

/// An order as its row says it.
pub(super) fn order(row: orders::Model) -> Order {
    Order {
        id: row.id,
        terms: Terms {
            blotter_id: row.blotter_id,
            status_id: row.status_id,
            order_type_id: row.order_type_id,
            portfolio_id: row.portfolio_id,
            security_id: row.security_id,
            quantity: Amount::from_scaled(row.quantity),
            limit_price: row.limit_price.map(Amount::from_scaled),
            ordered_at: Moment::from_micros(row.order_timestamp),
        },
        trade_order_id: row.trade_order_id,
        version: row.version,
        in_submission: row.letter_id.is_some(),
    }
}

pub(super) fn blotter(row: blotters::Model) -> ReferenceRow {
    let label = ReferenceLabel::Blotter { name: row.name };
    ReferenceRow { id: row.id, label, version: row.version }
}

pub(super) fn status(row: statuses::Model) -> ReferenceRow {
    abbreviated(row.id, row.abbreviation, row.description, row.version)
}

pub(super) fn order_type(row: order_types::Model) -> ReferenceRow {
    abbreviated(row.id, row.abbreviation, row.description, row.version)
}

/// All reference rows of a kind, by id.
pub(super) async fn references(
    orm: &DatabaseConnection,
    kind: ReferenceKind,
) -> Result<Vec<ReferenceRow>, DbErr> {
    Ok(match kind {
        ReferenceKind::Blotter => {
            let rows = blotters::Entity::find().order_by_asc(blotters::Column::Id);
            rows.all(orm).await?.into_iter().map(blotter).collect()
        }
        ReferenceKind::Status => {
            let rows = statuses::Entity::find().order_by_asc(statuses::Column::Id);
            rows.all(orm).await?.into_iter().map(status).collect()
        }
        ReferenceKind::OrderType => {
            let rows = order_types::Entity::find().order_by_asc(order_types::Column::Id);
            rows.all(orm).await?.into_iter().map(order_type).collect()
        }
    })
}

fn abbreviated(id: i32, abbreviation: String, description: String, version: i32) -> ReferenceRow {
    let label = ReferenceLabel::Abbreviated { abbreviation, description };
    ReferenceRow { id, label, version }
}

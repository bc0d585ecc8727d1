//! Rows as the rules see them.

use entity::{blotters, order_types, orders, statuses};
use sea_orm::{DatabaseConnection, DbErr, EntityTrait, QueryOrder};

use super::sql::Words;
use crate::domain::amount::Amount;
use crate::domain::moment::Moment;
use crate::domain::order::{Order, Terms};
use crate::domain::reference::{ReferenceKind, ReferenceLabel, ReferenceRow};

/// Orders by their ids. The limit says one row per id: a plan that was made while the table was
/// small must not read all of it when it has grown.
pub(super) const ORDERS: Words = Words {
    postgres: "
SELECT found.* FROM json_array_elements_text($1::json) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM orders o WHERE o.id = wanted.id::bigint LIMIT 1) AS found",
    sqlite: "SELECT * FROM orders WHERE id IN (SELECT value FROM json_each(?1))",
};

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
            client_order_id: row.client_order_id,
        },
        trade_order_id: row.trade_order_id,
        version: row.version,
        letter_id: row.letter_id,
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

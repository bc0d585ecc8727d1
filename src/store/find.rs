//! Batches as operators look for them, and all that is kept of one order.

use entity::{batches as table, letters as letter_table, orders};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::{fates, letters, rows};
use crate::domain::batch::{BatchQuery, Fate};
use crate::domain::moment::Moment;
use crate::domain::order::OrderRecord;

/// Batches of one order that are told: it is in a further one each time that it is submitted.
const OF_ORDER_MAX: u64 = 20;
/// The clocks of two instances may differ by so much.
const SKEW_MILLIS: i64 = 60_000;

/// The ids of batches, the newest first.
pub(super) async fn batches(
    orm: DatabaseConnection,
    query: BatchQuery,
) -> Result<Vec<Uuid>, DbErr> {
    let BatchQuery { id, order, client, limit } = query;
    let mut wanted = Condition::all()
        .add_option(id.map(|id| table::Column::Id.eq(id)))
        .add_option(client.map(|client| table::Column::Client.eq(client.as_str())));
    if let Some(order) = order {
        let Some(row) = orders::Entity::find_by_id(order).one(&orm).await? else {
            return Ok(Vec::new());
        };
        wanted = wanted.add(table::Column::Id.is_in(of_order(&orm, &row).await?));
    }
    let select = table::Entity::find().select_only().column(table::Column::Id).filter(wanted);
    select.order_by_desc(table::Column::Id).limit(limit).into_tuple().all(&orm).await
}

/// An order knows its batch only while it is in a letter. Batches name their orders in their fates, and
/// lie in the order of their time: those before the order need not be looked at.
async fn of_order(orm: &DatabaseConnection, order: &orders::Model) -> Result<Vec<Uuid>, DbErr> {
    let select = table::Entity::find().select_only();
    let select = select.columns([table::Column::Id, table::Column::Fates]);
    let select = select
        .filter(table::Column::Id.gte(first_id(order.created_at)))
        .filter(table::Column::Fates.contains(order.id.to_string()))
        .order_by_asc(table::Column::Id)
        .limit(OF_ORDER_MAX);
    let found: Vec<(Uuid, String)> = select.into_tuple().all(orm).await?;
    let names = |fates: &str| {
        fates::parse(fates).is_some_and(|fates| fates.contains(&Fate::Order(order.id)))
    };
    Ok(found.into_iter().filter(|(_, fates)| names(fates)).map(|(id, _)| id).collect())
}

/// No batch that was made at this moment has a smaller id.
fn first_id(micros: i64) -> Uuid {
    let millis = u64::try_from(micros / 1000 - SKEW_MILLIS).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

pub(super) async fn order(orm: DatabaseConnection, id: i64) -> Result<Option<OrderRecord>, DbErr> {
    let Some(row) = orders::Entity::find_by_id(id).one(&orm).await? else { return Ok(None) };
    let letter = match row.letter_id {
        Some(id) => letter_table::Entity::find_by_id(id).one(&orm).await?,
        None => None,
    };
    let batches = of_order(&orm, &row).await?;
    Ok(Some(OrderRecord {
        client: letters::client(&row.client)?,
        created_at: Moment::from_micros(row.created_at),
        updated_at: Moment::from_micros(row.updated_at),
        error: row.last_error.clone(),
        letter: letter.map(letters::letter).transpose()?,
        batches,
        order: rows::order(row),
    }))
}

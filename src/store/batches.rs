//! Batches as they stand: what was recorded, and what became of it since.

use std::collections::HashMap;

use entity::{batches, letters as table, orders};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, EntityTrait};
use uuid::Uuid;

use super::sql::{Words, json};
use super::{fates, known, letters, rows};
use crate::domain::batch::{BatchRecord, Fate};
use crate::domain::letter::Letter;
use crate::domain::moment::Moment;

const LETTERS_OF: Words = Words {
    postgres: "
SELECT found.* FROM (
    SELECT DISTINCT o.letter_id FROM json_array_elements_text($1::json) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT letter_id FROM orders WHERE orders.id = wanted.id::bigint LIMIT 1) AS o
) AS named
CROSS JOIN LATERAL (SELECT * FROM letters l WHERE l.id = named.letter_id LIMIT 1) AS found
ORDER BY found.id",
    sqlite: "
SELECT * FROM letters WHERE id IN (
    SELECT letter_id FROM orders WHERE id IN (SELECT value FROM json_each(?)))
ORDER BY id",
};

/// Only the oldest are looked at: ids are ordered by time, and there is no index on the end.
const PRUNE: Words = Words {
    postgres: "
DELETE FROM batches WHERE id IN (
    SELECT id FROM (
        SELECT id, expires_at, created_at FROM batches ORDER BY id LIMIT 500) AS oldest
    WHERE expires_at <= $1 AND created_at <= $2)",
    sqlite: "
DELETE FROM batches WHERE id IN (
    SELECT id FROM (
        SELECT id, expires_at, created_at FROM batches ORDER BY id LIMIT 500) AS oldest
    WHERE expires_at <= ?1 AND created_at <= ?2)",
};

/// The letters are read before the orders: what is settled in between is seen as settled.
pub(super) async fn read(orm: DatabaseConnection, id: Uuid) -> Result<Option<BatchRecord>, DbErr> {
    let Some(row) = batches::Entity::find_by_id(id).one(&orm).await? else { return Ok(None) };
    let unreadable = || DbErr::Custom(format!("batch {id} has unreadable fates"));
    let fates = fates::parse(&row.fates).ok_or_else(unreadable)?;
    let ids: Vec<i64> = fates
        .iter()
        .filter_map(|fate| match fate {
            Fate::Order(id) => Some(*id),
            Fate::Fault { .. } => None,
        })
        .collect();
    let letters = letters_of(&orm, &ids).await?;
    let found: Vec<orders::Model> = rows::ORDERS.all(&orm, [json(&ids)]).await?;
    let mut found: HashMap<i64, orders::Model> =
        found.into_iter().map(|row| (row.id, row)).collect();
    let decided = found.values().filter(|row| row.letter_id.is_none());
    let decided = decided.filter(|row| row.trade_order_id.is_some() || row.last_error.is_some());
    let decided_at = decided.map(|row| row.updated_at).max().map(Moment::from_micros);
    let (mut orders, mut errors) = (Vec::with_capacity(found.len()), Vec::new());
    for mut row in ids.iter().filter_map(|id| found.remove(id)) {
        errors.extend(row.last_error.take().map(|error| (row.id, error)));
        orders.push(rows::order(row));
    }
    Ok(Some(BatchRecord {
        id,
        client: letters::client(&row.client)?,
        key: row.idempotency_key,
        route: row.route,
        accepted_at: Moment::from_micros(row.created_at),
        fates,
        orders,
        errors,
        letters,
        answer: row.answer.as_deref().map(|kept| known::answer(id, kept)).transpose()?,
        decided_at,
    }))
}

pub(super) async fn letters_of(
    connection: &impl ConnectionTrait,
    order_ids: &[i64],
) -> Result<Vec<Letter>, DbErr> {
    let rows: Vec<table::Model> = LETTERS_OF.all(connection, [json(&order_ids)]).await?;
    rows.into_iter().map(letters::letter).collect()
}

/// Deletes a few that were accepted by then and whose keys are over.
pub(super) async fn prune(
    connection: &impl ConnectionTrait,
    now: Moment,
    accepted_by: Moment,
) -> Result<u64, DbErr> {
    PRUNE.execute(connection, [now.micros().into(), accepted_by.micros().into()]).await
}

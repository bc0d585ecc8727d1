//! Settling on PostgreSQL: one statement for everything.

use std::collections::HashSet;

use sea_orm::sqlx::{self, PgConnection};
use uuid::Uuid;

use super::{DEAD, Desk, HELD, Rows};
use crate::store::tally;

/// Letters are locked first: nobody reaches an order before the list of fenced letters is made.
/// Orders are then reached in the order of their ids, which the index gives.
///
/// What is said of a row is found by the place of its id in the sorted list of ids
/// (`width_bucket`): there is no join whose order a plan could get wrong.
///
/// `was` is the status that the statement found: while a letter holds an order, nobody else
/// changes it.
const SETTLE: &str = "
WITH fenced AS MATERIALIZED (
    SELECT id, batch_id, client, attempts, created_at FROM letters
    WHERE id = ANY ($1::uuid[]) AND fence = ($2::bigint[])[width_bucket(id, $1)] AND state = $3
    ORDER BY id FOR UPDATE
), decided AS (
    UPDATE orders o SET
        status_id = CASE WHEN ($8::boolean[])[width_bucket(o.id, $6)] THEN $4 ELSE o.status_id END,
        trade_order_id = CASE WHEN ($8)[width_bucket(o.id, $6)]
            THEN ($9::bigint[])[width_bucket(o.id, $6)] ELSE o.trade_order_id END,
        version = CASE WHEN ($8)[width_bucket(o.id, $6)] THEN o.version + 1 ELSE o.version END,
        last_error = CASE WHEN NOT ($8)[width_bucket(o.id, $6)]
            THEN coalesce(($11::text[])[width_bucket(o.id, $6)], o.last_error) END,
        letter_id = CASE WHEN NOT ($8)[width_bucket(o.id, $6)]
            THEN ($10::uuid[])[width_bucket(o.id, $6)] END,
        updated_at = $5
    WHERE o.id = ANY ($6::bigint[]) AND o.letter_id = ($7::uuid[])[width_bucket(o.id, $6)]
        AND o.letter_id = ANY (ARRAY(SELECT id FROM fenced))
    RETURNING o.blotter_id, o.order_type_id, o.status_id AS became,
        (SELECT status_id FROM orders before WHERE before.id = o.id) AS was
), tallied AS (
    INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders)
    SELECT $12, blotter_id, status_id, order_type_id, sum(orders)::bigint
    FROM (
        SELECT blotter_id, was AS status_id, order_type_id, -1 AS orders FROM decided
        UNION ALL
        SELECT blotter_id, became, order_type_id, 1 FROM decided
    ) AS moved
    GROUP BY blotter_id, status_id, order_type_id HAVING sum(orders) <> 0
    ORDER BY blotter_id, status_id, order_type_id
    ON CONFLICT (shard, blotter_id, status_id, order_type_id)
    DO UPDATE SET orders = kept.orders + excluded.orders
), kept AS (
    UPDATE letters SET
        state = ($14::smallint[])[width_bucket(id, $13)],
        undecided = ($15::text[])[width_bucket(id, $13)],
        attempts = ($16::integer[])[width_bucket(id, $13)],
        due_at = ($17::bigint[])[width_bucket(id, $13)],
        trouble = ($18::text[])[width_bucket(id, $13)],
        last_error = ($19::text[])[width_bucket(id, $13)],
        holder = CASE WHEN ($14)[width_bucket(id, $13)] = $3 THEN holder END,
        updated_at = $5
    WHERE id = ANY ($13::uuid[]) AND id = ANY (ARRAY(SELECT id FROM fenced))
), severed AS (
    INSERT INTO letters (id, batch_id, client, attempts, created_at, updated_at, due_at, fence,
        state, undecided, trouble, last_error)
    SELECT row.id, f.batch_id, f.client, f.attempts, f.created_at, $5, $5, 0, $20, row.undecided,
        row.trouble, row.reason
    FROM UNNEST($21::uuid[], $22::uuid[], $23::text[], $24::text[], $25::text[])
            AS row (id, parent, undecided, trouble, reason)
        JOIN fenced f ON f.id = row.parent
    ON CONFLICT (id) DO NOTHING
), closed AS (
    DELETE FROM letters
    WHERE id = ANY ($26::uuid[]) AND id = ANY (ARRAY(SELECT id FROM fenced))
)
SELECT id FROM fenced";

/// The letters that were as their settlements say, and only these are written.
pub(super) async fn settle(
    connection: &mut PgConnection,
    desk: &Desk,
    rows: &Rows<'_>,
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let Rows { letters, fates, kept, closed, severed } = rows;
    let done: Vec<Uuid> = sqlx::query_scalar(SETTLE)
        .bind(column(letters, |letter| letter.0))
        .bind(column(letters, |letter| letter.1))
        .bind(HELD)
        .bind(desk.sent)
        .bind(desk.now.micros())
        .bind(column(fates, |row| row.order_id))
        .bind(column(fates, |row| row.letter_id))
        .bind(column(fates, |row| row.trade_order_id.is_some()))
        .bind(column(fates, |row| row.trade_order_id.unwrap_or_default()))
        .bind(column(fates, |row| row.moves_to))
        .bind(column(fates, |row| row.error))
        .bind(tally::column(desk.shard))
        .bind(column(kept, |row| row.letter_id))
        .bind(column(kept, |row| row.state))
        .bind(column(kept, |row| row.undecided.as_str()))
        .bind(column(kept, |row| row.attempts))
        .bind(column(kept, |row| row.due_at))
        .bind(column(kept, |row| row.trouble.as_deref()))
        .bind(column(kept, |row| row.last_error))
        .bind(DEAD)
        .bind(column(severed, |row| row.letter_id))
        .bind(column(severed, |row| row.parent))
        .bind(column(severed, |row| row.undecided.as_str()))
        .bind(column(severed, |row| row.trouble.as_deref()))
        .bind(column(severed, |row| row.reason))
        .bind(closed.as_slice())
        .fetch_all(connection)
        .await?;
    Ok(done.into_iter().collect())
}

fn column<'a, Row, Value>(rows: &'a [Row], value: impl Fn(&'a Row) -> Value) -> Vec<Value> {
    rows.iter().map(value).collect()
}

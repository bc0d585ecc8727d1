//! A group on PostgreSQL: the shape of Weir's own statements, their rows as columns of arrays.

use sea_orm::sqlx::{self, PgPool};
use uuid::Uuid;

use super::rows::{
    BLOTTER, Batch, CLIENT, HELD, ROUTE, Row, SENT, STATUS, lettered, moves, tallies,
};

const INSERT: &str = "
WITH batch AS (
    INSERT INTO batches (id, client, route, fates, created_at, expires_at)
    SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
), tally AS (
    INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders)
    SELECT $7, * FROM UNNEST($8::integer[], $9::integer[], $10::integer[], $11::bigint[])
    ON CONFLICT (shard, blotter_id, status_id, order_type_id)
    DO UPDATE SET orders = kept.orders + excluded.orders
), letter AS (
    INSERT INTO letters (id, batch_id, client, state, holder, fence, undecided, due_at,
        created_at, updated_at, attempts)
    SELECT id, batch, client, $23, batch, 1, undecided, created, created, created, 0
    FROM UNNEST($24::uuid[], $25::uuid[], $26::text[], $27::text[], $28::bigint[])
        AS row (id, batch, client, undecided, created)
)
INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, blotter_id, status_id,
    order_type_id, version, limit_price, portfolio_id, security_id, client, letter_id)
SELECT id, quantity, ordered, created, created, blotter, status, order_type, 1, price, portfolio,
    security, client, letter
FROM UNNEST($12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::integer[],
    $17::integer[], $18::integer[], $19::bigint[], $20::text[], $21::text[], $22::text[],
    $29::uuid[])
    AS row (id, quantity, ordered, created, blotter, status, order_type, price, portfolio,
        security, client, letter)";

const SETTLE: &str = "
WITH tally AS (
    INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders)
    SELECT $1, $2, * FROM UNNEST($3::integer[], $4::integer[], $5::bigint[])
    ON CONFLICT (shard, blotter_id, status_id, order_type_id)
    DO UPDATE SET orders = kept.orders + excluded.orders
), closed AS (
    DELETE FROM letters WHERE id = ANY ($6::uuid[])
)
UPDATE orders o SET status_id = $7, trade_order_id = fate.trade, version = o.version + 1,
    letter_id = NULL, updated_at = $8
FROM UNNEST($9::bigint[], $10::bigint[], $11::uuid[]) AS fate (id, trade, letter)
WHERE o.id = fate.id AND o.letter_id = fate.letter";

/// One statement is its own transaction.
pub(super) async fn insert_group(
    pool: &PgPool,
    shard: i16,
    batches: &[Batch],
) -> Result<(), sqlx::Error> {
    let all = batches.iter().flat_map(|batch| batch.orders.iter().map(move |row| (batch, row)));
    let rows: Vec<(&Batch, &Row)> = all.collect();
    let tallies = tallies(batches);
    let letters = lettered(batches);
    sqlx::query(INSERT)
        .bind(column(batches, |batch| batch.id))
        .bind(column(batches, |_| CLIENT))
        .bind(column(batches, |_| ROUTE))
        .bind(column(batches, |batch| batch.fates.as_str()))
        .bind(column(batches, |batch| batch.created_at))
        .bind(column(batches, |batch| batch.expires_at))
        .bind(shard)
        .bind(column(&tallies, |_| BLOTTER))
        .bind(column(&tallies, |_| STATUS))
        .bind(column(&tallies, |tally| tally.0))
        .bind(column(&tallies, |tally| tally.1))
        .bind(column(&rows, |(_, row)| row.id))
        .bind(column(&rows, |(_, row)| row.order.quantity))
        .bind(column(&rows, |(_, row)| row.ordered_at))
        .bind(column(&rows, |(batch, _)| batch.created_at))
        .bind(column(&rows, |_| BLOTTER))
        .bind(column(&rows, |_| STATUS))
        .bind(column(&rows, |(_, row)| row.order.order_type))
        .bind(column(&rows, |(_, row)| Some(row.order.limit_price)))
        .bind(column(&rows, |(_, row)| row.order.portfolio))
        .bind(column(&rows, |(_, row)| row.order.security))
        .bind(column(&rows, |_| CLIENT))
        .bind(HELD)
        .bind(column(&letters, |letter| letter.1))
        .bind(column(&letters, |letter| letter.0.id))
        .bind(column(&letters, |_| CLIENT))
        .bind(column(&letters, |letter| letter.0.undecided()))
        .bind(column(&letters, |letter| letter.0.created_at))
        .bind(column(&rows, |(batch, _)| batch.letter))
        .execute(pool)
        .await?;
    Ok(())
}

/// The orders of these batches are sent, each with its own id as its trade's.
pub(super) async fn settle_group(
    pool: &PgPool,
    shard: i16,
    batches: &[Batch],
) -> Result<(), sqlx::Error> {
    let all = lettered(batches);
    let each = |(batch, letter): &(&Batch, Uuid)| {
        let letter = *letter;
        batch.orders.iter().map(move |row| (row.id, letter)).collect::<Vec<_>>()
    };
    let fates: Vec<(i64, Uuid)> = all.iter().flat_map(each).collect();
    let moves = moves(batches);
    sqlx::query(SETTLE)
        .bind(shard)
        .bind(BLOTTER)
        .bind(column(&moves, |moved| moved.0))
        .bind(column(&moves, |moved| moved.1))
        .bind(column(&moves, |moved| moved.2))
        .bind(column(&all, |letter| letter.1))
        .bind(SENT)
        .bind(batches.first().map(|batch| batch.created_at))
        .bind(column(&fates, |fate| fate.0))
        .bind(column(&fates, |fate| fate.0))
        .bind(column(&fates, |fate| fate.1))
        .execute(pool)
        .await?;
    Ok(())
}

fn column<'a, Row, Value>(rows: &'a [Row], value: impl Fn(&'a Row) -> Value) -> Vec<Value> {
    rows.iter().map(value).collect()
}

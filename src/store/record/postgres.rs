//! Recording on PostgreSQL: one statement for everything, its rows as columns of arrays.

use sea_orm::sqlx::{self, PgConnection};
use uuid::Uuid;

use super::{LetterRow, Rows};
use crate::store::tally;

/// Batches, letters, tallies and orders in one round trip. The text never changes, so it is
/// prepared once per connection, whatever the size of the group.
const INSERT: &str = "
WITH batch AS (
    INSERT INTO batches (id, client, route, fates, created_at, expires_at, idempotency_key,
        fingerprint)
    SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[],
        $6::bigint[], $7::text[], $8::bytea[])
), letter AS (
    INSERT INTO letters (id, batch_id, client, state, holder, fence, undecided, due_at,
        created_at, updated_at, attempts)
    SELECT id, batch, client, state, holder, fence, undecided, created, created, created, 0
    FROM UNNEST($9::uuid[], $10::uuid[], $11::text[], $12::smallint[], $13::uuid[],
        $14::bigint[], $15::text[], $16::bigint[])
        AS row (id, batch, client, state, holder, fence, undecided, created)
), tally AS (
    INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders)
    SELECT $17, * FROM UNNEST($18::integer[], $19::integer[], $20::integer[], $21::bigint[])
    ON CONFLICT (shard, blotter_id, status_id, order_type_id)
    DO UPDATE SET orders = kept.orders + excluded.orders
)
INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, blotter_id, status_id,
    order_type_id, version, limit_price, portfolio_id, security_id, client, client_order_id,
    letter_id)
SELECT id, quantity, ordered, created, created, blotter, status, order_type, 1, price, portfolio,
    security, client, client_order, letter
FROM UNNEST($22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::integer[],
    $27::integer[], $28::integer[], $29::bigint[], $30::text[], $31::text[], $32::text[],
    $33::text[], $34::uuid[])
    AS row (id, quantity, ordered, created, blotter, status, order_type, price, portfolio,
        security, client, client_order, letter)";

/// Only orders that are as they were recorded; the ids are sorted.
const PUT_INTO_LETTERS: &str = "
UPDATE orders SET letter_id = ($2::uuid[])[width_bucket(id, $1)]
WHERE id = ANY ($1::bigint[]) AND version = 1 AND letter_id IS NULL AND trade_order_id IS NULL";

pub(super) async fn insert(
    connection: &mut PgConnection,
    shard: u16,
    rows: &Rows<'_>,
) -> Result<(), sqlx::Error> {
    let batches = &rows.batches;
    let letters = &rows.letters;
    let orders = &rows.orders;
    let tallies: Vec<_> = rows.tallies.rows().collect();
    sqlx::query(INSERT)
        .bind(column(batches, |row| row.batch.id))
        .bind(column(batches, |row| row.batch.client.as_str()))
        .bind(column(batches, |row| row.batch.route))
        .bind(column(batches, |row| row.fates.as_str()))
        .bind(column(batches, |row| row.batch.accepted_at.micros()))
        .bind(column(batches, |row| row.batch.expires_at.micros()))
        .bind(column(batches, |row| row.batch.key.as_ref().map(|key| key.text.as_str())))
        .bind(column(batches, |row| row.batch.key.as_ref().map(|key| &key.fingerprint[..])))
        .bind(column(letters, |row| row.id))
        .bind(column(letters, |row| row.batch.id))
        .bind(column(letters, |row| row.batch.client.as_str()))
        .bind(column(letters, LetterRow::state))
        .bind(column(letters, |row| row.holder))
        .bind(column(letters, LetterRow::fence))
        .bind(column(letters, |row| row.undecided.as_str()))
        .bind(column(letters, |row| row.batch.accepted_at.micros()))
        .bind(tally::column(shard))
        .bind(column(&tallies, |row| row.0))
        .bind(column(&tallies, |row| row.1))
        .bind(column(&tallies, |row| row.2))
        .bind(column(&tallies, |row| row.3))
        .bind(column(orders, |row| row.order.id))
        .bind(column(orders, |row| row.order.terms.quantity.scaled()))
        .bind(column(orders, |row| row.order.terms.ordered_at.micros()))
        .bind(column(orders, |row| row.batch.accepted_at.micros()))
        .bind(column(orders, |row| row.order.terms.blotter_id))
        .bind(column(orders, |row| row.order.terms.status_id))
        .bind(column(orders, |row| row.order.terms.order_type_id))
        .bind(column(orders, |row| row.order.terms.limit_price.map(|price| price.scaled())))
        .bind(column(orders, |row| row.order.terms.portfolio_id.as_str()))
        .bind(column(orders, |row| row.order.terms.security_id.as_str()))
        .bind(column(orders, |row| row.batch.client.as_str()))
        .bind(column(orders, |row| row.order.terms.client_order_id.as_deref()))
        .bind(column(orders, |row| row.letter_id))
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts orders that stand already into their letters; says how many.
pub(super) async fn put_into_letters(
    connection: &mut PgConnection,
    pairs: &[(i64, Uuid)],
) -> Result<u64, sqlx::Error> {
    let put = sqlx::query(PUT_INTO_LETTERS)
        .bind(column(pairs, |(id, _)| *id))
        .bind(column(pairs, |(_, letter)| *letter));
    Ok(put.execute(connection).await?.rows_affected())
}

fn column<'a, Row, Value>(rows: &'a [Row], value: impl Fn(&'a Row) -> Value) -> Vec<Value> {
    rows.iter().map(value).collect()
}

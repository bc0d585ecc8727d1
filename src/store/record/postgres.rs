//! Recording on PostgreSQL: one statement for everything, its rows as columns of arrays.

use sea_orm::sqlx::{self, PgConnection};

use super::Rows;
use crate::store::tally;

/// Batches, tallies and orders in one round trip. The text never changes, so it is prepared
/// once per connection, whatever the size of the group.
const INSERT: &str = "
WITH batch AS (
    INSERT INTO batches (id, client, route, fates, created_at, expires_at)
    SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
), tally AS (
    INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders)
    SELECT $7, * FROM UNNEST($8::integer[], $9::integer[], $10::integer[], $11::bigint[])
    ON CONFLICT (shard, blotter_id, status_id, order_type_id)
    DO UPDATE SET orders = kept.orders + excluded.orders
)
INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, blotter_id, status_id,
    order_type_id, version, limit_price, portfolio_id, security_id, client)
SELECT id, quantity, ordered, created, created, blotter, status, order_type, 1, price, portfolio,
    security, client
FROM UNNEST($12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::integer[],
    $17::integer[], $18::integer[], $19::bigint[], $20::text[], $21::text[], $22::text[])
    AS row (id, quantity, ordered, created, blotter, status, order_type, price, portfolio,
        security, client)";

pub(super) async fn insert(
    connection: &mut PgConnection,
    shard: u16,
    rows: &Rows<'_>,
) -> Result<(), sqlx::Error> {
    let batches = &rows.batches;
    let orders = &rows.orders;
    let tallies: Vec<_> = rows.tallies.rows().collect();
    sqlx::query(INSERT)
        .bind(column(batches, |row| row.batch.id))
        .bind(column(batches, |row| row.batch.client.as_str()))
        .bind(column(batches, |row| row.batch.route))
        .bind(column(batches, |row| row.fates.as_str()))
        .bind(column(batches, |row| row.batch.accepted_at.micros()))
        .bind(column(batches, |row| row.batch.expires_at.micros()))
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
        .execute(connection)
        .await?;
    Ok(())
}

fn column<'a, Row, Value>(rows: &'a [Row], value: impl Fn(&'a Row) -> Value) -> Vec<Value> {
    rows.iter().map(value).collect()
}

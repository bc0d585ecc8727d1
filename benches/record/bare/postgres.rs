//! A group on PostgreSQL: the shape of Weir's own statement, its rows as columns of arrays.

use sea_orm::sqlx::{self, PgPool};

use super::rows::{BLOTTER, Batch, CLIENT, ROUTE, Row, STATUS, tallies};

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

/// One statement is its own transaction.
pub(super) async fn insert_group(
    pool: &PgPool,
    shard: i16,
    batches: &[Batch],
) -> Result<(), sqlx::Error> {
    let all = batches.iter().flat_map(|batch| batch.orders.iter().map(move |row| (batch, row)));
    let rows: Vec<(&Batch, &Row)> = all.collect();
    let tallies = tallies(batches);
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
        .execute(pool)
        .await?;
    Ok(())
}

fn column<'a, Row, Value>(rows: &'a [Row], value: impl Fn(&'a Row) -> Value) -> Vec<Value> {
    rows.iter().map(value).collect()
}

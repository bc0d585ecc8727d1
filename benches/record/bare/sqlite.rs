//! A group on SQLite: the shape of Weir's own statements, multi-row inserts in a few sizes.

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqlitePool};
use sea_orm::sqlx::{self, AssertSqlSafe};

use super::rows::{BLOTTER, Batch, CLIENT, ROUTE, Row, STATUS, tallies};

const LADDER: [usize; 3] = [400, 100, 25];

const BATCH: [&str; 3] = [
    "INSERT INTO batches (id, client, route, fates, created_at, expires_at) VALUES ",
    "(?, ?, ?, ?, ?, ?)",
    "",
];
const ORDER: [&str; 3] = [
    "INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, blotter_id, \
     status_id, order_type_id, version, limit_price, portfolio_id, security_id, client) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
    "",
];
const TALLY: [&str; 3] = [
    "INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders) \
     VALUES ",
    "(?, ?, ?, ?, ?)",
    " ON CONFLICT (shard, blotter_id, status_id, order_type_id) \
     DO UPDATE SET orders = kept.orders + excluded.orders",
];

type Tally = (i16, (i32, i64));
type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

pub(super) async fn insert_group(
    pool: &SqlitePool,
    shard: i16,
    batches: &[Batch],
) -> Result<(), sqlx::Error> {
    let all = batches.iter().flat_map(|batch| batch.orders.iter().map(move |row| (batch, row)));
    let rows: Vec<(&Batch, &Row)> = all.collect();
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    insert(&mut transaction, BATCH, batches, bind_batch).await?;
    insert(&mut transaction, ORDER, &rows, bind_order).await?;
    let tallies: Vec<Tally> = tallies(batches).into_iter().map(|tally| (shard, tally)).collect();
    insert(&mut transaction, TALLY, &tallies, bind_tally).await?;
    transaction.commit().await
}

async fn insert<'q, Row>(
    connection: &mut SqliteConnection,
    [head, values, tail]: [&str; 3],
    mut rows: &'q [Row],
    bind: impl Fn(Statement<'q>, &'q Row) -> Statement<'q>,
) -> Result<(), sqlx::Error> {
    while !rows.is_empty() {
        let size = LADDER.into_iter().find(|size| *size <= rows.len()).unwrap_or(rows.len());
        let (part, after) = rows.split_at(size);
        let text = [head, &vec![values; size].join(", "), tail].concat();
        let statement = sqlx::query(AssertSqlSafe(text));
        part.iter().fold(statement, &bind).execute(&mut *connection).await?;
        rows = after;
    }
    Ok(())
}

fn bind_batch<'q>(statement: Statement<'q>, batch: &'q Batch) -> Statement<'q> {
    statement
        .bind(batch.id)
        .bind(CLIENT)
        .bind(ROUTE)
        .bind(batch.fates.as_str())
        .bind(batch.created_at)
        .bind(batch.expires_at)
}

fn bind_order<'q>(statement: Statement<'q>, (batch, row): &'q (&Batch, &Row)) -> Statement<'q> {
    statement
        .bind(row.id)
        .bind(row.order.quantity)
        .bind(row.ordered_at)
        .bind(batch.created_at)
        .bind(batch.created_at)
        .bind(BLOTTER)
        .bind(STATUS)
        .bind(row.order.order_type)
        .bind(Some(row.order.limit_price))
        .bind(row.order.portfolio)
        .bind(row.order.security)
        .bind(CLIENT)
}

fn bind_tally<'q>(statement: Statement<'q>, (shard, tally): &'q Tally) -> Statement<'q> {
    statement.bind(*shard).bind(BLOTTER).bind(STATUS).bind(tally.0).bind(tally.1)
}

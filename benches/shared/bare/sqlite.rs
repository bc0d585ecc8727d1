//! A group on SQLite: the shape of Weir's own statements, multi-row inserts in a few sizes, and
//! updates with all their rows in one JSON value.

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqlitePool};
use sea_orm::sqlx::{self, AssertSqlSafe};

use serde_json::json;
use uuid::Uuid;

use super::rows::{
    BLOTTER, Batch, CLIENT, HELD, ROUTE, Row, SENT, STATUS, lettered, moves, tallies,
};

const LADDER: [usize; 3] = [400, 100, 25];

const BATCH: [&str; 3] = [
    "INSERT INTO batches (id, client, route, fates, created_at, expires_at) VALUES ",
    "(?, ?, ?, ?, ?, ?)",
    "",
];
const ORDER: [&str; 3] = [
    "INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, blotter_id, \
     status_id, order_type_id, version, limit_price, portfolio_id, security_id, client, \
     letter_id) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
    "",
];
const LETTER: [&str; 3] = [
    "INSERT INTO letters (id, batch_id, client, state, holder, fence, undecided, due_at, \
     created_at, updated_at, attempts) VALUES ",
    "(?, ?, ?, ?, ?, 1, ?, ?, ?, ?, 0)",
    "",
];
const TALLY: [&str; 3] = [
    "INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders) \
     VALUES ",
    "(?, ?, ?, ?, ?)",
    " ON CONFLICT (shard, blotter_id, status_id, order_type_id) \
     DO UPDATE SET orders = kept.orders + excluded.orders",
];

const DECIDE: &str = "
UPDATE orders SET status_id = ?2, trade_order_id = fate.value ->> 0, version = version + 1,
    letter_id = NULL, updated_at = ?3
FROM json_each(?1) AS fate
WHERE orders.id = fate.value ->> 0 AND orders.letter_id = unhex(fate.value ->> 1)";
const CLOSE: &str = "DELETE FROM letters WHERE id IN (SELECT unhex(value) FROM json_each(?))";

/// Shard, status, order type and the change.
type Tally = (i16, (i32, i32, i64));
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
    insert(&mut transaction, LETTER, &lettered(batches), bind_letter).await?;
    let tallies = tallies(batches).into_iter();
    let tallies = tallies.map(|(order_type, orders)| (shard, (STATUS, order_type, orders)));
    insert(&mut transaction, TALLY, &tallies.collect::<Vec<_>>(), bind_tally).await?;
    transaction.commit().await
}

/// The orders of these batches are sent, each with its own id as its trade's.
pub(super) async fn settle_group(
    pool: &SqlitePool,
    shard: i16,
    batches: &[Batch],
) -> Result<(), sqlx::Error> {
    let all = lettered(batches);
    let fates: Vec<_> = all
        .iter()
        .flat_map(|(batch, letter)| {
            let letter = letter.simple().to_string();
            batch.orders.iter().map(move |row| json!([row.id, letter]))
        })
        .collect();
    let letters: Vec<_> = all.iter().map(|(_, letter)| letter.simple().to_string()).collect();
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let moves: Vec<Tally> = moves(batches).into_iter().map(|moved| (shard, moved)).collect();
    insert(&mut transaction, TALLY, &moves, bind_tally).await?;
    let decide = sqlx::query(DECIDE).bind(json!(fates).to_string()).bind(SENT);
    let decide = decide.bind(batches.first().map(|batch| batch.created_at));
    decide.execute(&mut *transaction).await?;
    sqlx::query(CLOSE).bind(json!(letters).to_string()).execute(&mut *transaction).await?;
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
        .bind(batch.letter)
}

fn bind_letter<'q>(statement: Statement<'q>, (batch, letter): &'q (&Batch, Uuid)) -> Statement<'q> {
    let statement = statement.bind(*letter).bind(batch.id).bind(CLIENT).bind(HELD).bind(batch.id);
    let statement = statement.bind(batch.undecided()).bind(batch.created_at);
    statement.bind(batch.created_at).bind(batch.created_at)
}

fn bind_tally<'q>(statement: Statement<'q>, (shard, moved): &'q Tally) -> Statement<'q> {
    statement.bind(*shard).bind(BLOTTER).bind(moved.0).bind(moved.1).bind(moved.2)
}

//! Recording on SQLite: multi-row inserts in a few sizes.
//!
//! Each statement costs a hop to SQLite's thread and each new text a parse, so rows go down in
//! the largest size of a short ladder that they fill, and what is left in one more statement:
//! few statements, and so few texts that all of them stay prepared.

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sea_orm::sqlx::{self, AssertSqlSafe};
use uuid::Uuid;

use super::{BatchRow, LetterRow, OrderRow, Rows};
use crate::store::{sql, tally};

/// Rows per statement, largest first: 14 values a row stay far below SQLite's 32,766. The last
/// is the batch that callers usually send; what is left after it has a text of its own size.
const LADDER: [usize; 3] = [400, 100, 25];

const BATCH: Shape = Shape {
    head: "INSERT INTO batches (id, client, route, fates, created_at, expires_at, \
           idempotency_key, fingerprint) VALUES ",
    row: "(?, ?, ?, ?, ?, ?, ?, ?)",
    tail: "",
};
const LETTER: Shape = Shape {
    head: "INSERT INTO letters (id, batch_id, client, state, holder, fence, undecided, due_at, \
           created_at, updated_at, attempts) VALUES ",
    row: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
    tail: "",
};
const ORDER: Shape = Shape {
    head: "INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, blotter_id, \
           status_id, order_type_id, version, limit_price, portfolio_id, security_id, client, \
           client_order_id, letter_id) VALUES ",
    row: "(?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
    tail: "",
};
const TALLY: Shape = Shape {
    head: "INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders) \
           VALUES ",
    row: "(?, ?, ?, ?, ?)",
    tail: " ON CONFLICT (shard, blotter_id, status_id, order_type_id) \
           DO UPDATE SET orders = kept.orders + excluded.orders",
};

/// A multi-row insert before its size is known.
struct Shape {
    head: &'static str,
    row: &'static str,
    tail: &'static str,
}

/// Only orders that are as they were recorded.
const PUT_INTO_LETTERS: &str = "
UPDATE orders SET letter_id = unhex(row.value ->> 1) FROM json_each(?) AS row
WHERE orders.id = row.value ->> 0 AND orders.version = 1 AND orders.letter_id IS NULL
    AND orders.trade_order_id IS NULL";

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    shard: u16,
    rows: &Rows<'_>,
) -> Result<(), sqlx::Error> {
    BATCH.insert(connection, &rows.batches, bind_batch).await?;
    LETTER.insert(connection, &rows.letters, bind_letter).await?;
    ORDER.insert(connection, &rows.orders, bind_order).await?;
    let shard = tally::column(shard);
    let tallies: Vec<TallyRow> = rows.tallies.rows().map(|tally| (shard, tally)).collect();
    TALLY.insert(connection, &tallies, bind_tally).await
}

/// Puts orders that stand already into their letters; says how many.
pub(super) async fn put_into_letters(
    connection: &mut SqliteConnection,
    pairs: &[(i64, Uuid)],
) -> Result<u64, sqlx::Error> {
    let pairs: Vec<_> = pairs.iter().map(|(id, letter)| (*id, sql::hex(*letter))).collect();
    let put = sqlx::query(PUT_INTO_LETTERS).bind(serde_json::json!(pairs).to_string());
    Ok(put.execute(connection).await?.rows_affected())
}

impl Shape {
    async fn insert<'q, Row>(
        &self,
        connection: &mut SqliteConnection,
        rows: &'q [Row],
        bind: impl Fn(Statement<'q>, &'q Row) -> Statement<'q>,
    ) -> Result<(), sqlx::Error> {
        let mut rest = rows;
        while !rest.is_empty() {
            let size = LADDER.into_iter().find(|size| *size <= rest.len()).unwrap_or(rest.len());
            let (part, after) = rest.split_at(size);
            let statement = sqlx::query(AssertSqlSafe(self.text(size)));
            part.iter().fold(statement, &bind).execute(&mut *connection).await?;
            rest = after;
        }
        Ok(())
    }

    fn text(&self, rows: usize) -> String {
        let values = vec![self.row; rows].join(", ");
        [self.head, &values, self.tail].concat()
    }
}

fn bind_batch<'q>(statement: Statement<'q>, row: &'q BatchRow<'_>) -> Statement<'q> {
    let batch = row.batch;
    statement
        .bind(batch.id)
        .bind(batch.client.as_str())
        .bind(batch.route)
        .bind(row.fates.as_str())
        .bind(batch.accepted_at.micros())
        .bind(batch.expires_at.micros())
        .bind(batch.key.as_ref().map(|key| key.text.as_str()))
        .bind(batch.key.as_ref().map(|key| &key.fingerprint[..]))
}

fn bind_letter<'q>(statement: Statement<'q>, row: &'q LetterRow<'_>) -> Statement<'q> {
    let created = row.batch.accepted_at.micros();
    statement
        .bind(row.id)
        .bind(row.batch.id)
        .bind(row.batch.client.as_str())
        .bind(row.state())
        .bind(row.holder)
        .bind(row.fence())
        .bind(row.undecided.as_str())
        .bind(created)
        .bind(created)
        .bind(created)
}

type TallyRow = (i16, (i32, i32, i32, i64));

fn bind_tally<'q>(statement: Statement<'q>, (shard, tally): &'q TallyRow) -> Statement<'q> {
    statement.bind(*shard).bind(tally.0).bind(tally.1).bind(tally.2).bind(tally.3)
}

fn bind_order<'q>(statement: Statement<'q>, row: &'q OrderRow<'_>) -> Statement<'q> {
    let (order, terms) = (row.order, &row.order.terms);
    let created = row.batch.accepted_at.micros();
    statement
        .bind(order.id)
        .bind(terms.quantity.scaled())
        .bind(terms.ordered_at.micros())
        .bind(created)
        .bind(created)
        .bind(terms.blotter_id)
        .bind(terms.status_id)
        .bind(terms.order_type_id)
        .bind(terms.limit_price.map(|price| price.scaled()))
        .bind(terms.portfolio_id.as_str())
        .bind(terms.security_id.as_str())
        .bind(row.batch.client.as_str())
        .bind(terms.client_order_id.as_deref())
        .bind(row.letter_id)
}

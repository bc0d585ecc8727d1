//! Recording on SQLite: multi-row inserts in a few sizes.
//!
//! Each statement costs a hop to SQLite's thread and each new text a parse, so rows go down in
//! the largest size of a short ladder that they fill, and what is left in one more statement:
//! few statements, and so few texts that all of them stay prepared.

use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sea_orm::sqlx::{self, AssertSqlSafe};

use super::{BatchRow, OrderRow, Rows};
use crate::store::tally;

/// Rows per statement, largest first: 12 values a row stay far below SQLite's 32,766. The last
/// is the batch that callers usually send; what is left after it has a text of its own size.
const LADDER: [usize; 3] = [400, 100, 25];

const BATCH: Shape = Shape {
    head: "INSERT INTO batches (id, client, route, fates, created_at, expires_at) VALUES ",
    row: "(?, ?, ?, ?, ?, ?)",
    tail: "",
};
const ORDER: Shape = Shape {
    head: "INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, blotter_id, \
           status_id, order_type_id, version, limit_price, portfolio_id, security_id, client) VALUES ",
    row: "(?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
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

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    shard: u16,
    rows: &Rows<'_>,
) -> Result<(), sqlx::Error> {
    BATCH.insert(connection, &rows.batches, bind_batch).await?;
    ORDER.insert(connection, &rows.orders, bind_order).await?;
    let shard = tally::column(shard);
    let tallies: Vec<TallyRow> = rows.tallies.rows().map(|tally| (shard, tally)).collect();
    TALLY.insert(connection, &tallies, bind_tally).await
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
}

//! Settling on SQLite: a few statements, each with all its rows in one JSON value.
//!
//! Each statement costs a hop to SQLite's thread, so what has nothing to do is left out.

use std::collections::HashSet;

use sea_orm::sqlx::{self, SqliteConnection};
use serde::Serialize;
use uuid::Uuid;

use super::{DEAD, Desk, HELD, Round, Rows};
use crate::store::{sql, tally};

const FENCED: &str = "
SELECT l.id FROM json_each(?) AS given JOIN letters l ON l.id = unhex(given.value ->> 0)
WHERE l.fence = given.value ->> 1 AND l.state = ?";

/// Before the orders are changed: each leaves the status that it has now.
const TALLY: &str = "
WITH sent AS MATERIALIZED (
    SELECT o.blotter_id, o.status_id, o.order_type_id, count(*) AS orders
    FROM json_each(?1) AS fate CROSS JOIN orders o
    WHERE o.id = fate.value ->> 0 AND o.letter_id = unhex(fate.value ->> 1)
        AND fate.value ->> 2 IS NOT NULL
    GROUP BY o.blotter_id, o.status_id, o.order_type_id
)
INSERT INTO order_tallies AS kept (shard, blotter_id, status_id, order_type_id, orders)
SELECT ?2, blotter_id, status_id, order_type_id, sum(orders)
FROM (
    SELECT blotter_id, status_id, order_type_id, -orders AS orders FROM sent
    UNION ALL
    SELECT blotter_id, ?3, order_type_id, orders FROM sent
)
GROUP BY blotter_id, status_id, order_type_id HAVING sum(orders) <> 0
ON CONFLICT (shard, blotter_id, status_id, order_type_id)
DO UPDATE SET orders = kept.orders + excluded.orders";

const DECIDE: &str = "
UPDATE orders SET
    status_id = CASE WHEN fate.value ->> 2 IS NULL THEN status_id ELSE ?2 END,
    trade_order_id = coalesce(fate.value ->> 2, trade_order_id),
    version = version + (fate.value ->> 2 IS NOT NULL),
    last_error = CASE WHEN fate.value ->> 2 IS NULL
        THEN coalesce(fate.value ->> 4, last_error) END,
    letter_id = unhex(fate.value ->> 3),
    updated_at = ?3
FROM json_each(?1) AS fate
WHERE orders.id = fate.value ->> 0 AND orders.letter_id = unhex(fate.value ->> 1)";

const SEVER: &str = "
INSERT INTO letters (id, batch_id, client, attempts, created_at, updated_at, due_at, fence, state,
    undecided, trouble, last_error)
SELECT unhex(given.value ->> 0), l.batch_id, l.client, l.attempts, l.created_at, ?2, ?2, 0, ?3,
    given.value ->> 2, given.value ->> 3, given.value ->> 4
FROM json_each(?1) AS given JOIN letters l ON l.id = unhex(given.value ->> 1)
WHERE true ON CONFLICT (id) DO NOTHING";

const KEEP: &str = "
UPDATE letters SET state = given.value ->> 1, undecided = given.value ->> 2,
    attempts = given.value ->> 3, due_at = given.value ->> 4, trouble = given.value ->> 5,
    last_error = given.value ->> 6, updated_at = ?2,
    holder = CASE WHEN given.value ->> 1 = ?3 THEN holder END
FROM json_each(?1) AS given WHERE letters.id = unhex(given.value ->> 0)";

const CLOSE: &str = "
DELETE FROM letters WHERE id IN (SELECT unhex(value) FROM json_each(?))";

/// The letters that were as their settlements say, and only these are written.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    desk: &Desk,
    round: &Round<'_>,
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let letters: Vec<_> =
        round.iter().map(|(_, said)| (sql::hex(said.letter_id), said.fence)).collect();
    let fenced = sqlx::query_scalar(FENCED).bind(text(&letters)).bind(HELD);
    let fenced: HashSet<Uuid> = fenced.fetch_all(&mut *connection).await?.into_iter().collect();
    let mut round = round.clone();
    round.retain(|(_, settlement)| fenced.contains(&settlement.letter_id));
    write(connection, desk, &super::rows(&round)).await?;
    Ok(fenced)
}

async fn write(
    connection: &mut SqliteConnection,
    desk: &Desk,
    rows: &Rows<'_>,
) -> Result<(), sqlx::Error> {
    let now = desk.now.micros();
    let Rows { letters: _, fates, kept, closed, severed } = rows;
    if !fates.is_empty() {
        let hex = |id: Option<Uuid>| id.map(sql::hex);
        let fates = fates.iter().map(|row| {
            let from = sql::hex(row.letter_id);
            (row.order_id, from, row.trade_order_id, hex(row.moves_to), row.error)
        });
        let fates = text(&fates.collect::<Vec<_>>());
        let tally = sqlx::query(TALLY).bind(fates.clone()).bind(tally::column(desk.shard));
        tally.bind(desk.sent).execute(&mut *connection).await?;
        let decide = sqlx::query(DECIDE).bind(fates).bind(desk.sent).bind(now);
        decide.execute(&mut *connection).await?;
    }
    if !severed.is_empty() {
        let severed = severed.iter().map(|row| {
            let (id, parent) = (sql::hex(row.letter_id), sql::hex(row.parent));
            (id, parent, &row.undecided, &row.trouble, row.reason)
        });
        let severed = text(&severed.collect::<Vec<_>>());
        let sever = sqlx::query(SEVER).bind(severed).bind(now).bind(DEAD);
        sever.execute(&mut *connection).await?;
    }
    if !kept.is_empty() {
        let kept = kept.iter().map(|row| {
            let id = sql::hex(row.letter_id);
            let (undecided, trouble) = (&row.undecided, &row.trouble);
            (id, row.state, undecided, row.attempts, row.due_at, trouble, row.last_error)
        });
        let kept = text(&kept.collect::<Vec<_>>());
        sqlx::query(KEEP).bind(kept).bind(now).bind(HELD).execute(&mut *connection).await?;
    }
    if !closed.is_empty() {
        let close = sqlx::query(CLOSE).bind(text(&sql::hexes(closed)));
        close.execute(&mut *connection).await?;
    }
    Ok(())
}

fn text(rows: &impl Serialize) -> String {
    serde_json::json!(rows).to_string()
}

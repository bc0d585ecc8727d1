//! The design before: a transaction for each order, open while the order's own call is out. The
//! orders of a batch go side by side, as far as the permits reach.

use awc::Client;
use futures_util::future::join_all;
use sea_orm::sqlx::{self, AssertSqlSafe};

use super::Rival;
use super::trade::{LOAD, Trade, place_single};

const UPDATE: &str = "
UPDATE orders SET status_id = $1, trade_order_id = $2, version = version + 1, updated_at = $3
WHERE id = $4";

pub(super) async fn submit(rival: &Rival, client: &Client, ids: &[i64]) -> Vec<Trade> {
    join_all(ids.iter().map(|id| submit_one(rival, client, *id))).await
}

async fn submit_one(rival: &Rival, client: &Client, id: i64) -> Trade {
    let _permit = rival.permits.acquire().await.unwrap();
    let mut transaction = rival.pool.begin().await.unwrap();
    let load = AssertSqlSafe(format!("{LOAD} WHERE o.id = $1"));
    let order = sqlx::query_as(load).bind(id).fetch_one(&mut *transaction).await.unwrap();
    let trade = place_single(client, &rival.trade, &order).await;
    let update = sqlx::query(UPDATE).bind(rival.sent).bind(trade.id);
    let update = update.bind(chrono::Utc::now().timestamp_micros()).bind(id);
    update.execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    trade
}

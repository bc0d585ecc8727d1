//! The plain design: insert, load, call, update, each in bulk, and nothing that would know after
//! a crash where it was.

use awc::Client;
use sea_orm::sqlx::{self, AssertSqlSafe};

use super::trade::{LOAD, Trade, place_bulk};
use super::{Rival, column};

const UPDATE: &str = "
UPDATE orders o SET status_id = $1, trade_order_id = trade.id, version = o.version + 1,
    updated_at = $2
FROM UNNEST($3::bigint[], $4::bigint[]) AS trade (order_id, id) WHERE o.id = trade.order_id";

pub(super) async fn submit(rival: &Rival, client: &Client, ids: &[i64]) -> Vec<Trade> {
    let _permit = rival.permits.acquire().await.unwrap();
    let load = AssertSqlSafe(format!("{LOAD} WHERE o.id = ANY ($1) ORDER BY o.id"));
    let orders = sqlx::query_as(load).bind(ids).fetch_all(&rival.pool).await.unwrap();
    let trades = place_bulk(client, &rival.trade, &orders).await;
    sqlx::query(UPDATE)
        .bind(rival.sent)
        .bind(chrono::Utc::now().timestamp_micros())
        .bind(column(&trades, |trade| trade.order_id))
        .bind(column(&trades, |trade| trade.id))
        .execute(&rival.pool)
        .await
        .unwrap();
    trades
}

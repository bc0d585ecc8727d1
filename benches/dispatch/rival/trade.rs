//! What a rival says to the trade service.

use std::time::Duration;

use awc::{Client, Connector};
use sea_orm::sqlx::postgres::PgRow;
use sea_orm::sqlx::{self, FromRow, Row};
use serde::{Deserialize, Serialize};

/// For one thread, as many as there can be calls at once.
const CONNECTIONS_MAX: usize = 25;
const TIMEOUT: Duration = Duration::from_secs(45);
const ANSWER_MAX: usize = 4 << 20;

/// An order as it was loaded.
pub(super) struct Loaded {
    id: i64,
    quantity: i64,
    limit_price: i64,
    order_type: String,
    portfolio_id: String,
    security_id: String,
}

impl FromRow<'_, PgRow> for Loaded {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get(0)?,
            quantity: row.try_get(1)?,
            limit_price: row.try_get(2)?,
            order_type: row.try_get(3)?,
            portfolio_id: row.try_get(4)?,
            security_id: row.try_get(5)?,
        })
    }
}

/// The columns in the order in which they are read; a condition on `o` follows.
pub(super) const LOAD: &str = "
SELECT o.id, o.quantity, o.limit_price, t.abbreviation, o.portfolio_id, o.security_id
FROM orders o JOIN order_types t ON t.id = o.order_type_id ";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Placed<'a> {
    order_id: i64,
    portfolio_id: &'a str,
    order_type: &'a str,
    security_id: &'a str,
    quantity: f64,
    limit_price: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bulk<'a> {
    trade_orders: Vec<Placed<'a>>,
    order_count: usize,
}

/// A trade as the trade service tells it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Trade {
    pub(super) id: i64,
    pub(super) order_id: i64,
}

#[derive(Deserialize)]
struct BulkTold {
    results: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    trade_order: Trade,
}

pub(super) fn client() -> Client {
    let connector = Connector::new().limit(CONNECTIONS_MAX);
    Client::builder().connector(connector).timeout(TIMEOUT).finish()
}

pub(super) async fn place_bulk(client: &Client, base: &str, orders: &[Loaded]) -> Vec<Trade> {
    let trade_orders: Vec<_> = orders.iter().map(placed).collect();
    let bulk = Bulk { order_count: trade_orders.len(), trade_orders };
    let told: BulkTold = post(client, &format!("{base}/api/v1/tradeOrders/bulk"), &bulk).await;
    told.results.into_iter().map(|told| told.trade_order).collect()
}

pub(super) async fn place_single(client: &Client, base: &str, order: &Loaded) -> Trade {
    post(client, &format!("{base}/api/v1/tradeOrders"), &placed(order)).await
}

fn placed(order: &Loaded) -> Placed<'_> {
    Placed {
        order_id: order.id,
        portfolio_id: &order.portfolio_id,
        order_type: &order.order_type,
        security_id: &order.security_id,
        quantity: order.quantity as f64 / 1e8,
        limit_price: order.limit_price as f64 / 1e8,
    }
}

async fn post<Answer: for<'de> Deserialize<'de>>(
    client: &Client,
    url: &str,
    body: &impl Serialize,
) -> Answer {
    let mut response = client.post(url).no_decompress().send_json(body).await.unwrap();
    let told = response.body().limit(ANSWER_MAX).await.unwrap();
    assert!(response.status().is_success(), "{}", String::from_utf8_lossy(&told));
    serde_json::from_slice(&told).unwrap()
}

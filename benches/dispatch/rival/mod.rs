//! What Weir is compared with: an order service as one writes it first, and as the
//! ancestor was described. Both are given what can be given without changing them: prepared
//! statements, ids from memory, kept-alive connections, and no tallies, letters or batch rows to
//! keep.
//!
//! They run as processes of this binary, so that they pay for their threads as Weir does.

mod before;
mod plain;
mod process;
mod trade;

use std::io::Read;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use chrono::DateTime;
use migration::{Migrator, MigratorTrait};
use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx;
use sea_orm::sqlx::postgres::{PgPool, PgPoolOptions};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub(crate) use self::process::Process;
use self::trade::Trade;
use crate::plan::Who;

/// Says that this process is a rival.
const FLAG: &str = "--rival";
/// As the ancestor had it.
const POOL_MAX: u32 = 40;
const PERMITS_PLAIN: usize = 15;
const PERMITS_BEFORE: usize = 25;
/// A rival that is slower has no answer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(120);
const BODY_MAX: usize = 4 << 20;

/// What the command line asks of this process.
pub(crate) struct Order {
    who: Who,
    database: String,
    trade: String,
}

impl Order {
    pub(crate) fn of_command_line() -> Option<Self> {
        let arguments: Vec<String> = std::env::args().collect();
        let [_, flag, who, database, trade] = arguments.as_slice() else { return None };
        let who = (flag == FLAG).then(|| who.parse().expect("a rival's name"))?;
        Some(Self { who, database: database.clone(), trade: trade.clone() })
    }
}

/// What all of its threads share.
struct Rival {
    who: Who,
    pool: PgPool,
    permits: Semaphore,
    last_id: AtomicI64,
    /// The id of the status that sent orders get.
    sent: i32,
    trade: String,
}

/// An order as it is asked for; what no rival looks at is left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    blotter_id: i32,
    status_id: i32,
    order_type_id: i32,
    portfolio_id: String,
    security_id: String,
    quantity: f64,
    limit_price: f64,
    order_timestamp: String,
}

/// An order as it is written.
struct Row {
    id: i64,
    asked: Asked,
    ordered_at: i64,
    created_at: i64,
}

const INSERT: &str = "
INSERT INTO orders (id, quantity, order_timestamp, created_at, updated_at, blotter_id, status_id,
    order_type_id, version, limit_price, portfolio_id, security_id, client)
SELECT id, quantity, ordered, created, created, blotter, status, order_type, 1, price, portfolio,
    security, ''
FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::integer[],
    $6::integer[], $7::integer[], $8::bigint[], $9::text[], $10::text[])
    AS row (id, quantity, ordered, created, blotter, status, order_type, price, portfolio,
        security)";

/// Serves until the pipe from its parent ends.
pub(crate) fn serve(order: Order) {
    std::thread::spawn(|| {
        // Nothing is ever said in it.
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        std::process::exit(0);
    });
    actix_web::rt::System::new().block_on(async {
        let rival = Data::new(Rival::open(order).await);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::clone(&rival))
                .app_data(Data::new(trade::client()))
                .app_data(web::PayloadConfig::new(BODY_MAX))
                .route("/api/v1/orders/batch", web::post().to(submit))
        });
        let server = server.bind("127.0.0.1:0").unwrap();
        println!("http://{}", server.addrs()[0]);
        server.run().await.unwrap();
    });
}

impl Rival {
    async fn open(Order { who, database, trade }: Order) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(POOL_MAX)
            .test_before_acquire(false)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect(&database)
            .await
            .unwrap();
        let orm = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Migrator::up(&orm, None).await.unwrap();
        let sent = sqlx::query_scalar("SELECT id FROM statuses WHERE abbreviation = 'SENT'");
        let sent = sent.fetch_one(&pool).await.unwrap();
        let permits = if who == Who::Before { PERMITS_BEFORE } else { PERMITS_PLAIN };
        let (permits, last_id) = (Semaphore::new(permits), AtomicI64::new(0));
        Self { who, pool, permits, last_id, sent, trade }
    }

    fn rows(&self, asked: Vec<Asked>) -> Vec<Row> {
        let count = i64::try_from(asked.len()).unwrap();
        let first = self.last_id.fetch_add(count, Ordering::Relaxed) + 1;
        let created_at = chrono::Utc::now().timestamp_micros();
        let row = |(id, asked): (i64, Asked)| {
            let ordered_at = DateTime::parse_from_rfc3339(&asked.order_timestamp).unwrap();
            Row { id, ordered_at: ordered_at.timestamp_micros(), asked, created_at }
        };
        (first..).zip(asked).map(row).collect()
    }

    async fn insert(&self, rows: &[Row]) {
        sqlx::query(INSERT)
            .bind(column(rows, |row| row.id))
            .bind(column(rows, |row| scaled(row.asked.quantity)))
            .bind(column(rows, |row| row.ordered_at))
            .bind(column(rows, |row| row.created_at))
            .bind(column(rows, |row| row.asked.blotter_id))
            .bind(column(rows, |row| row.asked.status_id))
            .bind(column(rows, |row| row.asked.order_type_id))
            .bind(column(rows, |row| scaled(row.asked.limit_price)))
            .bind(column(rows, |row| row.asked.portfolio_id.as_str()))
            .bind(column(rows, |row| row.asked.security_id.as_str()))
            .execute(&self.pool)
            .await
            .unwrap();
    }
}

async fn submit(rival: Data<Rival>, client: Data<awc::Client>, body: Bytes) -> HttpResponse {
    let rows = rival.rows(serde_json::from_slice(&body).unwrap());
    rival.insert(&rows).await;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let trades = if rival.who == Who::Before {
        before::submit(&rival, &client, &ids).await
    } else {
        plain::submit(&rival, &client, &ids).await
    };
    let result = |(index, trade): (usize, &Trade)| {
        json!({"requestIndex": index, "orderId": trade.order_id, "status": "SUCCESS",
            "message": "Order submitted successfully", "tradeOrderId": trade.id})
    };
    let results: Vec<Value> = trades.iter().enumerate().map(result).collect();
    // The totals come first, where the load generator looks for them.
    let body = format!(
        r#"{{"status":"SUCCESS","successful":{},"failed":0,"queued":0,"results":{}}}"#,
        trades.len(),
        Value::from(results)
    );
    HttpResponse::Ok().content_type("application/json").body(body)
}

fn scaled(amount: f64) -> i64 {
    (amount * 1e8).round() as i64
}

fn column<'a, Row, Cell>(rows: &'a [Row], cell: impl Fn(&'a Row) -> Cell) -> Vec<Cell> {
    rows.iter().map(cell).collect()
}

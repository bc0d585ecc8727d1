//! The guide's scenarios: the client before the real service, and a proxy between them that breaks
//! connections.
//!
//! The judge is the trade service's book: every order that a client took stands there once,
//! whatever died on the way.

mod backoff;
mod breaker;
mod breaks;
mod command;
mod deaths;
mod failed;
mod high_load;
mod interrupted;
mod keys;
mod queue;
mod rate;
mod trade;

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use weir_client::wire::{Decimal, Order};
use weir_client::{Backoff, Depth, Jitter, OrderClient, Outcome, Settings, SqliteStore, Store};

use crate::bad_days::trade::drained;
use crate::bad_days::trade::market::Market;
use crate::support::weir::Plan;
use crate::support::{Kind, Proxy, Weir, wait_for};

const DEADLINE: Duration = Duration::from_secs(60);
/// A batch of the guide.
const BATCH: usize = 25;

/// A service between its trade service and a proxy, and the queue of the clients.
struct House {
    market: Market,
    weir: Weir,
    proxy: Proxy,
    folder: TempDir,
}

impl House {
    async fn open(kind: Kind) -> Self {
        Self::planned(kind, |plan| plan).await
    }

    async fn planned(kind: Kind, change: impl FnOnce(Plan) -> Plan) -> Self {
        let market = Market::open_to_duplicates();
        let weir = change(market.plan(kind)).start().await;
        let proxy = Proxy::before(&weir.public);
        Self { market, weir, proxy, folder: tempfile::tempdir().unwrap() }
    }

    /// Lets orders be stored whose senders have to wait for their answer.
    async fn slow_down(&self) {
        self.market.treat(json!({"latencyMs": 300})).await;
    }

    /// Kills the service while they wait.
    async fn kill_9_in_the_middle(&mut self) {
        self.market.has_a_call().await;
        self.weir.kill_9();
        self.market.return_well().await;
    }

    async fn restart(&mut self) {
        self.weir.restart().await;
        self.proxy.turn_to(&self.weir.public);
    }

    fn queue_path(&self) -> PathBuf {
        self.folder.path().join("weir-client.queue")
    }

    /// The defaults with short waits, and a rate that is never in the way.
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.connection.base_url.clone_from(&self.proxy.url);
        settings.retry.backoff = Backoff {
            base: Duration::from_millis(20),
            cap: Duration::from_secs(1),
            jitter: Jitter::Half,
        };
        settings.breaker.opening.time = Duration::from_secs(1);
        settings.rate.start = 1000.0;
        settings.rate.most = 1000.0;
        settings.health_every = Duration::from_millis(50);
        settings.queue.every = Duration::from_millis(50);
        settings.queue.path = self.queue_path();
        settings
    }

    async fn client(&self) -> OrderClient {
        open(self.settings()).await
    }

    async fn depth(&self) -> Depth {
        SqliteStore::open(&self.queue_path(), 1).await.unwrap().depth().await.unwrap()
    }

    /// Waits until the queue and the service have brought everything, and checks that exactly so
    /// many orders are in the database and once in the book.
    async fn expect_each_once(&self, orders: usize) {
        wait_for("the queue to be empty", DEADLINE, async || {
            let depth = self.depth().await;
            assert_eq!(depth.failed, 0, "some wait for people");
            if depth.waiting == 0 { Ok(()) } else { Err(format!("{depth:?}")) }
        })
        .await;
        drained(&self.weir.database).await;
        let expected = i64::try_from(orders).unwrap();
        let names = "SELECT count(DISTINCT client_order_id) FROM orders";
        assert_eq!(self.weir.database.number(names).await, expected, "orders by their names");
        let ids = self.weir.database.texts("SELECT CAST(id AS text) FROM orders").await;
        assert_eq!(ids.len(), orders, "orders");
        for id in ids {
            self.market.trade_of(id.parse().unwrap());
        }
        let totals = self.market.sim.totals();
        assert_eq!((totals.placed, totals.placed_twice), (orders, 0), "{totals:?}");
    }
}

async fn open(settings: Settings) -> OrderClient {
    OrderClient::builder("").settings(settings).open().await.unwrap()
}

/// A batch of the guide, all of this portfolio.
fn orders(portfolio: &str) -> Vec<Order> {
    let security = |place: usize| format!("s{place}");
    let order = |place| Order::new(portfolio, security(place), 1, Decimal::from(5));
    (0..BATCH).map(order).collect()
}

#[track_caller]
fn expect_submitted(outcome: &Outcome) {
    let Outcome::Submitted { items } = outcome else { panic!("{outcome:?}") };
    assert_eq!(items.len(), BATCH);
}

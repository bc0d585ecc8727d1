//! What the store's tests stand on: a store over a database of the test's own, orders to put into
//! it, dice with a fixed seed, and a comparison of the kept totals with counted ones.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use uuid::Uuid;
use weir::domain::amount::Amount;
use weir::domain::batch::{Batch, Item};
use weir::domain::client::ClientId;
use weir::domain::moment::Moment;
use weir::domain::order::draft::Draft;
use weir::domain::order::{Order, Terms};
use weir::domain::reference::{ReferenceKind, ReferenceRow, References};
use weir::ports::catalogue::Catalogue;
use weir::ports::clock::{Clock, SystemClock};
use weir::ports::journal::{Change, ChangeRefusal, Changed, Journal};
use weir::ports::library::Library;
use weir::settings::{self, Settings, Sources};
use weir::store::{OpenError, Store};

use crate::support::{Database, Kind};

/// The lane of tests that have no reason to name one.
pub(super) const LANE: u16 = 0;
/// 2026-01-05T14:30:00Z.
pub(super) const NOON: i64 = 1_767_623_400_000_000;

/// The seeded rows' ids.
pub(super) const NEW: i32 = 1;
pub(super) const HOLD: i32 = 6;

/// The smallest pool that the settings allow, and nothing held open: tests share one server.
const SMALL: [(&str, &str); 3] =
    [("pool.max", "15"), ("pool.reserve", "0"), ("pool.min_idle", "0")];

pub(super) fn settings(database: &Database, more: &[(&str, &str)]) -> Settings {
    let given = [("database.url", database.url.as_str())].into_iter();
    let flags = given.chain(SMALL).chain(more.iter().copied());
    let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let no_file = |_: &_| Err(io::ErrorKind::NotFound.into());
    let loaded = settings::load(Sources { flags, ..Sources::default() }, no_file);
    loaded.unwrap_or_else(|faults| panic!("{faults}")).settings
}

/// A store that has not met its database yet.
pub(super) fn unprepared(database: &Database, more: &[(&str, &str)]) -> Result<Store, OpenError> {
    Store::open(&settings(database, more), Arc::new(SystemClock), Arc::new(()))
}

/// A store that serves.
pub(super) async fn serving(database: &Database, more: &[(&str, &str)]) -> Arc<Store> {
    let store = unprepared(database, more).unwrap();
    store.prepare().await.unwrap();
    Arc::new(store)
}

/// A new database and a store that serves it.
pub(super) async fn fresh(kind: Kind) -> (Database, Arc<Store>) {
    fresh_with(kind, &[]).await
}

pub(super) async fn fresh_with(kind: Kind, more: &[(&str, &str)]) -> (Database, Arc<Store>) {
    let database = Database::fresh(kind).await;
    let store = serving(&database, more).await;
    (database, store)
}

/// An order with nothing special about it.
pub(super) fn order(id: i64) -> Order {
    let terms = Terms {
        blotter_id: 1,
        status_id: NEW,
        order_type_id: 1,
        portfolio_id: "68a1b2c3d4e5f60718293a4b".to_owned(),
        security_id: "68ffeeddccbbaa9988776655".to_owned(),
        quantity: Amount::from_scaled(10_000_000_000),
        limit_price: Some(Amount::from_scaled(550_000_000)),
        ordered_at: Moment::from_micros(NOON),
        client_order_id: None,
    };
    Order { id, terms, trade_order_id: None, version: 1, letter_id: None }
}

pub(super) fn order_with(id: i64, change: impl FnOnce(&mut Terms)) -> Order {
    let mut order = order(id);
    change(&mut order.terms);
    order
}

pub(super) fn batch(orders: impl IntoIterator<Item = Order>) -> Batch {
    batch_of(orders.into_iter().map(Ok).collect())
}

pub(super) fn batch_of(items: Vec<Item>) -> Batch {
    Batch {
        id: Uuid::now_v7(),
        client: ClientId::from_header(b"desk-7").unwrap(),
        route: "/api/v1/orders",
        key: None,
        accepted_at: Moment::from_micros(NOON + 1),
        expires_at: Moment::from_micros(NOON + 2),
        items,
        standing: Vec::new(),
        letters: Vec::new(),
    }
}

/// What a client sends to leave everything as it is.
pub(super) fn draft(terms: &Terms) -> Draft<'static> {
    Draft {
        blotter_id: Some(terms.blotter_id.into()),
        status_id: Some(terms.status_id.into()),
        portfolio_id: Some(terms.portfolio_id.clone().into()),
        order_type_id: Some(terms.order_type_id.into()),
        security_id: Some(terms.security_id.clone().into()),
        quantity: Some(terms.quantity.to_string().into()),
        limit_price: terms.limit_price.map(|price| price.to_string().into()),
        trade_order_id: None,
        order_timestamp: Some(terms.ordered_at.to_string().into()),
        client_order_id: None,
    }
}

/// One change and its one outcome.
pub(super) async fn change(store: &Store, change: Change) -> Result<Changed, ChangeRefusal> {
    let mut outcomes = store.change(LANE, &[change]).await.unwrap();
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

/// The snapshot; catalogue and library both call what they have `references`.
pub(super) fn snapshot(store: &Store) -> Arc<References> {
    Catalogue::references(store)
}

/// The rows as the database has them.
pub(super) async fn rows(store: &Store, kind: ReferenceKind) -> Vec<ReferenceRow> {
    Library::references(store, kind).await.unwrap()
}

/// The kept totals are the counted ones, combination by combination.
pub(super) async fn assert_tallies_are_true(database: &Database) {
    let key = "blotter_id || '-' || status_id || '-' || order_type_id";
    let kept = format!(
        "SELECT {key} || ': ' || sum(orders) FROM order_tallies \
         GROUP BY blotter_id, status_id, order_type_id HAVING sum(orders) <> 0 ORDER BY 1"
    );
    let counted = format!(
        "SELECT {key} || ': ' || count(*) FROM orders \
         GROUP BY blotter_id, status_id, order_type_id ORDER BY 1"
    );
    assert_eq!(database.texts(&kept).await, database.texts(&counted).await);
}

/// Dice that fall the same way every time: splitmix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(super) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Terms of a client's new order, with few values for each field so that ties abound.
    pub(super) fn terms(&mut self) -> Terms {
        let blotter_id = self.below(5) as i32 + 1;
        let status_id = self.one_of(&[NEW, HOLD]);
        let order_type_id = self.below(5) as i32 + 1;
        let portfolio_id = self.one_of(&["A", "a", "B", "portfolio 10", "portfolio 9", "é"]);
        let security_id = self.one_of(&["X", "x1", "Y-2", "z", "Ω"]);
        let price = self.one_of(&[None, Some(1), Some(999_999_999_999_999_999)]);
        Terms {
            blotter_id,
            status_id,
            order_type_id,
            portfolio_id: portfolio_id.to_owned(),
            security_id: security_id.to_owned(),
            quantity: Amount::from_scaled(self.one_of(&[1, 2, 10_000_000_000, 900_000_000_000])),
            limit_price: price.map(Amount::from_scaled),
            ordered_at: Moment::from_micros(NOON + self.below(7) as i64 - 3),
            client_order_id: None,
        }
    }
}

/// The machine's clock until told otherwise; then every look at it finds the time gone by.
#[derive(Default)]
pub(super) struct RushingClock {
    stride: AtomicU64,
    ahead: AtomicU64,
}

impl RushingClock {
    /// From now on every look is so many seconds after the one before.
    pub(super) fn rush(&self, seconds: u64) {
        self.stride.store(seconds, Relaxed);
    }
}

impl Clock for RushingClock {
    fn instant(&self) -> Instant {
        let stride = self.stride.load(Relaxed);
        let ahead = self.ahead.fetch_add(stride, Relaxed);
        SystemClock.instant() + Duration::from_secs(ahead)
    }

    fn utc(&self) -> Moment {
        SystemClock.utc()
    }
}

//! The client: names a submission, brings it to the service or into the queue, and watches how
//! the service does.

use std::rc::Rc;
use std::time::Duration;

use prometheus::Registry;
use tokio::sync::broadcast::Receiver;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{MissedTickBehavior, interval};

use crate::clock;
use crate::courier::{Courier, Left};
use crate::error::Error;
use crate::event::Event;
use crate::http::HttpPost;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::parcel::Parcel;
use crate::post::Post;
use crate::queue::{Depth, Drainer, Failure, QueueError, Round, SqliteStore, Store, Waiting};
use crate::rules::condition::Condition;
use crate::rules::key::Key;
use crate::rules::patience::QueueReason;
use crate::settings::Settings;
use crate::teller::Teller;
use crate::wire::{Order, SubmissionItem};

/// What a lease has beyond the longest call: the time to settle it.
const LEASE_MARGIN: Duration = Duration::from_secs(30);

/// Sends orders. It belongs to one thread, as its runtime does.
pub struct OrderClient {
    courier: Rc<Courier>,
    drainer: Rc<Drainer>,
    teller: Teller,
    settings: Settings,
    /// End with the client.
    watches: [JoinHandle<()>; 3],
}

/// What a client is made of.
pub struct Builder {
    settings: Settings,
    registry: Registry,
    store: Option<Rc<dyn Store>>,
}

impl Builder {
    /// Everything that can be set.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Where the numbers are shown.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// Another queue than the file of the settings.
    #[must_use]
    pub fn store(mut self, store: Rc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Checks the settings, opens the queue, looks at the service, and goes on doing so.
    pub async fn open(self) -> Result<OrderClient, Error> {
        let Self { settings, registry, store } = self;
        let rules = settings.check()?;
        let teller = Teller::new(Metrics::new(&registry)?);
        let store = match store {
            Some(store) => store,
            None => Rc::new(SqliteStore::open(&settings.queue.path, settings.queue.most).await?),
        };
        let post: Rc<dyn Post> =
            Rc::new(HttpPost::new(&settings.connection, settings.client_id.clone()));
        let courier = Rc::new(Courier::new(post, &settings, rules, teller.clone()));
        let connection = &settings.connection;
        // The wait for a turn, at the slowest rate; for a connection; and for the answer.
        let turn = Duration::from_secs_f64(settings.rate.least.recip());
        let call = turn + connection.connection_request_timeout + connection.read_timeout;
        let drainer = Rc::new(Drainer {
            courier: courier.clone(),
            memory: Memory { store: store.clone(), kept: settings.answers_kept },
            store,
            teller: teller.clone(),
            settings: settings.queue.clone(),
            lease: call + LEASE_MARGIN,
        });
        courier.look().await;
        teller.show_depth(drainer.store.depth().await?.waiting);
        let watches = watches(&courier, &drainer, &settings);
        Ok(OrderClient { courier, drainer, teller, settings, watches })
    }
}

fn watches(
    courier: &Rc<Courier>,
    drainer: &Rc<Drainer>,
    settings: &Settings,
) -> [JoinHandle<()>; 3] {
    let (looking, adjusting, drainer) = (courier.clone(), courier.clone(), drainer.clone());
    [
        every(settings.health_every, async move || looking.look().await),
        every(settings.rate_every, async move || adjusting.adjust_rate()),
        every(settings.queue.every, async move || {
            if let Err(error) = drainer.drain().await {
                log::error!("the queue cannot be drained: {error}");
            }
        }),
    ]
}

/// Does the work again and again. The first time is not at once.
fn every(period: Duration, work: impl AsyncFn() + 'static) -> JoinHandle<()> {
    spawn_local(async move {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            work().await;
        }
    })
}

impl OrderClient {
    /// A client of the service at this address, such as `http://order-service:8080`.
    #[must_use]
    pub fn builder(base_url: impl Into<String>) -> Builder {
        let mut settings = Settings::default();
        settings.connection.base_url = base_url.into();
        Builder { settings, registry: Registry::new(), store: None }
    }

    /// Submits orders, each call a submission of its own. An order that names no time is ordered
    /// now, also if it has to wait in the queue.
    pub async fn submit(&self, mut orders: Vec<Order>) -> Result<Outcome, Error> {
        let key = self.settings.key_style.key(&orders)?;
        if matches!(key, Key::Made(_)) {
            let now = clock::utc();
            orders.iter_mut().for_each(|order| {
                order.order_timestamp.get_or_insert(now);
            });
        }
        self.bring(key, orders).await
    }

    /// Submits orders under the caller's key, 1 to 255 visible ASCII characters: the same orders
    /// under the same key are the same submission, and once the service has them, the answer is
    /// remembered for a day. Orders without a time are ordered when they arrive.
    pub async fn submit_with_key(&self, key: &str, orders: Vec<Order>) -> Result<Outcome, Error> {
        self.bring(Key::Given(key.to_owned()), orders).await
    }

    async fn bring(&self, key: Key, orders: Vec<Order>) -> Result<Outcome, Error> {
        if orders.is_empty() {
            return Ok(Outcome::of(Vec::new(), Vec::new(), None));
        }
        let parcel = Parcel::pack(key, orders)?;
        if let Some(items) = self.drainer.memory.recall(&parcel).await? {
            return Ok(Outcome::of(items, Vec::new(), None));
        }
        if !self.courier.condition().is_healthy() {
            let queued = self.queue(unsent(parcel)).await?;
            return Ok(Outcome::of(Vec::new(), Vec::new(), Some(queued)));
        }
        let keyed = parcel.is_keyed.then(|| parcel.clone());
        let delivery = self.courier.deliver(parcel).await;
        let queued = match delivery.left {
            Some(left) => Some(self.queue(left).await?),
            None => None,
        };
        if let Some(keyed) = keyed
            && queued.is_none()
            && delivery.rejected.is_empty()
        {
            self.remember(&keyed, &delivery.done).await;
        }
        Ok(Outcome::of(delivery.done, delivery.rejected, queued))
    }

    /// Puts what is left into the queue, and returns when it is on the disk.
    async fn queue(&self, left: Left) -> Result<(usize, QueueReason), Error> {
        let Left { parcel, reason, error, wait, attempts } = left;
        let now = clock::utc();
        let failure = (attempts > 0).then_some(Failure { at: now, message: error });
        let waiting = Waiting {
            reason: reason.label().to_owned(),
            queued_at: now,
            attempts: 0,
            failure,
            due_at: now + wait,
        };
        if let Err(source) = self.drainer.store.put(&parcel, &waiting).await {
            let (orders, reason) = (parcel.orders, reason.label().to_owned());
            return Err(Error::NotKept { orders, reason, source });
        }
        let order_count = parcel.orders.len();
        self.teller.tell(Event::Queued { batch_id: parcel.key, order_count, reason });
        if let Ok(depth) = self.drainer.store.depth().await {
            self.teller.show_depth(depth.waiting);
        }
        Ok((order_count, reason))
    }

    /// An answer that cannot be kept is an answer all the same: the service knows the key.
    async fn remember(&self, parcel: &Parcel, items: &[SubmissionItem<'static>]) {
        if let Err(error) = self.drainer.memory.keep(parcel, items).await {
            log::warn!("the answer to {} is not remembered: {error}", parcel.key);
        }
    }

    /// Tries what waits in the queue, now. The client does so by itself every few seconds.
    pub async fn drain(&self) -> Result<Round, QueueError> {
        self.drainer.drain().await
    }

    /// How many submissions are in the queue.
    pub async fn depth(&self) -> Result<Depth, QueueError> {
        self.drainer.store.depth().await
    }

    /// What happens from now on. Who is slow misses the oldest.
    #[must_use]
    pub fn events(&self) -> Receiver<Event> {
        self.teller.listen()
    }

    /// What the last look at the service said.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.courier.condition()
    }

    /// Calls a second that are allowed now.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.courier.rate()
    }
}

/// A parcel that was not even tried.
fn unsent(parcel: Parcel) -> Left {
    Left {
        parcel,
        reason: QueueReason::Unhealthy,
        error: String::new(),
        wait: Duration::ZERO,
        attempts: 0,
    }
}

impl Drop for OrderClient {
    fn drop(&mut self) {
        self.watches.iter().for_each(JoinHandle::abort);
    }
}

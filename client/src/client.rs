//! The client: names a submission, brings it to the service, and watches how the service does.

use std::rc::Rc;
use std::time::Duration;

use prometheus::Registry;
use tokio::sync::broadcast::Receiver;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::interval;

use crate::courier::Courier;
use crate::error::Error;
use crate::event::Event;
use crate::http::HttpPost;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::parcel::Parcel;
use crate::rules::condition::Condition;
use crate::rules::patience::QueueReason;
use crate::settings::Settings;
use crate::teller::Teller;
use crate::wire::Order;

/// Sends orders. It belongs to one thread, as its runtime does.
pub struct OrderClient {
    courier: Rc<Courier>,
    teller: Teller,
    settings: Settings,
    /// End with the client.
    watches: [JoinHandle<()>; 2],
}

/// What a client is made of.
pub struct Builder {
    settings: Settings,
    registry: Registry,
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

    /// Checks the settings, looks at the service, and goes on looking.
    pub async fn open(self) -> Result<OrderClient, Error> {
        let settings = self.settings;
        let rules = settings.check()?;
        let teller = Teller::new(Metrics::new(&self.registry)?);
        let post = Rc::new(HttpPost::new(&settings.connection, settings.client_id.clone()));
        let courier = Rc::new(Courier::new(post, &settings, rules, teller.clone()));
        courier.look().await;
        let watches = [
            spawn_local(look(courier.clone(), settings.health_every)),
            spawn_local(adjust(courier.clone(), settings.rate_every)),
        ];
        Ok(OrderClient { courier, teller, settings, watches })
    }
}

async fn look(courier: Rc<Courier>, every: Duration) {
    let mut ticks = interval(every);
    // The first tick is at once, and the client has just looked.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        courier.look().await;
    }
}

async fn adjust(courier: Rc<Courier>, every: Duration) {
    let mut ticks = interval(every);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        courier.adjust_rate();
    }
}

impl OrderClient {
    /// A client of the service at this address, such as `http://order-service:8080`.
    #[must_use]
    pub fn builder(base_url: impl Into<String>) -> Builder {
        let mut settings = Settings::default();
        settings.connection.base_url = base_url.into();
        Builder { settings, registry: Registry::new() }
    }

    /// Submits orders, under a key of their own.
    pub async fn submit(&self, orders: Vec<Order>) -> Result<Outcome, Error> {
        let key = self.settings.key_style.key(&orders)?;
        self.bring(key, orders).await
    }

    /// Submits orders under the caller's key, 1 to 255 visible ASCII characters: sent again under
    /// the same key, they are the same submission.
    pub async fn submit_with_key(&self, key: &str, orders: Vec<Order>) -> Result<Outcome, Error> {
        self.bring(key.to_owned(), orders).await
    }

    async fn bring(&self, key: String, orders: Vec<Order>) -> Result<Outcome, Error> {
        if orders.is_empty() {
            return Ok(Outcome::Submitted { items: Vec::new() });
        }
        let parcel = Parcel::pack(key, orders)?;
        if !self.courier.condition().is_healthy() {
            let (orders, reason) = (parcel.orders, QueueReason::Unhealthy);
            return Ok(Outcome::Unsent { orders, reason });
        }
        Ok(self.courier.deliver(parcel).await.into())
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

impl Drop for OrderClient {
    fn drop(&mut self) {
        self.watches.iter().for_each(JoinHandle::abort);
    }
}

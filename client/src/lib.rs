//! Sends orders to Weir, and never drops one either.
//!
//! ```
//! use weir_client::wire::{Decimal, Order};
//! use weir_client::OrderClient;
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # std::env::set_current_dir(folder.path()).unwrap();
//! # let url = "http://127.0.0.1:1";
//! # actix_web::rt::System::new().block_on(async {
//! let client = OrderClient::builder(url).open().await?;
//! let order = Order::new("portfolio-1", "security-1", 1, Decimal::from(100));
//! let outcome = client.submit(vec![order]).await?;
//! println!("{outcome:?}");
//! # assert!(matches!(outcome, weir_client::Outcome::Queued { count: 1, .. }));
//! # Ok::<_, weir_client::Error>(())
//! # }).unwrap();
//! ```
//!
//! Every submission has an `Idempotency-Key` and every order a `clientOrderId`, so that sending
//! again is safe. What fails for a while is tried again with backoff, within a budget and past a
//! breaker, at a rate that follows how full the service is. What could not be brought is in a queue
//! on the disk when [`OrderClient::submit`] returns, and goes on from there, also after a crash.
//!
//! The client runs on one thread, inside a runtime of actix (`#[actix_web::main]`, or
//! `actix_rt::System`).

mod client;
mod clock;
mod courier;
mod error;
mod event;
mod http;
mod memory;
mod metrics;
mod outcome;
mod parcel;
mod post;
mod queue;
mod rules;
#[cfg(test)]
mod script;
mod settings;
mod teller;
pub mod wire;

pub use self::client::{Builder, OrderClient};
pub use self::courier::Rejected;
pub use self::error::Error;
pub use self::event::Event;
pub use self::outcome::Outcome;
pub use self::parcel::Parcel;
pub use self::queue::{
    Depth, Entry, EntryState, Failure, Kept, QueueError, Round, SqliteStore, Store, Taken, Waiting,
};
pub use self::rules::class::ErrorType;
pub use self::rules::condition::{Condition, Load, Thresholds};
pub use self::rules::key::KeyStyle;
pub use self::rules::patience::QueueReason;
pub use self::rules::rate::RateLimits;
pub use self::settings::{Connection, Queue, Retry, Settings, SettingsError};
pub use resilience::backoff::{Backoff, Jitter};
pub use resilience::breaker::Config as BreakerConfig;

//! Sends orders to Weir, and never drops one either.
//!
//! Every submission has an `Idempotency-Key` and every order a `clientOrderId`, so that sending
//! again is safe; what fails for a while is tried again with backoff, within a budget and past a
//! breaker; and calls go at a rate that follows how full the service is.

mod client;
mod clock;
mod courier;
mod error;
mod event;
mod http;
mod metrics;
mod outcome;
mod parcel;
mod post;
mod rules;
mod settings;
mod teller;
pub mod wire;

pub use self::client::{Builder, OrderClient};
pub use self::courier::Rejected;
pub use self::error::Error;
pub use self::event::Event;
pub use self::outcome::Outcome;
pub use self::rules::class::ErrorType;
pub use self::rules::condition::{Condition, Load, Thresholds};
pub use self::rules::key::KeyStyle;
pub use self::rules::patience::QueueReason;
pub use self::rules::rate::RateLimits;
pub use self::settings::{Connection, Retry, Settings, SettingsError};
pub use resilience::backoff::{Backoff, Jitter};
pub use resilience::breaker::Config as BreakerConfig;

//! What can be set, and where it comes from: defaults, a file, the environment, the code. A later
//! one wins.

mod error;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use resilience::backoff::{Backoff, Jitter};
use resilience::breaker::{Config, Opening, Probing, Rates, Span};

pub use self::error::SettingsError;

use crate::rules::condition::Thresholds;
use crate::rules::key::KeyStyle;
use crate::rules::rate::RateLimits;

/// Everything, with the defaults of the guide.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub connection: Connection,
    pub retry: Retry,
    /// The client's own breaker.
    pub breaker: Config,
    pub thresholds: Thresholds,
    /// How often the service's health is looked at.
    pub health_every: Duration,
    pub rate: RateLimits,
    /// How often the rate follows the utilisation.
    pub rate_every: Duration,
    pub key_style: KeyStyle,
    pub queue: Queue,
    /// How long the answer to a key is remembered.
    pub answers_kept: Duration,
    /// Who sends, as the service is told in `X-Client-Id`.
    pub client_id: Option<String>,
}

/// The names of the guide; these alone can also come from a file or from the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Where the service is, such as `http://order-service:8080`.
    pub base_url: String,
    pub connect_timeout: Duration,
    /// How long an answer may take, from the sending to its last byte.
    pub read_timeout: Duration,
    /// How long to wait for a free connection of the pool.
    pub connection_request_timeout: Duration,
    pub max_connections: usize,
    pub max_connections_per_route: usize,
}

/// How often to try, and how far apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Calls for one submission, before it goes into the queue.
    pub attempts: u32,
    pub backoff: Backoff,
    /// The share of calls that may be repeated, 0 to 1.
    pub budget: f64,
    /// Retries beyond that share, for those who call rarely.
    pub reserve: u32,
}

/// The durable queue, and how it is drained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    pub path: PathBuf,
    /// Submissions that are kept, waiting or failed; more are given back with an error.
    pub most: u64,
    /// How often it is drained.
    pub every: Duration,
    /// Submissions that are tried each time.
    pub batch: u32,
    /// Calls that fail before a submission waits for somebody to decide.
    pub attempts: u32,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            path: PathBuf::from("weir-client.queue"),
            most: 100_000,
            every: Duration::from_secs(5),
            batch: 10,
            attempts: 5,
        }
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            base_url: "http://127.0.0.1:8080".to_owned(),
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_mins(1),
            connection_request_timeout: Duration::from_secs(3),
            max_connections: 50,
            max_connections_per_route: 25,
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        let backoff = Backoff {
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
            jitter: Jitter::Half,
        };
        Self { attempts: 3, backoff, budget: 0.1, reserve: 10 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connection: Connection::default(),
            retry: Retry::default(),
            breaker: breaker(),
            thresholds: Thresholds::default(),
            health_every: Duration::from_secs(10),
            rate: RateLimits::default(),
            rate_every: Duration::from_secs(5),
            key_style: KeyStyle::default(),
            queue: Queue::default(),
            answers_kept: Duration::from_hours(24),
            client_id: None,
        }
    }
}

/// Five failures in a row, or half of ten calls within half a minute; one probe after fifteen
/// seconds, whose answer may take as long as any.
const fn breaker() -> Config {
    let rates = Rates {
        window: Span::Time(Duration::from_secs(30)),
        calls_min: 10,
        failure_rate: Some(0.5),
        slow: None,
    };
    let probing = Probing { probes: 1, needed: 1, patience: Duration::from_secs(90) };
    Config {
        consecutive_failures: Some(5),
        rates: Some(rates),
        pool: None,
        opening: Opening::DEFAULT,
        probing,
    }
}

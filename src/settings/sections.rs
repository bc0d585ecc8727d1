//! What the rooms of the house are given: one struct per section. A room receives its section,
//! never the whole. `config/default.toml` says for each key why its number is what it is.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::base_url::BaseUrl;
use super::database_url::DatabaseUrl;
use super::secret::Secret;

/// All settings, checked: whoever holds one need not check again.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The public listener.
    pub server: ServerSettings,
    /// The admin listener.
    pub admin: AdminSettings,
    /// Where orders are kept.
    pub database: DatabaseSettings,
    /// The connections to it.
    pub pool: PoolSettings,
    /// When the work that needs them is refused.
    pub pool_breaker: PoolBreakerSettings,
    /// How it is written to.
    pub ledger: LedgerSettings,
    /// The service that orders are sent to.
    pub trade: TradeSettings,
    /// When it is left alone.
    pub trade_breaker: TradeBreakerSettings,
    /// How orders get to it.
    pub supervisor: SupervisorSettings,
    /// What becomes of those that did not.
    pub mailbox: MailboxSettings,
    /// What each client may bring.
    pub quota: QuotaSettings,
    /// How long a request is known again.
    pub idempotency: IdempotencySettings,
    /// What is told to stderr.
    pub log: LogSettings,
}

/// `[server]`: the public listener.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where it listens.
    pub bind: SocketAddr,
    /// No request is answered later.
    pub answer_within: Duration,
    /// What SIGTERM leaves running requests.
    pub drain_within: Duration,
    /// Threads; 0 is one per core.
    pub workers: usize,
    /// Open connections per worker.
    pub connections_max: usize,
    /// Bytes of the largest body.
    pub body_max: usize,
    /// A body that takes longer is cut off with 408.
    pub body_within: Duration,
    /// A request head that takes longer is cut off.
    pub header_within: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
}

/// `[admin]`: the admin listener.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// Where it listens.
    pub bind: SocketAddr,
    /// What a caller must send, one of them: from `admin.token` or from the file; none only on
    /// loopback.
    pub tokens: Vec<Secret>,
    /// Where the tokens came from, if from a file. It has been read: only what is in it later is
    /// news.
    pub token_file: Option<PathBuf>,
}

/// `[database]`: where orders are kept.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Which database.
    pub url: DatabaseUrl,
    /// A read that takes longer is ended.
    pub read_within: Duration,
    /// A write that takes longer is ended and undone.
    pub write_within: Duration,
}

/// `[pool]`: the connections to the database.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// PostgreSQL connections at most.
    pub max: u32,
    /// Connections kept open when idle.
    pub min_idle: u32,
    /// What `max` holds beyond the workers.
    pub reserve: u32,
    /// Waiting longer for a connection is a failure.
    pub acquire_timeout: Duration,
    /// How long the test of an idle connection may take.
    pub validation_timeout: Duration,
    /// A connection held longer is named in the log.
    pub hold_warning: Duration,
    /// A surplus connection that is idle this long is closed.
    pub idle_timeout: Duration,
    /// A connection is replaced at this age.
    pub lifetime_max: Duration,
    /// Weir processes that share the server.
    pub instances: u32,
    /// SQLite connections that read; one more writes.
    pub sqlite_readers: u32,
    /// How often the pool is measured.
    pub sample_every: Duration,
}

/// `[pool_breaker]`: when the work that needs a connection is refused.
#[derive(Clone, Copy, Debug)]
pub struct PoolBreakerSettings {
    /// From this share of the maximum on a sample of the pool is high.
    pub utilisation: f64,
    /// So many high samples in a row open the breaker.
    pub samples: u32,
    /// So many waits for a connection in a row that ran out open it, too.
    pub timeouts: u32,
    /// How long it is open.
    pub open_for: Duration,
    /// Each opening in a row is longer by this factor.
    pub open_growth: f64,
    /// Requests that then try whether it is over.
    pub probes: u32,
    /// A probe that is not heard of for so long has failed.
    pub patience: Duration,
}

/// `[ledger]`: how the database is written to.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// Writers beside each other; SQLite always uses 1.
    pub lanes: usize,
    /// Requests in one commit.
    pub group_max: usize,
    /// Requests that may wait.
    pub line_max: usize,
    /// Order ids reserved at once.
    pub ids_block: i64,
    /// How long a batch can be asked for.
    pub batches_kept: Duration,
    /// The first order id of a new database.
    pub first_order_id: i64,
}

/// `[trade]`: the service that orders are sent to.
#[derive(Clone, Debug)]
pub struct TradeSettings {
    /// Where it is; none is a simulator in this process.
    pub url: Option<BaseUrl>,
    /// A call that takes longer has an unknown outcome.
    pub answer_timeout: Duration,
    /// A connection that takes longer is not made, and nothing was sent.
    pub connect_timeout: Duration,
    /// Connections at most.
    pub connections_max: usize,
    /// Of those, to one host; there is only one, so that the lesser number counts.
    pub connections_per_host: usize,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// Bytes of the largest answer.
    pub answer_max: usize,
    /// Orders in one call.
    pub bulk_max: usize,
    /// The blotters that it knows; others are not told.
    pub blotters: Vec<i32>,
}

/// `[trade_breaker]`: when the trade service is left alone.
#[derive(Clone, Copy, Debug)]
pub struct TradeBreakerSettings {
    /// So many failed calls in a row open the breaker.
    pub failures: u32,
    /// This share of failed calls does, too.
    pub failure_rate: f64,
    /// And this share of slow ones.
    pub slow_rate: f64,
    /// A call that takes so long is slow.
    pub slow_call: Duration,
    /// How far back the shares look.
    pub window: Duration,
    /// Fewer calls than this prove nothing.
    pub calls_min: u32,
    /// How long it is open.
    pub open_for: Duration,
    /// Each opening in a row is longer by this factor.
    pub open_growth: f64,
    /// Calls that then try whether it is over.
    pub probes: u32,
    /// A probe that is not heard of for so long has failed.
    pub patience: Duration,
}

/// `[supervisor]`: how orders get to the trade service.
#[derive(Clone, Debug)]
pub struct SupervisorSettings {
    /// Orders in one letter.
    pub chunk: usize,
    /// How long a caller waits for a worker before it is told that its orders are queued.
    pub wait_max: Duration,
    /// Fewer workers call while the trade service cannot stand all of them.
    pub adapts: bool,
    /// How long the line may be while the trade service takes what it gets.
    pub line_max: Duration,
    /// Orders per second that are believed until some were decided.
    pub pace_at_first: f64,
}

/// `[mailbox]`: what becomes of orders that did not get there at once.
#[derive(Clone, Debug)]
pub struct MailboxSettings {
    /// The name of this process; none is host name and port.
    pub instance: Option<String>,
    /// A process that is silent for so long holds nothing any more.
    pub lease: Duration,
    /// How often it says that it is there.
    pub renew_every: Duration,
    /// How often due letters are looked for.
    pub sweep_every: Duration,
    /// The first pause between two attempts; it doubles.
    pub retry_base: Duration,
    /// The longest pause.
    pub retry_cap: Duration,
    /// Attempts after which a letter is dead; 0 is never.
    pub attempts_max: u32,
    /// How much may wait while the trade service is not called.
    pub drain_max: Duration,
    /// Letters that may stand, whatever the pace.
    pub letters_max: u64,
    /// What a call may arrive later than its time is over.
    pub quiet_margin: Duration,
}

/// `[quota]`: what each client may bring to be submitted.
#[derive(Clone, Debug)]
pub struct QuotaSettings {
    /// As its bucket fills; 0 is no quota.
    pub orders_per_second: u32,
    /// Orders at once: what the bucket holds.
    pub burst: u32,
    /// Answers tell how much is left.
    pub headers: bool,
}

/// `[idempotency]`: how long a request is known again.
#[derive(Clone, Debug)]
pub struct IdempotencySettings {
    /// One that came with a key.
    pub kept: Duration,
    /// One without, by its body.
    pub body_within: Duration,
}

/// `[log]`: what is told to stderr.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// The least serious lines that are written.
    pub level: log::LevelFilter,
    /// How a line is written.
    pub format: LogFormat,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

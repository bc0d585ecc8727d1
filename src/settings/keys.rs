//! Every key with its type and its bound, one to a line. The bounds are repeated for people in
//! `config/default.toml` and `docs/configuration.md`; tests compare them.

use std::time::Duration;

use log::LevelFilter;

use super::reader::Reader;
use super::sections::{
    AdminSettings, DatabaseSettings, IdempotencySettings, LedgerSettings, LogFormat, LogSettings,
    MailboxSettings, PoolBreakerSettings, PoolSettings, QuotaSettings, ServerSettings, Settings,
    SupervisorSettings, TradeBreakerSettings, TradeSettings,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const TENTH: Duration = Duration::from_millis(100);
const TWO_MINUTES: Duration = Duration::from_secs(120);
const TEN_SECONDS: Duration = Duration::from_secs(10);
const FIVE_MINUTES: Duration = Duration::from_secs(300);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const HALF_HOUR: Duration = Duration::from_secs(1_800);
const THIRTY_DAYS: Duration = Duration::from_hours(720);

/// JSON readers keep whole numbers exact up to 2^53; half of them are left for the ids to come.
const FIRST_ORDER_ID_MAX: i64 = 1 << 52;

/// What callers are promised: see [`WORKERS`](super::WORKERS), each of which has one call out.
const CONNECTIONS_MIN: usize = 15;

/// Orders in the largest batch: a bucket that held less could never take it.
pub const BATCH_MAX: u32 = 1_000;

/// With the jitter of a fifth it is the 60 s that `Retry-After` says at most.
const OPENING_MAX: Duration = Duration::from_secs(50);

const LEVELS: &[(&str, LevelFilter)] = &[
    ("warn", LevelFilter::Warn),
    ("info", LevelFilter::Info),
    ("debug", LevelFilter::Debug),
    ("trace", LevelFilter::Trace),
    ("off", LevelFilter::Off),
];

/// Reads all keys, in the order in which `config show` prints them.
pub(super) fn read(r: &mut Reader<'_>) -> Settings {
    Settings {
        server: ServerSettings {
            bind: r.address("server.bind"),
            answer_within: r.duration("server.answer_within", SECOND..=MINUTE),
            drain_within: r.duration("server.drain_within", SECOND..=TEN_MINUTES),
            workers: r.whole("server.workers", 0..=256),
            connections_max: r.whole("server.connections_max", 1..=1_000_000),
            body_max: r.whole("server.body_max", 1_024..=67_108_864),
            body_within: r.duration("server.body_within", TENTH..=TWO_MINUTES),
            header_within: r.duration("server.header_within", TENTH..=MINUTE),
            keep_alive: r.duration("server.keep_alive", SECOND..=TEN_MINUTES),
        },
        admin: AdminSettings {
            bind: r.address("admin.bind"),
            tokens: r.token("admin.token").into_iter().collect(),
            token_file: r.path("admin.token_file"),
        },
        database: DatabaseSettings {
            url: r.database_url("database.url"),
            read_within: r.duration("database.read_within", TENTH..=MINUTE),
            write_within: r.duration("database.write_within", TENTH..=MINUTE),
        },
        pool: pool(r),
        pool_breaker: pool_breaker(r),
        ledger: LedgerSettings {
            lanes: r.whole("ledger.lanes", 1..=16),
            group_max: r.whole("ledger.group_max", 1..=4_096),
            line_max: r.whole("ledger.line_max", 1..=1_000_000),
            ids_block: r.whole("ledger.ids_block", 1..=10_000_000),
            batches_kept: r.duration("ledger.batches_kept", MINUTE..=THIRTY_DAYS),
            first_order_id: r.whole("ledger.first_order_id", 1..=FIRST_ORDER_ID_MAX),
        },
        trade: trade(r),
        trade_breaker: trade_breaker(r),
        supervisor: SupervisorSettings {
            chunk: r.whole("supervisor.chunk", 1..=1_000),
            wait_max: r.duration("supervisor.wait_max", TENTH..=MINUTE),
            adapts: r.choice("supervisor.workers", (("adaptive", true), &[("fixed", false)])),
            line_max: r.duration("supervisor.line_max", SECOND..=HOUR),
            pace_at_first: r.number("supervisor.pace_at_first", 1.0..=1_000_000.0),
        },
        mailbox: mailbox(r),
        quota: QuotaSettings {
            orders_per_second: r.whole("quota.orders_per_second", 0..=1_000_000),
            burst: r.whole("quota.burst", BATCH_MAX..=1_000_000),
            headers: r.choice("quota.headers", (("off", false), &[("on", true)])),
        },
        idempotency: IdempotencySettings {
            kept: r.duration("idempotency.kept", MINUTE..=THIRTY_DAYS),
            body_within: r.duration("idempotency.body_within", SECOND..=DAY),
        },
        log: LogSettings {
            level: r.choice("log.level", (("error", LevelFilter::Error), LEVELS)),
            format: r
                .choice("log.format", (("text", LogFormat::Text), &[("json", LogFormat::Json)])),
        },
    }
}

fn pool(r: &mut Reader<'_>) -> PoolSettings {
    PoolSettings {
        max: r.whole("pool.max", 4..=10_000),
        min_idle: r.whole("pool.min_idle", 0..=10_000),
        reserve: r.whole("pool.reserve", 0..=9_000),
        acquire_timeout: r.duration("pool.acquire_timeout", TENTH..=MINUTE),
        validation_timeout: r.duration("pool.validation_timeout", TENTH..=MINUTE),
        hold_warning: r.duration("pool.hold_warning", SECOND..=TEN_MINUTES),
        idle_timeout: r.duration("pool.idle_timeout", SECOND..=HOUR),
        lifetime_max: r.duration("pool.lifetime_max", TEN_SECONDS..=DAY),
        instances: r.whole("pool.instances", 1..=1_000),
        sqlite_readers: r.whole("pool.sqlite_readers", 1..=64),
        sample_every: r.duration("pool.sample_every", TENTH..=MINUTE),
    }
}

fn pool_breaker(r: &mut Reader<'_>) -> PoolBreakerSettings {
    PoolBreakerSettings {
        utilisation: r.number("pool_breaker.utilisation", 0.1..=1.0),
        samples: r.whole("pool_breaker.samples", 1..=1_000),
        timeouts: r.whole("pool_breaker.timeouts", 1..=1_000),
        open_for: r.duration("pool_breaker.open_for", SECOND..=OPENING_MAX),
        open_growth: r.number("pool_breaker.open_growth", 1.0..=10.0),
        probes: r.whole("pool_breaker.probes", 1..=100),
        patience: r.duration("pool_breaker.patience", SECOND..=TEN_MINUTES),
    }
}

fn trade(r: &mut Reader<'_>) -> TradeSettings {
    TradeSettings {
        url: r.base_url("trade.url"),
        answer_timeout: r.duration("trade.answer_timeout", TENTH..=FIVE_MINUTES),
        connect_timeout: r.duration("trade.connect_timeout", TENTH..=MINUTE),
        connections_max: r.whole("trade.connections_max", CONNECTIONS_MIN..=10_000),
        connections_per_host: r.whole("trade.connections_per_host", CONNECTIONS_MIN..=10_000),
        keep_alive: r.duration("trade.keep_alive", SECOND..=TEN_MINUTES),
        answer_max: r.whole("trade.answer_max", 1_024..=67_108_864),
        bulk_max: r.whole("trade.bulk_max", 1..=1_000),
        blotters: r.ids("trade.blotters"),
    }
}

fn trade_breaker(r: &mut Reader<'_>) -> TradeBreakerSettings {
    TradeBreakerSettings {
        failures: r.whole("trade_breaker.failures", 1..=1_000),
        failure_rate: r.number("trade_breaker.failure_rate", 0.01..=1.0),
        slow_rate: r.number("trade_breaker.slow_rate", 0.01..=1.0),
        slow_call: r.duration("trade_breaker.slow_call", TENTH..=FIVE_MINUTES),
        window: r.duration("trade_breaker.window", SECOND..=HOUR),
        calls_min: r.whole("trade_breaker.calls_min", 1..=100_000),
        open_for: r.duration("trade_breaker.open_for", SECOND..=MINUTE),
        open_growth: r.number("trade_breaker.open_growth", 1.0..=10.0),
        probes: r.whole("trade_breaker.probes", 1..=100),
        patience: r.duration("trade_breaker.patience", SECOND..=TEN_MINUTES),
    }
}

fn mailbox(r: &mut Reader<'_>) -> MailboxSettings {
    MailboxSettings {
        instance: r.name("mailbox.instance"),
        lease: r.duration("mailbox.lease", SECOND..=TEN_MINUTES),
        renew_every: r.duration("mailbox.renew_every", TENTH..=MINUTE),
        sweep_every: r.duration("mailbox.sweep_every", TENTH..=MINUTE),
        retry_base: r.duration("mailbox.retry_base", TENTH..=MINUTE),
        retry_cap: r.duration("mailbox.retry_cap", SECOND..=HALF_HOUR),
        attempts_max: r.whole("mailbox.attempts_max", 0..=1_000_000),
        drain_max: r.duration("mailbox.drain_max", SECOND..=THIRTY_DAYS),
        letters_max: r.whole("mailbox.letters_max", 100..=100_000_000),
        quiet_margin: r.duration("mailbox.quiet_margin", TENTH..=FIVE_MINUTES),
    }
}

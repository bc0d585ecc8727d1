//! The breakers as they are set: the one before the connection pool, and the one before the trade
//! service.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use resilience::breaker::{
    Config, ConfigFault, Opening, PoolRule, Probing, Rates, Rules, Slow, Span,
};

use super::AppError;
use crate::actors::circuit_breaker::{BreakerHandle, CircuitBreaker, Protected, Setup};
use crate::ports::clock::Clock;
use crate::ports::meter::BreakerMeter;
use crate::settings::{DatabaseUrl, PoolBreakerSettings, Settings, TradeBreakerSettings};

/// The longest opening of the pool's breaker before jitter, however it grows: with it 60 s, the
/// most that `Retry-After` says. The trade breaker's may be longer: it refuses no caller.
const POOL_OPENING_MAX: Duration = Duration::from_secs(50);
/// Outcomes that a breaker may wait for: the pool's has its probes, the other one 15 calls.
const OUTCOMES_MAX: usize = 256;

/// A breaker: the room, and what gets permits from it.
pub(super) struct Started {
    pub(super) room: Addr<CircuitBreaker>,
    pub(super) permits: BreakerHandle,
}

/// Both breakers.
pub(super) struct Breakers {
    pub(super) pool: Started,
    pub(super) trade: Started,
}

impl Breakers {
    pub(super) fn start(
        settings: &Settings,
        clock: &Arc<dyn Clock>,
        meter: &Arc<dyn BreakerMeter>,
    ) -> Result<Self, AppError> {
        let start = |protects, config| start(protects, config, Arc::clone(clock), meter.clone());
        let pool = pool(&settings.pool_breaker, &settings.database.url);
        Ok(Self {
            pool: start(Protected::Pool, pool)?,
            trade: start(Protected::Trade, trade(&settings.trade_breaker))?,
        })
    }

    pub(super) fn rooms(&self) -> [(Protected, &Addr<CircuitBreaker>); 2] {
        [(Protected::Pool, &self.pool.room), (Protected::Trade, &self.trade.room)]
    }
}

fn start(
    protects: Protected,
    config: Config,
    clock: Arc<dyn Clock>,
    meter: Arc<dyn BreakerMeter>,
) -> Result<Started, AppError> {
    let rules = rules(protects, config)?;
    let setup = Setup { protects, rules, permits_max: OUTCOMES_MAX, seed: fastrand::u64(..) };
    let (room, view) = CircuitBreaker::new(&setup, clock, meter);
    let room = room.start();
    let permits = BreakerHandle::new(view, room.clone().recipient());
    Ok(Started { room, permits })
}

fn rules(protects: Protected, config: Config) -> Result<Rules, AppError> {
    config.check().map_err(|faults| {
        let unnamed = ConfigFault { key: protects.room(), must: "be sound" };
        AppError::Breaker(protects.name(), faults.first().copied().unwrap_or(unnamed))
    })
}

/// What opens the pool's breaker. On SQLite samples do not: its few readers are all busy whenever
/// there is work, and wait for milliseconds.
fn pool(breaker: &PoolBreakerSettings, database: &DatabaseUrl) -> Config {
    let PoolBreakerSettings { utilisation, samples, timeouts, probes, patience, .. } = *breaker;
    let samples = match database {
        DatabaseUrl::Sqlite { .. } => u32::MAX,
        DatabaseUrl::Postgres { .. } => samples,
    };
    let (time, growth) = (breaker.open_for, breaker.open_growth);
    Config {
        pool: Some(PoolRule { utilisation, samples, acquire_timeouts: timeouts }),
        opening: Opening { time, growth, time_max: POOL_OPENING_MAX, ..Opening::DEFAULT },
        probing: Probing { probes, needed: probes, patience },
        ..Config::pool()
    }
}

/// What opens the breaker before the trade service.
fn trade(breaker: &TradeBreakerSettings) -> Config {
    let TradeBreakerSettings { failures, window, calls_min, probes, patience, .. } = *breaker;
    let (time, growth) = (breaker.open_for, breaker.open_growth);
    Config {
        consecutive_failures: Some(failures),
        rates: Some(Rates {
            window: Span::Time(window),
            calls_min,
            failure_rate: Some(breaker.failure_rate),
            slow: Some(Slow { after: breaker.slow_call, rate: breaker.slow_rate }),
        }),
        opening: Opening { time, growth, ..Opening::DEFAULT },
        probing: Probing { probes, needed: probes, patience },
        ..Config::trade()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::settings::{self, Sources};

    const POSTGRES: (&str, &str) = ("database.url", "postgres://weir@localhost/weir");

    fn set(flags: &[(&str, &str)]) -> (Config, Config) {
        let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let sources = Sources { flags: flags.collect(), ..Sources::default() };
        let loaded = settings::load(sources, |_| Err(io::ErrorKind::NotFound.into()));
        let settings = loaded.map_err(|faults| faults.to_string()).unwrap().settings;
        let pool = pool(&settings.pool_breaker, &settings.database.url);
        (pool, trade(&settings.trade_breaker))
    }

    #[test]
    fn the_breakers_as_set_by_default_are_those_of_the_rules() {
        let opening = Opening { time_max: POOL_OPENING_MAX, ..Opening::DEFAULT };

        let (pool, trade) = set(&[POSTGRES]);

        assert_eq!(pool, Config { opening, ..Config::pool() });
        assert_eq!(trade, Config::trade());
    }

    #[test]
    fn whatever_may_be_set_of_the_pools_is_sound() {
        let ends = |utilisation, count, open_for, growth, probes, patience| {
            let (pool, _) = set(&[
                POSTGRES,
                ("pool.acquire_timeout", "500ms"),
                ("pool.validation_timeout", "500ms"),
                ("pool_breaker.utilisation", utilisation),
                ("pool_breaker.samples", count),
                ("pool_breaker.timeouts", count),
                ("pool_breaker.open_for", open_for),
                ("pool_breaker.open_growth", growth),
                ("pool_breaker.probes", probes),
                ("pool_breaker.patience", patience),
            ]);
            pool.check().map(drop)
        };

        assert_eq!(ends("0.1", "1", "1s", "1", "1", "1s"), Ok(()));
        assert_eq!(ends("1", "1000", "50s", "10", "100", "10m"), Ok(()));
    }

    #[test]
    fn whatever_may_be_set_of_the_trade_services_is_sound() {
        let ends = |count, calls_min, rate, window, open_for, growth, probes, slow, patience| {
            let (_, trade) = set(&[
                ("trade.answer_timeout", "900ms"),
                ("trade.connect_timeout", "500ms"),
                ("trade_breaker.failures", count),
                ("trade_breaker.failure_rate", rate),
                ("trade_breaker.slow_rate", rate),
                ("trade_breaker.slow_call", slow),
                ("trade_breaker.window", window),
                ("trade_breaker.calls_min", calls_min),
                ("trade_breaker.open_for", open_for),
                ("trade_breaker.open_growth", growth),
                ("trade_breaker.probes", probes),
                ("trade_breaker.patience", patience),
            ]);
            trade.check().map(drop)
        };

        assert_eq!(ends("1", "1", "0.01", "1s", "1s", "1", "1", "100ms", "1s"), Ok(()));
        assert_eq!(ends("1000", "100000", "1", "1h", "1m", "10", "100", "5m", "10m"), Ok(()));
    }

    #[test]
    fn the_longest_opening_of_the_pool_fits_what_a_caller_is_told() {
        let longest = POOL_OPENING_MAX.mul_f64(1.0 + Opening::DEFAULT.jitter);

        assert_eq!(longest, Duration::from_secs(60));
    }

    #[test]
    fn on_sqlite_only_waits_that_ran_out_open_the_pools_breaker() {
        let (pool, _) = set(&[]);
        let rule = pool.pool.unwrap();

        assert_eq!((rule.samples, rule.acquire_timeouts), (u32::MAX, 3));
        assert!(pool.check().is_ok());
    }
}

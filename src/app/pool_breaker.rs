//! The breaker before the connection pool, as it is set.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};

use super::AppError;
use crate::actors::circuit_breaker::{BreakerHandle, CircuitBreaker, Protected, Setup};
use crate::domain::breaker::{Config, ConfigFault, Opening, PoolRule, Probing};
use crate::ports::clock::Clock;
use crate::ports::meter::BreakerMeter;
use crate::settings::{DatabaseUrl, PoolBreakerSettings, Settings};

/// The longest opening before jitter, however it grows: with it 60 s, the most that `Retry-After`
/// says.
const OPENING_MAX: Duration = Duration::from_secs(50);
/// Outcomes that the pool's breaker may wait for; only its probes have one.
const PROBES_OUT_MAX: usize = 256;

/// The room, and what gets permits from it.
pub(super) fn start(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    meter: Arc<dyn BreakerMeter>,
) -> Result<(Addr<CircuitBreaker>, BreakerHandle), AppError> {
    let config = config(&settings.pool_breaker, &settings.database.url);
    let rules = config.check().map_err(|faults| {
        let unnamed = ConfigFault { key: "pool_breaker", must: "be sound" };
        AppError::Breaker(faults.first().copied().unwrap_or(unnamed))
    })?;
    let (protects, permits_max, seed) = (Protected::Pool, PROBES_OUT_MAX, fastrand::u64(..));
    let setup = Setup { protects, rules, permits_max, seed };
    let (room, view) = CircuitBreaker::new(&setup, Arc::clone(clock), meter);
    let room = room.start();
    let handle = BreakerHandle::new(view, room.clone().recipient());
    Ok((room, handle))
}

/// What opens the pool's breaker. On SQLite samples do not: its few readers are all busy whenever
/// there is work, and wait for milliseconds.
fn config(breaker: &PoolBreakerSettings, database: &DatabaseUrl) -> Config {
    let PoolBreakerSettings { utilisation, samples, timeouts, probes, patience, .. } = *breaker;
    let samples = match database {
        DatabaseUrl::Sqlite { .. } => u32::MAX,
        DatabaseUrl::Postgres { .. } => samples,
    };
    let (time, growth) = (breaker.open_for, breaker.open_growth);
    Config {
        pool: Some(PoolRule { utilisation, samples, acquire_timeouts: timeouts }),
        opening: Opening { time, growth, time_max: OPENING_MAX, ..Opening::DEFAULT },
        probing: Probing { probes, needed: probes, patience },
        ..Config::pool()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::settings::{self, Sources};

    fn set(flags: &[(&str, &str)]) -> Config {
        let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let sources = Sources { flags: flags.collect(), ..Sources::default() };
        let loaded = settings::load(sources, |_| Err(io::ErrorKind::NotFound.into()));
        let Settings { pool_breaker, database, .. } = loaded.ok().unwrap().settings;
        config(&pool_breaker, &database.url)
    }

    const POSTGRES: (&str, &str) = ("database.url", "postgres://weir@localhost/weir");

    #[test]
    fn the_breaker_as_set_by_default_is_the_one_of_the_rules() {
        let opening = Opening { time_max: OPENING_MAX, ..Opening::DEFAULT };

        assert_eq!(set(&[POSTGRES]), Config { opening, ..Config::pool() });
    }

    #[test]
    fn whatever_may_be_set_is_sound() {
        let ends = |utilisation, count, open_for, growth, probes, patience| {
            let config = set(&[
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
            config.check().map(drop)
        };

        assert_eq!(ends("0.1", "1", "1s", "1", "1", "1s"), Ok(()));
        assert_eq!(ends("1", "1000", "50s", "10", "100", "10m"), Ok(()));
    }

    #[test]
    fn the_longest_opening_fits_what_a_caller_is_told() {
        assert_eq!(OPENING_MAX.mul_f64(1.0 + Opening::DEFAULT.jitter), Duration::from_secs(60));
    }

    #[test]
    fn on_sqlite_only_waits_that_ran_out_open_the_breaker() {
        let rule = set(&[]).pool.unwrap();

        assert_eq!((rule.samples, rule.acquire_timeouts), (u32::MAX, 3));
        assert!(set(&[]).check().is_ok());
    }
}

//! The numbers of the house: the ports' meters, counted in series of the catalogue.
//!
//! A single series is counted without a lock, one of a family under a read lock that only the
//! first of its kind must write. Each [`Metrics`] has its own registry, so that tests beside each
//! other do not count together.

mod breaker;
mod dispatch;
mod families;
mod figures;
mod http;
mod ledger;
mod pool;
mod registrar;
#[cfg(test)]
mod tests;
mod trade;

use std::sync::Arc;
use std::time::Duration;

use prometheus::core::{MetricVec, MetricVecBuilder};
use prometheus::{Error, IntCounterVec, Registry, TextEncoder};

use crate::ports::gauge::PoolGauge;
use breaker::BreakerSeries;
use dispatch::DispatchSeries;
use http::HttpSeries;
use ledger::LedgerSeries;
use pool::PoolSeries;
use registrar::Registrar;
use trade::TradeSeries;

/// All numbers of one house.
pub struct Metrics {
    registry: Registry,
    http: HttpSeries,
    pool: PoolSeries,
    ledger: LedgerSeries,
    breakers: BreakerSeries,
    dispatch: DispatchSeries,
    trade: TradeSeries,
}

impl Metrics {
    /// Fails only by a bug: code and catalogue disagree.
    pub fn new() -> Result<Self, Error> {
        let mut registrar = Registrar::new();
        let http = HttpSeries::new(&mut registrar)?;
        let pool = PoolSeries::new(&mut registrar)?;
        let ledger = LedgerSeries::new(&mut registrar)?;
        let breakers = BreakerSeries::new(&mut registrar)?;
        let dispatch = DispatchSeries::new(&mut registrar)?;
        let trade = TradeSeries::new(&mut registrar)?;
        let build = registrar.gauges("weir_build_info")?;
        build.get_metric_with_label_values(&[env!("CARGO_PKG_VERSION")])?.set(1);
        let registry = registrar.finish()?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self { registry, http, pool, ledger, breakers, dispatch, trade })
    }

    /// From now on each scrape asks this pool. It is not kept alive: the pool itself holds these
    /// numbers as its meter, and two that hold each other are never let go.
    pub fn watch_pool(&self, gauge: Arc<dyn PoolGauge>) {
        self.pool.watch(&gauge);
    }

    /// Shows a problem as 0 before it happens: otherwise its first occurrence is no increase to
    /// whoever watches the rate.
    pub fn foresee_problem(&self, code: &'static str, status: u16) {
        self.http.foresee_problem(code, status);
    }

    /// Orders go to the simulator in the process, and to nobody else.
    pub fn trades_are_simulated(&self) {
        self.trade.simulated();
    }

    /// The exposition in the text format of Prometheus (`text/plain; version=0.0.4`).
    pub fn render(&self) -> Result<String, Error> {
        self.pool.refresh();
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// Finds a series of a family. That the labels are as many as the catalogue says is proved by the
/// test that moves every counter; a meter must not bring the house down.
fn with<T: MetricVecBuilder>(family: &MetricVec<T>, labels: &[&str], count: impl FnOnce(T::M)) {
    if let Ok(series) = family.get_metric_with_label_values(labels) {
        count(series);
    }
}

/// Shows each label of a family as 0 from the start.
fn foreseen(family: IntCounterVec, labels: &[&str]) -> Result<IntCounterVec, Error> {
    for label in labels {
        family.get_metric_with_label_values(&[label])?;
    }
    Ok(family)
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn size(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

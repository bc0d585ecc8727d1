//! The connection pool: what it is now is asked at each scrape, what happened in it is counted.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use prometheus::{Error, Gauge, Histogram, HistogramVec, IntCounter, IntGauge};

use super::registrar::Registrar;
use super::{Metrics, seconds, with};
use crate::domain::pool::PoolSample;
use crate::ports::gauge::PoolGauge;
use crate::ports::meter::PoolMeter;

pub(super) struct PoolSeries {
    active: IntGauge,
    idle: IntGauge,
    total: IntGauge,
    max: IntGauge,
    waiting: IntGauge,
    utilisation: Gauge,
    up: IntGauge,
    waits: Histogram,
    holds: HistogramVec,
    timeouts: IntCounter,
    watched: RwLock<Option<Weak<dyn PoolGauge>>>,
}

impl PoolSeries {
    pub(super) fn new(registrar: &mut Registrar) -> Result<Self, Error> {
        Ok(Self {
            active: registrar.gauge("db_pool_connections_active")?,
            idle: registrar.gauge("db_pool_connections_idle")?,
            total: registrar.gauge("db_pool_connections_total")?,
            max: registrar.gauge("db_pool_connections_max")?,
            waiting: registrar.gauge("db_pool_waiting")?,
            utilisation: registrar.ratio("db_pool_utilization_ratio")?,
            up: registrar.gauge("db_pool_up")?,
            waits: registrar.histogram("db_connection_acquisition_duration_seconds")?,
            holds: registrar.histograms("db_connection_hold_duration_seconds")?,
            timeouts: registrar.counter("db_connection_acquisition_failures_total")?,
            watched: RwLock::new(None),
        })
    }

    pub(super) fn watch(&self, gauge: &Arc<dyn PoolGauge>) {
        let mut watched = self.watched.write().unwrap_or_else(PoisonError::into_inner);
        *watched = Some(Arc::downgrade(gauge));
    }

    /// Without a pool, and after its end, all is 0.
    pub(super) fn refresh(&self) {
        let watched = self.watched.read().unwrap_or_else(PoisonError::into_inner).clone();
        let gauge = watched.and_then(|gauge| gauge.upgrade());
        let sample = gauge.as_ref().map(|gauge| gauge.sample()).unwrap_or_default();
        let serving = gauge.is_some_and(|gauge| gauge.state().is_serving());
        self.show(sample, serving);
    }

    fn show(&self, sample: PoolSample, serving: bool) {
        self.active.set(sample.active.into());
        self.idle.set(sample.idle.into());
        self.total.set(sample.total.into());
        self.max.set(sample.max.into());
        self.waiting.set(sample.waiting.into());
        self.utilisation.set(sample.utilisation());
        self.up.set(serving.into());
    }
}

impl PoolMeter for Metrics {
    fn waited(&self, time: Duration) {
        self.pool.waits.observe(seconds(time));
    }

    fn held(&self, doing: &'static str, time: Duration) {
        with(&self.pool.holds, &[doing], |histogram| histogram.observe(seconds(time)));
    }

    fn timed_out(&self) {
        self.pool.timeouts.inc();
    }
}

//! Makes series from rows of the table, and from nothing else.

use prometheus::core::Collector;
use prometheus::{
    Error, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::telemetry::catalogue::{Kind, METRICS, Metric};

/// A row of the table without labels has one series, which shows from the start.
const ALONE: &[&str] = &[];

pub(super) struct Registrar {
    registry: Registry,
    left: Vec<&'static Metric>,
}

impl Registrar {
    pub(super) fn new() -> Self {
        Self { registry: Registry::new(), left: METRICS.iter().collect() }
    }

    /// The registry, when every row of the table has been taken.
    pub(super) fn finish(self) -> Result<Registry, Error> {
        match self.left.first() {
            None => Ok(self.registry),
            Some(Metric { name, .. }) => Err(Error::Msg(format!("nobody moves {name}"))),
        }
    }

    pub(super) fn counter(&mut self, name: &str) -> Result<IntCounter, Error> {
        self.counters(name)?.get_metric_with_label_values(ALONE)
    }

    pub(super) fn counters(&mut self, name: &str) -> Result<IntCounterVec, Error> {
        let Metric { name, help, labels, .. } = self.take(name, "counter")?;
        self.register(IntCounterVec::new(Opts::new(*name, *help), labels)?)
    }

    pub(super) fn gauge(&mut self, name: &str) -> Result<IntGauge, Error> {
        self.gauges(name)?.get_metric_with_label_values(ALONE)
    }

    pub(super) fn gauges(&mut self, name: &str) -> Result<IntGaugeVec, Error> {
        let Metric { name, help, labels, .. } = self.take(name, "gauge")?;
        self.register(IntGaugeVec::new(Opts::new(*name, *help), labels)?)
    }

    /// A gauge that is not a whole number.
    pub(super) fn ratio(&mut self, name: &str) -> Result<Gauge, Error> {
        let Metric { name, help, labels, .. } = self.take(name, "gauge")?;
        let gauges = self.register(GaugeVec::new(Opts::new(*name, *help), labels)?)?;
        gauges.get_metric_with_label_values(ALONE)
    }

    pub(super) fn histogram(&mut self, name: &str) -> Result<Histogram, Error> {
        self.histograms(name)?.get_metric_with_label_values(ALONE)
    }

    pub(super) fn histograms(&mut self, name: &str) -> Result<HistogramVec, Error> {
        let Metric { name, kind, help, labels } = self.take(name, "histogram")?;
        let mut options = HistogramOpts::new(*name, *help);
        if let Kind::Histogram(bounds) = kind {
            options = options.buckets(bounds.to_vec());
        }
        self.register(HistogramVec::new(options, labels)?)
    }

    fn take(&mut self, name: &str, kind: &str) -> Result<&'static Metric, Error> {
        let is_meant = |metric: &&Metric| metric.name == name && metric.kind.word() == kind;
        let place = self.left.iter().position(is_meant);
        place.map(|place| self.left.swap_remove(place)).ok_or_else(|| {
            Error::Msg(format!("the catalogue has no {kind} {name}, or it is taken already"))
        })
    }

    fn register<T: Collector + Clone + 'static>(&self, series: T) -> Result<T, Error> {
        self.registry.register(Box::new(series.clone()))?;
        Ok(series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_the_table_are_registered_and_only_once() {
        let mut registrar = Registrar::new();

        assert!(registrar.counter("ledger_surprises_total").is_err());
        assert!(registrar.gauge("ledger_halvings_total").is_err());
        assert!(registrar.counter("ledger_halvings_total").is_ok());
        assert!(registrar.counter("ledger_halvings_total").is_err());
    }

    #[test]
    fn a_row_with_labels_is_no_single_series() {
        assert!(Registrar::new().counter("ledger_retries_total").is_err());
    }

    #[test]
    fn a_row_that_nobody_moves_is_a_fault() {
        assert!(Registrar::new().finish().is_err());
    }
}

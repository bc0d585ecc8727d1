//! The series by name: what a scrape shows, as values instead of text.

use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

use super::Metrics;
use crate::ports::series::{Families, Family, Series, Value};

impl Families for Metrics {
    fn families(&self) -> Vec<Family> {
        self.pool.refresh();
        self.registry.gather().iter().map(family).collect()
    }
}

fn family(found: &MetricFamily) -> Family {
    let kind = found.get_field_type();
    let series = found.get_metric().iter().map(|metric| series(metric, kind)).collect();
    Family { name: found.name().to_owned(), help: found.help().to_owned(), series }
}

fn series(metric: &Metric, kind: MetricType) -> Series {
    let label = |label: &LabelPair| (label.name().to_owned(), label.value().to_owned());
    let value = match kind {
        MetricType::COUNTER => Value::Count(metric.get_counter().get_value()),
        MetricType::HISTOGRAM => {
            let histogram = metric.get_histogram();
            let buckets = histogram.get_sample_count();
            let count = u32::try_from(buckets).map_or(f64::from(u32::MAX), f64::from);
            Value::Distribution { count, total: histogram.get_sample_sum() }
        }
        // The catalogue has no other kinds.
        MetricType::GAUGE | MetricType::SUMMARY | MetricType::UNTYPED => {
            Value::Level(metric.get_gauge().get_value())
        }
    };
    Series { labels: metric.get_label().iter().map(label).collect(), value }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ports::meter::{DispatchMeter, PoolMeter};
    use crate::telemetry::catalogue::METRICS;

    #[test]
    fn each_kind_of_series_is_told_with_its_labels() {
        let metrics = Metrics::new().unwrap();
        metrics.orders("sent", 7);
        metrics.children(3, 15);
        DispatchMeter::waited(&metrics, Duration::from_secs(2));
        metrics.held("orders.list", Duration::from_secs(3));

        let families = metrics.families();

        let find = |name: &str, labels: &[(&str, &str)]| {
            let family = families.iter().find(|family| family.name == name).unwrap();
            let has = |series: &&Series| {
                let pairs =
                    series.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                pairs.eq(labels.iter().copied())
            };
            family.series.iter().find(has).unwrap().value
        };
        assert_eq!(find("order_outcomes_total", &[("outcome", "sent")]), Value::Count(7.0));
        assert_eq!(find("supervisor_children_busy", &[]), Value::Level(3.0));
        let waits = Value::Distribution { count: 1.0, total: 2.0 };
        assert_eq!(find("semaphore_wait_seconds", &[]), waits);
        let holds = Value::Distribution { count: 1.0, total: 3.0 };
        let doing = [("doing", "orders.list")];
        assert_eq!(find("db_connection_hold_duration_seconds", &doing), holds);
    }

    #[test]
    fn what_shows_from_the_start_is_there_with_its_help() {
        let families = Metrics::new().unwrap().families();

        for metric in METRICS.iter().filter(|metric| metric.labels.is_empty()) {
            let found = families.iter().find(|family| family.name == metric.name);
            assert_eq!(found.map(|family| family.help.as_str()), Some(metric.help));
        }
    }
}

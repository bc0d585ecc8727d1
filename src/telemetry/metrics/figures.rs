//! The numbers as a person reads them: the same series that a scrape shows.

use std::time::Duration;

use prometheus::core::Metric;
use prometheus::{Histogram, IntCounterVec, IntGaugeVec};

use super::Metrics;
use crate::domain::pulse::{Times, Totals};
use crate::ports::figures::{Figures, LetterCounts, Reading};

impl Figures for Metrics {
    fn read(&self) -> Reading {
        let series = &self.dispatch;
        let orders = |outcome| counted(&series.orders, outcome);
        let letters = |state| standing(&series.letters, state);
        let declined = super::dispatch::SHORTAGES.into_iter();
        Reading {
            totals: Totals {
                accepted: self.ledger.committed.get(),
                sent: orders("sent"),
                rejected: orders("rejected"),
                queued: orders("queued"),
                declined: declined.map(|reason| counted(&series.declined, reason)).sum(),
                batches: times(&series.durations),
            },
            letters: LetterCounts {
                waiting: letters("waiting"),
                held: letters("held"),
                reconcile: letters("reconcile"),
                dead: letters("dead"),
                oldest: time(series.oldest.get()),
            },
            orders_per_second: series.pace.get(),
            wait: time(series.wait.get()),
        }
    }
}

fn counted(family: &IntCounterVec, label: &str) -> u64 {
    family.get_metric_with_label_values(&[label]).map(|counter| counter.get()).unwrap_or_default()
}

fn standing(family: &IntGaugeVec, label: &str) -> u64 {
    let gauge = family.get_metric_with_label_values(&[label]).map(|gauge| gauge.get());
    u64::try_from(gauge.unwrap_or_default()).unwrap_or_default()
}

fn times(histogram: &Histogram) -> Times {
    let metric = histogram.metric();
    let told = metric.get_histogram();
    let buckets = told.get_bucket().iter();
    Times {
        within: buckets.map(|it| (it.upper_bound(), it.cumulative_count())).collect(),
        count: told.get_sample_count(),
    }
}

fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pulse::Pulse;
    use crate::ports::clock::{Clock, SystemClock};
    use crate::ports::meter::{BatchEnd, DispatchMeter, LedgerMeter};

    #[test]
    fn what_the_rooms_report_is_what_is_read() {
        let metrics = Metrics::new().unwrap();
        for (outcome, orders) in [("sent", 7), ("rejected", 2), ("queued", 3), ("dead", 9)] {
            metrics.orders(outcome, orders);
        }
        metrics.committed(1, 21, Duration::ZERO);
        for reason in super::super::dispatch::SHORTAGES {
            metrics.declined(reason);
        }
        for (letters, state) in (1..).zip(["waiting", "held", "reconcile", "dead"]) {
            metrics.letters(state, letters);
        }
        metrics.oldest_letter(Duration::from_secs(90));
        metrics.backlog(5, 12.5, Duration::from_millis(250));

        let Reading { totals, letters, orders_per_second, wait } = metrics.read();

        assert_eq!((totals.accepted, totals.sent, totals.rejected), (21, 7, 2));
        assert_eq!((totals.queued, totals.declined), (3, 4));
        assert_eq!((letters.waiting, letters.held), (1, 2));
        assert_eq!((letters.reconcile, letters.dead), (3, 4));
        assert_eq!(letters.oldest, Duration::from_secs(90));
        assert_eq!((orders_per_second, wait), (12.5, Duration::from_millis(250)));
    }

    #[test]
    fn batches_are_read_with_their_times() {
        let metrics = Metrics::new().unwrap();
        let mut pulse = Pulse::default();
        let now = SystemClock.instant();
        pulse.beat(now, metrics.read().totals);
        for millis in [3, 3, 90_000] {
            metrics
                .batch(&BatchEnd { in_all: Duration::from_millis(millis), ..BatchEnd::default() });
        }
        pulse.beat(now + Duration::from_secs(1), metrics.read().totals);

        let latency = pulse.latency().unwrap();

        assert!(latency.p50 <= Duration::from_millis(5), "{latency:?}");
        assert_eq!(latency.p99, Duration::from_mins(1), "the last bound");
        assert_eq!(metrics.read().totals.batches.count, 3);
    }
}

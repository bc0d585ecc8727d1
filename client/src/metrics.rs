//! The numbers of the guide, under its names.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::event::Event;
use crate::rules::class::ErrorType;

/// Seconds: from a quick answer to the longest that is waited for.
const BUCKETS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0];

#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    attempts: IntCounter,
    successes: IntCounter,
    failures: IntCounterVec,
    breaker_rejections: IntCounter,
    queued: IntCounter,
    duration: Histogram,
    depth: IntGauge,
}

impl Metrics {
    /// Registers all of them. A registry takes one client: names are not given out twice.
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let failures = IntCounterVec::new(
            Opts::new(
                "order_submission_failures_total",
                "Calls that failed, and submissions that ran out of attempts (exhausted)",
            ),
            &["error_type"],
        )?;
        registry.register(Box::new(failures.clone()))?;
        // A series that is not there cannot be alerted on.
        ErrorType::ALL
            .iter()
            .for_each(|kind| failures.with_label_values(&[kind.label()]).inc_by(0));
        let duration = HistogramOpts::new(
            "order_submission_duration_seconds",
            "From the first attempt at a submission to its answer",
        )
        .buckets(BUCKETS.to_vec());
        let duration = Histogram::with_opts(duration)?;
        registry.register(Box::new(duration.clone()))?;
        let depth = IntGauge::new("order_queue_depth", "Submissions that wait in the queue")?;
        registry.register(Box::new(depth.clone()))?;
        Ok(Self {
            attempts: counter("order_submission_attempts_total", "Calls to submit orders")?,
            successes: counter(
                "order_submission_success_total",
                "Submissions that the service answered",
            )?,
            failures,
            breaker_rejections: counter(
                "order_circuit_breaker_rejections_total",
                "Submissions that a breaker rejected",
            )?,
            queued: counter("order_queued_total", "Orders that went into the queue")?,
            duration,
            depth,
        })
    }

    pub(crate) fn count(&self, event: &Event) {
        match event {
            Event::Submitting { .. } => self.attempts.inc(),
            Event::Submitted { took, .. } => {
                self.successes.inc();
                self.duration.observe(took.as_secs_f64());
            }
            Event::BreakerRejected { .. } => self.breaker_rejections.inc(),
            Event::Failed { error_type, .. } => {
                self.failures.with_label_values(&[error_type.label()]).inc();
            }
            Event::Queued { order_count, .. } => {
                self.queued.inc_by(u64::try_from(*order_count).unwrap_or_default());
            }
            Event::Retrying { .. } | Event::QueueProcessed { .. } | Event::Looked { .. } => {}
        }
    }

    pub(crate) fn set_depth(&self, waiting: u64) {
        self.depth.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rules::patience::QueueReason;

    #[test]
    fn every_number_of_the_guide_moves_with_its_event() {
        let registry = Registry::new();
        let metrics = Metrics::new(&registry).unwrap();
        let batch_id = || "b".to_owned();
        let events = [
            Event::Submitting { batch_id: batch_id(), order_count: 25 },
            Event::Submitted {
                batch_id: batch_id(),
                order_count: 25,
                took: Duration::from_secs(1),
            },
            Event::BreakerRejected { batch_id: batch_id(), order_count: 25 },
            Event::Queued { batch_id: batch_id(), order_count: 25, reason: QueueReason::Unhealthy },
            Event::Failed {
                batch_id: batch_id(),
                error_type: ErrorType::Connection,
                message: String::new(),
            },
        ];

        events.iter().for_each(|event| metrics.count(event));
        metrics.set_depth(3);

        let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let expected = [
            "order_submission_attempts_total 1",
            "order_submission_success_total 1",
            "order_submission_failures_total{error_type=\"connection\"} 1",
            "order_submission_failures_total{error_type=\"server\"} 0",
            "order_circuit_breaker_rejections_total 1",
            "order_queued_total 25",
            "order_submission_duration_seconds_sum 1",
            "order_queue_depth 3",
        ];
        for line in expected {
            assert!(text.lines().any(|printed| printed == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_registry_takes_one_client() {
        let registry = Registry::new();

        assert!(Metrics::new(&registry).is_ok());
        assert!(Metrics::new(&registry).is_err());
    }
}

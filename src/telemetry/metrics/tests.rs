//! The catalogue against what a scrape shows, both ways, and every number against the call that
//! moves it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use resilience::breaker::StateName;

use super::breaker::{CHANGES, STATES};
use super::dispatch::{ENDS, LEASES, LETTER_STATES, OUTCOMES, SHORTAGES, TAKEN};
use super::http::ROUTES_MAX;
use super::ledger::{REFUSAL_REASONS, RETRY_REASONS};
use super::*;
use crate::actors::ledger::Refused;
use crate::domain::pause::KINDS;
use crate::domain::pool::PoolSample;
use crate::domain::reference::ReferenceKind;
use crate::ports::Failure;
use crate::ports::gauge::{DatabaseState, Hold};
use crate::ports::journal::ChangeRefusal;
use crate::ports::meter::{BreakerMeter, HttpMeter, LedgerMeter, PoolMeter};
use crate::telemetry::catalogue::{Kind, METRICS};

const SECOND: Duration = Duration::from_secs(1);

struct Pool(DatabaseState);

#[async_trait]
impl PoolGauge for Pool {
    fn sample(&self) -> PoolSample {
        PoolSample { active: 15, idle: 5, waiting: 2, total: 20, max: 60 }
    }

    fn state(&self) -> DatabaseState {
        self.0.clone()
    }

    fn holds(&self) -> Vec<Hold> {
        Vec::new()
    }

    fn timeouts(&self) -> u64 {
        0
    }

    fn timeouts_in_a_row(&self) -> u32 {
        0
    }

    async fn probe(&self) -> DatabaseState {
        self.state()
    }
}

fn touched() -> Metrics {
    let metrics = Metrics::new().unwrap();
    metrics.answered("GET", "/api/v1/orders", 200, SECOND);
    metrics.problem("NOT_FOUND", 404);
    PoolMeter::held(&metrics, "orders.list", SECOND);
    metrics.state("pool", "closed");
    metrics
}

/// The value behind `series`, name and labels, in what a scrape shows.
pub(super) fn value(metrics: &Metrics, series: &str) -> Option<f64> {
    let text = metrics.render().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

#[test]
fn a_scrape_shows_exactly_the_catalogue() {
    let text = touched().render().unwrap();

    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let shown: BTreeMap<_, _> = types.filter(|(name, _)| !name.starts_with("process_")).collect();
    let meant = METRICS.iter().map(|metric| (metric.name, metric.kind.word()));
    assert_eq!(shown, BTreeMap::from_iter(meant));
}

#[test]
fn every_series_has_the_labels_and_the_bounds_of_the_catalogue() {
    for family in touched().registry.gather() {
        let Some(metric) = METRICS.iter().find(|metric| metric.name == family.name()) else {
            assert!(family.name().starts_with("process_"), "{}", family.name());
            continue;
        };
        for series in family.get_metric() {
            let labels: BTreeSet<_> = series.get_label().iter().map(|pair| pair.name()).collect();
            assert_eq!(labels, metric.labels.iter().copied().collect(), "{}", metric.name);
            if let Kind::Histogram(meant) = metric.kind {
                let buckets = series.get_histogram().get_bucket().iter();
                let bounds: Vec<_> = buckets.map(|bucket| bucket.upper_bound()).collect();
                assert_eq!(bounds, meant, "{}", metric.name);
            }
        }
        assert_eq!(family.help(), metric.help);
    }
}

#[test]
fn single_series_and_closed_families_are_0_from_the_start() {
    let metrics = Metrics::new().unwrap();

    for metric in METRICS.iter().filter(|metric| metric.labels.is_empty()) {
        let count = if matches!(metric.kind, Kind::Histogram(_)) { "_count" } else { "" };
        let is_free = ["semaphore_available_permits", "supervisor_children_in_use"];
        let start = if is_free.contains(&metric.name) { 15.0 } else { 0.0 };
        assert_eq!(value(&metrics, &format!("{}{count}", metric.name)), Some(start));
    }
    for (family, label, words) in [
        ("ledger_retries_total", "reason", &RETRY_REASONS[..]),
        ("ledger_refusals_total", "reason", &REFUSAL_REASONS[..]),
        ("supervisor_carriages_total", "end", &ENDS[..]),
        ("order_outcomes_total", "outcome", &OUTCOMES[..]),
        ("letters", "state", &LETTER_STATES[..]),
        ("letters_taken_total", "how", &TAKEN[..]),
        ("admission_refused_total", "reason", &SHORTAGES[..]),
        ("lease_renewals_total", "outcome", &LEASES[..]),
        ("weir_paused", "kind", &KINDS[..]),
    ] {
        for word in words {
            let series = format!("{family}{{{label}=\"{word}\"}}");
            assert_eq!(value(&metrics, &series), Some(0.0), "{series}");
        }
    }
    let build = format!("weir_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&metrics, &build), Some(1.0));
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_shown_too() {
    let metrics = Metrics::new().unwrap();

    assert!(value(&metrics, "process_resident_memory_bytes") > Some(0.0));
    assert!(value(&metrics, "process_open_fds") > Some(0.0));
}

#[test]
fn what_happens_over_http_is_counted() {
    let metrics = Metrics::new().unwrap();

    metrics.in_flight(1);
    metrics.in_flight(1);
    metrics.in_flight(-1);
    metrics.answered("POST", "/api/v1/orders", 201, Duration::from_millis(2));
    metrics.answered("BREW", "", 405, SECOND);
    metrics.foresee_problem("LINE_FULL", 503);
    metrics.problem("STALE", 409);

    let table = [
        ("http_requests_in_flight", 1.0),
        (r#"http_requests_total{method="POST",path="/api/v1/orders",status="201"}"#, 1.0),
        (r#"http_requests_total{method="OTHER",path="/unknown",status="405"}"#, 1.0),
        (
            r#"http_request_duration_seconds_bucket{method="POST",path="/api/v1/orders",le="0.001"}"#,
            0.0,
        ),
        (
            r#"http_request_duration_seconds_bucket{method="POST",path="/api/v1/orders",le="0.0025"}"#,
            1.0,
        ),
        (r#"http_request_duration_seconds_sum{method="OTHER",path="/unknown"}"#, 1.0),
        (r#"http_errors_total{error_code="LINE_FULL",status_code="503"}"#, 0.0),
        (r#"http_errors_total{error_code="STALE",status_code="409"}"#, 1.0),
    ];
    for (series, expected) in table {
        assert_eq!(value(&metrics, series), Some(expected), "{series}");
    }
}

#[test]
fn raw_paths_in_place_of_templates_do_not_make_series_without_end() {
    let metrics = Metrics::new().unwrap();
    metrics.answered("GET", "/first", 200, SECOND);

    for id in 0..10 * ROUTES_MAX {
        metrics.answered("GET", &format!("/order/{id}"), 200, SECOND);
    }
    metrics.answered("GET", "/first", 200, SECOND);

    let text = metrics.render().unwrap();
    let series = text.lines().filter(|line| line.starts_with("http_requests_total{")).count();
    assert_eq!(series, ROUTES_MAX + 1);
    let first = r#"http_requests_total{method="GET",path="/first",status="200"}"#;
    assert_eq!(value(&metrics, first), Some(2.0));
}

#[test]
fn what_happens_in_the_pool_is_counted() {
    let metrics = Metrics::new().unwrap();

    PoolMeter::waited(&metrics, SECOND);
    metrics.held("ledger.record", 2 * SECOND);
    metrics.timed_out();

    let table = [
        ("db_connection_acquisition_duration_seconds_sum", 1.0),
        (r#"db_connection_hold_duration_seconds_sum{doing="ledger.record"}"#, 2.0),
        ("db_connection_acquisition_failures_total", 1.0),
    ];
    for (series, expected) in table {
        assert_eq!(value(&metrics, series), Some(expected), "{series}");
    }
}

#[test]
fn a_scrape_asks_the_pool() {
    let metrics = Metrics::new().unwrap();
    let pool: Arc<dyn PoolGauge> = Arc::new(Pool(DatabaseState::Serving));

    metrics.watch_pool(Arc::clone(&pool));

    let table = [
        ("db_pool_connections_active", 15.0),
        ("db_pool_connections_idle", 5.0),
        ("db_pool_connections_total", 20.0),
        ("db_pool_connections_max", 60.0),
        ("db_pool_waiting", 2.0),
        ("db_pool_utilization_ratio", 0.25),
        ("db_pool_up", 1.0),
    ];
    for (series, expected) in table {
        assert_eq!(value(&metrics, series), Some(expected), "{series}");
    }
}

#[test]
fn a_database_that_does_not_serve_is_not_up() {
    let metrics = Metrics::new().unwrap();
    let away = DatabaseState::Away { reason: "gone".to_owned() };

    for state in [DatabaseState::Starting, away] {
        let pool: Arc<dyn PoolGauge> = Arc::new(Pool(state));
        metrics.watch_pool(Arc::clone(&pool));

        assert_eq!(value(&metrics, "db_pool_up"), Some(0.0));
        assert_eq!(value(&metrics, "db_pool_connections_max"), Some(60.0));
    }
}

#[test]
fn a_pool_is_not_kept_alive_by_being_watched() {
    let metrics = Metrics::new().unwrap();
    let pool: Arc<dyn PoolGauge> = Arc::new(Pool(DatabaseState::Serving));
    metrics.watch_pool(Arc::clone(&pool));
    assert_eq!(value(&metrics, "db_pool_up"), Some(1.0));

    assert_eq!(Arc::strong_count(&pool), 1);
    drop(pool);

    assert_eq!(value(&metrics, "db_pool_up"), Some(0.0));
    assert_eq!(value(&metrics, "db_pool_connections_active"), Some(0.0));
}

#[test]
fn what_happens_in_the_ledger_is_counted() {
    let metrics = Metrics::new().unwrap();

    metrics.line(3, 75);
    LedgerMeter::waited(&metrics, SECOND);
    metrics.committed(4, 100, 2 * SECOND);
    metrics.committed(1, 25, SECOND);
    metrics.halved();
    metrics.retried("lost");
    LedgerMeter::refused(&metrics, "busy");

    let table = [
        ("ledger_line_requests", 3.0),
        ("ledger_line_orders", 75.0),
        ("ledger_wait_seconds_sum", 1.0),
        ("ledger_commit_duration_seconds_sum", 3.0),
        ("ledger_group_requests_sum", 5.0),
        ("ledger_group_orders_sum", 125.0),
        (r#"ledger_group_orders_bucket{le="25"}"#, 1.0),
        ("ledger_orders_committed_total", 125.0),
        ("ledger_halvings_total", 1.0),
        (r#"ledger_retries_total{reason="lost"}"#, 1.0),
        (r#"ledger_refusals_total{reason="busy"}"#, 1.0),
    ];
    for (series, expected) in table {
        assert_eq!(value(&metrics, series), Some(expected), "{series}");
    }
}

/// A new kind of failure does not compile here until it stands in this list.
fn failures() -> [Failure; 9] {
    let reason = String::new;
    [
        Failure::Exhausted { waited: SECOND },
        Failure::Away { reason: reason() },
        Failure::Lost { reason: reason() },
        Failure::TooSlow,
        Failure::Collision { reason: reason() },
        Failure::Full { reason: reason() },
        Failure::Data { reason: reason() },
        Failure::Taken { reason: reason() },
        Failure::Broken { reason: reason() },
    ]
    .map(|failure| match failure {
        Failure::Exhausted { .. }
        | Failure::Away { .. }
        | Failure::Lost { .. }
        | Failure::TooSlow
        | Failure::Collision { .. }
        | Failure::Full { .. }
        | Failure::Data { .. }
        | Failure::Taken { .. }
        | Failure::Broken { .. } => failure,
    })
}

#[test]
fn every_reason_to_refuse_is_foreseen() {
    let own = [
        Refused::Busy { retry_after: SECOND },
        Refused::Stopping,
        Refused::Change(ChangeRefusal::Referenced { kind: ReferenceKind::Blotter, id: 1 }),
        Refused::Unknown(Failure::TooSlow),
    ]
    .map(|refused| match refused {
        Refused::Busy { .. }
        | Refused::Stopping
        | Refused::Change(_)
        | Refused::Failed(_)
        | Refused::Unknown(_) => refused.label(),
    });

    let labels = failures().map(|failure| Refused::Failed(failure).label());
    let labels: BTreeSet<_> = labels.into_iter().chain(own).collect();

    assert_eq!(labels, BTreeSet::from(REFUSAL_REASONS));
    assert!(RETRY_REASONS.iter().all(|reason| labels.contains(reason)));
}

#[test]
fn what_becomes_of_a_breaker_is_counted() {
    let metrics = Metrics::new().unwrap();

    metrics.state("pool", "closed");
    for (from, to) in CHANGES {
        let series = format!(
            r#"circuit_breaker_state_transitions_total{{breaker="pool",from="{from}",to="{to}"}}"#
        );
        assert_eq!(value(&metrics, &series), Some(0.0), "{series}");
    }
    assert_eq!(value(&metrics, r#"circuit_breaker_rejections_total{breaker="pool"}"#), Some(0.0));
    metrics.changed("pool", "closed", "open", "utilisation", SECOND);
    metrics.state("pool", "open");
    BreakerMeter::refused(&metrics, "pool", "open");
    metrics.permits_out("pool", 1);

    let table = [
        (r#"circuit_breaker_state{breaker="pool"}"#, 2.0),
        (r#"circuit_breaker_state_transitions_total{breaker="pool",from="closed",to="open"}"#, 1.0),
        (r#"circuit_breaker_rejections_total{breaker="pool"}"#, 1.0),
        (r#"circuit_breaker_permits_out{breaker="pool"}"#, 1.0),
    ];
    for (series, expected) in table {
        assert_eq!(value(&metrics, series), Some(expected), "{series}");
    }
}

#[test]
fn every_state_of_a_breaker_has_its_number() {
    let names: BTreeSet<_> = STATES.iter().map(|(name, _)| *name).collect();
    let numbers: BTreeSet<_> = STATES.iter().map(|(_, number)| *number).collect();

    assert_eq!(names, StateName::ALL.iter().map(|state| state.label()).collect());
    assert_eq!(numbers, (0..7).collect());
}

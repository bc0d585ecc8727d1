//! The table of all numbers that Weir tells; `docs/metrics.md` says what they mean and when to
//! worry. What is not in the table cannot be registered, and the tests hold the table against
//! what a scrape shows.
//!
//! `process_*` (CPU, memory, files, threads, start) come beside it from the Prometheus library,
//! on Linux.

/// One number, or a family of numbers told apart by labels.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// What it is, for the exposition; its unit is in its name.
    pub help: &'static str,
    pub labels: &'static [&'static str],
}

/// How a number moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only up, from 0 at the start.
    Counter,
    /// Up and down.
    Gauge,
    /// How many were at most so large: the bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// Its word in the exposition.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// The bounds that the ancestor's dashboards know, and two finer ones: Weir is faster.
const ANSWER_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// A free connection is there at once; `pool.acquire_timeout` is 5 s.
const ACQUISITION_SECONDS: &[f64] =
    &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// From one statement to what `pool.hold_warning` calls a leak.
const HOLD_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// From a flush of a fast disk to a group that looks for a lost database for 10 s.
const LEDGER_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Up to `ledger.group_max`, as it is set and as it may be.
const GROUP_REQUESTS: &[f64] =
    &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0];
/// A group of changes has no orders; a request has up to 1000.
const GROUP_ORDERS: &[f64] =
    &[0.0, 1.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 10_000.0, 100_000.0];

/// From a free child to what a caller waits for one.
const WAIT_SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The targets are 1, 3, 5 and 8 s; a good day is a hundredth of that.
const BATCH_SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 3.0, 5.0, 8.0, 25.0, 60.0];
/// From a trade service beside us to `trade.answer_timeout`, which is 45 s.
const CALL_SECONDS: &[f64] =
    &[0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0];
/// Up to what the trade service takes at once; `trade.bulk_max` is 250.
const CALL_ORDERS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0];

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, help, labels }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, help, labels }
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    bounds: &'static [f64],
    help: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Histogram(bounds), help, labels }
}

/// All of them.
pub const METRICS: &[Metric] = &[
    counter("http_requests_total", &["method", "path", "status"], "Requests answered"),
    histogram(
        "http_request_duration_seconds",
        &["method", "path"],
        ANSWER_SECONDS,
        "Time from the head of a request to its answer",
    ),
    gauge("http_requests_in_flight", &[], "Requests that are being answered"),
    counter("http_errors_total", &["error_code", "status_code"], "Problems told to callers"),
    gauge("db_pool_connections_active", &[], "Database connections in use"),
    gauge("db_pool_connections_idle", &[], "Database connections open and unused"),
    gauge("db_pool_connections_total", &[], "Database connections open"),
    gauge("db_pool_connections_max", &[], "Database connections that may be open"),
    gauge("db_pool_waiting", &[], "Pieces of work that wait for a connection"),
    gauge("db_pool_utilization_ratio", &[], "Connections in use over the maximum, 0 to 1"),
    gauge("db_pool_up", &[], "1 while the database serves, 0 before and without it"),
    histogram(
        "db_connection_acquisition_duration_seconds",
        &[],
        ACQUISITION_SECONDS,
        "Time waited for a connection that was got",
    ),
    histogram(
        "db_connection_hold_duration_seconds",
        &["doing"],
        HOLD_SECONDS,
        "Time for which a connection was held",
    ),
    counter(
        "db_connection_acquisition_failures_total",
        &[],
        "Waits for a connection that ended in vain",
    ),
    gauge("ledger_line_requests", &[], "Requests that wait to be written"),
    gauge("ledger_line_orders", &[], "Orders in the requests that wait to be written"),
    histogram("ledger_wait_seconds", &[], LEDGER_SECONDS, "Time a request waited in the line"),
    histogram(
        "ledger_commit_duration_seconds",
        &[],
        LEDGER_SECONDS,
        "Time from a group's leaving the line to its end",
    ),
    histogram("ledger_group_requests", &[], GROUP_REQUESTS, "Requests in a group"),
    histogram("ledger_group_orders", &[], GROUP_ORDERS, "Orders in a group"),
    counter("ledger_orders_committed_total", &[], "Orders in the groups that were committed"),
    counter("ledger_halvings_total", &[], "Groups cut in two to isolate or to hurry a request"),
    counter("ledger_retries_total", &["reason"], "Writes tried again"),
    counter("ledger_refusals_total", &["reason"], "Requests not written, or nobody knows"),
    gauge("circuit_breaker_state", &["breaker"], "How the breaker stands, as a number"),
    counter(
        "circuit_breaker_state_transitions_total",
        &["breaker", "from", "to"],
        "Changes of the breaker",
    ),
    counter("circuit_breaker_rejections_total", &["breaker"], "Calls that were not permitted"),
    gauge("circuit_breaker_permits_out", &["breaker"], "Permitted calls that are waited for"),
    counter("trade_calls_total", &["call", "outcome"], "Calls to the trade service that ended"),
    histogram(
        "trade_call_duration_seconds",
        &["call"],
        CALL_SECONDS,
        "Time from the beginning of a call to its outcome",
    ),
    histogram("trade_call_orders", &[], CALL_ORDERS, "Orders in a call that places them"),
    gauge("trade_simulated", &[], "1 while orders go to the simulator in the process"),
    gauge("weir_build_info", &["version"], "1, with the version that runs"),
    gauge("semaphore_available_permits", &[], "Children of the supervisor that carry nothing"),
    gauge("supervisor_children_busy", &[], "Children of the supervisor that carry a load"),
    gauge("supervisor_children_in_use", &[], "Children that may carry a load at once"),
    gauge("semaphore_queue_length", &[], "Loads that wait for a child"),
    gauge("supervisor_line_loads", &["kind"], "Loads that wait for a child, by kind"),
    gauge("supervisor_line_orders", &[], "Orders in the loads that wait for a child"),
    histogram("semaphore_wait_seconds", &[], WAIT_SECONDS, "Time that a load waited for a child"),
    counter("semaphore_wait_total", &[], "Loads that left the line with a child"),
    counter(
        "supervisor_children_replaced_total",
        &[],
        "Children that another one took the place of",
    ),
    counter("supervisor_carriages_total", &["end"], "Carriages, by how they ended"),
    counter("order_outcomes_total", &["outcome"], "Orders by what a carriage came to for them"),
    counter("bulk_submission_total", &[], "Batches that have come to rest"),
    counter("bulk_submission_orders_total", &[], "Orders in batches that have come to rest"),
    counter(
        "bulk_submission_errors_total",
        &["error_type"],
        "Batches that came to rest with orders queued or failed",
    ),
    histogram(
        "bulk_submission_duration_seconds",
        &[],
        BATCH_SECONDS,
        "Time from a batch's coming in to its rest",
    ),
    histogram(
        "bulk_submission_order_load_duration_seconds",
        &[],
        BATCH_SECONDS,
        "Time until a batch was on the disk",
    ),
    histogram(
        "bulk_submission_trade_service_duration_seconds",
        &[],
        BATCH_SECONDS,
        "Time of a batch's calls to the trade service, the longest of its loads",
    ),
    histogram(
        "bulk_submission_database_update_duration_seconds",
        &[],
        BATCH_SECONDS,
        "Time of writing down a batch's outcomes, the longest of its loads",
    ),
    gauge("bulk_submission_last_duration_seconds", &[], "Time of the last batch, in all"),
    gauge("bulk_submission_last_success_rate", &[], "Sent over all orders of the last batch"),
    gauge("letters", &["state"], "Letters in the database, counted every 15 seconds or so"),
    gauge("letters_oldest_age_seconds", &[], "Age of the oldest letter that waits"),
    counter("letters_taken_total", &["how"], "Letters taken from the database, by why"),
    counter("admission_refused_total", &["reason"], "Submissions that were told to come later"),
    gauge("admission_open_orders", &[], "Orders that are accepted and not decided"),
    gauge(
        "admission_pace_orders_per_second",
        &[],
        "Orders that are decided per second when work waits, as it is believed now",
    ),
    gauge("admission_wait_seconds", &[], "How long an order that comes now waits for its turn"),
    gauge("weir_paused", &["kind"], "Destinations and clients that operators have paused"),
    counter("lease_renewals_total", &["outcome"], "Renewals of this instance's lease"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What a name may begin with. The ancestor's dashboards ask for `semaphore` and `bulk`.
    const ROOMS: [&str; 13] = [
        "http",
        "db",
        "ledger",
        "circuit",
        "trade",
        "weir",
        "semaphore",
        "supervisor",
        "order",
        "bulk",
        "letters",
        "lease",
        "admission",
    ];

    #[test]
    fn names_obey_the_conventions() {
        for Metric { name, kind, help, labels } in METRICS {
            let words: Vec<_> = name.split('_').collect();
            let lower =
                |text: &str| text.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase());
            assert!(lower(name) && labels.iter().all(|label| lower(label)), "{name}");
            assert!(ROOMS.contains(&words[0]), "{name}");
            assert_eq!(*kind == Kind::Counter, counts(name), "{name}");
            let is_time = words.iter().any(|word| ["duration", "wait"].contains(word));
            let is_counted = *kind == Kind::Counter;
            assert_eq!(
                is_time && !is_counted,
                name.ends_with("_duration_seconds") || name.ends_with("_wait_seconds"),
                "{name}"
            );
            for unit in ["ms", "milliseconds", "percent", "count", "sum", "bucket"] {
                assert!(!words.contains(&unit), "{name}");
            }
            assert!(!help.is_empty() && !help.ends_with('.'), "{name}");
            assert!(!labels.contains(&"le"), "{name}");
        }
    }

    /// The ancestor's dashboards know the connections that are open by a name that ends like a
    /// counter's.
    fn counts(name: &str) -> bool {
        name.ends_with("_total") && name != "db_pool_connections_total"
    }

    #[test]
    fn names_are_told_once() {
        let names: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();

        assert_eq!(names.len(), METRICS.len());
    }

    #[test]
    fn bounds_ascend() {
        for metric in METRICS {
            if let Kind::Histogram(bounds) = metric.kind {
                assert!(bounds.is_sorted_by(|low, high| low < high), "{}", metric.name);
            }
        }
    }

    #[test]
    fn the_page_explains_exactly_the_table() {
        let page = include_str!("../../docs/metrics.md");
        let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();

        for Metric { name, labels, .. } in METRICS {
            let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
            let begin = format!("| `{name}` | {} |", labels.join(", ")).replace("|  |", "| |");
            assert_eq!(rows.iter().filter(|row| row.starts_with(&begin)).count(), 1, "{begin}");
        }
        let ours = rows.iter().filter(|row| !row.starts_with("| `process_"));
        assert_eq!(ours.count(), METRICS.len());
    }
}

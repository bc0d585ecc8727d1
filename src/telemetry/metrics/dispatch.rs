//! The supervisor, its children and the letters: what waits, what is on its way, how it ended.

use std::time::Duration;

use prometheus::{Error, Gauge, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::registrar::Registrar;
use super::{Metrics, foreseen, seconds, whole, with};
use crate::domain::line::WORKERS;
use crate::domain::pause::KINDS;
use crate::ports::meter::{BatchEnd, DispatchMeter};

/// How an order's journey ends, or is put off.
pub(super) const OUTCOMES: [&str; 4] = ["sent", "rejected", "queued", "dead"];
/// How a carriage ends.
pub(super) const ENDS: [&str; 3] = ["done", "not_now", "died"];
/// The states of letters.
pub(super) const LETTER_STATES: [&str; 4] = ["waiting", "held", "reconcile", "dead"];
/// How letters come from the database.
pub(super) const TAKEN: [&str; 3] = ["due", "taken_back", "stray"];
/// Why somebody has to come later.
pub(super) const SHORTAGES: [&str; 4] = ["ledger", "line", "letters", "quota"];
/// What becomes of the lease.
pub(super) const LEASES: [&str; 4] = ["entered", "renewed", "lost", "failed"];

pub(super) struct DispatchSeries {
    permits: IntGauge,
    busy: IntGauge,
    in_use: IntGauge,
    queue: IntGauge,
    loads: IntGaugeVec,
    orders_waiting: IntGauge,
    waits: Histogram,
    waited: IntCounter,
    replaced: IntCounter,
    carriages: IntCounterVec,
    pub(super) orders: IntCounterVec,
    batches: IntCounter,
    batch_orders: IntCounter,
    batch_errors: IntCounterVec,
    pub(super) durations: Histogram,
    load: Histogram,
    trade: Histogram,
    update: Histogram,
    last_duration: Gauge,
    last_success: Gauge,
    pub(super) letters: IntGaugeVec,
    pub(super) oldest: Gauge,
    taken: IntCounterVec,
    pub(super) declined: IntCounterVec,
    open: IntGauge,
    pub(super) pace: Gauge,
    pub(super) wait: Gauge,
    leases: IntCounterVec,
    paused: IntGaugeVec,
}

impl DispatchSeries {
    pub(super) fn new(registrar: &mut Registrar) -> Result<Self, Error> {
        let permits = registrar.gauge("semaphore_available_permits")?;
        permits.set(whole(WORKERS));
        let in_use = registrar.gauge("supervisor_children_in_use")?;
        in_use.set(whole(WORKERS));
        let letters = registrar.gauges("letters")?;
        for state in LETTER_STATES {
            letters.get_metric_with_label_values(&[state])?;
        }
        let loads = registrar.gauges("supervisor_line_loads")?;
        for kind in ["fresh", "retry"] {
            loads.get_metric_with_label_values(&[kind])?;
        }
        let paused = registrar.gauges("weir_paused")?;
        for kind in KINDS {
            paused.get_metric_with_label_values(&[kind])?;
        }
        Ok(Self {
            permits,
            busy: registrar.gauge("supervisor_children_busy")?,
            in_use,
            queue: registrar.gauge("semaphore_queue_length")?,
            loads,
            orders_waiting: registrar.gauge("supervisor_line_orders")?,
            waits: registrar.histogram("semaphore_wait_seconds")?,
            waited: registrar.counter("semaphore_wait_total")?,
            replaced: registrar.counter("supervisor_children_replaced_total")?,
            carriages: foreseen(registrar.counters("supervisor_carriages_total")?, &ENDS)?,
            orders: foreseen(registrar.counters("order_outcomes_total")?, &OUTCOMES)?,
            batches: registrar.counter("bulk_submission_total")?,
            batch_orders: registrar.counter("bulk_submission_orders_total")?,
            batch_errors: foreseen(
                registrar.counters("bulk_submission_errors_total")?,
                &["queued", "failed"],
            )?,
            durations: registrar.histogram("bulk_submission_duration_seconds")?,
            load: registrar.histogram("bulk_submission_order_load_duration_seconds")?,
            trade: registrar.histogram("bulk_submission_trade_service_duration_seconds")?,
            update: registrar.histogram("bulk_submission_database_update_duration_seconds")?,
            last_duration: registrar.ratio("bulk_submission_last_duration_seconds")?,
            last_success: registrar.ratio("bulk_submission_last_success_rate")?,
            letters,
            oldest: registrar.ratio("letters_oldest_age_seconds")?,
            taken: foreseen(registrar.counters("letters_taken_total")?, &TAKEN)?,
            declined: foreseen(registrar.counters("admission_refused_total")?, &SHORTAGES)?,
            open: registrar.gauge("admission_open_orders")?,
            pace: registrar.ratio("admission_pace_orders_per_second")?,
            wait: registrar.ratio("admission_wait_seconds")?,
            leases: foreseen(registrar.counters("lease_renewals_total")?, &LEASES)?,
            paused,
        })
    }
}

impl DispatchMeter for Metrics {
    fn line(&self, fresh: usize, retries: usize, orders: usize) {
        self.dispatch.queue.set(whole(fresh + retries));
        with(&self.dispatch.loads, &["fresh"], |gauge| gauge.set(whole(fresh)));
        with(&self.dispatch.loads, &["retry"], |gauge| gauge.set(whole(retries)));
        self.dispatch.orders_waiting.set(whole(orders));
    }

    fn children(&self, busy: usize, in_use: usize) {
        self.dispatch.busy.set(whole(busy));
        self.dispatch.in_use.set(whole(in_use));
        self.dispatch.permits.set(whole(in_use.saturating_sub(busy)));
    }

    fn waited(&self, time: Duration) {
        self.dispatch.waits.observe(seconds(time));
        self.dispatch.waited.inc();
    }

    fn replaced(&self) {
        self.dispatch.replaced.inc();
    }

    fn carried(&self, how: &'static str) {
        with(&self.dispatch.carriages, &[how], |counter| counter.inc());
    }

    fn orders(&self, outcome: &'static str, orders: usize) {
        let orders = u64::try_from(orders).unwrap_or(u64::MAX);
        with(&self.dispatch.orders, &[outcome], |counter| counter.inc_by(orders));
    }

    fn batch(&self, end: &BatchEnd) {
        let series = &self.dispatch;
        series.batches.inc();
        series.batch_orders.inc_by(u64::try_from(end.orders).unwrap_or(u64::MAX));
        for (kind, orders) in [("queued", end.queued), ("failed", end.failed)] {
            let batches = u64::from(orders > 0);
            with(&series.batch_errors, &[kind], |counter| counter.inc_by(batches));
        }
        series.durations.observe(seconds(end.in_all));
        series.load.observe(seconds(end.load));
        series.trade.observe(seconds(end.trade));
        series.update.observe(seconds(end.update));
        series.last_duration.set(seconds(end.in_all));
        series.last_success.set(end.success_rate());
    }

    fn letters(&self, state: &'static str, letters: u64) {
        let letters = i64::try_from(letters).unwrap_or(i64::MAX);
        with(&self.dispatch.letters, &[state], |gauge| gauge.set(letters));
    }

    fn oldest_letter(&self, age: Duration) {
        self.dispatch.oldest.set(seconds(age));
    }

    fn taken(&self, how: &'static str, letters: u64) {
        with(&self.dispatch.taken, &[how], |counter| counter.inc_by(letters));
    }

    fn declined(&self, reason: &'static str) {
        with(&self.dispatch.declined, &[reason], |counter| counter.inc());
    }

    fn backlog(&self, orders: u64, per_second: f64, wait: Duration) {
        self.dispatch.open.set(i64::try_from(orders).unwrap_or(i64::MAX));
        self.dispatch.pace.set(per_second);
        self.dispatch.wait.set(seconds(wait));
    }

    fn paused(&self, kind: &'static str, count: usize) {
        with(&self.dispatch.paused, &[kind], |gauge| gauge.set(whole(count)));
    }

    fn lease(&self, outcome: &'static str) {
        with(&self.dispatch.leases, &[outcome], |counter| counter.inc());
    }
}

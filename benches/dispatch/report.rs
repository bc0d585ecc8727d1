//! The tables, as they go into `docs/performance.md`.

use std::collections::BTreeMap;

use crate::found::Found;
use crate::plan::{Case, Who};
use crate::support::Kind;

/// Children of a supervisor, and orders in a batch: what leaves at once if every batch has a call
/// of its own.
const IN_FLIGHT: f64 = 15.0 * 25.0;

/// What was found on one database.
pub(crate) struct Report {
    kind: Kind,
    found: BTreeMap<Case, Vec<Found>>,
}

impl Report {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, found: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, case: Case, found: Found) {
        self.found.entry(case).or_default().push(found);
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite => "SQLite",
            Kind::Postgres => "PostgreSQL",
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.kind == Kind::Postgres
    }

    /// All rounds of a case.
    pub(crate) fn rounds(&self, case: Case) -> Option<&[Found]> {
        self.found.get(&case).map(Vec::as_slice)
    }

    /// The medians of each case.
    pub(crate) fn medians(&self) -> impl Iterator<Item = (Case, Found)> + '_ {
        self.found.iter().map(|(case, rounds)| (*case, Found::median(rounds)))
    }

    pub(crate) fn print(&self) {
        let mut latencies: Vec<u64> = self.found.keys().map(|case| case.latency).collect();
        latencies.dedup();
        for latency in latencies {
            self.print_latency(latency);
        }
    }

    fn print_latency(&self, latency: u64) {
        let rounds = self.found.values().map(Vec::len).max().unwrap_or_default();
        println!(
            "\nBatches of 25 on {}, trade service of {latency} ms, median of {rounds} rounds; {}:\n",
            self.name(),
            bound(latency)
        );
        println!(
            "| who | connections | accepted/s | completed/s | range | then drained/s | p50 ms | \
             p99 ms | orders per call | CPU s per 100,000 orders: service | database | trade \
             service | bench | MiB |"
        );
        println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        for (case, rounds) in self.found.iter().filter(|(case, _)| case.latency == latency) {
            let found = Found::median(rounds);
            let rates = rounds.iter().map(|round| round.completed);
            let least = rates.clone().fold(f64::INFINITY, f64::min);
            let most = rates.fold(0.0, f64::max);
            let Found { accepted, completed, p50, p99, cpu, .. } = found;
            // Who waits for outcomes leaves nothing to drain.
            let drained =
                if case.who == Who::WeirAsync { whole(found.drained) } else { "-".to_owned() };
            let [weir, database, simulator, bench] =
                [cpu.weir, cpu.database, cpu.simulator, cpu.bench].map(|time| some(time, 2));
            println!(
                "| {} | {} | {} | {} | {} to {} | {drained} | {p50:.1} | {p99:.1} | {} | {weir} | \
                 {database} | {simulator} | {bench} | {} |",
                case.who.name(),
                case.connections,
                whole(accepted),
                whole(completed),
                whole(least),
                whole(most),
                some(found.per_call, 0),
                some(found.memory, 0),
            );
        }
    }
}

/// What 15 workers end in a second if each carries one batch at a time.
fn bound(latency: u64) -> String {
    match bound_rate(latency) {
        Some(bound) => format!("15 workers x 25 orders / latency = {} orders/s", whole(bound)),
        None => "15 workers are no bound".to_owned(),
    }
}

pub(crate) fn bound_rate(latency: u64) -> Option<f64> {
    (latency > 0).then(|| IN_FLIGHT * 1000.0 / latency as f64)
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

/// Nothing, where there is no such thing.
fn some(number: f64, digits: usize) -> String {
    if number > 0.0 { format!("{number:.digits$}") } else { "-".to_owned() }
}

//! The tables, as they go into `docs/performance.md`, and how the figures stand to the aims.

use crate::listing::{LISTS, Listed};
use crate::recording::{Recorded, Subject};
use crate::shared::figures::{Measured, median};
use crate::support::Kind;

const RATIO_TO_BOUND: f64 = 0.45;
const RATIO_TO_PLAIN: f64 = 2.0;
const RECORD_P99_MS: f64 = 25.0;
const LIST_P99_MS: f64 = 10.0;
const MEMORY_MIB: f64 = 80.0;

pub(crate) fn print(recorded: &[Recorded], listed: &[Listed]) {
    for found in recorded {
        print_recorded(found);
    }
    for found in listed {
        print_listed(found);
    }
    println!("\n| database | aim | found | |\n|---|---|---|---|");
    for found in recorded {
        print_record_aims(found);
    }
    for found in listed {
        print_list_aims(found);
    }
}

fn print_recorded(found: &Recorded) {
    let rounds = found.rounds.values().map(Vec::len).max().unwrap_or_default();
    println!("\nRecording on {}, batches of 25, median of {rounds} rounds:\n", name(found.kind));
    println!("| who | clients | range | orders/s | p50 ms | p95 ms | p99 ms | {CPU} |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (subject, rounds) in &found.rounds {
        let (who, clients) = match subject {
            Subject::Bound(clients) => ("bare group commit", clients),
            Subject::Plain(clients) => ("plain transactions", clients),
            Subject::Weir(clients) => ("Weir", clients),
        };
        let rates = rounds.iter().map(|round| round.per_second);
        let least = rates.clone().fold(f64::INFINITY, f64::min);
        let most = rates.fold(0.0, f64::max);
        let median = figures(&Measured::median(rounds));
        println!("| {who} | {clients} | {least:.0} to {most:.0} | {median} |");
    }
    println!("\nWeir's peak of resident memory: {:.0} MiB.", found.memory_peak);
}

fn print_listed(found: &Listed) {
    println!(
        "\nListing 50 of {} orders on {}, 8 connections (filled at {:.0} orders/s in batches of \
         1000):\n",
        found.orders,
        name(found.kind),
        found.filled_per_second
    );
    println!("| list | lists/s | p50 ms | p95 ms | p99 ms | {} |", CPU.replace("orders", "lists"));
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for ((list, _), measured) in LISTS.iter().zip(&found.measured) {
        println!("| `{list}` | {} |", figures(measured));
    }
    println!("\nWeir's peak of resident memory: {:.0} MiB.", found.memory_peak);
}

const CPU: &str = "CPU s per 100,000 orders: Weir | database | bench";

fn figures(measured: &Measured) -> String {
    let Measured { per_second, p50, p95, p99, cpu } = measured;
    let [weir, database, bench] = [cpu.weir, cpu.database, cpu.bench].map(seconds);
    format!("{per_second:.0} | {p50:.2} | {p95:.2} | {p99:.2} | {weir} | {database} | {bench}")
}

/// Nothing, where there is no such process.
fn seconds(seconds: f64) -> String {
    if seconds > 0.0 { format!("{seconds:.2}") } else { "-".to_owned() }
}

fn print_record_aims(found: &Recorded) {
    let name = name(found.kind);
    let of = |subject| &found.rounds[&subject];
    // Both of a ratio come from the same round: a round that was slow was slow for both.
    let ratio = |other| {
        let rounds = of(Subject::Weir(64)).iter().zip(of(other));
        median(rounds.map(|(weir, other)| weir.per_second / other.per_second))
    };
    let bound = ratio(Subject::Bound(64));
    let aim = format!("Weir / bare group commit, 64 clients: at least {RATIO_TO_BOUND}");
    line(name, &aim, &format!("{bound:.2}"), bound >= RATIO_TO_BOUND);
    let plain = ratio(Subject::Plain(64));
    let aim = format!("Weir / plain transactions, 64 clients: at least {RATIO_TO_PLAIN}");
    line(name, &aim, &format!("{plain:.2}"), plain >= RATIO_TO_PLAIN);
    let p99 = Measured::median(of(Subject::Weir(8))).p99;
    let aim = format!("Weir's p99, 8 clients: below {RECORD_P99_MS} ms");
    line(name, &aim, &format!("{p99:.1} ms"), p99 < RECORD_P99_MS);
    memory_line(name, "recording", found.memory_peak);
}

fn print_list_aims(found: &Listed) {
    let name = name(found.kind);
    for ((list, has_aim), measured) in LISTS.iter().zip(&found.measured) {
        if *has_aim {
            let aim = format!("p99 of `{list}`: below {LIST_P99_MS} ms");
            line(name, &aim, &format!("{:.1} ms", measured.p99), measured.p99 < LIST_P99_MS);
        }
    }
    memory_line(name, "batches of 1000 and lists", found.memory_peak);
}

fn memory_line(name: &str, after: &str, peak: f64) {
    let aim = format!("resident memory after {after}: below {MEMORY_MIB} MiB");
    line(name, &aim, &format!("{peak:.0} MiB"), peak < MEMORY_MIB);
}

fn line(name: &str, aim: &str, found: &str, is_met: bool) {
    let verdict = if is_met { "met" } else { "missed" };
    println!("| {name} | {aim} | {found} | {verdict} |");
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "SQLite",
        Kind::Postgres => "PostgreSQL",
    }
}

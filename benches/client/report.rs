//! The tables, as they go into `docs/performance.md`, and how the figures stand to the aims.

use crate::calling::{Called, Round};
use crate::queueing::{CROWD, Queued};
use crate::shared::figures::{median, percentile};

const OVERHEAD: f64 = 1.10;
const QUEUED_P99_MS: f64 = 5.0;

pub(crate) fn print(rounds: &[Round], queued: &Queued) {
    let of = |field: fn(&Round) -> &Called| rounds.iter().map(field);
    println!("\nBatches of 25, median of {} rounds:\n", rounds.len());
    println!("| call | CPU µs a batch | p50 ms | p99 ms |\n|---|--:|--:|--:|");
    print_called("bare awc", of(|round| &round.bare));
    print_called("client", of(|round| &round.client));

    println!("\n{} batches of 25 each, the service away:\n", queued.alone.len());
    println!("| until it is on the disk | p50 ms | p99 ms |\n|---|--:|--:|");
    print_queued("bare append and fdatasync", &queued.appended);
    print_queued("queue, alone", &queued.alone);
    print_queued(&format!("queue, {CROWD} at once"), &queued.crowd);

    println!("\n| aim | found | |\n|---|---|---|");
    // Both come from the same round: one that was slow was slow for both.
    let overhead = median(rounds.iter().map(|round| round.client.cpu / round.bare.cpu));
    let aim = format!("CPU of the client / bare awc: below {OVERHEAD:.2}");
    line(&aim, &format!("{overhead:.2}"), overhead < OVERHEAD);
    let p99 = percentile(&queued.alone, 0.99);
    let aim = format!("queue, alone, p99: below {QUEUED_P99_MS} ms");
    line(&aim, &format!("{p99:.1} ms"), p99 < QUEUED_P99_MS);
}

fn print_called<'a>(who: &str, rounds: impl Iterator<Item = &'a Called> + Clone) {
    let of = |figure: fn(&Called) -> f64| median(rounds.clone().map(figure));
    let cpu = of(|called| called.cpu);
    let p50 = of(|called| percentile(&called.latencies, 0.50));
    let p99 = of(|called| percentile(&called.latencies, 0.99));
    println!("| {who} | {cpu:.0} | {p50:.2} | {p99:.2} |");
}

fn print_queued(what: &str, sorted: &[u32]) {
    let [p50, p99] = [0.50, 0.99].map(|share| percentile(sorted, share));
    println!("| {what} | {p50:.2} | {p99:.2} |");
}

fn line(aim: &str, found: &str, is_met: bool) {
    let verdict = if is_met { "met" } else { "missed" };
    println!("| {aim} | {found} | {verdict} |");
}

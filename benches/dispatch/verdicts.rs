//! How the figures stand to the aims, and to the criteria of success that the service was asked for with.

use crate::found::Found;
use crate::plan::{Case, Who};
use crate::report::{Report, bound_rate};
use crate::shared::figures::median;

const BATCH_P99_MS: f64 = 5000.0;
const UTILISATION: f64 = 0.75;
const WAITING: f64 = 3.0;
const SUCCESS: f64 = 0.99;
const MEMORY_MIB: f64 = 100.0;

const RATIO_TO_PLAIN: f64 = 1.3;
const RATIO_TO_BEFORE: f64 = 10.0;
const RATIO_TO_BOUND: f64 = 0.9;
const ACCEPTED_ASYNC: f64 = 100_000.0;
const ASYNC_P99_MS: f64 = 30.0;

/// The connections at which the acceptance of `respond-async` has its aims.
const CALLERS: u16 = 32;

pub(crate) fn print(report: &Report) {
    print_criteria(report);
    println!("\n| database | aim | found | |\n|---|---|---|---|");
    for (case, found) in report.medians() {
        if report.is_postgres() {
            print_ratios(report, case);
            print_acceptance(report, case, &found);
        }
    }
    let peak = report.medians().filter(|(case, _)| case.who.is_weir());
    let peak = peak.map(|(_, found)| found.memory).fold(0.0, f64::max);
    let aim = format!("resident memory at its highest: below {MEMORY_MIB} MiB");
    line(report, &aim, &format!("{peak:.0} MiB"), peak < MEMORY_MIB);
}

/// The worst of all cases of Weir that wait, and of those that do not.
fn print_criteria(report: &Report) {
    println!("\nThe criteria of success, the worst case of Weir on {}:\n", report.name());
    println!("| criterion | callers that wait | | `respond-async` | |\n|---|--:|---|--:|---|");
    let worst = |who: Who, of: fn(&Found) -> f64| {
        let found = report.medians().filter(|(case, _)| case.who == who);
        found.map(|(_, found)| of(&found)).fold(f64::NAN, f64::max)
    };
    let row = |name: &str, digits: usize, of: fn(&Found) -> f64, is_met: fn(f64) -> bool| {
        let cell = |who| match worst(who, of) {
            value if value.is_nan() => "- | -".to_owned(),
            value => format!("{value:.digits$} | {}", verdict(is_met(value))),
        };
        println!("| {name} | {} | {} |", cell(Who::Weir), cell(Who::WeirAsync));
    };
    row("25 orders answered, p99: below 5000 ms", 1, |it| it.p99, |it| it < BATCH_P99_MS);
    row(
        "mean utilisation of the pool: below 0.75",
        2,
        |it| it.seen.utilisation,
        |it| it < UTILISATION,
    );
    row(
        "mean number of those who wait for a connection: below 3",
        2,
        |it| it.seen.waiting,
        |it| it < WAITING,
    );
    row("orders not accepted: below 0.01", 4, |it| 1.0 - it.success, |it| it < 1.0 - SUCCESS);
    row("openings of a breaker: none", 0, |it| it.seen.openings, |it| it == 0.0);
}

/// Both of a ratio come from the same round: a round that was slow was slow for both.
fn ratio(report: &Report, case: Case, other: Who) -> Option<f64> {
    let others = report.rounds(Case { who: other, ..case })?;
    let rounds = report.rounds(case)?.iter().zip(others);
    Some(median(rounds.map(|(found, other)| found.completed / other.completed)))
}

fn print_ratios(report: &Report, case: Case) {
    if case.who != Who::Weir {
        return;
    }
    let Case { latency, connections, .. } = case;
    let at = format!("{latency} ms, {connections} connections");
    for (other, least) in [(Who::Plain, RATIO_TO_PLAIN), (Who::Before, RATIO_TO_BEFORE)] {
        if let Some(ratio) = ratio(report, case, other).filter(|_| latency == 0) {
            let aim = format!("completed, Weir / {}, {at}: at least {least}", other.name());
            line(report, &aim, &format!("{ratio:.2}"), ratio >= least);
        }
    }
    if let (20, Some(bound), Some(rounds)) = (latency, bound_rate(latency), report.rounds(case)) {
        let ratio = Found::median(rounds).completed / bound;
        let aim = format!("completed, Weir / (15 x 25 / latency), {at}: at least {RATIO_TO_BOUND}");
        line(report, &aim, &format!("{ratio:.2}"), ratio >= RATIO_TO_BOUND);
    }
}

fn print_acceptance(report: &Report, case: Case, found: &Found) {
    if case.who != Who::WeirAsync || case.connections != CALLERS {
        return;
    }
    let at = format!("`respond-async`, {} ms, {CALLERS} connections", case.latency);
    let (rate, p99) = (found.accepted, found.p99);
    let aim = format!("accepted, {at}: at least {ACCEPTED_ASYNC:.0} orders/s");
    line(report, &aim, &format!("{rate:.0}"), rate >= ACCEPTED_ASYNC);
    let aim = format!("p99, {at}: below {ASYNC_P99_MS} ms");
    line(report, &aim, &format!("{p99:.1} ms"), p99 < ASYNC_P99_MS);
}

fn line(report: &Report, aim: &str, found: &str, is_met: bool) {
    println!("| {} | {aim} | {found} | {} |", report.name(), verdict(is_met));
}

const fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "missed" }
}

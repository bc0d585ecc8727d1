//! What is printed: a line for each minute as it ends, and what was there in the end.

use std::time::Duration;

use crate::fault::Fault;
use crate::found::Soak;
use crate::plan::Plan;
use crate::shared::figures::{median, percentile};
use crate::support::Kind;
use crate::tally::Minute;
use crate::watch::{Figure, Growth};

pub(crate) fn head(kind: Kind, can_be_done: f64, plan: &Plan) {
    let Plan { minutes, latency, load, minute, .. } = plan;
    println!(
        "\n{kind:?}: {minutes} faults, one every {:.0} s for {:.1} s; trade service of {latency} ms; \
         {can_be_done:.0} orders/s can be done, {load} of that comes:\n",
        minute.as_secs_f64(),
        plan.fault_length().as_secs_f64(),
    );
    columns("minute");
}

pub(crate) fn minute(number: usize, fault: Fault, minute: &Minute, plan: &Plan) {
    println!("| {} | {} | {} |", number + 1, fault.name(), cells(&[minute], plan));
}

pub(crate) fn print(kind: Kind, soak: &Soak, plan: &Plan) {
    let seconds = plan.length().as_secs_f64();
    let quiet_from = plan.quiet_from().as_secs_f64() / plan.minute.as_secs_f64();
    let is_normal = |(_, minute): &&(Fault, Minute)| minute.normal_from() <= quiet_from;
    let quiet = quiet(soak.minutes.iter().map(|(_, minute)| minute));
    println!(
        "\n{} orders accepted, {:.0} per second of {:.0} that can be done, {} more in doubt at first; \
         p99 in quiet times {:.1} ms; normal again before the next fault: {} of {}; all sent {:.0} s \
         after the last was accepted; at most {:.0} MiB resident. Nothing lost, nothing doubled.",
        soak.accepted,
        soak.accepted as f64 / seconds,
        soak.can_be_done,
        soak.doubtful,
        percentile(&quiet, 0.99),
        soak.minutes.iter().filter(is_normal).count(),
        plan.minutes,
        soak.drained.as_secs_f64(),
        soak.memory_peak,
    );
    by_fault(soak, plan);
    println!("\n| {kind:?}, in quiet times | first quarter | last quarter | ratio | aim | |");
    println!("|---|--:|--:|--:|--:|---|");
    let quarter = plan.quarter();
    for (place, figure) in soak.looks[0].1.iter().enumerate() {
        let of = |is_in: fn(usize, usize, usize) -> bool| {
            let looks = soak.looks.iter().filter(|(at, _)| is_in(*at, quarter, plan.minutes));
            median(looks.map(|(_, figures)| figures[place].value))
        };
        let first = of(|at, quarter, _| at < quarter);
        let last = of(|at, quarter, minutes| at + quarter >= minutes);
        judge(figure, first, last);
    }
}

fn judge(Figure { name, may_grow: Growth(factor, beside), .. }: &Figure, first: f64, last: f64) {
    let most = first * factor + beside;
    let verdict = if last <= most { "met" } else { "missed" };
    let ratio = if first > 0.0 { format!("{:.2}", last / first) } else { "-".to_owned() };
    println!("| {name} | {first:.2} | {last:.2} | {ratio} | at most {most:.2} | {verdict} |");
}

/// What each of them cost, over all its minutes.
fn by_fault(soak: &Soak, plan: &Plan) {
    println!();
    columns("minutes");
    let mut faults: Vec<Fault> = Vec::new();
    for (fault, _) in &soak.minutes {
        if !faults.contains(fault) {
            faults.push(*fault);
        }
    }
    for fault in faults {
        let minutes = soak.minutes.iter().filter(|(other, _)| *other == fault);
        let minutes: Vec<&Minute> = minutes.map(|(_, minute)| minute).collect();
        println!("| {} | {} | {} |", minutes.len(), fault.name(), cells(&minutes, plan));
    }
}

fn columns(first: &str) {
    println!(
        "| {first} | fault | orders/s accepted | requests turned away | normal after s | longest ms \
         | then p50 ms | p99 ms |"
    );
    println!("|--:|---|--:|--:|--:|--:|--:|--:|");
}

/// Rates of all these minutes, and the worst of each.
fn cells(minutes: &[&Minute], plan: &Plan) -> String {
    let sum = |of: fn(&Minute) -> u64| minutes.iter().map(|minute| of(minute)).sum::<u64>() as f64;
    let worst = |of: &dyn Fn(&Minute) -> Duration| {
        minutes.iter().map(|minute| of(minute)).max().unwrap_or_default().as_secs_f64()
    };
    let seconds = plan.minute.as_secs_f64() * minutes.len() as f64;
    let (asked, served) = (sum(|minute| minute.asked), sum(|minute| minute.served));
    let quiet = quiet(minutes.iter().copied());
    let cells = [
        format!("{:.0}", sum(|minute| minute.accepted) / seconds),
        format!("{:.1} %", 100.0 * (1.0 - served / asked.max(1.0))),
        format!("{:.0}", worst(&|minute| normal_after(minute, plan))),
        format!("{:.0}", 1e3 * worst(&|minute| minute.longest)),
        format!("{:.1}", percentile(&quiet, 0.5)),
        format!("{:.1}", percentile(&quiet, 0.99)),
    ];
    cells.join(" | ")
}

/// Sorted, for a percentile.
fn quiet<'a>(minutes: impl Iterator<Item = &'a Minute>) -> Vec<u32> {
    let mut quiet: Vec<u32> = minutes.flat_map(|minute| minute.quiet.iter().copied()).collect();
    quiet.sort_unstable();
    quiet
}

/// How long after the end of its fault a minute was normal again.
fn normal_after(minute: &Minute, plan: &Plan) -> Duration {
    let normal_from = plan.minute.mul_f64(minute.normal_from());
    normal_from.saturating_sub(plan.fault_at() + plan.fault_length())
}

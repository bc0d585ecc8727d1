//! How fast batches come in over HTTP and reach the trade service, beside what the same machine
//! could do at best and what plainer designs do with the same orders, at the same moment.
//!
//! | file | what is in it |
//! |---|---|
//! | `plan` | how long, on what, with whom |
//! | `rival` | the plain design and the one that came before, as processes of this binary |
//! | `client` | closed loops, and what each answer says |
//! | `run` | one measurement, and what must be true after it |
//! | `watch` | the service's own numbers while it is measured |
//! | `found` | figures and their medians |
//! | `report`, `verdicts` | what is printed |
//! | `shared` | what other benches need, too: orders, load, meters, bare writes |
//!
//! A lost or doubled order ends the run with a panic. A missed aim does not: machines are noisy,
//! and a bench that fails for noise is soon ignored.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::large_futures,
    reason = "a bench that cannot go on must panic, it does arithmetic with rounded figures, and \
              it lives on the real clock"
)]

mod client;
mod found;
mod plan;
mod report;
mod rival;
mod run;
#[path = "../shared/mod.rs"]
mod shared;
mod verdicts;
mod watch;

#[allow(unused_macros, reason = "a bench has no tests to make")]
#[path = "../../tests/it/support/mod.rs"]
mod support;

use plan::Plan;
use report::Report;
use shared::machine;

fn main() {
    if let Some(order) = rival::Order::of_command_line() {
        return rival::serve(order);
    }
    let plan = Plan::read();
    // The bare writers write from a runtime of their own, with a thread per core as a service
    // would have; this thread keeps the time and makes the load.
    let writers = tokio::runtime::Runtime::new().unwrap();
    let handle = writers.handle().clone();
    actix_web::rt::System::new().block_on(measure(plan, handle));
}

async fn measure(plan: Plan, writers: tokio::runtime::Handle) {
    machine::describe();
    for kind in plan.kinds.iter().copied() {
        let mut report = Report::new(kind);
        for round in 1..=plan.rounds {
            for case in plan.cases(kind) {
                eprintln!("{kind:?}, round {round} of {}: {case}", plan.rounds);
                report.add(case, run::run(kind, case, &plan, &writers).await);
            }
        }
        report.print();
        verdicts::print(&report);
    }
}

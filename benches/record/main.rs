//! How fast orders are recorded and listed, beside what the same machine could do at best and what
//! it would do the plain way, at the same moment: disks and neighbours make absolute figures
//! incomparable, ratios of one moment are not.
//!
//! | file | what is in it |
//! |---|---|
//! | `plan` | how long and how much |
//! | `recording`, `listing` | what is measured, in which order, and what must be true of the answers |
//! | `report` | what is printed |
//! | `shared` | what other benches need, too: orders, load, meters, the bound and the plain way |
//!
//! Wrong answers end the run with a panic. A missed aim does not: machines are noisy, and a bench
//! that fails for noise is soon ignored.

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

mod listing;
mod plan;
mod recording;
mod report;
#[path = "../shared/mod.rs"]
mod shared;

#[allow(unused_macros, reason = "a bench has no tests to make")]
#[path = "../../tests/it/support/mod.rs"]
mod support;

use plan::Plan;
use shared::machine;
use support::Kind;

fn main() {
    let plan = Plan::read();
    // What is not Weir writes from a runtime of its own, with a thread per core as a service would
    // have; this thread keeps the time and makes the load.
    let writers = tokio::runtime::Runtime::new().unwrap();
    let handle = writers.handle().clone();
    actix_web::rt::System::new().block_on(run(plan, handle));
}

async fn run(plan: Plan, writers: tokio::runtime::Handle) {
    machine::describe();
    let kinds: Vec<Kind> = plan.kinds().filter(|kind| kind.is_available()).collect();
    let mut recorded = Vec::new();
    let mut listed = Vec::new();
    for kind in kinds {
        recorded.push(recording::run(kind, &plan, &writers).await);
        listed.push(listing::run(kind, &plan).await);
    }
    report::print(&recorded, &listed);
}

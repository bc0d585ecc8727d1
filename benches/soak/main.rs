//! What is left over of an hour with a fault every minute: the same load all the time, at 0.7 of
//! what can be done, and a look at memory, files, letters and tables when each fault is over.
//!
//! | file | what is in it |
//! |---|---|
//! | `plan` | how long, how much, which faults |
//! | `fault` | what goes wrong, and ends by itself |
//! | `hostile` | clients that connect and hang up |
//! | `crowd` | the clients: an open loop of everything that can be asked |
//! | `tally` | what they heard, counted by the minute |
//! | `watch` | what is looked at |
//! | `run` | one soak, and what must be true after it |
//! | `found`, `report` | what was found, and how it is printed |
//! | `shared` | what other benches need, too |
//!
//! A lost or doubled order, a wrong answer, letters that stay and memory without a bound end the run
//! with a panic. A missed aim does not.

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

mod crowd;
mod fault;
mod found;
mod hostile;
mod plan;
mod report;
mod run;
#[path = "../shared/mod.rs"]
mod shared;
mod tally;
mod watch;

#[allow(unused_macros, reason = "a bench has no tests to make")]
#[path = "../../tests/it/support/mod.rs"]
mod support;

use plan::Plan;
use shared::machine;

fn main() {
    actix_web::rt::System::new().block_on(measure(Plan::read()));
}

async fn measure(plan: Plan) {
    machine::describe();
    for kind in plan.kinds.iter().copied() {
        let soak = run::run(kind, &plan).await;
        report::print(kind, &soak, &plan);
    }
}

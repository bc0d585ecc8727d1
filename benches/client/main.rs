//! What the client costs its caller: CPU beside a bare call that does the same, and the time until
//! orders are safe in its queue.
//!
//! | file | what is in it |
//! |---|---|
//! | `plan` | how many of each |
//! | `orders` | what is sent |
//! | `calling` | batches for a service, by a bare call and by the client |
//! | `queueing` | batches for the queue, and the bare append that bounds them |
//! | `report` | what is printed |
//! | `shared` | what other benches need, too |
//!
//! A lost order or a wrong answer ends the run with a panic. A missed aim does not.

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

mod calling;
mod orders;
mod plan;
mod queueing;
mod report;
#[path = "../shared/mod.rs"]
mod shared;

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
    let called = calling::run(&plan).await;
    let queued = queueing::run(&plan).await;
    report::print(&called, &queued);
}

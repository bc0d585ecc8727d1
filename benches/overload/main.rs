//! What becomes of everybody when ten times more comes than can be done: calm, storm, calm, from
//! an open loop that does not slow down when answers do.
//!
//! | file | what is in it |
//! |---|---|
//! | `plan` | how long, how much, what goes wrong in the middle |
//! | `crowd` | the clients: who asks how often, and asks again |
//! | `heard` | what they were answered, and when |
//! | `refusal` | what it costs to turn somebody away |
//! | `run` | one storm, and what must be true after it |
//! | `report` | what is printed |
//! | `shared` | what other benches need, too |
//!
//! A lost or doubled order, a wrong answer and memory without a bound end the run with a panic, and
//! where nothing is measured a late answer does, too. A missed aim does not.

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
mod heard;
mod plan;
mod refusal;
mod report;
mod run;
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
    refusal::report().await;
    for kind in plan.kinds.iter().copied() {
        let mut storms = Vec::new();
        report::head(kind, &plan);
        for weather in &plan.weathers {
            let storm = run::run(kind, *weather, &plan).await;
            report::line(*weather, &storm, &plan);
            storms.push((*weather, storm));
        }
        report::verdicts(&storms, &plan);
    }
}

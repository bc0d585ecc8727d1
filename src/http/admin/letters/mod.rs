//! Letters: what waits, what is dead, and what an operator decides about it.

pub(in crate::http) mod bulk;
pub(in crate::http) mod decide;
mod filter;
pub(in crate::http) mod read;
pub(super) mod view;

use actix_web::HttpRequest;
use uuid::Uuid;

use super::super::problem::{Code, Problem};
use super::super::{Doors, mapping};
use crate::actors::batch_supervisor::Wake;
use crate::actors::ledger::Decide;
use crate::domain::decision::{Decided, NotDecided, Ruling};

/// The `{id}` of a path.
fn letter_id(request: &HttpRequest) -> Result<Uuid, Problem> {
    let text = request.match_info().query("id");
    text.parse().map_err(|_| {
        let message = format!("id must be a letter's, got: {text}");
        Problem::new(Code::InvalidFieldValue, message).at("id")
    })
}

/// Has it written down, and wakes the mailbox for what goes on.
async fn rule(doors: &Doors, ruling: Ruling) -> Result<Vec<Result<Decided, NotDecided>>, Problem> {
    let outcomes = doors.ledger.send(Decide(ruling)).await??;
    // A mailbox that is busy finds what is due at its next sweep.
    drop(doors.mailbox.try_send(Wake));
    Ok(outcomes)
}

/// The outcome about a single letter.
fn only(
    outcomes: Vec<Result<Decided, NotDecided>>,
) -> Result<Result<Decided, NotDecided>, Problem> {
    outcomes.into_iter().next().ok_or_else(mapping::wrong_answer)
}

//! What an operator decides about one letter.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::super::body::Body;
use super::super::super::document::{READS, TAKES_BODY, TAKES_ID, WRITES, problems};
use super::super::super::guard::ForWriting;
use super::super::super::problem::{Code, Problem};
use super::super::super::wire::{Members, Text};
use super::super::super::{Doors, json_answer};
use super::super::motive::Motive;
use super::view::LetterView;
use super::{letter_id, only, rule};
use crate::domain::audit::{Deed, Subject};
use crate::domain::decision::{Decided, Decision, Ruling};

problems! {
    /// What can go wrong with a letter that is to go on.
    RequeueProblems: READS, WRITES, TAKES_BODY, TAKES_ID,
        &[Code::AuthenticationError, Code::LetterBusy];
    /// What can go wrong with a letter that is to be discarded.
    DiscardProblems: READS, WRITES, TAKES_BODY, TAKES_ID,
        &[Code::AuthenticationError, Code::LetterBusy, Code::LetterNotDead, Code::LetterInDoubt];
}

/// An order about a letter.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LetterOrderBody)]
struct OrderBody<'a> {
    /// For the audit, and of a discarded letter for whoever asks for its orders.
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 200)]
    reason: Option<Text<'a>>,
    /// Who orders it, for the audit.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    operator: Option<Text<'a>>,
    /// Discards also what may have been placed.
    #[serde(default)]
    force: bool,
}

/// Lets a letter go on
///
/// A dead letter begins anew; if any of its orders was ever in doubt it is looked up first. One that
/// waits is due at once.
#[utoipa::path(
    tag = "admin",
    operation_id = "requeueLetter",
    params(("id" = String, Path)),
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "The letter as it stands", body = LetterView), RequeueProblems),
)]
#[post("/admin/letters/{id}/requeue")]
pub(in crate::http) async fn requeue(
    doors: ForWriting,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    decide(&doors, &request, &body, |_| Decision::Requeue).await
}

/// Discards a dead letter
///
/// Its orders are free again, each with the reason; the letter is gone. One of whose orders nobody
/// knows whether they were placed is discarded by `force` alone.
#[utoipa::path(
    tag = "admin",
    operation_id = "discardLetter",
    params(("id" = String, Path)),
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "The letter as it stood", body = LetterView), DiscardProblems),
)]
#[post("/admin/letters/{id}/discard")]
pub(in crate::http) async fn discard(
    doors: ForWriting,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Problem> {
    decide(&doors, &request, &body, |order| Decision::Discard { force: order.force }).await
}

async fn decide(
    doors: &Doors,
    request: &HttpRequest,
    body: &Body,
    decision: fn(&OrderBody<'_>) -> Decision,
) -> Result<HttpResponse, Problem> {
    let id = letter_id(request)?;
    let Members(order) = body.parse::<Members<OrderBody<'_>>>()?;
    let decision = decision(&order);
    let motive = Motive::of(order.reason, order.operator)?;
    let signature = motive.sign(doors);
    let now = signature.at;
    let ruling = Ruling { decision, signature, letters: vec![(id, now)] };
    let letter = match only(rule(doors, ruling).await?)?? {
        Decided::Requeued(letter) | Decided::Discarded(letter) => letter,
    };
    motive.tell(doors, &Deed::new(Subject::Letter, id, decision.label()));
    json_answer(StatusCode::OK, &LetterView::new(letter, now), 1024)
}

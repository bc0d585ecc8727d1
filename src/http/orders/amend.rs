//! PUT /api/v1/order/{id}

use actix_web::{HttpResponse, put};

use super::super::body::Body;
use super::super::document::{READS, TAKES_BODY, TAKES_ID, TAKES_VERSION, WRITES, problems};
use super::super::guard::ForWriting;
use super::super::mapping;
use super::super::params::{Id, version};
use super::super::problem::{Code, Problem};
use super::read::answer;
use super::view::OrderView;
use super::wire::{OrderBody, WireOrder, owned};
use crate::actors::ledger::Apply;
use crate::domain::order::Fault;
use crate::domain::order::amend::Amendment;
use crate::ports::journal::{Change, Changed};

problems! {
    /// What can go wrong with a change of an order.
    AmendProblems: READS, WRITES, TAKES_BODY, TAKES_ID, TAKES_VERSION,
        &[Code::InvalidOrderState, Code::OrderInSubmission];
}

/// Changes an order
///
/// All fields are given, and the `version` that was read; it is compared and raised. Until it
/// is SENT an order may be edited; from then on only its status moves. The body's `id` is ignored.
#[utoipa::path(
    tag = "orders",
    operation_id = "amendOrder",
    params(("id" = i64, Path)),
    request_body(content = WireOrder, content_type = "application/json"),
    responses((status = 200, description = "The changed order", body = OrderView), AmendProblems),
)]
#[put("/api/v1/order/{id}")]
pub(in crate::http) async fn amend(
    doors: ForWriting,
    Id(id): Id,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let OrderBody(order) = body.parse()?;
    let order = order.ok_or_else(|| Fault::missing("", "Order data is required"))?;
    let (draft, given) = order.into_draft();
    let amendment = Amendment { id, version: version(given)?, draft: owned(draft) };
    match doors.ledger.send(Apply(Change::AmendOrder(amendment))).await?? {
        Changed::Order(order) => answer(&doors, &order).await,
        Changed::Reference(_) | Changed::Removed | Changed::Noted | Changed::Paused(_) => {
            Err(mapping::wrong_answer())
        }
    }
}

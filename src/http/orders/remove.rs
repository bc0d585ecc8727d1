//! DELETE /api/v1/order/{id}?version=N

use actix_web::{HttpResponse, delete};

use super::super::document::{READS, TAKES_ID, TAKES_VERSION, WRITES, problems};
use super::super::guard::ForWriting;
use super::super::params::{Id, QueryVersion};
use super::super::problem::{Code, Problem};
use crate::actors::ledger::Apply;
use crate::ports::journal::Change;

problems! {
    /// What can go wrong with the deletion of an order.
    RemoveProblems: READS, WRITES, TAKES_ID, TAKES_VERSION,
        &[Code::InvalidOrderState, Code::OrderInSubmission];
}

/// Deletes an order
///
/// Only NEW and HOLD orders, and only at the version that was read.
#[utoipa::path(
    tag = "orders",
    operation_id = "removeOrder",
    params(("id" = i64, Path), ("version" = i32, Query, description = "The version that was read")),
    responses((status = 204, description = "The order is deleted"), RemoveProblems),
)]
#[delete("/api/v1/order/{id}")]
pub(in crate::http) async fn remove(
    doors: ForWriting,
    Id(id): Id,
    QueryVersion(version): QueryVersion,
) -> Result<HttpResponse, Problem> {
    doors.ledger.send(Apply(Change::RemoveOrder { id, version })).await??;
    Ok(HttpResponse::NoContent().finish())
}

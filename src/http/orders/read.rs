//! GET /api/v1/order/{id}

use std::slice;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get};

use super::super::document::ReadOneProblems;
use super::super::guard::ForReading;
use super::super::params::Id;
use super::super::problem::{Code, Problem};
use super::super::{Doors, json_answer};
use super::view::{self, OrderView};
use crate::domain::order::Order;

/// Reads an order
#[utoipa::path(
    tag = "orders",
    operation_id = "readOrder",
    params(("id" = i64, Path)),
    responses((status = 200, description = "The order", body = OrderView), ReadOneProblems),
)]
#[get("/api/v1/order/{id}")]
pub(in crate::http) async fn read(doors: ForReading, Id(id): Id) -> Result<HttpResponse, Problem> {
    let missing = || Problem::new(Code::NotFound, format!("order {id} does not exist")).at("id");
    let order = doors.library.order(id).await?.ok_or_else(missing)?;
    answer(&doors, &order).await
}

/// 200 with the order and its labels.
pub(super) async fn answer(doors: &Doors, order: &Order) -> Result<HttpResponse, Problem> {
    let references = view::labels(&*doors.catalogue, slice::from_ref(order)).await;
    json_answer(StatusCode::OK, &OrderView::new(order, &references), 1024)
}

//! One order with all that happened to it.

use std::slice;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::document::{READS, TAKES_ID, problems};
use super::super::guard::ForReading;
use super::super::json_answer;
use super::super::orders::view::{self, OrderView};
use super::super::params::Id;
use super::super::problem::{Code, Problem};
use super::batches::{EventAnswer, lines_about};
use super::letters::view::LetterView;
use crate::domain::decision::names_order;
use crate::domain::timeline;

problems! {
    /// What can go wrong with one order.
    OneProblems: READS, TAKES_ID, &[Code::AuthenticationError];
}

/// An order with all that happened to it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderDetails)]
struct DetailsAnswer<'a> {
    #[serde(flatten)]
    order: OrderView<'a>,
    client: &'a str,
    #[schema(required)]
    client_order_id: Option<&'a str>,
    /// Why it was refused or discarded.
    #[schema(required)]
    last_error: Option<&'a str>,
    /// The batches that name it, the oldest first.
    #[schema(value_type = Vec<String>)]
    batches: &'a [Uuid],
    /// The one that it is on its way in.
    #[schema(required)]
    letter: Option<LetterView>,
    /// The oldest first. A letter is told of at the moment when it is due.
    timeline: Vec<EventAnswer>,
}

/// Reads an order with all that happened to it
#[utoipa::path(
    tag = "admin",
    operation_id = "readOrderDetails",
    params(("id" = i64, Path)),
    responses((status = 200, description = "The order", body = DetailsAnswer), OneProblems),
)]
#[get("/admin/orders/{id}")]
pub(in crate::http) async fn read(doors: ForReading, Id(id): Id) -> Result<HttpResponse, Problem> {
    let missing = || Problem::new(Code::NotFound, format!("order {id} does not exist")).at("id");
    let record = doors.library.order_record(id).await?.ok_or_else(missing)?;
    let mut lines = Vec::new();
    for batch in &record.batches {
        lines.extend(lines_about(&doors, *batch).await?);
    }
    lines.retain(|line| line.deed.before.as_ref().is_some_and(|told| names_order(told, id)));
    let references = view::labels(&*doors.catalogue, slice::from_ref(&record.order)).await;
    let events = timeline::of_order(&record, &lines);
    let now = doors.clock.utc();
    let answer = DetailsAnswer {
        order: OrderView::new(&record.order, &references),
        client: record.client.as_str(),
        client_order_id: record.order.terms.client_order_id.as_deref(),
        last_error: record.error.as_deref(),
        batches: &record.batches,
        letter: record.letter.clone().map(|letter| LetterView::new(letter, now)),
        timeline: events.into_iter().map(EventAnswer::from).collect(),
    };
    json_answer(StatusCode::OK, &answer, 2048)
}

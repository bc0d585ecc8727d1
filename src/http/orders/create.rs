//! POST /api/v1/orders: records a batch of orders. A bad order fails alone.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode, post};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::body::Body;
use super::super::client::Client;
use super::super::document::{READS, TAKES_BODY, WRITES, problems};
use super::super::guard::ForWriting;
use super::super::mapping::fault_code;
use super::super::problem::{Code, Problem};
use super::super::{Doors, json_answer};
use super::view::OrderView;
use super::wire::{Elements, WireOrder};
use crate::actors::ledger::Record;
use crate::domain::batch::Item;
use crate::domain::client::ClientId;
use crate::domain::order::draft::Draft;
use crate::domain::order::{BATCH_ORDERS_MAX, Fault, FaultKind, Terms};
use crate::domain::reference::References;

const ROUTE: &str = "/api/v1/orders";
/// Bytes of an answer per order, about.
const BYTES_PER_ORDER: usize = 720;

problems! {
    /// What can go wrong with a batch as a whole.
    CreateProblems: READS, WRITES, TAKES_BODY;
}

/// Records a batch of orders
///
/// Takes 1 to 1000 orders, checks each, and stores the good ones in one commit before it
/// answers. An order that is at fault fails alone, with its index, a code and a sentence.
#[utoipa::path(
    tag = "orders",
    operation_id = "createOrders",
    params(("X-Client-Id" = Option<String>, Header, description = "Who asks: 1 to 64 visible ASCII characters")),
    request_body(content = Vec<Option<WireOrder>>, content_type = "application/json"),
    responses(
        (status = 200, description = "All orders are stored", body = BatchAnswer),
        (status = 207, description = "Some orders are stored, or none: each item says so", body = BatchAnswer),
        CreateProblems,
    ),
)]
#[post("/api/v1/orders")]
pub(in crate::http) async fn create(
    doors: ForWriting,
    Client(client): Client,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let Elements { drafts, total } = body.parse()?;
    check_size(total)?;
    let (checked, references) = check(&doors, &drafts).await?;
    drop(drafts);
    let (batch_id, items) = record(&doors, client, checked).await?;
    let answer = BatchAnswer::new(batch_id, &items, &references);
    log_batch(&answer);
    let status = if answer.failed == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    json_answer(status, &answer, total * BYTES_PER_ORDER)
}

fn check_size(total: usize) -> Result<(), Problem> {
    let refuse = |code, message: String| {
        Problem::new(code, message)
            .with("status", "FAILURE")
            .with("totalReceived", 0)
            .with("successful", 0)
            .with("failed", 0)
            .with("orders", json!([]))
    };
    match total {
        0 => Err(refuse(Code::ValidationError, "No orders to process".to_owned())),
        1..=BATCH_ORDERS_MAX => Ok(()),
        _ => {
            let message =
                format!("Batch size {total} exceeds maximum allowed size of {BATCH_ORDERS_MAX}");
            Err(refuse(Code::PayloadTooLarge, message))
        }
    }
}

type Checked = Vec<Result<Terms, Fault>>;

/// Checks each order. References that are not at hand may be newer than what is at hand: they
/// are read again once before anybody hears "not found".
async fn check(
    doors: &Doors,
    drafts: &[Option<Draft<'_>>],
) -> Result<(Checked, Arc<References>), Problem> {
    let now = doors.clock.utc();
    let check_one = |draft: &Option<Draft<'_>>, references: &References| match draft {
        Some(draft) => draft.check_new(references, now),
        None => Err(Fault::missing("", "Order data is required")),
    };
    let references = doors.catalogue.references();
    let mut checked: Checked = drafts.iter().map(|draft| check_one(draft, &references)).collect();
    if !checked.iter().any(misses_reference) {
        return Ok((checked, references));
    }
    let references = doors.catalogue.refresh().await?;
    for (result, draft) in checked.iter_mut().zip(drafts) {
        if misses_reference(result) {
            *result = check_one(draft, &references);
        }
    }
    Ok((checked, references))
}

/// The only way in which a reference that was given can be invalid is not to be found.
fn misses_reference(checked: &Result<Terms, Fault>) -> bool {
    let fields = ["blotterId", "statusId", "orderTypeId"];
    checked
        .as_ref()
        .is_err_and(|fault| fault.kind == FaultKind::Invalid && fields.contains(&fault.field))
}

/// Nothing to store is no work for the ledger.
async fn record(
    doors: &Doors,
    client: ClientId,
    checked: Checked,
) -> Result<(Option<Uuid>, Vec<Item>), Problem> {
    if checked.iter().all(Result::is_err) {
        let faults = checked.into_iter().filter_map(Result::err).map(Err);
        return Ok((None, faults.collect()));
    }
    let record = Record { client, route: ROUTE, items: checked };
    let recorded = doors.ledger.send(record).await??;
    Ok((Some(recorded.batch_id), recorded.items))
}

fn log_batch(answer: &BatchAnswer<'_>) {
    let (batch_id, orders, failed) =
        (answer.batch_id.unwrap_or_default(), answer.total_received, answer.failed);
    log::debug!(
        batch_id:% = batch_id, orders, failed;
        "batch {batch_id}: {} of {orders} orders recorded", answer.successful
    );
}

/// What became of a batch: successful + failed + queued is the total.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer<'a> {
    /// SUCCESS, PARTIAL or FAILURE.
    #[schema(example = "SUCCESS")]
    status: &'static str,
    #[schema(example = "All 25 orders processed successfully")]
    message: String,
    /// Absent when nothing was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    batch_id: Option<Uuid>,
    total_requested: usize,
    total_received: usize,
    successful: usize,
    failed: usize,
    /// Always 0 here: this route records and submits nothing.
    queued: usize,
    success: bool,
    failure: bool,
    partial: bool,
    /// Successful over total, 0 to 1.
    success_rate: f64,
    /// In request order.
    orders: Vec<ItemAnswer<'a>>,
}

/// What became of one order of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchItem)]
struct ItemAnswer<'a> {
    /// SUCCESS or FAILURE.
    status: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    order: Option<OrderView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    order_id: Option<i64>,
    request_index: usize,
    success: bool,
    failure: bool,
    /// Of a failed order: a code from the catalogue of problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "INVALID_FIELD_VALUE")]
    error_code: Option<&'static str>,
    /// Of a failed order: the field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "quantity")]
    field: Option<&'static str>,
}

impl<'a> BatchAnswer<'a> {
    fn new(batch_id: Option<Uuid>, items: &'a [Item], references: &'a References) -> Self {
        let (total, failed) = (items.len(), items.iter().filter(|item| item.is_err()).count());
        let successful = total - failed;
        let (status, message) = match (successful, failed) {
            (_, 0) => ("SUCCESS", format!("All {total} orders processed successfully")),
            (0, _) => ("FAILURE", "All orders failed to process".to_owned()),
            _ => ("PARTIAL", format!("{successful} of {total} orders processed successfully")),
        };
        let item = |(index, item)| ItemAnswer::new(index, item, references);
        Self {
            status,
            message,
            batch_id,
            total_requested: total,
            total_received: total,
            successful,
            failed,
            queued: 0,
            success: status == "SUCCESS",
            failure: status == "FAILURE",
            partial: status == "PARTIAL",
            success_rate: rate(successful, total),
            orders: items.iter().enumerate().map(item).collect(),
        }
    }
}

impl<'a> ItemAnswer<'a> {
    fn new(request_index: usize, item: &'a Item, references: &'a References) -> Self {
        let fault = item.as_ref().err();
        let order = item.as_ref().ok();
        Self {
            status: if fault.is_none() { "SUCCESS" } else { "FAILURE" },
            message: fault.map_or("Order created successfully", |fault| fault.message.as_str()),
            order: order.map(|order| OrderView::new(order, references)),
            order_id: order.map(|order| order.id),
            request_index,
            success: fault.is_none(),
            failure: fault.is_some(),
            error_code: fault.map(|fault| fault_code(fault.kind).name()),
            field: fault.map(|fault| fault.field).filter(|field| !field.is_empty()),
        }
    }
}

fn rate(part: usize, total: usize) -> f64 {
    let number = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if total == 0 { 0.0 } else { number(part) / number(total) }
}

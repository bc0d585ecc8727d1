//! POST /api/v1/orders: records a batch of orders. A bad order fails alone.

use actix_web::{HttpResponse, post};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weir_client::wire::{BatchHead, ItemStatus};

use super::super::body::Body;
use super::super::client::Client;
use super::super::document::{KEYED, READS, TAKES_BODY, WRITES, problems};
use super::super::guard::ForWriting;
use super::super::key::{GivenKey, Kept};
use super::super::mapping::{fault_code, stored_code};
use super::super::problem::{Code, Problem};
use super::super::replay::{Reply, again, fresh};
use super::super::tally::Tally;
use super::super::{Doors, json_bytes};
use super::check::{Checked, Names, TO_RECORD, check, check_size};
use super::view::{self, OrderView};
use super::wire::{Elements, WireOrder};
use crate::actors::ledger::{Entry, Record, Recorded};
use crate::domain::batch::{Answer, BatchRecord, Fate};
use crate::domain::client::ClientId;
use crate::domain::order::Order;
use crate::domain::reference::References;

pub(in crate::http) const ROUTE: &str = "/api/v1/orders";
/// Bytes of an answer per order, about.
const BYTES_PER_ORDER: usize = 720;

problems! {
    /// What can go wrong with a batch as a whole.
    CreateProblems: READS, WRITES, TAKES_BODY, KEYED;
}

/// Records a batch of orders
///
/// Takes 1 to 1000 orders, checks each, and stores the good ones in one commit before it
/// answers. An order that is at fault fails alone, with its index, a code and a sentence.
/// Sent again under the same `Idempotency-Key`, the request hears the same answer, byte by byte.
/// Without a key, the same body within a few minutes is the same request if each of its orders
/// has an `orderTimestamp`.
#[utoipa::path(
    tag = "orders",
    operation_id = "createOrders",
    params(
        ("X-Client-Id" = Option<String>, Header, description = "Who asks: 1 to 64 visible ASCII characters"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
    ),
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
    given: GivenKey,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let Elements { drafts, total } = body.parse()?;
    check_size(total, "orders")?;
    let (checked, references) = check(&doors, &drafts, TO_RECORD).await?;
    let names = Names::of(&drafts);
    let kept = given.or_of_body(body.bytes(), &drafts, &doors.limits);
    drop(drafts);
    if checked.iter().all(Result::is_err) {
        let faults: Vec<_> = checked.into_iter().filter_map(Result::err).collect();
        let items = faults.iter().enumerate().map(|(index, fault)| {
            ItemAnswer::failed(index, fault_code(fault.kind), fault.field, &fault.message)
                .called(names.get(index))
        });
        return Reply::of_nothing(compose(None, items.collect())?).render();
    }
    record(&doors, client, kept, checked, names, &references).await?.render()
}

async fn record(
    doors: &Doors,
    client: ClientId,
    kept: Option<Kept>,
    items: Checked,
    names: Names,
    references: &References,
) -> Result<Reply, Problem> {
    let key = kept.as_ref().map(|(key, _)| key.clone());
    let record = Record { client, route: ROUTE, key: kept, items, letters: None };
    match doors.recorder.send(record).await?? {
        Entry::New(recorded) => {
            let answer = of_recorded(&recorded, &names, references)?;
            fresh(doors, key.as_ref(), recorded.batch_id, answer).await
        }
        Entry::Known(known) => {
            let at_once = async || Ok(());
            let stored = async |record: &BatchRecord| of_stored(doors, record, &names).await;
            again(doors, key.as_ref(), known, at_once, stored).await
        }
    }
}

fn of_recorded(
    recorded: &Recorded,
    names: &Names,
    references: &References,
) -> Result<Answer, Problem> {
    let items = recorded.items.iter().enumerate().map(|(index, item)| match item {
        Ok(order) => {
            let stands = recorded.standing.binary_search(&index).is_ok();
            let message = if stands { STANDS } else { CREATED };
            ItemAnswer::created(index, order, message, references)
        }
        Err(fault) => {
            ItemAnswer::failed(index, fault_code(fault.kind), fault.field, &fault.message)
                .called(names.get(index))
        }
    });
    compose(Some(recorded.batch_id), items.collect())
}

/// What an earlier request stored, as it stands now.
async fn of_stored(doors: &Doors, record: &BatchRecord, names: &Names) -> Result<Answer, Problem> {
    let references = view::labels(&*doors.catalogue, &record.orders).await;
    let order = |id| record.orders.iter().find(|order| order.id == id);
    let gone: Vec<_> = record.fates.iter().map(|fate| gone(fate, order)).collect();
    let items = record.fates.iter().enumerate().map(|(index, fate)| match fate {
        Fate::Order(id) => match order(*id) {
            Some(order) => ItemAnswer::created(index, order, CREATED, &references),
            None => {
                let message = gone.get(index).map(String::as_str).unwrap_or_default();
                ItemAnswer::failed(index, Code::NotFound, "", message).called(names.get(index))
            }
        },
        Fate::Fault { kind, field, message } => {
            ItemAnswer::failed(index, stored_code(kind), field, message).called(names.get(index))
        }
    });
    compose(Some(record.id), items.collect())
}

/// What is said of an order that was deleted since; empty for every other.
fn gone<'a>(fate: &Fate, order: impl Fn(i64) -> Option<&'a Order>) -> String {
    match fate {
        Fate::Order(id) if order(*id).is_none() => format!("Order {id} was deleted since"),
        Fate::Order(_) | Fate::Fault { .. } => String::new(),
    }
}

fn compose(batch_id: Option<Uuid>, orders: Vec<ItemAnswer<'_>>) -> Result<Answer, Problem> {
    let tally = Tally::of(orders.iter().map(|item| item.kind));
    let (successful, total) = (tally.successful, tally.total());
    let message = match (successful, tally.failed) {
        (_, 0) => format!("All {total} orders processed successfully"),
        (0, _) => "All orders failed to process".to_owned(),
        _ => format!("{successful} of {total} orders processed successfully"),
    };
    log_batch(batch_id, tally);
    let answer = BatchAnswer { head: tally.head(batch_id, message), orders };
    let body = json_bytes(&answer, total * BYTES_PER_ORDER)?;
    Ok(Answer { status: tally.code().as_u16(), body })
}

fn log_batch(batch_id: Option<Uuid>, tally: Tally) {
    let (batch_id, orders, failed) = (batch_id.unwrap_or_default(), tally.total(), tally.failed);
    log::debug!(
        batch_id:% = batch_id, orders, failed;
        "batch {batch_id}: {} of {orders} orders recorded", tally.successful
    );
}

/// What became of a batch that is only recorded: nothing in it is queued.
#[derive(Debug, Serialize, ToSchema)]
struct BatchAnswer<'a> {
    #[serde(flatten)]
    head: BatchHead<'static>,
    /// In request order.
    orders: Vec<ItemAnswer<'a>>,
}

/// What became of one order of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchItem)]
struct ItemAnswer<'a> {
    #[serde(skip)]
    kind: ItemStatus,
    /// SUCCESS or FAILURE.
    status: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    order: Option<OrderView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    order_id: Option<i64>,
    /// What the sender calls the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_order_id: Option<&'a str>,
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
    field: Option<&'a str>,
}

const CREATED: &str = "Order created successfully";
const STANDS: &str = "Order stands since an earlier request";

impl<'a> ItemAnswer<'a> {
    fn new(request_index: usize, kind: ItemStatus, message: &'a str) -> Self {
        Self {
            kind,
            status: kind.label(),
            message,
            order: None,
            order_id: None,
            client_order_id: None,
            request_index,
            success: kind == ItemStatus::Success,
            failure: kind == ItemStatus::Failure,
            error_code: None,
            field: None,
        }
    }

    fn created(
        index: usize,
        order: &'a Order,
        message: &'static str,
        references: &'a References,
    ) -> Self {
        Self {
            order: Some(OrderView::new(order, references)),
            order_id: Some(order.id),
            client_order_id: order.terms.client_order_id.as_deref(),
            ..Self::new(index, ItemStatus::Success, message)
        }
    }

    fn failed(index: usize, code: Code, field: &'a str, message: &'a str) -> Self {
        Self {
            error_code: Some(code.name()),
            field: Some(field).filter(|field| !field.is_empty()),
            ..Self::new(index, ItemStatus::Failure, message)
        }
    }

    fn called(self, client_order_id: Option<&'a str>) -> Self {
        Self { client_order_id, ..self }
    }
}

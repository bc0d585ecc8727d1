//! POST /api/v1/orders/{id}/submit: brings one order to the trade service.

use actix_web::{HttpResponse, http::StatusCode, post};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::client::Asker;
use super::super::document::{KEYED, READS, TAKES_ID, WRITES, problems};
use super::super::guard::ForSubmitting;
use super::super::key::{GivenKey, Kept};
use super::super::orders::view;
use super::super::params::Id;
use super::super::patience::Patience;
use super::super::problem::{Code, Problem};
use super::super::quota::charge;
use super::super::replay::{Reply, again, fresh, join, untold};
use super::super::wire::{Number, Timestamp};
use super::super::{Doors, json_bytes, mapping};
use super::line::{self, Line, Outcome};
use crate::actors::batch_supervisor::{Accepted, Submission, SubmitOrders};
use crate::domain::batch::{Answer, BatchRecord};
use crate::domain::order::Order;

const ROUTE: &str = "/api/v1/orders/{id}/submit";

problems! {
    /// What can go wrong with the submission of one order.
    SubmitProblems: READS, WRITES, TAKES_ID, KEYED,
        &[Code::InvalidOrderState, Code::OrderRejected, Code::QuotaExceeded];
}

/// Submits an order
///
/// Takes no body. An order that was sent before is a success with the same trade. What is not
/// decided in time is queued (202): it goes on by itself, and `Location` tells what becomes of it.
#[utoipa::path(
    tag = "batches",
    operation_id = "submitOrder",
    params(
        ("id" = i64, Path),
        ("X-Client-Id" = Option<String>, Header, description = "Who asks: 1 to 64 visible ASCII characters"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
        ("Prefer" = Option<String>, Header, description = "`respond-async`: answer when the submission is stored. `wait=N`: wait N seconds for the outcome at most"),
    ),
    responses(
        (status = 200, description = "The trade service has the order", body = SubmittedOrder),
        (status = 202, description = "The order is accepted and queued", body = SubmittedOrder),
        SubmitProblems,
    ),
)]
#[post("/api/v1/orders/{id}/submit")]
pub(in crate::http) async fn submit_one(
    doors: ForSubmitting,
    Id(id): Id,
    asker: Asker,
    given: GivenKey,
    patience: Patience,
) -> Result<HttpResponse, Problem> {
    let kept = given.of(&[], &doors.limits);
    submit(&doors, id, asker, kept, &patience).await?.preferring(&patience).render()
}

async fn submit(
    doors: &Doors,
    id: i64,
    asker: Asker,
    kept: Option<Kept>,
    patience: &Patience,
) -> Result<Reply, Problem> {
    let key = kept.as_ref().map(|(key, _)| key.clone());
    let charge = charge(doors, &asker, key.as_ref(), 1)?;
    let Asker { client, caller } = asker;
    let order_ids = vec![id];
    let submit = SubmitOrders { client, caller, route: ROUTE, key: kept, order_ids };
    match charge.settle(doors.submitter.send(submit).await?)? {
        Submission::Accepted(accepted) => {
            patience.wait(&accepted.progress).await?;
            let answer = of_accepted(doors, id, &accepted).await?;
            fresh(doors, key.as_ref(), accepted.batch_id, answer).await
        }
        Submission::Known(known, progress) => {
            let joined = async || join(patience, progress).await;
            let stored = async |record: &BatchRecord| of_stored(doors, id, record).await;
            again(doors, key.as_ref(), known, joined, stored).await
        }
    }
}

async fn of_accepted(doors: &Doors, id: i64, accepted: &Accepted) -> Result<Answer, Problem> {
    let fates = accepted.progress.fates();
    let item = accepted.items.first().ok_or_else(mapping::wrong_answer)?;
    let said = Said::of(Line::of_accepted(item, &fates).outcome)?;
    // The order as it stands now: its submission has changed it.
    let order = doors.library.order(id).await;
    let order = order.map_err(|failure| untold(accepted.batch_id, &failure))?;
    said.compose(accepted.batch_id, &order.ok_or_else(|| missing(id))?)
}

async fn of_stored(doors: &Doors, id: i64, record: &BatchRecord) -> Result<Answer, Problem> {
    let references = view::labels(&*doors.catalogue, &record.orders).await;
    let mut lines = line::of_record(record, &references, true).into_iter();
    let line = lines.next().ok_or_else(mapping::wrong_answer)?;
    let said = Said::of(line.outcome)?;
    let order = record.orders.iter().find(|order| order.id == id).ok_or_else(|| missing(id))?;
    said.compose(record.id, order)
}

fn missing(id: i64) -> Problem {
    unsubmitted(Problem::new(Code::NotFound, format!("order {id} does not exist")).at("id"))
}

/// With the member that callers know of the ancestor's answer.
fn unsubmitted(problem: Problem) -> Problem {
    problem.with("status", "not submitted")
}

/// What a submission that did not fail came to.
enum Said {
    Sent { trade_order_id: i64 },
    Queued { message: String },
}

impl Said {
    fn of(outcome: Outcome<'_>) -> Result<Self, Problem> {
        match outcome {
            Outcome::Sent { trade_order_id, .. } => Ok(Self::Sent { trade_order_id }),
            Outcome::Queued { message, .. } => Ok(Self::Queued { message: message.into_owned() }),
            Outcome::Failed { code, field, message } => {
                Err(unsubmitted(Problem::new(code, message).at(field)))
            }
            Outcome::Recorded => Err(mapping::wrong_answer()),
        }
    }

    fn compose(self, batch_id: Uuid, order: &Order) -> Result<Answer, Problem> {
        let (status, trade_order_id, message) = match self {
            Self::Sent { trade_order_id } => (StatusCode::OK, Some(trade_order_id), None),
            Self::Queued { message } => (StatusCode::ACCEPTED, order.trade_order_id, Some(message)),
        };
        let terms = &order.terms;
        let answer = SubmittedOrder {
            id: order.id,
            blotter_id: terms.blotter_id,
            status_id: terms.status_id,
            portfolio_id: &terms.portfolio_id,
            order_type_id: terms.order_type_id,
            security_id: &terms.security_id,
            quantity: Number(terms.quantity),
            limit_price: terms.limit_price.map(Number),
            trade_order_id,
            order_timestamp: Timestamp(terms.ordered_at),
            version: order.version,
            batch_id: message.is_some().then_some(batch_id),
            message,
        };
        Ok(Answer { status: status.as_u16(), body: json_bytes(&answer, 512)? })
    }
}

/// An order with the ids of what it refers to, after its submission. Nulls are written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SubmittedOrder)]
struct SubmittedOrder<'a> {
    id: i64,
    blotter_id: i32,
    status_id: i32,
    portfolio_id: &'a str,
    order_type_id: i32,
    security_id: &'a str,
    #[schema(schema_with = super::super::wire::decimal)]
    quantity: Number,
    #[schema(schema_with = super::super::wire::decimal_or_null, required)]
    limit_price: Option<Number>,
    /// Null while the order is queued.
    #[schema(required)]
    trade_order_id: Option<i64>,
    #[schema(schema_with = super::super::wire::moment)]
    order_timestamp: Timestamp,
    version: i32,
    /// Of a queued order: where to ask what becomes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    batch_id: Option<Uuid>,
    /// Of a queued order: why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
}

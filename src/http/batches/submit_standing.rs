//! POST /api/v1/orders/batch/submit: brings orders that stand already to the trade service, with
//! one result per requested id.

use std::collections::HashMap;

use actix_web::{HttpResponse, post};
use weir_client::wire::Submission as WireSubmission;

use super::super::body::Body;
use super::super::client::Asker;
use super::super::document::{KEYED, READS, TAKES_BODY, WRITES, problems};
use super::super::guard::ForSubmitting;
use super::super::key::GivenKey;
use super::super::orders::check::{of_nothing, too_many};
use super::super::orders::view;
use super::super::patience::Patience;
use super::super::problem::{Code, Problem};
use super::super::quota::charge;
use super::super::replay::{again, fresh, join};
use super::super::wire::Members;
use super::super::{Doors, mapping};
use super::answer::compose;
use super::line::{self, Line};
use super::wire::{OrderIds, OrderIdsBody};
use crate::actors::batch_supervisor::{Accepted, Submission, SubmitOrders};
use crate::domain::batch::{Answer, BatchRecord};

const ROUTE: &str = "/api/v1/orders/batch/submit";
/// The most ids in one request.
const IDS_MAX: usize = 100;

problems! {
    /// What can go wrong with a submission as a whole.
    SubmitProblems: READS, WRITES, TAKES_BODY, KEYED,
        &[Code::QuotaExceeded];
}

/// Submits orders that stand already
///
/// Takes 1 to 100 ids and tells what became of each, in request order: an id that is there twice
/// gets the same result twice, an order that was sent before is a success with its trade, and one
/// that another request is submitting is waited for. What is not decided in time is QUEUED.
#[utoipa::path(
    tag = "batches",
    operation_id = "submitOrders",
    params(
        ("X-Client-Id" = Option<String>, Header, description = "Who asks: 1 to 64 visible ASCII characters"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
        ("Prefer" = Option<String>, Header, description = "`respond-async`: answer when the submission is stored. `wait=N`: wait N seconds for the outcome at most"),
    ),
    request_body(content = OrderIds, content_type = "application/json"),
    responses(
        (status = 200, description = "The trade service has all orders", body = WireSubmission),
        (status = 202, description = "All orders are accepted, and some are queued", body = WireSubmission),
        (status = 207, description = "Some orders failed: each item says so", body = WireSubmission),
        SubmitProblems,
    ),
)]
#[post("/api/v1/orders/batch/submit")]
pub(in crate::http) async fn submit_standing(
    doors: ForSubmitting,
    asker: Asker,
    given: GivenKey,
    patience: Patience,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let requested = read(&body).map_err(|problem| of_nothing(problem, "results"))?;
    let kept = given.of(body.bytes(), &doors.limits);
    let key = kept.as_ref().map(|(key, _)| key.clone());
    let order_ids = each_once(&requested);
    let charge = charge(&doors, &asker, key.as_ref(), order_ids.len())?;
    let Asker { client, caller } = asker;
    let submit =
        SubmitOrders { client, caller, route: ROUTE, key: kept, order_ids: order_ids.clone() };
    let reply = match charge.settle(doors.submitter.send(submit).await?)? {
        Submission::Accepted(accepted) => {
            patience.wait(&accepted.progress).await?;
            let answer = of_accepted(&accepted, &order_ids, &requested)?;
            fresh(&doors, key.as_ref(), accepted.batch_id, answer).await?
        }
        Submission::Known(known, progress) => {
            let joined = async || join(&patience, progress).await;
            let stored = async |record: &BatchRecord| {
                of_stored(&doors, record, &order_ids, &requested).await
            };
            again(&doors, key.as_ref(), known, joined, stored).await?
        }
    };
    reply.preferring(&patience).render()
}

/// The ids in request order.
fn read(body: &Body) -> Result<Vec<i64>, Problem> {
    let missing = || {
        let message = "Request body is required and must contain orderIds array";
        Problem::new(Code::MissingRequiredField, message).at("orderIds")
    };
    if body.is_blank() {
        return Err(missing());
    }
    let Some(Members(OrderIds { order_ids: Some(ids) })) = body.parse::<OrderIdsBody>()? else {
        return Err(missing());
    };
    if ids.is_empty() {
        let message = "Order IDs list cannot be empty";
        return Err(Problem::new(Code::ValidationError, message).at("orderIds"));
    }
    if ids.len() > IDS_MAX {
        return Err(too_many(ids.len(), IDS_MAX));
    }
    let ids: Option<Vec<i64>> = ids.into_iter().collect();
    ids.ok_or_else(|| {
        let message = "Order IDs cannot contain null values";
        Problem::new(Code::ValidationError, message).at("orderIds")
    })
}

/// Each id where it stands first.
fn each_once(requested: &[i64]) -> Vec<i64> {
    let mut known = std::collections::HashSet::with_capacity(requested.len());
    requested.iter().copied().filter(|id| known.insert(*id)).collect()
}

fn of_accepted(
    accepted: &Accepted,
    order_ids: &[i64],
    requested: &[i64],
) -> Result<Answer, Problem> {
    let fates = accepted.progress.fates();
    let lines = accepted.items.iter().map(|item| Line::of_accepted(item, &fates));
    compose(Some(accepted.batch_id), joined(lines.collect(), order_ids, requested)?)
}

async fn of_stored(
    doors: &Doors,
    record: &BatchRecord,
    order_ids: &[i64],
    requested: &[i64],
) -> Result<Answer, Problem> {
    let references = view::labels(&*doors.catalogue, &record.orders).await;
    let lines = line::of_record(record, &references, true);
    compose(Some(record.id), joined(lines, order_ids, requested)?)
}

/// One line per requested id: the lines tell of `order_ids`, in their order, and are found by id
/// and not by place.
fn joined<'a>(
    lines: Vec<Line<'a>>,
    order_ids: &[i64],
    requested: &[i64],
) -> Result<Vec<Line<'a>>, Problem> {
    let found: HashMap<i64, Line<'a>> = order_ids
        .iter()
        .zip(lines)
        .map(|(id, line)| {
            let id = line.order_id.unwrap_or(*id);
            (id, Line { order_id: Some(id), ..line })
        })
        .collect();
    let line = |id| found.get(id).cloned().ok_or_else(mapping::wrong_answer);
    requested.iter().map(line).collect()
}

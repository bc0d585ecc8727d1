//! POST /api/v1/orders/batch: records a batch of orders and brings it to the trade service. A bad
//! order fails alone.

use actix_web::{HttpResponse, post};
use weir_client::wire::Submission as WireSubmission;

use super::super::Doors;
use super::super::body::Body;
use super::super::client::Asker;
use super::super::document::{KEYED, READS, TAKES_BODY, WRITES, problems};
use super::super::guard::ForSubmitting;
use super::super::key::{GivenKey, Kept};
use super::super::orders::check::{Checked, Names, TO_SUBMIT, check, check_size};
use super::super::orders::view;
use super::super::patience::Patience;
use super::super::problem::{Code, Problem};
use super::super::quota::charge;
use super::super::replay::{Reply, again, fresh, join};
use super::answer::compose;
use super::line::{self, Line};
use super::wire::{NewBatchBody, NewOrders};
use crate::actors::batch_supervisor::{Accepted, Submission, SubmitBatch};
use crate::domain::batch::{Answer, BatchRecord};

const ROUTE: &str = "/api/v1/orders/batch";

problems! {
    /// What can go wrong with a batch as a whole.
    SubmitProblems: READS, WRITES, TAKES_BODY, KEYED,
        &[Code::QuotaExceeded];
}

/// Submits a batch of new orders
///
/// Takes 1 to 1000 orders, checks each, stores the good ones in one commit, and hands them to the
/// trade service, each exactly once. An order that is at fault fails alone. What is not decided
/// in time is QUEUED: it is stored, goes on by itself, and `Location` tells what becomes of it.
/// Sent again under the same `Idempotency-Key`, the request hears the same answer, byte by byte.
/// Without a key, the same body within a few minutes is the same request if each of its orders
/// has an `orderTimestamp`.
#[utoipa::path(
    tag = "batches",
    operation_id = "submitBatch",
    params(
        ("X-Client-Id" = Option<String>, Header, description = "Who asks: 1 to 64 visible ASCII characters"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters"),
        ("Prefer" = Option<String>, Header, description = "`respond-async`: answer when the batch is stored. `wait=N`: wait N seconds for the outcome at most"),
    ),
    request_body(content = NewBatchBody, content_type = "application/json"),
    responses(
        (status = 200, description = "The trade service has all orders", body = WireSubmission),
        (status = 202, description = "All orders are stored, and some are queued", body = WireSubmission),
        (status = 207, description = "Some orders failed: each item says so", body = WireSubmission),
        SubmitProblems,
    ),
)]
#[post("/api/v1/orders/batch")]
pub(in crate::http) async fn submit_new(
    doors: ForSubmitting,
    asker: Asker,
    given: GivenKey,
    patience: Patience,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let NewOrders(elements) = body.parse()?;
    check_size(elements.total, "results")?;
    let drafts = elements.drafts;
    let (checked, _) = check(&doors, &drafts, TO_SUBMIT).await?;
    let names = Names::of(&drafts);
    let kept = given.or_of_body(body.bytes(), &drafts, &doors.limits);
    drop(drafts);
    if checked.iter().all(Result::is_err) {
        let faults: Vec<_> = checked.into_iter().filter_map(Result::err).collect();
        let lines = faults.iter().map(Line::of_fault).collect();
        return Reply::of_nothing(compose(None, called(lines, &names))?).render();
    }
    let reply = submit(&doors, asker, kept, checked, &names, &patience).await?;
    reply.preferring(&patience).render()
}

async fn submit(
    doors: &Doors,
    asker: Asker,
    kept: Option<Kept>,
    items: Checked,
    names: &Names,
    patience: &Patience,
) -> Result<Reply, Problem> {
    let key = kept.as_ref().map(|(key, _)| key.clone());
    let orders = items.iter().filter(|item| item.is_ok()).count();
    let charge = charge(doors, &asker, key.as_ref(), orders)?;
    let Asker { client, caller } = asker;
    let submit = SubmitBatch { client, caller, route: ROUTE, key: kept, items };
    match charge.settle(doors.supervisor.send(submit).await?)? {
        Submission::Accepted(accepted) => {
            patience.wait(&accepted.progress).await?;
            let answer = of_accepted(&accepted, names)?;
            fresh(doors, key.as_ref(), accepted.batch_id, answer).await
        }
        Submission::Known(known, progress) => {
            let joined = async || join(patience, progress).await;
            let stored = async |record: &BatchRecord| of_stored(doors, record, names).await;
            again(doors, key.as_ref(), known, joined, stored).await
        }
    }
}

fn of_accepted(accepted: &Accepted, names: &Names) -> Result<Answer, Problem> {
    let fates = accepted.progress.fates();
    let lines = accepted.items.iter().map(|item| Line::of_accepted(item, &fates));
    compose(Some(accepted.batch_id), called(lines.collect(), names))
}

async fn of_stored(doors: &Doors, record: &BatchRecord, names: &Names) -> Result<Answer, Problem> {
    let references = view::labels(&*doors.catalogue, &record.orders).await;
    let lines = line::of_record(record, &references, true);
    compose(Some(record.id), called(lines, names))
}

/// Faulty items, too, are told by the name that their sender gave them.
fn called<'a>(mut lines: Vec<Line<'a>>, names: &'a Names) -> Vec<Line<'a>> {
    for (index, line) in lines.iter_mut().enumerate() {
        line.client_order_id = line.client_order_id.or_else(|| names.get(index));
    }
    lines
}

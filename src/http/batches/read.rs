//! GET /api/v1/batches/{id}: what became of a batch, order by order.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use weir_client::wire::{BatchHead, SubmissionItem};

use super::super::document::ReadOneProblems;
use super::super::guard::ForReading;
use super::super::orders::{self, create::ROUTE as RECORDS};
use super::super::problem::{Code, Problem};
use super::super::tally::Tally;
use super::super::wire::Timestamp;
use super::super::{Doors, json_answer};
use super::answer::{head, results, tally};
use super::line;
use crate::actors::batch_supervisor::AskTimes;
use crate::domain::batch::BatchRecord;
use crate::ports::meter::BatchEnd;

const BYTES_PER_ORDER: usize = 240;

/// Reads a batch
///
/// Tells how a batch stands now, with one line per order: whether the trade service has it, and
/// if not, why it waits, how often it was tried and when it is tried again.
#[utoipa::path(
    tag = "batches",
    operation_id = "readBatch",
    params(("id" = String, Path, description = "The `batchId` of an answer")),
    responses((status = 200, description = "The batch", body = BatchView), ReadOneProblems),
)]
#[get("/api/v1/batches/{id}")]
pub(in crate::http) async fn read(
    doors: ForReading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = batch_id(request.match_info().query("id"))?;
    let missing = || Problem::new(Code::NotFound, format!("batch {id} does not exist")).at("id");
    let record = doors.library.batch(id).await?.ok_or_else(missing)?;
    json_answer(StatusCode::OK, &view(&doors, &record).await, record.fates.len() * BYTES_PER_ORDER)
}

/// A batch as it stands.
pub(in crate::http) async fn view<'a>(doors: &Doors, record: &'a BatchRecord) -> BatchView<'a> {
    let references = orders::view::labels(&*doors.catalogue, &record.orders).await;
    let submits = record.route != RECORDS;
    let lines = line::of_record(record, &references, submits);
    let tally = tally(&lines);
    BatchView {
        state: state(tally, submits),
        accepted_at: Timestamp(record.accepted_at),
        head: if submits { head(tally, Some(record.id)) } else { recorded(tally, record.id) },
        times: times(doors, record.id).await,
        results: results(lines),
    }
}

/// How long the supervisor may take to say where the time went: the answer does without.
const TIMES_WITHIN: Duration = Duration::from_millis(250);

async fn times(doors: &Doors, id: Uuid) -> Option<TimesView> {
    let asked = tokio::time::timeout(TIMES_WITHIN, doors.times.send(AskTimes(id))).await;
    asked.ok()?.ok()?.map(TimesView::from)
}

pub(in crate::http) fn batch_id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| {
        let message = format!("id must be the batchId of an answer, got: {text}");
        Problem::new(Code::InvalidFieldValue, message).at("id")
    })
}

fn recorded(tally: Tally, id: Uuid) -> BatchHead<'static> {
    let message = format!("{} of {} orders stored", tally.successful, tally.total());
    tally.head(Some(id), message)
}

const fn state(tally: Tally, submits: bool) -> &'static str {
    match tally {
        Tally { queued: 1.., .. } => "QUEUED",
        Tally { .. } if !submits => "RECORDED",
        Tally { failed: 0, .. } => "DONE",
        Tally { successful: 0, .. } => "FAILED",
        Tally { .. } => "PARTIAL",
    }
}

/// Milliseconds of a batch; of `waitMs`, `tradeMs` and `updateMs` the longest of its letters.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchTimes)]
struct TimesView {
    /// Until it was on the disk.
    load_ms: f64,
    /// In the line for a worker.
    wait_ms: f64,
    /// At the trade service.
    trade_ms: f64,
    /// Writing down the outcome.
    update_ms: f64,
    total_ms: f64,
    ms_per_order: f64,
}

impl From<BatchEnd> for TimesView {
    fn from(end: BatchEnd) -> Self {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            load_ms: ms(end.load),
            wait_ms: ms(end.waited),
            trade_ms: ms(end.trade),
            update_ms: ms(end.update),
            total_ms: ms(end.in_all),
            ms_per_order: ms(end.per_order()),
        }
    }
}

/// A batch as it stands now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Batch)]
pub(in crate::http) struct BatchView<'a> {
    /// RECORDED: its orders are only stored. QUEUED: some are not decided yet. DONE: the trade
    /// service has all. PARTIAL: it has some, and the others failed. FAILED: all failed.
    #[schema(example = "QUEUED")]
    state: &'static str,
    #[schema(schema_with = super::super::wire::moment)]
    accepted_at: Timestamp,
    #[serde(flatten)]
    head: BatchHead<'static>,
    /// Where the time went, from the request to the batch's first rest; only of the last batches
    /// that this process submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    times: Option<TimesView>,
    /// In request order.
    results: Vec<SubmissionItem<'a>>,
}

impl BatchView<'_> {
    pub(in crate::http) const fn state(&self) -> &'static str {
        self.state
    }

    /// Its totals.
    pub(in crate::http) const fn head(&self) -> &BatchHead<'static> {
        &self.head
    }
}

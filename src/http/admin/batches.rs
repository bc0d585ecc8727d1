//! Batches as operators look for them: by id, order or client, and one with all that happened to it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::batches::read::{BatchView, batch_id, view};
use super::super::document::{READS, TAKES_ID, problems};
use super::super::guard::ForReading;
use super::super::problem::{Code, Problem};
use super::super::wire::Timestamp;
use super::super::{Doors, json_answer};
use super::query::Query;
use crate::domain::audit::{AuditLine, AuditQuery, Subject};
use crate::domain::batch::{BatchQuery, BatchRecord};
use crate::domain::client::ClientId;
use crate::domain::timeline::{self, Event};

/// Lines of the audit that are told with a batch.
const LINES_MAX: u64 = 100;
/// Each batch is read with its orders.
const LIMIT_MAX: u64 = 50;

problems! {
    /// What can go wrong with a list of batches.
    ListProblems: READS,
        &[Code::AuthenticationError, Code::InvalidFieldValue, Code::InvalidRequestFormat];
    /// What can go wrong with one batch.
    OneProblems: READS, TAKES_ID, &[Code::AuthenticationError];
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FoundBatches)]
struct Batches<'a> {
    /// The newest first.
    items: Vec<FoundAnswer<'a>>,
}

/// A batch in one line.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FoundBatch)]
struct FoundAnswer<'a> {
    #[schema(value_type = String)]
    id: Uuid,
    client: &'a str,
    route: &'a str,
    #[schema(required)]
    key: Option<&'a str>,
    #[schema(schema_with = super::super::wire::moment)]
    created_at: Timestamp,
    #[schema(example = "QUEUED")]
    state: &'static str,
    total: usize,
    sent: usize,
    failed: usize,
    queued: usize,
}

/// A batch with all that happened to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchDetails)]
struct DetailsAnswer<'a> {
    client: &'a str,
    #[schema(required)]
    key: Option<&'a str>,
    #[serde(flatten)]
    batch: BatchView<'a>,
    /// The oldest first. A letter is told of at the moment when it is due.
    timeline: Vec<EventAnswer>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEvent)]
pub(super) struct EventAnswer {
    #[schema(schema_with = super::super::wire::moment)]
    at: Timestamp,
    what: String,
}

impl From<Event> for EventAnswer {
    fn from(Event { at, what }: Event) -> Self {
        Self { at: Timestamp(at), what }
    }
}

/// Finds batches
///
/// Of an order all batches that name it. Batches are kept as long as `ledger.batches_kept` says.
#[utoipa::path(
    tag = "admin",
    operation_id = "findBatches",
    params(
        ("id" = Option<String>, Query),
        ("order" = Option<i64>, Query),
        ("client" = Option<String>, Query),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 50, description = "Default 50"),
    ),
    responses((status = 200, description = "What was found", body = Batches), ListProblems),
)]
#[get("/admin/batches")]
pub(in crate::http) async fn list(
    doors: ForReading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut given = Query::of(&request, &["id", "order", "client", "limit"])?;
    let client = |name: String| {
        let invalid = || Problem::new(Code::InvalidFieldValue, "There is no such client");
        ClientId::from_header(name.as_bytes()).map_err(|_| invalid().at("client"))
    };
    let query = BatchQuery {
        id: given.value("id", "a batchId")?,
        order: given.value("order", "the id of an order")?,
        client: given.text("client").map(client).transpose()?,
        limit: given.limit()?.min(LIMIT_MAX),
    };
    let mut records = Vec::new();
    for id in doors.library.find_batches(&query).await? {
        records.extend(doors.library.batch(id).await?);
    }
    let mut items = Vec::with_capacity(records.len());
    for record in &records {
        items.push(FoundAnswer::new(record, &view(&doors, record).await));
    }
    json_answer(StatusCode::OK, &Batches { items }, records.len() * 300)
}

/// Reads a batch with all that happened to it
#[utoipa::path(
    tag = "admin",
    operation_id = "readBatchDetails",
    params(("id" = String, Path)),
    responses((status = 200, description = "The batch", body = DetailsAnswer), OneProblems),
)]
#[get("/admin/batches/{id}")]
pub(in crate::http) async fn read(
    doors: ForReading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = batch_id(request.match_info().query("id"))?;
    let missing = || Problem::new(Code::NotFound, format!("batch {id} does not exist")).at("id");
    let record = doors.library.batch(id).await?.ok_or_else(missing)?;
    let lines = lines_about(&doors, id).await?;
    let events = timeline::of_batch(&record, &lines);
    let answer = DetailsAnswer {
        client: record.client.as_str(),
        key: record.key.as_deref(),
        batch: view(&doors, &record).await,
        timeline: events.into_iter().map(EventAnswer::from).collect(),
    };
    json_answer(StatusCode::OK, &answer, 1024 + record.fates.len() * 240)
}

/// What operators did about letters of a batch, also about those that are gone.
pub(super) async fn lines_about(doors: &Doors, id: Uuid) -> Result<Vec<AuditLine>, Problem> {
    let query = AuditQuery {
        kind: Some(Subject::Letter.label().to_owned()),
        mentions: Some(id.to_string()),
        limit: LINES_MAX,
        ..AuditQuery::default()
    };
    Ok(doors.library.audit(&query).await?)
}

impl<'a> FoundAnswer<'a> {
    fn new(record: &'a BatchRecord, view: &BatchView<'_>) -> Self {
        let head = view.head();
        Self {
            id: record.id,
            client: record.client.as_str(),
            route: &record.route,
            key: record.key.as_deref(),
            created_at: Timestamp(record.accepted_at),
            state: view.state(),
            total: head.total_requested,
            sent: head.successful,
            failed: head.failed,
            queued: head.queued,
        }
    }
}

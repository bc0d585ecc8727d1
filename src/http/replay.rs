//! The same request sent again: it is recognised by its key, creates nothing, and hears the
//! same.
//!
//! Under a key that the client gave, the answer's bytes are frozen in the database before they
//! are first sent. Without one, the same body is the same request for a short while; then its
//! sender hears how things stand.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use uuid::Uuid;

use super::Doors;
use super::key::HEADER;
use super::patience::{APPLIED, Patience};
use super::problem::{Code, Problem};
use crate::actors::batch_supervisor::Progress;
use crate::actors::ledger::Freeze;
use crate::domain::batch::{Answer, BatchRecord, Key, KnownBatch};
use crate::ports::Failure;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An answer on its way out.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) batch_id: Option<Uuid>,
    replayed: bool,
    applied: Option<HeaderValue>,
}

impl Reply {
    /// Of a request that stored nothing.
    pub(super) fn of_nothing(answer: Answer) -> Self {
        Self { answer, batch_id: None, replayed: false, applied: None }
    }

    pub(super) fn preferring(mut self, patience: &Patience) -> Self {
        self.applied = patience.applied();
        self
    }

    pub(super) fn render(self) -> Result<HttpResponse, Problem> {
        let status = StatusCode::from_u16(self.answer.status).map_err(|error| {
            let problem = Problem::new(Code::InternalError, Code::InternalError.title());
            problem.inside(format!("a kept answer has no status: {error}"))
        })?;
        let mut response = HttpResponse::build(status);
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        if let Some(id) = self.batch_id {
            response.insert_header((LOCATION, format!("/api/v1/batches/{id}")));
        }
        if self.replayed {
            response.insert_header((REPLAYED, HeaderValue::from_static("true")));
        }
        if let Some(applied) = self.applied {
            response.insert_header((APPLIED, applied));
        }
        Ok(response.body(self.answer.body))
    }
}

/// The answer to a new request: frozen before it is sent, if the client gave a key.
pub(super) async fn fresh(
    doors: &Doors,
    key: Option<&Key>,
    batch_id: Uuid,
    answer: Answer,
) -> Result<Reply, Problem> {
    let answer = match key {
        Some(key) if key.is_given() => freeze(doors, batch_id, answer).await?,
        Some(_) | None => answer,
    };
    Ok(Reply { answer, batch_id: Some(batch_id), replayed: false, applied: None })
}

/// The answer to a request that was accepted before; `compose` makes one of how things stand.
pub(super) async fn again(
    doors: &Doors,
    key: Option<&Key>,
    known: KnownBatch,
    wait: impl AsyncFnOnce() -> Result<(), Problem>,
    compose: impl AsyncFnOnce(&BatchRecord) -> Result<Answer, Problem>,
) -> Result<Reply, Problem> {
    let given = key.filter(|key| key.is_given());
    if given.is_some_and(|key| key.fingerprint != known.fingerprint) {
        return Err(reused());
    }
    let reply = |answer| Reply { answer, batch_id: Some(known.id), replayed: true, applied: None };
    if let (Some(_), Some(answer)) = (given, known.answer) {
        return Ok(reply(answer));
    }
    wait().await?;
    let record = doors.library.batch(known.id).await;
    let record = record.map_err(|failure| untold(known.id, &failure))?.ok_or_else(gone)?;
    if let (Some(_), Some(answer)) = (given, &record.answer) {
        return Ok(reply(answer.clone()));
    }
    let answer = compose(&record).await?;
    match given {
        Some(_) => freeze(doors, known.id, answer).await.map(reply),
        None => Ok(reply(answer)),
    }
}

/// Waits for the outcome of a request that is under way here.
pub(super) async fn join(
    patience: &Patience,
    progress: Option<Arc<Progress>>,
) -> Result<(), Problem> {
    match progress {
        Some(progress) => patience.wait(&progress).await,
        None => Ok(()),
    }
}

/// The answer that is kept: this one, or the one that somebody else was quicker with.
async fn freeze(doors: &Doors, batch_id: Uuid, answer: Answer) -> Result<Answer, Problem> {
    let unkept = |reason: String| {
        let message = format!(
            "The request was stored as batch {batch_id}, but its answer could not be kept: send \
             it again with the same {HEADER} to hear it"
        );
        Problem::new(Code::OutcomeUnknown, message).inside(reason)
    };
    let kept = doors.freezer.send(Freeze { batch_id, answer }).await;
    match kept {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(refused)) => Err(unkept(refused.to_string())),
        Err(error) => Err(unkept(error.to_string())),
    }
}

/// The request stands, and what became of it could not be read.
pub(super) fn untold(batch_id: Uuid, failure: &Failure) -> Problem {
    let message = format!(
        "The request was stored as batch {batch_id}, but what became of it could not be read: ask \
         for the batch before you send it again"
    );
    Problem::new(Code::OutcomeUnknown, message).inside(failure.to_string())
}

fn reused() -> Problem {
    let message = format!("This {HEADER} came with another request before: give each its own");
    Problem::new(Code::IdempotencyKeyReused, message).at(HEADER)
}

/// Its time was over between two looks: who asks again is new.
fn gone() -> Problem {
    let message =
        "System temporarily overloaded - the earlier request was forgotten just now: send it again";
    Problem::new(Code::ServiceOverloaded, message)
}

//! Blotters, statuses and order types: one way of doing things for the three kinds.

pub(super) mod routes;
pub(super) mod view;
pub(super) mod wire;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use self::view::ReferenceView;
use self::wire::ReferenceDraft;
use super::guard::{ForReading, ForWriting};
use super::problem::{Code, Problem};
use super::{Doors, json_answer, mapping};
use crate::actors::ledger::Apply;
use crate::domain::reference::{ReferenceChange, ReferenceKind, ReferenceRow};
use crate::ports::journal::{Change, Changed};

async fn list(doors: &ForReading, kind: ReferenceKind) -> Result<HttpResponse, Problem> {
    let rows = doors.library.references(kind).await?;
    let views: Vec<_> = rows.iter().map(ReferenceView::of).collect();
    json_answer(StatusCode::OK, &views, rows.len() * 96)
}

async fn read(doors: &ForReading, kind: ReferenceKind, id: i64) -> Result<HttpResponse, Problem> {
    let rows = doors.library.references(kind).await?;
    let row = rows.iter().find(|row| i64::from(row.id) == id);
    answer(row.ok_or_else(|| missing(kind, id))?)
}

async fn create(
    doors: &ForWriting,
    kind: ReferenceKind,
    draft: impl ReferenceDraft,
) -> Result<HttpResponse, Problem> {
    let version = wire::first_version(draft.version())?;
    let label = draft.label(kind)?;
    change(doors, ReferenceChange::Create { kind, label, version }).await
}

async fn amend(
    doors: &ForWriting,
    kind: ReferenceKind,
    id: i64,
    draft: impl ReferenceDraft,
) -> Result<HttpResponse, Problem> {
    let version = super::params::version(draft.version())?;
    let label = draft.label(kind)?;
    let id = i32::try_from(id).map_err(|_| missing(kind, id))?;
    let row = ReferenceRow { id, label, version };
    change(doors, ReferenceChange::Amend { kind, row }).await
}

async fn remove(
    doors: &ForWriting,
    kind: ReferenceKind,
    id: i64,
    version: i32,
) -> Result<HttpResponse, Problem> {
    let id = i32::try_from(id).map_err(|_| missing(kind, id))?;
    change(doors, ReferenceChange::Remove { kind, id, version }).await
}

/// Makes the change, and lets the orders of this instance see it at once.
async fn change(doors: &Doors, change: ReferenceChange) -> Result<HttpResponse, Problem> {
    let changed = doors.ledger.send(Apply(Change::Reference(change))).await??;
    if let Err(failure) = doors.catalogue.refresh().await {
        log::warn!("reference data was changed but could not be read again: {failure}");
    }
    match changed {
        Changed::Reference(row) => answer(&row),
        Changed::Removed => Ok(HttpResponse::NoContent().finish()),
        Changed::Order(_) | Changed::Noted | Changed::Paused(_) => Err(mapping::wrong_answer()),
    }
}

fn answer(row: &ReferenceRow) -> Result<HttpResponse, Problem> {
    json_answer(StatusCode::OK, &ReferenceView::of(row), 128)
}

fn missing(kind: ReferenceKind, id: i64) -> Problem {
    Problem::new(Code::NotFound, format!("{} {id} does not exist", kind.title())).at("id")
}

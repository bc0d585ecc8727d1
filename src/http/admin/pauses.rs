//! Pauses: what is not sent because an operator wants it so.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::Body;
use super::super::document::{READS, TAKES_BODY, WRITES, problems};
use super::super::guard::{ForReading, ForWriting};
use super::super::problem::{Code, Problem};
use super::super::wire::{Members, Text, Timestamp};
use super::super::{Doors, json_answer, mapping};
use super::motive::Motive;
use crate::actors::ledger::Apply;
use crate::actors::retry_mailbox::FollowPauses;
use crate::domain::audit::Deed;
use crate::domain::pause::{Pause, Paused};
use crate::ports::journal::{Change, Changed};

/// How long an answer waits until this instance follows; all do at their next sweep.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(2);

problems! {
    /// What can go wrong with the list of pauses.
    ListProblems: READS, &[Code::AuthenticationError];
    /// What can go wrong with a pause.
    PauseProblems: READS, WRITES, TAKES_BODY, &[Code::AuthenticationError];
    /// What can go wrong with its end.
    ResumeProblems: READS, WRITES, TAKES_BODY, &[Code::AuthenticationError, Code::NotFound];
}

#[derive(Debug, Serialize, ToSchema)]
struct Pauses {
    items: Vec<PauseAnswer>,
}

/// Something that is not sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pause)]
pub(super) struct PauseAnswer {
    /// `destination` or `client`.
    #[schema(example = "client")]
    kind: &'static str,
    #[schema(example = "desk-7")]
    name: String,
    #[schema(schema_with = super::super::wire::moment)]
    since: Timestamp,
    reason: String,
    operator: String,
}

/// What is to be paused or resumed.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PauseOrder)]
struct OrderBody<'a> {
    /// `destination` (whose only name is `trade`) or `client`.
    #[serde(borrow)]
    #[schema(value_type = String, required, example = "client")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = String, required, example = "desk-7")]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 200)]
    reason: Option<Text<'a>>,
    /// Who orders it, for the audit.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    operator: Option<Text<'a>>,
}

/// Lists what is paused
#[utoipa::path(
    tag = "admin",
    operation_id = "listPauses",
    responses((status = 200, description = "All pauses", body = Pauses), ListProblems),
)]
#[get("/admin/pauses")]
pub(in crate::http) async fn list(doors: ForReading) -> Result<HttpResponse, Problem> {
    let items = doors.board.pauses().await?.into_iter().map(PauseAnswer::from).collect();
    json_answer(StatusCode::OK, &Pauses { items }, 512)
}

/// Pauses a destination or a client
///
/// New orders are accepted and answered as queued at once; nothing new is sent. What is being sent at this
/// moment ends. It holds over restarts, and all instances follow within a sweep.
#[utoipa::path(
    tag = "admin",
    operation_id = "pause",
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "It is paused", body = PauseAnswer), PauseProblems),
)]
#[post("/admin/pauses")]
pub(in crate::http) async fn pause(doors: ForWriting, body: Body) -> Result<HttpResponse, Problem> {
    let (paused, motive) = read(&body)?;
    let (deed, signature) = (deed(&paused, "PAUSE"), motive.sign(&doors));
    match change(&doors, Change::Pause { paused, signature }).await? {
        Changed::Paused(pause) => {
            motive.tell(&doors, &deed);
            json_answer(StatusCode::OK, &PauseAnswer::from(pause), 256)
        }
        Changed::Order(_) | Changed::Reference(_) | Changed::Removed | Changed::Noted => {
            Err(mapping::wrong_answer())
        }
    }
}

/// Resumes what was paused
#[utoipa::path(
    tag = "admin",
    operation_id = "resume",
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 204, description = "It goes on"), ResumeProblems),
)]
#[post("/admin/pauses/resume")]
pub(in crate::http) async fn resume(
    doors: ForWriting,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (paused, motive) = read(&body)?;
    let (deed, signature) = (deed(&paused, "RESUME"), motive.sign(&doors));
    change(&doors, Change::Resume { paused, signature }).await?;
    motive.tell(&doors, &deed);
    Ok(HttpResponse::NoContent().finish())
}

/// Writes it down, and waits until this instance follows. If that takes too long it does so at the
/// next sweep.
async fn change(doors: &Doors, change: Change) -> Result<Changed, Problem> {
    let changed = doors.ledger.send(Apply(change)).await??;
    let following = doors.pauses.send(FollowPauses);
    if !matches!(tokio::time::timeout(FOLLOWED_WITHIN, following).await, Ok(Ok(()))) {
        log::warn!("pauses were changed and are followed at the next sweep");
    }
    Ok(changed)
}

fn deed(paused: &Paused, action: &str) -> Deed {
    Deed::new(paused.subject(), paused.name(), action)
}

fn read(body: &Body) -> Result<(Paused, Motive), Problem> {
    let Members(order) = body.parse::<Members<OrderBody<'_>>>()?;
    let word = |field: &str, given: Option<Text<'_>>| {
        let given = given.map(|Text(text)| text.trim().to_owned()).filter(|text| !text.is_empty());
        let missing = || {
            let message = format!("{field} is required: what is meant?");
            Problem::new(Code::MissingRequiredField, message).at(field)
        };
        given.ok_or_else(missing)
    };
    let (kind, name) = (word("kind", order.kind)?, word("name", order.name)?);
    let motive = Motive::of(order.reason, order.operator)?;
    let unknown = || {
        let message = "There is the destination trade, and there are clients by their names";
        Problem::new(Code::InvalidFieldValue, message).at("name")
    };
    let paused = Paused::of(&kind, &name).ok_or_else(unknown)?;
    Ok((paused, motive))
}

impl From<Pause> for PauseAnswer {
    fn from(Pause { paused, since, operator, reason }: Pause) -> Self {
        let (kind, name) = (paused.kind(), paused.name().to_owned());
        Self { kind, name, since: Timestamp(since), reason, operator }
    }
}

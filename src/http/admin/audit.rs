//! The audit: what operators ordered, and the one way in which what took effect already gets there.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::document::{READS, problems};
use super::super::guard::ForReading;
use super::super::problem::{Code, Problem};
use super::super::wire::Timestamp;
use super::super::{Doors, json_answer};
use super::motive::Motive;
use super::query::{Query, next_of};
use crate::actors::ledger::Apply;
use crate::domain::audit::{AuditLine, AuditQuery, Deed};
use crate::ports::journal::Change;

/// How long an order that took effect waits for its line: the database may be away.
const NOTED_WITHIN: Duration = Duration::from_secs(2);

problems! {
    /// What can go wrong with the audit.
    AuditProblems: READS,
        &[Code::AuthenticationError, Code::InvalidFieldValue, Code::InvalidRequestFormat];
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditPage)]
struct PageAnswer {
    /// The newest first.
    items: Vec<LineAnswer>,
    /// The `cursor` of the page that follows.
    #[schema(value_type = Option<String>, required)]
    next: Option<Uuid>,
}

/// Something that an operator ordered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditLine)]
pub(super) struct LineAnswer {
    #[schema(value_type = String)]
    id: Uuid,
    #[schema(schema_with = super::super::wire::moment)]
    at: Timestamp,
    operator: String,
    /// What sort of thing the target is.
    #[schema(example = "breaker")]
    kind: String,
    #[schema(example = "pool")]
    target: String,
    #[schema(example = "FORCE_OPEN")]
    action: String,
    reason: String,
    /// How it stood before and after.
    #[schema(required)]
    before: Option<String>,
    #[schema(required)]
    after: Option<String>,
    /// The instance that heard the order.
    instance: String,
}

/// The audit
///
/// Everything that operators ordered, the newest first.
#[utoipa::path(
    tag = "admin",
    operation_id = "listAudit",
    params(
        ("kind" = Option<String>, Query, description = "What sort of thing the target is"),
        ("target" = Option<String>, Query),
        ("operator" = Option<String>, Query),
        ("since" = Option<String>, Query, description = "ISO-8601 with offset"),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 200, description = "Default 50"),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before"),
    ),
    responses((status = 200, description = "A page", body = PageAnswer), AuditProblems),
)]
#[get("/admin/audit")]
pub(in crate::http) async fn list(
    doors: ForReading,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let known = ["kind", "target", "operator", "since", "limit", "cursor"];
    let mut given = Query::of(&request, &known)?;
    let limit = given.limit()?;
    let query = AuditQuery {
        kind: given.text("kind"),
        target: given.text("target"),
        operator: given.text("operator"),
        since: given.moment("since")?,
        mentions: None,
        before: given.cursor()?,
        limit: limit + 1,
    };
    let mut lines = doors.library.audit(&query).await?;
    let next = next_of(&mut lines, limit, |line| line.id);
    let items: Vec<_> = lines.into_iter().map(LineAnswer::from).collect();
    let size = items.len() * 400;
    json_answer(StatusCode::OK, &PageAnswer { items, next }, size)
}

impl From<AuditLine> for LineAnswer {
    fn from(AuditLine { id, signature, deed }: AuditLine) -> Self {
        Self {
            id,
            at: Timestamp(signature.at),
            operator: signature.operator,
            kind: deed.kind,
            target: deed.target,
            action: deed.action,
            reason: signature.reason,
            before: deed.before,
            after: deed.after,
            instance: signature.instance,
        }
    }
}

/// Tells and keeps what has taken effect. What cannot be kept is told, and stays in effect: whoever forces a
/// breaker while the database is away must not be hindered by it.
pub(super) async fn note(doors: &Doors, motive: &Motive, deed: Deed) -> Option<String> {
    motive.tell(doors, &deed);
    let line = AuditLine { id: Uuid::now_v7(), signature: motive.sign(doors), deed };
    let (kind, target, action) =
        (line.deed.kind.clone(), line.deed.target.clone(), line.deed.action.clone());
    let noting = doors.ledger.send(Apply(Change::Note(line)));
    let reason = match tokio::time::timeout(NOTED_WITHIN, noting).await {
        Ok(Ok(Ok(_))) => return None,
        Ok(Ok(Err(refused))) => refused.label().to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {NOTED_WITHIN:?}"),
    };
    log::warn!(
        kind, target, action, reason;
        "order of an operator took effect and may be missing in the audit"
    );
    Some(format!("It is in effect, but it may be missing in the audit: {reason}"))
}

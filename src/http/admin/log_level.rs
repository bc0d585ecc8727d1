//! Which lines of log are written, and how an operator changes it for a while or for good.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::Body;
use super::super::document::{TAKES_BODY, problems};
use super::super::problem::{Code, Problem};
use super::super::wire::{Members, Text};
use super::super::{Doors, json_answer};
use super::AdminProblems;
use super::audit;
use super::motive::Motive;
use crate::domain::audit::{Deed, Subject};
use crate::ports::log_filter::{Filters, LogFilter};

/// The longest time after which a filter ends by itself: a day.
const SECONDS_MAX: u64 = 86_400;
/// Characters of a filter.
const FILTER_LENGTH_MAX: usize = 200;

problems! {
    /// What can go wrong with a change of the filter.
    ChangeProblems: TAKES_BODY, &[Code::AuthenticationError, Code::InternalError];
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LogLevel)]
struct LevelAnswer {
    #[schema(example = "weir::store=debug,info")]
    level: String,
    /// What counts again when the present one ends; null if that lasts.
    then: Option<String>,
    /// What did not go well, although it is in effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning: Option<String>,
}

/// Another filter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LogLevelOrder)]
struct OrderBody<'a> {
    /// `error`, `warn`, `info`, `debug`, `trace` or `off`, or some of them by room and one for all
    /// others: `weir::store=debug,info`.
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 200)]
    level: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 200)]
    reason: Option<Text<'a>>,
    /// Who orders it, for the audit.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    operator: Option<Text<'a>>,
    /// After so long the one before counts again; without it, the filter lasts until the end.
    #[schema(minimum = 1, maximum = 86_400, nullable = false)]
    for_seconds: Option<u64>,
}

/// Which lines are written
#[utoipa::path(
    tag = "admin",
    operation_id = "logLevel",
    responses((status = 200, description = "The filter", body = LevelAnswer), AdminProblems),
)]
#[get("/admin/log-level")]
pub(in crate::http) async fn read(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    answer(&*doors.log_filter, None)
}

/// Lets other lines be written
#[utoipa::path(
    tag = "admin",
    operation_id = "setLogLevel",
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "It is in effect", body = LevelAnswer), ChangeProblems),
)]
#[post("/admin/log-level")]
pub(in crate::http) async fn set(
    doors: web::Data<Doors>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let Members(order) = body.parse::<Members<OrderBody<'_>>>()?;
    let (level, ends_in) = (level(order.level)?, ends_in(order.for_seconds)?);
    let motive = Motive::of(order.reason, order.operator)?;
    let before = doors.log_filter.filters().current;
    let set = doors.log_filter.set(&level, ends_in.is_some(), &motive.reason);
    let number = set.map_err(|error| {
        Problem::new(Code::InvalidFieldValue, format!("Level: {error}")).at("level")
    })?;
    if let Some(time) = ends_in {
        let filter = Arc::clone(&doors.log_filter);
        actix_web::rt::spawn(async move {
            tokio::time::sleep(time).await;
            filter.put_back(number);
        });
    }
    let deed = Deed::new(Subject::Log, "filter", "SET").changing(before, level);
    let warning = audit::note(&doors, &motive, deed).await;
    answer(&*doors.log_filter, warning)
}

fn answer(filter: &dyn LogFilter, warning: Option<String>) -> Result<HttpResponse, Problem> {
    let Filters { current, lasting } = filter.filters();
    let then = (lasting != current).then_some(lasting);
    json_answer(StatusCode::OK, &LevelAnswer { level: current, then, warning }, 128)
}

fn level(given: Option<Text<'_>>) -> Result<String, Problem> {
    let Some(Text(level)) = given else {
        let message = "Level is required, such as info or weir::store=debug,info";
        return Err(Problem::new(Code::MissingRequiredField, message).at("level"));
    };
    if level.chars().count() > FILTER_LENGTH_MAX {
        let message = format!("Level must be at most {FILTER_LENGTH_MAX} characters");
        return Err(Problem::new(Code::InvalidFieldValue, message).at("level"));
    }
    Ok(level.trim().to_owned())
}

fn ends_in(seconds: Option<u64>) -> Result<Option<Duration>, Problem> {
    if seconds.is_some_and(|seconds| !(1..=SECONDS_MAX).contains(&seconds)) {
        let message = format!("forSeconds must be from 1 to {SECONDS_MAX}");
        return Err(Problem::new(Code::InvalidFieldValue, message).at("forSeconds"));
    }
    Ok(seconds.map(Duration::from_secs))
}

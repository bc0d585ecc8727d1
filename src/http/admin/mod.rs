//! The admin listener's own: the house at one glance, the numbers, the actors, the breakers and what
//! operators did, behind a token when one is set, and the console that shows it.

pub(super) mod actors;
pub(super) mod actuator;
pub(super) mod audit;
pub(super) mod batches;
pub(super) mod breakers;
pub(super) mod build;
pub(super) mod console;
pub(super) mod events;
pub(super) mod letters;
pub(super) mod log_level;
mod motive;
pub(super) mod orders;
pub(super) mod pauses;
pub(super) mod pool;
mod query;
pub(super) mod settings;
pub mod status;
pub mod tokens;

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, web};

use super::Doors;
use super::document::problems;
use super::problem::{Code, Problem};

/// How long an actor may take to tell of itself; then it is called unresponsive.
const TOLD_WITHIN: Duration = Duration::from_millis(250);

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The `{name}` of a path.
pub(super) struct Name(String);

impl FromRequest for Name {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.match_info().query("name").to_owned())))
    }
}

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4";

problems! {
    /// What can go wrong on the admin listener.
    AdminProblems: &[Code::AuthenticationError, Code::InternalError];
}

/// All series
#[utoipa::path(
    tag = "admin",
    operation_id = "metrics",
    responses(
        (status = 200, description = "The series as text", body = String, content_type = "text/plain"),
        AdminProblems,
    ),
)]
#[get("/metrics")]
pub(super) async fn metrics(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    series(&doors)
}

/// All series, where scrapers of the ancestor look
#[utoipa::path(
    tag = "admin",
    operation_id = "actuatorPrometheus",
    responses(
        (status = 200, description = "The series as text", body = String, content_type = "text/plain"),
        AdminProblems,
    ),
)]
#[get("/actuator/prometheus")]
pub(super) async fn prometheus(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    series(&doors)
}

fn series(doors: &Doors) -> Result<HttpResponse, Problem> {
    match (doors.exposition)() {
        Ok(text) => Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, TEXT)).body(text)),
        Err(error) => {
            Err(Problem::new(Code::InternalError, Code::InternalError.title()).inside(error))
        }
    }
}

/// Why a request may not come in.
pub(super) fn refusal(doors: &Doors, request: &RequestHead) -> Option<Problem> {
    if console::holds(request.uri.path()) {
        return None;
    }
    let given =
        request.headers().get(AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
    let given = match given.split_at_checked(7) {
        Some((scheme, given)) if scheme.eq_ignore_ascii_case(b"bearer ") => given,
        _ => b"",
    };
    if doors.admin_tokens.let_in(given) {
        return None;
    }
    let message = "The admin listener asks for its token: Authorization: Bearer <admin.token>";
    Some(Problem::new(Code::AuthenticationError, message))
}

//! The frame around every request: its name, its deadline, its numbers, and the one place
//! where a problem becomes a response.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::BoxBody;
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use futures_util::FutureExt;

use super::fallback::Templates;
use super::guard::Probe;
use super::patience::Arrived;
use super::problem::{Code, Problem};
use super::request_id::{REQUEST_ID, RequestId};
use super::unread::Unread;
use super::{Doors, mapping, quota};
use crate::ports::meter::HttpMeter;

/// The label of a path that no route has.
const UNKNOWN: &str = "/unknown";

pub(super) async fn frame(
    doors: web::Data<Doors>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    run(doors, request, next, |_, _| None).await
}

/// The frame of the admin listener: nothing of the house is told to who has no token, not even what
/// exists.
pub(super) async fn admin_frame(
    doors: web::Data<Doors>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    run(doors, request, next, super::admin::refusal).await
}

async fn run(
    doors: web::Data<Doors>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
    refusal: fn(&Doors, &RequestHead) -> Option<Problem>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let visit = Visit::enter(&doors, &request);
    let _unread = Unread::watch(&mut request);
    request.extensions_mut().insert(visit.id.clone());
    request.extensions_mut().insert(Arrived(visit.started));
    if let Some(problem) = refusal(&doors, request.head()) {
        let (request, _) = request.into_parts();
        let response = visit.answer(&request_template(&request), &problem);
        return Ok(ServiceResponse::new(request, response));
    }
    // What takes GET takes HEAD; the connection knows that no body may follow.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    // Routing needs the request for itself: what a lost request leaves is read before.
    let (uri, templates) = (request.uri().clone(), request.app_data::<Templates>().cloned());
    let is_read = request.method() == Method::GET;
    let answer = AssertUnwindSafe(next.call(request)).catch_unwind();
    let problem = match tokio::time::timeout(doors.limits.answer_within, answer).await {
        Ok(Ok(Ok(response))) => return Ok(visit.finish(response)),
        Ok(Ok(Err(error))) => mapping::of_error(&error),
        Ok(Err(_)) => Problem::new(Code::InternalError, Code::InternalError.title())
            .inside("a handler panicked"),
        Err(_) => too_late(is_read),
    };
    let template = templates.and_then(|templates| templates.of(uri.path()).map(str::to_owned));
    let response = visit.answer(template.as_deref().unwrap_or(UNKNOWN), &problem);
    Err(InternalError::from_response(problem, response).into())
}

/// A request on its way through the house.
struct Visit {
    doors: web::Data<Doors>,
    id: RequestId,
    method: &'static str,
    started: Instant,
    _in_flight: InFlight,
}

impl Visit {
    fn enter(doors: &web::Data<Doors>, request: &ServiceRequest) -> Self {
        Self {
            doors: doors.clone(),
            id: RequestId::of(request.headers(), doors.clock.utc()),
            method: method_label(request.method()),
            started: doors.clock.instant(),
            _in_flight: InFlight::enter(&doors.meter),
        }
    }

    /// Puts the name on the response, and a problem in the place of what is none of ours.
    fn finish(&self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let template = request_template(response.request());
        let problem = problem_in(response.response());
        if let Some(probe) = Probe::of(response.request()) {
            probe.ended(problem.as_ref(), self.took());
        }
        let told = quota::told(&self.doors, response.request());
        let mut response = response;
        if let Some(problem) = problem {
            response = response.into_response(self.answer(&template, &problem));
        } else {
            response.headers_mut().insert(REQUEST_ID, self.id.header());
            self.count(&template, response.status());
        }
        for (name, value) in told.into_iter().flatten() {
            response.headers_mut().insert(name, value);
        }
        response
    }

    fn answer(&self, template: &str, problem: &Problem) -> HttpResponse {
        problem.log(&self.id);
        let now = self.doors.clock.utc();
        let mut response = problem.render(&self.id, now, fastrand::f64());
        response.headers_mut().insert(REQUEST_ID, self.id.header());
        self.doors.meter.problem(problem.code().name(), response.status().as_u16());
        self.count(template, response.status());
        response
    }

    fn count(&self, template: &str, status: StatusCode) {
        self.doors.meter.answered(self.method, template, status.as_u16(), self.took());
    }

    fn took(&self) -> Duration {
        self.doors.clock.instant().duration_since(self.started)
    }
}

fn request_template(request: &actix_web::HttpRequest) -> String {
    request.match_pattern().unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The problem that a response stands for: what a handler returned, or what actix made of a
/// request that it did not like.
fn problem_in(response: &HttpResponse<BoxBody>) -> Option<Problem> {
    if let Some(error) = response.error() {
        return Some(mapping::of_error(error));
    }
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    let is_ours =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    (is_failure && !is_ours).then(|| mapping::of_status(status, "a response without a problem"))
}

fn too_late(is_read: bool) -> Problem {
    let message = if is_read {
        "The answer was not ready in time"
    } else {
        "The answer was not ready in time: it is not known whether this was stored; look before \
         you send it again"
    };
    Problem::new(Code::AnswerTimeout, message).inside("the time to answer was up")
}

/// Methods are anybody's words: only known ones become labels.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        _ => "OTHER",
    }
}

/// Counts a request until it is dropped, also when its caller hangs up.
struct InFlight(Arc<dyn HttpMeter>);

impl InFlight {
    fn enter(meter: &Arc<dyn HttpMeter>) -> Self {
        meter.in_flight(1);
        Self(Arc::clone(meter))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight(-1);
    }
}

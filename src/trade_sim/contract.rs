//! The routes of the trade service.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, rt};
use serde::Deserialize;

use super::answer::{self, Answer};
use super::conduct::{conduct, response};
use super::faults::chaos::Plan;
use super::faults::kind::Kind;
use super::sim::{Call, Page, Sim};
use super::wire::Route;

/// The largest body; a thousand orders need a third of a megabyte.
const BODY_MAX: usize = 16 << 20;
/// The largest page of a look-up.
const PAGE_MAX: usize = 1000;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(BODY_MAX))
        .route(Route::Bulk.path(), web::post().to(place_bulk))
        .route(Route::Single.path(), web::post().to(place_single))
        .route("/api/v1/tradeOrders", web::get().to(look_up))
        .route("/api/v2/tradeOrders", web::get().to(look_up))
        .route("/api/v1/tradeOrder/{id}", web::get().to(read));
}

async fn place_bulk(sim: Data<Sim>, request: HttpRequest, body: Bytes) -> HttpResponse {
    place(sim.into_inner(), request, body, Route::Bulk).await
}

async fn place_single(sim: Data<Sim>, request: HttpRequest, body: Bytes) -> HttpResponse {
    place(sim.into_inner(), request, body, Route::Single).await
}

async fn place(sim: Arc<Sim>, request: HttpRequest, body: Bytes, route: Route) -> HttpResponse {
    if !request.content_type().eq_ignore_ascii_case("application/json") {
        let now = sim.clock().utc();
        let message = "Content-Type must be application/json";
        let refused =
            answer::failed(StatusCode::UNSUPPORTED_MEDIA_TYPE, message, route.path(), now);
        return response(refused.status).body(refused.body);
    }
    let header = |name| {
        let text = request.headers().get(name).and_then(|value| value.to_str().ok());
        text.map(Box::from)
    };
    let (key, traceparent) = (header("idempotency-key"), header("traceparent"));
    let call = Call { route, key, traceparent, body };
    let orders = call.read();
    let (number, plan) = sim.arrive(&call, &orders);
    let _presence = plan.late.map(|after| sim.expect_late(call.clone(), number, after));
    let answer = if !plan.latency.is_zero() {
        drop(orders);
        slowly(&sim, &call, number, &plan).await
    } else if plan.kind.stores() {
        Some(sim.place(&call, orders, number, plan.kind))
    } else {
        let count = orders.as_ref().map_or(0, Vec::len);
        (plan.kind == Kind::Reject).then(|| sim.reject(&call, count, plan.index))
    };
    conduct(&request, &sim, &plan, answer).await
}

/// What a call gets after its latency. As with the real service, a call that has come in is
/// carried out, also when its caller does not wait for it.
async fn slowly(sim: &Arc<Sim>, call: &Call, number: u64, plan: &Plan) -> Option<Answer> {
    if !plan.kind.stores() {
        tokio::time::sleep(plan.latency).await;
        let count = call.read().as_ref().map_or(0, Vec::len);
        return (plan.kind == Kind::Reject).then(|| sim.reject(call, count, plan.index));
    }
    let pending = sim.pending();
    let (sim, call, plan) = (Arc::clone(sim), call.clone(), plan.clone());
    let placing = rt::spawn(async move {
        tokio::time::sleep(plan.latency).await;
        let answer = sim.place(&call, call.read(), number, plan.kind);
        drop(pending);
        answer
    });
    placing.await.ok()
}

#[derive(Deserialize)]
struct LookUp {
    order_id: Option<i32>,
    limit: Option<usize>,
    offset: Option<usize>,
}

async fn look_up(
    sim: Data<Sim>,
    request: HttpRequest,
    query: Result<web::Query<LookUp>, actix_web::Error>,
) -> HttpResponse {
    let Ok(query) = query else {
        let message = "order_id, limit and offset must be integers";
        let now = sim.clock().utc();
        let refused = answer::failed(StatusCode::BAD_REQUEST, message, request.path(), now);
        return response(refused.status).body(refused.body);
    };
    let page = Page {
        order_id: query.order_id,
        offset: query.offset.unwrap_or(0),
        limit: query.limit.unwrap_or(PAGE_MAX).min(PAGE_MAX),
    };
    let plan = sim.arrive_lookup();
    tokio::time::sleep(plan.latency).await;
    let (total, answer) = sim.look_up(page, &plan);
    let mut response = conduct(&request, &sim, &plan, Some(answer)).await;
    if response.status().is_success() {
        let name = actix_web::http::header::HeaderName::from_static("x-total-count");
        response.headers_mut().insert(name, total.into());
    }
    response
}

async fn read(sim: Data<Sim>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let plan = sim.arrive_lookup();
    tokio::time::sleep(plan.latency).await;
    let trade = id.parse().ok().and_then(|id| sim.read(id, &plan));
    let answer = trade.unwrap_or_else(|| {
        let now = sim.clock().utc();
        answer::failed(StatusCode::NOT_FOUND, "Trade order not found", request.path(), now)
    });
    conduct(&request, &sim, &plan, Some(answer)).await
}

/// What no route takes.
pub(super) async fn unmatched(sim: Data<Sim>, request: HttpRequest) -> HttpResponse {
    let now = sim.clock().utc();
    let answer = answer::failed(StatusCode::NOT_FOUND, "No such route", request.path(), now);
    HttpResponse::NotFound().insert_header((CONTENT_TYPE, "application/json")).body(answer.body)
}

//! The routes of the simulator itself: its faults, its script, its rules and its book. They meet
//! no fault.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::book::Rules;
use super::book::calls::CALLS_MAX;
use super::conduct::response;
use super::faults::{Down, DownMode, Faults, Step};
use super::sim::Sim;

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/sim/faults")
                .route(web::get().to(faults))
                .route(web::put().to(set_faults))
                .route(web::delete().to(reset)),
        )
        .service(
            web::resource("/sim/script")
                .route(web::get().to(script))
                .route(web::post().to(append_script))
                .route(web::put().to(replace_script))
                .route(web::delete().to(forget_script)),
        )
        .service(
            web::resource("/sim/rules").route(web::get().to(rules)).route(web::put().to(set_rules)),
        )
        .route("/sim/book", web::get().to(book))
        .route("/sim/book/{order_id}", web::get().to(book_of_order));
}

fn answer(body: &impl Serialize) -> HttpResponse {
    response(StatusCode::OK).body(serde_json::to_vec(body).unwrap_or_default())
}

fn refuse(status: StatusCode, message: &str) -> HttpResponse {
    response(status).body(json!({ "message": message }).to_string())
}

fn bad(message: &str) -> HttpResponse {
    refuse(StatusCode::BAD_REQUEST, message)
}

fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

async fn faults(sim: Data<Sim>) -> HttpResponse {
    answer(&sim.faults())
}

async fn set_faults(sim: Data<Sim>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let faults: Faults = match read(&body) {
        Ok(faults) => faults,
        Err(reason) => return bad(&reason),
    };
    let forever = Some(Down { mode: DownMode::Refuse, to_ms: None, ..Down::default() });
    let is_forever = faults.down.map(|down| Down { from_ms: 0, ..down }) == forever;
    if is_forever && !sim.has_control {
        return bad("down: without toMs nobody could end it: start with --control, or set toMs");
    }
    change(&sim, &request, faults).await
}

async fn reset(sim: Data<Sim>, request: HttpRequest) -> HttpResponse {
    sim.forget_script();
    change(&sim, &request, Faults::default()).await
}

async fn change(sim: &Sim, request: &HttpRequest, faults: Faults) -> HttpResponse {
    if let Err(reason) = sim.set_faults(faults) {
        return bad(&reason);
    }
    if let Err(reason) = sim.settle().await {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, &reason);
    }
    let mut response = answer(&sim.faults());
    if !*sim.door.borrow() && request.app_data::<ControlListener>().is_none() {
        // This connection belongs to the listener that has just gone.
        response.head_mut().set_connection_type(actix_web::http::ConnectionType::Close);
    }
    response
}

/// Marks the listener that stays when the service is down.
#[derive(Clone, Copy)]
pub(super) struct ControlListener;

async fn script(sim: Data<Sim>) -> HttpResponse {
    answer(&sim.lock().chaos.script().collect::<Vec<_>>())
}

async fn append_script(sim: Data<Sim>, body: Bytes) -> HttpResponse {
    match read::<Vec<Step>>(&body).and_then(|steps| sim.append_script(steps)) {
        Ok(()) => script(sim).await,
        Err(reason) => bad(&reason),
    }
}

async fn replace_script(sim: Data<Sim>, body: Bytes) -> HttpResponse {
    match read::<Vec<Step>>(&body).and_then(|steps| sim.replace_script(steps)) {
        Ok(()) => script(sim).await,
        Err(reason) => bad(&reason),
    }
}

async fn forget_script(sim: Data<Sim>) -> HttpResponse {
    sim.forget_script();
    script(sim).await
}

async fn rules(sim: Data<Sim>) -> HttpResponse {
    answer(&sim.lock().rules)
}

async fn set_rules(sim: Data<Sim>, body: Bytes) -> HttpResponse {
    match read::<Rules>(&body) {
        Ok(set) => {
            sim.set_rules(set);
            rules(sim).await
        }
        Err(reason) => bad(&reason),
    }
}

#[derive(Deserialize)]
struct BookQuery {
    #[serde(default = "yes")]
    orders: bool,
    #[serde(default = "all")]
    calls: usize,
}

const fn yes() -> bool {
    true
}

const fn all() -> usize {
    CALLS_MAX
}

async fn book(sim: Data<Sim>, query: web::Query<BookQuery>) -> HttpResponse {
    let state = sim.lock();
    let mut totals = json!(state.book.totals());
    if let Some(totals) = totals.as_object_mut() {
        totals.extend([
            ("calls".to_owned(), state.calls.total().into()),
            ("lookups".to_owned(), state.lookups.into()),
            ("pending".to_owned(), state.pending.into()),
            ("faults".to_owned(), json!(state.chaos.struck())),
        ]);
    }
    let calls: Vec<_> = state.calls.last(query.calls).collect();
    let orders = query.orders.then(|| state.book.counts());
    answer(&json!({ "totals": totals, "orders": orders, "calls": calls }))
}

async fn book_of_order(sim: Data<Sim>, order_id: web::Path<String>) -> HttpResponse {
    match order_id.parse() {
        Ok(order_id) => answer(&sim.count(order_id)),
        Err(_) => bad("an order id is an integer"),
    }
}

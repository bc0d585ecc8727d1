//! Is the service alive, and may it be sent work? Never asks the database: the gauge knows.
//!
//! Not ready means that work would be refused: the database is away, or the house is closing.
//! Mere load is no reason, or a busy instance would be taken out and its load given to others.

use actix_web::{HttpResponse, get, http::StatusCode, web};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::document::problems;
use super::guard::away;
use super::problem::{Code, Problem};
use super::wire::Timestamp;
use super::{Doors, json_answer, mapping};
use crate::ports::gauge::DatabaseState;

problems! {
    /// Why the service is not ready.
    NotReady: &[Code::DatabaseUnavailable, Code::ServiceStopping];
    /// Why the service is not well.
    NotWell: &[Code::DatabaseUnavailable];
}

/// Up, and since when this is true: now.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    #[schema(example = "UP")]
    status: &'static str,
    #[schema(schema_with = super::wire::moment)]
    timestamp: Timestamp,
}

/// Up, with what that is made of.
#[derive(Debug, Serialize, ToSchema)]
struct HealthComponents {
    #[schema(example = "UP")]
    status: &'static str,
    components: Components,
}

#[derive(Debug, Serialize, ToSchema)]
struct Components {
    db: Component,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HealthComponent)]
struct Component {
    #[schema(example = "UP")]
    status: &'static str,
}

/// Is the service well?
#[utoipa::path(
    tag = "health",
    operation_id = "health",
    responses((status = 200, description = "Well", body = Health), NotWell),
)]
#[get("/health")]
pub(super) async fn short(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    check_database(&doors, "DOWN")?;
    let health = Health { status: "UP", timestamp: Timestamp(doors.clock.utc()) };
    json_answer(StatusCode::OK, &health, 64)
}

/// Is the service well, and each of its parts?
#[utoipa::path(
    tag = "health",
    operation_id = "actuatorHealth",
    responses((status = 200, description = "Well", body = HealthComponents), NotWell),
)]
#[get("/actuator/health")]
pub(super) async fn full(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    check_database(&doors, "DOWN")?;
    up()
}

/// Does the process run?
///
/// 200 for as long as it can answer at all: a restart brings no database back.
#[utoipa::path(
    tag = "health",
    operation_id = "liveness",
    responses((status = 200, description = "The process runs", body = Health)),
)]
#[get("/actuator/health/liveness")]
pub(super) async fn liveness(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let health = Health { status: "UP", timestamp: Timestamp(doors.clock.utc()) };
    json_answer(StatusCode::OK, &health, 64)
}

/// May the service be sent work?
#[utoipa::path(
    tag = "health",
    operation_id = "readiness",
    responses((status = 200, description = "Ready", body = HealthComponents), NotReady),
)]
#[get("/actuator/health/readiness")]
pub(super) async fn readiness(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    check_open(&doors)?;
    up()
}

/// Has the service started?
#[utoipa::path(
    tag = "health",
    operation_id = "startup",
    responses((status = 200, description = "Started", body = HealthComponents), NotReady),
)]
#[get("/actuator/health/startup")]
pub(super) async fn startup(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    check_open(&doors)?;
    up()
}

fn up() -> Result<HttpResponse, Problem> {
    let components = Components { db: Component { status: "UP" } };
    json_answer(StatusCode::OK, &HealthComponents { status: "UP", components }, 64)
}

fn check_open(doors: &Doors) -> Result<(), Problem> {
    if doors.is_draining() {
        return Err(mapping::stopping().with("status", "OUT_OF_SERVICE"));
    }
    check_database(doors, "OUT_OF_SERVICE")
}

fn check_database(doors: &Doors, status: &str) -> Result<(), Problem> {
    let state = doors.gauge.state();
    let Some(reason) = away(&state) else { return Ok(()) };
    let components = json!({"db": {"status": "DOWN", "state": state_name(&state)}});
    Err(Problem::new(Code::DatabaseUnavailable, reason)
        .with("status", status)
        .with("components", components))
}

pub(super) const fn state_name(state: &DatabaseState) -> &'static str {
    match state {
        DatabaseState::Starting => "STARTING",
        DatabaseState::Serving => "SERVING",
        DatabaseState::Away { .. } => "AWAY",
    }
}

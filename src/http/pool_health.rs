//! How full the connection pool is, in the three shapes that callers know. All answer 200, also
//! when the pool is unwell: they are read, not probed.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use resilience::breaker::StateName;
use serde::Serialize;
use utoipa::ToSchema;
use weir_client::wire::PoolHealth;

use super::health::state_name;
use super::problem::Problem;
use super::{Doors, json_answer};
use crate::actors::circuit_breaker::BreakerHandle;
use crate::domain::moment::Moment;
use crate::domain::pool::{PoolColour, PoolLoad, PoolSample};

/// The pool and the database as a whole.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SystemHealth {
    connection_pool: ConnectionPool,
    circuit_breaker: Breaker,
    breakers: Vec<SystemBreaker>,
    database: Database,
    /// HEALTHY or UNHEALTHY.
    #[schema(example = "HEALTHY")]
    status: &'static str,
    /// Milliseconds since 1970.
    timestamp: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConnectionPool {
    r#type: &'static str,
    total_connections: u32,
    max_connections: u32,
    active_connections: u32,
    idle_connections: u32,
    threads_waiting: u32,
    /// Active over the maximum, in percent.
    utilization: f64,
    pool_name: &'static str,
    /// HEALTHY, MODERATE_LOAD, HIGH_LOAD or CRITICAL.
    #[schema(example = "HEALTHY")]
    status: &'static str,
}

/// The breaker before the connection pool.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PoolBreaker)]
struct Breaker {
    /// It refuses everything that needs a connection.
    open: bool,
    /// CLOSED, OPEN, HALF_OPEN, FORCED_OPEN, FORCED_CLOSED, DISABLED or METRICS_ONLY.
    #[schema(example = "CLOSED")]
    state: &'static str,
    /// Waits for a connection that ran out since one last succeeded.
    failure_count: u32,
    /// Requests refused since the start.
    rejections: u64,
}

/// One of the breakers of the house. While that of the trade service is open, orders are recorded
/// and sent later; it refuses nobody.
#[derive(Debug, Serialize, ToSchema)]
struct SystemBreaker {
    #[schema(example = "trade")]
    name: &'static str,
    open: bool,
    /// As of the breaker before the connection pool.
    #[schema(example = "CLOSED")]
    state: &'static str,
    /// Calls refused since the start.
    rejections: u64,
}

impl SystemBreaker {
    fn of(breaker: &BreakerHandle) -> Self {
        let view = breaker.view();
        let state = view.state();
        Self {
            name: view.protects().name(),
            open: is_open(state),
            state: breaker_state(state),
            rejections: view.refused_total(),
        }
    }
}

const fn is_open(state: StateName) -> bool {
    matches!(state, StateName::Open | StateName::ForcedOpen)
}

impl Breaker {
    /// Asks no actor: health is told also when an actor hangs.
    fn of(doors: &Doors) -> Self {
        let view = doors.pool_breaker.view();
        let state = view.state();
        Self {
            open: is_open(state),
            state: breaker_state(state),
            failure_count: doors.gauge.timeouts_in_a_row(),
            rejections: view.refused_total(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct Database {
    /// STARTING, SERVING or AWAY.
    #[schema(example = "SERVING")]
    state: &'static str,
}

/// The pool; utilisation in percent and the time in milliseconds.
#[derive(Debug, Serialize, ToSchema)]
struct PoolPercent {
    active: u32,
    idle: u32,
    waiting: u32,
    total: u32,
    max: u32,
    /// Active over the maximum, in percent.
    utilization: f64,
    /// HEALTHY, WARNING (from 75 %) or CRITICAL (from 90 %).
    #[schema(example = "HEALTHY")]
    status: &'static str,
    healthy: bool,
    /// Milliseconds since 1970.
    timestamp: i64,
    #[schema(value_type = Vec<String>)]
    recommendations: Vec<&'static str>,
}

/// The health of the system
#[utoipa::path(
    tag = "health",
    operation_id = "systemHealth",
    responses((status = 200, description = "Healthy or not", body = SystemHealth)),
)]
#[get("/api/v1/system/health")]
pub(super) async fn system(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let (sample, state) = (doors.gauge.sample(), doors.gauge.state());
    let load = sample.load();
    let breaker = Breaker::of(&doors);
    let is_healthy = state.is_serving() && load != PoolLoad::Critical && !breaker.open;
    let health = SystemHealth {
        connection_pool: ConnectionPool {
            r#type: "WEIR",
            total_connections: sample.total,
            max_connections: sample.max,
            active_connections: sample.active,
            idle_connections: sample.idle,
            threads_waiting: sample.waiting,
            utilization: percent(&sample),
            pool_name: "WeirPool",
            status: load_name(load),
        },
        circuit_breaker: breaker,
        breakers: [&doors.pool_breaker, &doors.trade_breaker].map(SystemBreaker::of).into(),
        database: Database { state: state_name(&state) },
        status: if is_healthy { "HEALTHY" } else { "UNHEALTHY" },
        timestamp: millis(doors.clock.utc()),
    };
    json_answer(StatusCode::OK, &health, 512)
}

/// The connection pool, in percent
#[utoipa::path(
    tag = "health",
    operation_id = "connectionPoolPercent",
    responses((status = 200, description = "Healthy or not", body = PoolPercent)),
)]
#[get("/api/v1/system/health/connection-pool")]
pub(super) async fn pool_percent(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let sample = doors.gauge.sample();
    let PoolSample { active, idle, waiting, total, max } = sample;
    let health = PoolPercent {
        active,
        idle,
        waiting,
        total,
        max,
        utilization: percent(&sample),
        status: colour_name(sample.colour()),
        healthy: sample.is_healthy(),
        timestamp: millis(doors.clock.utc()),
        recommendations: sample.recommendations(),
    };
    json_answer(StatusCode::OK, &health, 256)
}

/// The connection pool, as a ratio
#[utoipa::path(
    tag = "health",
    operation_id = "connectionPoolRatio",
    responses((status = 200, description = "Healthy or not", body = PoolHealth)),
)]
#[get("/api/v1/health/connection-pool")]
pub(super) async fn pool_ratio(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let sample = doors.gauge.sample();
    let PoolSample { active, idle, waiting, total, max } = sample;
    let health = PoolHealth {
        active,
        idle,
        waiting,
        total,
        max,
        utilization: ratio(&sample),
        status: colour_name(sample.colour()).into(),
        healthy: sample.is_healthy(),
        timestamp: doors.clock.utc().into(),
        recommendations: sample.recommendations().into_iter().map(Into::into).collect(),
    };
    json_answer(StatusCode::OK, &health, 256)
}

/// Active over the maximum with four decimals.
pub(super) fn ratio(sample: &PoolSample) -> f64 {
    (sample.utilisation() * 10_000.0).round() / 10_000.0
}

/// With one decimal, as its callers know it.
fn percent(sample: &PoolSample) -> f64 {
    (sample.utilisation() * 1000.0).round() / 10.0
}

const fn millis(moment: Moment) -> i64 {
    moment.micros().div_euclid(1000)
}

const fn load_name(load: PoolLoad) -> &'static str {
    match load {
        PoolLoad::Healthy => "HEALTHY",
        PoolLoad::Moderate => "MODERATE_LOAD",
        PoolLoad::High => "HIGH_LOAD",
        PoolLoad::Critical => "CRITICAL",
    }
}

/// A state as people and callers read it.
pub(super) const fn breaker_state(state: StateName) -> &'static str {
    match state {
        StateName::Closed => "CLOSED",
        StateName::Open => "OPEN",
        StateName::HalfOpen => "HALF_OPEN",
        StateName::ForcedOpen => "FORCED_OPEN",
        StateName::ForcedClosed => "FORCED_CLOSED",
        StateName::Disabled => "DISABLED",
        StateName::MetricsOnly => "METRICS_ONLY",
    }
}

pub(super) const fn colour_name(colour: PoolColour) -> &'static str {
    match colour {
        PoolColour::Healthy => "HEALTHY",
        PoolColour::Warning => "WARNING",
        PoolColour::Critical => "CRITICAL",
    }
}

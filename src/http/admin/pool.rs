//! The connection pool, and how it came to where it is: the samples of the last ten minutes.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::document::problems;
use super::super::health::state_name;
use super::super::pool_health::{colour_name, ratio};
use super::super::problem::{Code, Problem};
use super::super::wire::Timestamp;
use super::super::{Doors, json_answer};
use super::{TOLD_WITHIN, millis};
use crate::actors::pool_monitor::{ObservePool, PoolPicture};
use crate::domain::moment::Moment;
use crate::domain::pool::{Hold, PoolSample};

problems! {
    /// What can go wrong with the pool's picture.
    PoolProblems:
        &[Code::AuthenticationError, Code::AnswerTimeout, Code::InternalError];
}

/// The pool now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PoolPicture)]
struct Pool {
    active: u32,
    idle: u32,
    waiting: u32,
    total: u32,
    max: u32,
    /// Active over the maximum, 0 to 1.
    utilization: f64,
    /// HEALTHY, WARNING or CRITICAL.
    status: &'static str,
    /// STARTING, SERVING or AWAY.
    database: &'static str,
    /// Waits for a connection that ran out, since the start.
    timeouts: u64,
    /// Those who hold a connection, the longest first.
    holds: Vec<HoldAnswer>,
    #[schema(value_type = Vec<String>)]
    recommendations: Vec<&'static str>,
    /// One for each look of the monitor, the oldest first.
    history: Vec<Look>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PoolHold)]
struct HoldAnswer {
    /// What the holder is doing.
    #[schema(example = "orders.list")]
    doing: &'static str,
    held_ms: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PoolLook)]
struct Look {
    #[schema(schema_with = super::super::wire::moment)]
    at: Timestamp,
    active: u32,
    waiting: u32,
    utilization: f64,
}

/// The connection pool, with its last ten minutes
#[utoipa::path(
    tag = "admin",
    operation_id = "pool",
    responses((status = 200, description = "The pool", body = Pool), PoolProblems),
)]
#[get("/admin/pool")]
pub(in crate::http) async fn read(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    match tokio::time::timeout(TOLD_WITHIN, doors.monitor.send(ObservePool)).await {
        Ok(Ok(picture)) => json_answer(StatusCode::OK, &Pool::of(&picture), 16 * 1024),
        Ok(Err(_)) => {
            let problem = Problem::new(Code::InternalError, Code::InternalError.title());
            Err(problem.inside("the pool monitor is gone"))
        }
        Err(_) => Err(Problem::new(Code::AnswerTimeout, "The pool monitor did not answer in time")),
    }
}

impl Pool {
    fn of(PoolPicture { sample, state, history, holds, timeouts }: &PoolPicture) -> Self {
        let PoolSample { active, idle, waiting, total, max } = *sample;
        Self {
            active,
            idle,
            waiting,
            total,
            max,
            utilization: ratio(sample),
            status: colour_name(sample.colour()),
            database: state_name(state),
            timeouts: *timeouts,
            holds: holds.iter().map(HoldAnswer::of).collect(),
            recommendations: sample.recommendations(),
            history: history.iter().map(Look::of).collect(),
        }
    }
}

impl HoldAnswer {
    fn of(Hold { doing, held }: &Hold) -> Self {
        Self { doing, held_ms: millis(*held) }
    }
}

impl Look {
    fn of((at, sample): &(Moment, PoolSample)) -> Self {
        let PoolSample { active, waiting, .. } = *sample;
        Self { at: Timestamp(*at), active, waiting, utilization: ratio(sample) }
    }
}

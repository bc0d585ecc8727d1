//! The HTTP floor: routes on one page, one file per resource, one catalogue of problems.
//!
//! A request passes the `frame` (name, deadline, numbers, problems), the guard of its route
//! (is the house open? nothing is read before that), and then its handler, which reads from the
//! library or writes through the ledger. No handler knows what stands behind them.

pub mod admin;
mod batches;
mod body;
mod client;
mod document;
mod fallback;
mod frame;
mod guard;
mod health;
mod key;
mod mapping;
mod orders;
mod params;
mod patience;
mod pool_health;
pub mod problem;
pub mod quota;
mod reference;
mod replay;
mod request_id;
mod routes;
pub mod server;
mod tally;
#[cfg(test)]
mod tests;
mod unread;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Addr, Recipient};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;

use self::admin::tokens::Tokens;
use self::problem::{Code, Problem};
use self::quota::Quotas;
use crate::actors::batch_supervisor::{AskTimes, Doorway, SubmitBatch, SubmitOrders, Wake};
use crate::actors::circuit_breaker::{BreakerHandle, CircuitBreaker, Protected};
use crate::actors::ledger::{Freeze, Ledger, Record};
use crate::actors::lookout::Lookout;
use crate::actors::observe::Observe;
use crate::actors::pool_monitor::ObservePool;
use crate::actors::retry_mailbox::FollowPauses;
use crate::ports::board::Board;
use crate::ports::catalogue::Catalogue;
use crate::ports::clock::Clock;
use crate::ports::gauge::PoolGauge;
use crate::ports::library::Library;
use crate::ports::log_filter::LogFilter;
use crate::ports::meter::HttpMeter;
use crate::ports::series::Families;
use crate::settings::Shown;

/// Renders all series as text; the error goes to the log.
pub type Exposition = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

/// The doors to the other rooms, as the composition root opens them. No `Debug`: it holds the
/// token.
#[derive(Clone)]
pub struct Doors {
    pub ledger: Addr<Ledger>,
    /// Who records batches that are not submitted.
    pub recorder: Recipient<Record>,
    /// Who keeps the answers that must be given again.
    pub freezer: Recipient<Freeze>,
    /// Who records new batches and brings them to the trade service.
    pub supervisor: Recipient<SubmitBatch>,
    /// The same for orders that stand already.
    pub submitter: Recipient<SubmitOrders>,
    /// Who brings letters that are due.
    pub mailbox: Recipient<Wake>,
    /// Who sees to it that pauses are obeyed.
    pub pauses: Recipient<FollowPauses>,
    /// Who is told to come later without a question to the supervisor.
    pub doorway: Doorway,
    /// What each client may bring; None is as much as it likes.
    pub quotas: Option<Quotas>,
    /// Who knows where the time of a batch went.
    pub times: Recipient<AskTimes>,
    /// What every route that needs the connection pool asks first.
    pub pool_breaker: BreakerHandle,
    /// It refuses no caller; health tells of it.
    pub trade_breaker: BreakerHandle,
    /// The breakers that an operator may order about.
    pub breakers: Vec<(Protected, Addr<CircuitBreaker>)>,
    /// Who tells of itself, by name.
    pub rooms: Vec<(&'static str, Recipient<Observe>)>,
    /// Who sees the house at one glance.
    pub lookout: Addr<Lookout>,
    /// Who knows the pool's last ten minutes.
    pub monitor: Recipient<ObservePool>,
    /// The settings in effect, for people.
    pub settings: Arc<[Shown]>,
    pub log_filter: Arc<dyn LogFilter>,
    pub families: Arc<dyn Families>,
    pub library: Arc<dyn Library>,
    pub catalogue: Arc<dyn Catalogue>,
    pub board: Arc<dyn Board>,
    pub gauge: Arc<dyn PoolGauge>,
    pub clock: Arc<dyn Clock>,
    pub meter: Arc<dyn HttpMeter>,
    pub exposition: Exposition,
    /// True from the first sign of the end: writes are refused, reads go on.
    pub draining: Arc<AtomicBool>,
    /// What the admin listener asks for, one of them.
    pub admin_tokens: Tokens,
    /// The name of this instance, for the audit.
    pub instance: Arc<str>,
    pub limits: Limits,
}

impl Doors {
    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

/// What bounds one request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the last header to the answer.
    pub answer_within: Duration,
    /// Bytes of a body.
    pub body_max: usize,
    /// From the first byte of a body to its last.
    pub body_within: Duration,
    /// How long an answer waits for orders that no worker has taken yet.
    pub wait_max: Duration,
    /// How long a client's idempotency key is kept.
    pub key_kept: Duration,
    /// How long the same body is the same request.
    pub body_key_kept: Duration,
}

impl Limits {
    /// With the usual times for what else there is to wait for and to keep.
    #[must_use]
    pub const fn new(answer_within: Duration, body_max: usize, body_within: Duration) -> Self {
        Self {
            answer_within,
            body_max,
            body_within,
            wait_max: Duration::from_secs(5),
            key_kept: Duration::from_hours(24),
            body_key_kept: Duration::from_mins(5),
        }
    }
}

/// An answer in JSON; `size` is about how many bytes it will have.
fn json_answer(
    status: StatusCode,
    answer: &impl Serialize,
    size: usize,
) -> Result<HttpResponse, Problem> {
    let body = json_bytes(answer, size)?;
    let json = HeaderValue::from_static("application/json");
    Ok(HttpResponse::build(status).insert_header((CONTENT_TYPE, json)).body(body))
}

/// A value in JSON, for those that have nothing without a JSON form.
fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The bytes of an answer in JSON.
fn json_bytes(answer: &impl Serialize, size: usize) -> Result<Vec<u8>, Problem> {
    let mut body = Vec::with_capacity(size);
    serde_json::to_writer(&mut body, answer).map_err(|error| {
        Problem::new(Code::InternalError, Code::InternalError.title()).inside(error.to_string())
    })?;
    Ok(body)
}

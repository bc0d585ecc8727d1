//! How the house is, on one page: what people see first, and consoles again and again.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::pool_health::{breaker_state, colour_name, ratio};
use super::super::problem::{Code, Problem};
use super::super::wire::Timestamp;
use super::super::{Doors, json_text};
use super::pauses::PauseAnswer;
use super::{AdminProblems, millis};
use crate::actors::batch_supervisor::{ClientShare, LinePicture};
use crate::actors::lookout::{
    AskStatus, BreakerSight, BreakerTold, Happening, Printer, Readiness, Sight,
};
use crate::domain::line::WORKERS;
use crate::domain::pool::PoolSample;
use crate::domain::pulse::{Latency, Rates};
use crate::domain::verdict::Verdict;
use crate::ports::figures::LetterCounts;

/// How the lookout prints what it sees: as the answers of the admin listener.
pub const PRINTER: Printer = Printer { sight: print_sight, happening: print_happening };

/// The house at one moment, at most a second ago. What an actor did not tell within 250 ms is
/// null, and `reasons` names it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    version: &'static str,
    instance: &'a str,
    /// Under which it holds letters; null while it has no lease.
    #[schema(value_type = Option<String>)]
    epoch: Option<Uuid>,
    #[schema(schema_with = super::super::wire::moment)]
    started_at: Timestamp,
    uptime_seconds: u64,
    #[schema(schema_with = super::super::wire::moment)]
    at: Timestamp,
    /// UP or OUT_OF_SERVICE, as the readiness probe says.
    #[schema(example = "UP")]
    readiness: &'static str,
    /// WELL, DEGRADED (orders are taken, and somebody should look) or DOWN (none are taken).
    #[schema(example = "WELL")]
    verdict: &'static str,
    /// Why it is not well, the gravest reason first.
    reasons: &'a [String],
    pool: PoolAnswer,
    breakers: Vec<BreakerAnswer<'a>>,
    children: Option<Children>,
    line: Option<LineAnswer<'a>>,
    /// What operators have paused, as it is obeyed here.
    pauses: Option<Vec<PauseAnswer>>,
    letters: LettersAnswer,
    pace: Pace,
    rates: RatesAnswer,
    /// Of the batches that came to rest in the last minute; null if none did.
    latency: Option<LatencyAnswer>,
    simulated_trade_service: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatusPool)]
struct PoolAnswer {
    active: u32,
    idle: u32,
    waiting: u32,
    total: u32,
    max: u32,
    /// Active over the maximum, 0 to 1.
    utilization: f64,
    /// HEALTHY, WARNING or CRITICAL.
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusBreaker)]
struct BreakerAnswer<'a> {
    name: &'static str,
    state: Option<&'static str>,
    #[schema(schema_with = super::super::wire::moment)]
    since: Option<Timestamp>,
    /// Why it is as it is; null if it never changed.
    reason: Option<&'a str>,
    retry_in_ms: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusChildren)]
struct Children {
    /// That may carry a load at once.
    in_use: usize,
    busy: usize,
    max: usize,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusLine)]
struct LineAnswer<'a> {
    loads: usize,
    orders: usize,
    /// The 20 clients with the most orders in the line.
    by_client: Vec<ClientAnswer<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatusClient)]
struct ClientAnswer<'a> {
    /// Empty is the anonymous client.
    client: &'a str,
    loads: usize,
    orders: usize,
}

/// As they were counted last, every 15 seconds or so.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusLetters)]
struct LettersAnswer {
    waiting: u64,
    held: u64,
    reconcile: u64,
    dead: u64,
    oldest_seconds: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusPace)]
struct Pace {
    /// Decided when work waits, as it is believed now.
    orders_per_second: f64,
    /// How long an order that comes now waits for its turn.
    wait_ms: u64,
}

/// Over the last ten seconds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusRates)]
struct RatesAnswer {
    accepted_per_second: f64,
    sent_per_second: f64,
    rejected_per_second: f64,
    queued_per_second: f64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusLatency)]
struct LatencyAnswer {
    p50_ms: u64,
    p95_ms: u64,
    p99_ms: u64,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
struct Change<'a> {
    #[schema(schema_with = super::super::wire::moment)]
    at: Timestamp,
    kind: &'static str,
    text: &'a str,
}

/// How the house is
#[utoipa::path(
    tag = "admin",
    operation_id = "status",
    responses((status = 200, description = "At most a second old", body = Status), AdminProblems),
)]
#[get("/admin/status")]
pub(in crate::http) async fn read(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let asked = tokio::time::timeout(super::TOLD_WITHIN * 2, doors.lookout.send(AskStatus)).await;
    let Ok(Ok(Some(text))) = asked else {
        let problem = Problem::new(Code::InternalError, Code::InternalError.title());
        return Err(problem.inside("the lookout did not answer"));
    };
    let body = text.as_bytes().to_vec();
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(body))
}

fn print_sight(sight: &Sight) -> String {
    json_text(&Status::of(sight))
}

fn print_happening(happening: &Happening) -> String {
    let Happening { at, kind, text } = happening;
    json_text(&Change { at: Timestamp(*at), kind, text })
}

impl<'a> Status<'a> {
    fn of(sight: &'a Sight) -> Self {
        let about = &sight.about;
        Self {
            version: about.version,
            instance: &about.instance,
            epoch: sight.epoch,
            started_at: Timestamp(about.started_at),
            uptime_seconds: sight.uptime.as_secs(),
            at: Timestamp(sight.at),
            readiness: match sight.readiness {
                Readiness::Up => "UP",
                Readiness::OutOfService => "OUT_OF_SERVICE",
            },
            verdict: match sight.verdict {
                Verdict::Well => "WELL",
                Verdict::Degraded => "DEGRADED",
                Verdict::Down => "DOWN",
            },
            reasons: &sight.reasons,
            pool: PoolAnswer::of(&sight.pool),
            breakers: sight.breakers.iter().map(BreakerAnswer::of).collect(),
            children: sight.line.as_ref().map(Children::of),
            line: sight.line.as_ref().map(LineAnswer::of),
            pauses: sight.line.as_ref().map(pauses),
            letters: LettersAnswer::of(&sight.letters),
            pace: Pace {
                orders_per_second: tenths(sight.orders_per_second),
                wait_ms: millis(sight.wait),
            },
            rates: RatesAnswer::of(&sight.rates),
            latency: sight.latency.as_ref().map(LatencyAnswer::of),
            simulated_trade_service: about.trades_are_simulated,
        }
    }
}

impl PoolAnswer {
    fn of(sample: &PoolSample) -> Self {
        let PoolSample { active, idle, waiting, total, max } = *sample;
        let utilization = ratio(sample);
        let status = colour_name(sample.colour());
        Self { active, idle, waiting, total, max, utilization, status }
    }
}

impl<'a> BreakerAnswer<'a> {
    fn of(BreakerSight { protects, told }: &'a BreakerSight) -> Self {
        let told = told.as_ref();
        Self {
            name: protects.name(),
            state: told.map(|told| breaker_state(told.state)),
            since: told.map(|told| Timestamp(told.since)),
            reason: told.and_then(|BreakerTold { why, .. }| why.as_deref()),
            retry_in_ms: told.and_then(|told| told.retry_in).map(millis),
        }
    }
}

impl Children {
    fn of(line: &LinePicture) -> Self {
        Self { in_use: line.children_in_use, busy: line.children_busy, max: WORKERS }
    }
}

impl<'a> LineAnswer<'a> {
    fn of(line: &'a LinePicture) -> Self {
        let of_client = |share: &'a ClientShare| ClientAnswer {
            client: share.client.as_str(),
            loads: share.loads,
            orders: share.orders,
        };
        let by_client = line.clients.iter().map(of_client).collect();
        Self { loads: line.loads, orders: line.orders, by_client }
    }
}

impl LettersAnswer {
    fn of(letters: &LetterCounts) -> Self {
        let LetterCounts { waiting, held, reconcile, dead, oldest } = *letters;
        Self { waiting, held, reconcile, dead, oldest_seconds: oldest.as_secs() }
    }
}

impl RatesAnswer {
    fn of(rates: &Rates) -> Self {
        Self {
            accepted_per_second: tenths(rates.accepted),
            sent_per_second: tenths(rates.sent),
            rejected_per_second: tenths(rates.rejected),
            queued_per_second: tenths(rates.queued),
        }
    }
}

impl LatencyAnswer {
    fn of(latency: &Latency) -> Self {
        let Latency { p50, p95, p99 } = *latency;
        Self { p50_ms: millis(p50), p95_ms: millis(p95), p99_ms: millis(p99) }
    }
}

fn pauses(line: &LinePicture) -> Vec<PauseAnswer> {
    line.pauses.iter().cloned().map(PauseAnswer::from).collect()
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

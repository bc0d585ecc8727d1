//! The breakers, and what an operator may order them.

use actix::{Addr, MailboxError};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use futures_util::future::join_all;
use resilience::breaker::{Command, Picture, Totals};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::body::Body;
use super::super::document::{TAKES_BODY, problems};
use super::super::pool_health::breaker_state;
use super::super::problem::{Code, Problem};
use super::super::wire::{Members, Text, Timestamp};
use super::super::{Doors, json_answer};
use super::audit;
use super::motive::Motive;
use super::{AdminProblems, Name, TOLD_WITHIN, millis};
use crate::actors::circuit_breaker::{
    BreakerChanged, BreakerPicture, CircuitBreaker, ObserveBreaker, Operate, Protected,
};
use crate::domain::audit::{Deed, Subject};

const COMMANDS: [(&str, Command); 5] = [
    ("FORCE_OPEN", Command::ForceOpen),
    ("FORCE_CLOSED", Command::ForceClosed),
    ("DISABLED", Command::Disable),
    ("METRICS_ONLY", Command::MetricsOnly),
    ("RESET", Command::Reset),
];

problems! {
    /// What can go wrong with one breaker.
    OneProblems: &[Code::AuthenticationError, Code::NotFound, Code::InternalError];
    /// What can go wrong with an order to a breaker.
    OperateProblems: TAKES_BODY,
        &[Code::AuthenticationError, Code::NotFound, Code::AnswerTimeout, Code::InternalError];
}

#[derive(Debug, Serialize, ToSchema)]
struct Breakers {
    breakers: Vec<BreakerAnswer>,
}

/// A breaker at one moment; all but its name and state is missing when it did not answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CircuitBreaker)]
struct BreakerAnswer {
    #[schema(example = "pool")]
    name: &'static str,
    /// CLOSED, OPEN, HALF_OPEN, FORCED_OPEN, FORCED_CLOSED, DISABLED or METRICS_ONLY;
    /// UNRESPONSIVE if it did not answer within 250 ms, GONE if it is not there any more.
    #[schema(example = "CLOSED")]
    state: &'static str,
    #[serde(flatten)]
    #[schema(inline)]
    told: Option<Told>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CircuitBreakerTold)]
struct Told {
    #[schema(schema_with = super::super::wire::moment)]
    since: Timestamp,
    /// What a caller who is refused now is told to wait, at least.
    retry_in_ms: Option<u64>,
    /// Openings in a row.
    trips_in_a_row: u32,
    high_samples_in_a_row: u32,
    probes_out: u32,
    probes_left: u32,
    permits_out: usize,
    totals: TotalsAnswer,
    /// The last 100 changes, the oldest first.
    events: Vec<ChangeAnswer>,
}

/// Since the start.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CircuitBreakerTotals)]
struct TotalsAnswer {
    refused: u64,
    /// Of the calls whose outcome is waited for.
    succeeded: u64,
    failed: u64,
    ignored: u64,
    returned: u64,
    stale: u64,
    trips: u64,
    /// Openings that the metrics-only mode only told of.
    would_trip: u64,
}

/// A change of a breaker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CircuitBreakerChange)]
struct ChangeAnswer {
    name: &'static str,
    from: &'static str,
    to: &'static str,
    reason: String,
    /// What the operator gave as the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    note: Option<String>,
    #[schema(schema_with = super::super::wire::moment)]
    at: Timestamp,
    /// How long it stays open, if it opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    open_for_ms: Option<u64>,
}

/// An order to a breaker.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CircuitBreakerOrder)]
struct OrderBody<'a> {
    /// FORCE_OPEN, FORCE_CLOSED, DISABLED, METRICS_ONLY or RESET.
    #[serde(borrow)]
    #[schema(value_type = String, required, example = "FORCE_OPEN")]
    state: Option<Text<'a>>,
    /// For the log and for whoever looks next.
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 200)]
    reason: Option<Text<'a>>,
    /// Who orders it, for the audit.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    operator: Option<Text<'a>>,
}

/// What an order came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CircuitBreakerOrdered)]
struct Ordered {
    #[serde(flatten)]
    change: ChangeAnswer,
    /// What did not go well, although the order is in effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warning: Option<String>,
}

/// All breakers
#[utoipa::path(
    tag = "admin",
    operation_id = "listBreakers",
    responses((status = 200, description = "How each breaker stands", body = Breakers), AdminProblems),
)]
#[get("/admin/breakers")]
pub(in crate::http) async fn list(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let breakers = doors.breakers.iter().map(|(protected, room)| ask(*protected, room));
    let breakers = join_all(breakers).await;
    json_answer(StatusCode::OK, &Breakers { breakers }, 2048)
}

/// One breaker
#[utoipa::path(
    tag = "admin",
    operation_id = "readBreaker",
    params(("name" = String, Path)),
    responses((status = 200, description = "How it stands", body = BreakerAnswer), OneProblems),
)]
#[get("/admin/breakers/{name}")]
pub(in crate::http) async fn read(
    doors: web::Data<Doors>,
    Name(name): Name,
) -> Result<HttpResponse, Problem> {
    let (protected, room) = find(&doors, &name)?;
    json_answer(StatusCode::OK, &ask(*protected, room).await, 2048)
}

/// Orders a breaker
///
/// What is ordered is in effect when this is answered, until it is ordered otherwise or the
/// process is restarted. It leaves a line in the audit; if that cannot be written, the answer says so.
#[utoipa::path(
    tag = "admin",
    operation_id = "operateBreaker",
    params(("name" = String, Path)),
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "It is in effect", body = Ordered), OperateProblems),
)]
#[post("/admin/breakers/{name}")]
pub(in crate::http) async fn operate_one(
    doors: web::Data<Doors>,
    Name(name): Name,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let protected = find(&doors, &name)?;
    let Members(order) = body.parse::<Members<OrderBody<'_>>>()?;
    let motive = Motive::of(order.reason, order.operator)?;
    let (event, warning) = operate(&doors, protected, command(order.state)?, &motive).await?;
    json_answer(StatusCode::OK, &Ordered { change: ChangeAnswer::of(&event), warning }, 512)
}

/// Hears of the change when it is in effect, and of what did not go well although it is.
pub(super) async fn operate(
    doors: &Doors,
    (protected, room): &(Protected, Addr<CircuitBreaker>),
    command: Command,
    motive: &Motive,
) -> Result<(BreakerChanged, Option<String>), Problem> {
    let order = Operate { command, reason: motive.reason.clone() };
    let asked = tokio::time::timeout(TOLD_WITHIN, room.send(order)).await;
    match asked.unwrap_or(Err(MailboxError::Timeout)) {
        Ok(event) => {
            let BreakerChanged { change, .. } = &event;
            let deed = Deed::new(Subject::Breaker, protected.name(), word(command));
            let deed = deed.changing(breaker_state(change.from), breaker_state(change.to));
            let warning = audit::note(doors, motive, deed).await;
            Ok((event, warning))
        }
        Err(MailboxError::Timeout) => {
            let message = "The breaker did not answer in time: the order may still take effect";
            Err(Problem::new(Code::AnswerTimeout, message))
        }
        Err(MailboxError::Closed) => {
            let problem = Problem::new(Code::InternalError, Code::InternalError.title());
            Err(problem.inside("the breaker is gone"))
        }
    }
}

pub(super) fn find<'a>(
    doors: &'a Doors,
    name: &str,
) -> Result<&'a (Protected, Addr<CircuitBreaker>), Problem> {
    let found = doors.breakers.iter().find(|(protected, _)| protected.name() == name);
    let missing = || Problem::new(Code::NotFound, format!("There is no breaker {name}")).at("name");
    found.ok_or_else(missing)
}

fn command(given: Option<Text<'_>>) -> Result<Command, Problem> {
    let known = || COMMANDS.map(|(word, _)| word).join(", ");
    let Some(Text(given)) = given else {
        let message = format!("State is required: one of {}", known());
        return Err(Problem::new(Code::MissingRequiredField, message).at("state"));
    };
    let found = COMMANDS.iter().find(|(word, _)| *word == given).map(|(_, command)| *command);
    found.ok_or_else(|| {
        let message = format!("State must be one of {}", known());
        Problem::new(Code::InvalidFieldValue, message).at("state")
    })
}

/// The word for a command, for the audit.
fn word(command: Command) -> &'static str {
    COMMANDS.iter().find(|(_, it)| *it == command).map_or("", |(word, _)| word)
}

async fn ask(protected: Protected, room: &Addr<CircuitBreaker>) -> BreakerAnswer {
    let name = protected.name();
    match look(room).await {
        Ok(picture) => {
            let state = breaker_state(picture.picture.state);
            BreakerAnswer { name, state, told: Some(Told::of(&picture)) }
        }
        Err(state) => BreakerAnswer { name, state, told: None },
    }
}

/// How a breaker stands, or the word for one that does not answer.
pub(super) async fn look(room: &Addr<CircuitBreaker>) -> Result<BreakerPicture, &'static str> {
    let asked = tokio::time::timeout(TOLD_WITHIN, room.send(ObserveBreaker)).await;
    asked.unwrap_or(Err(MailboxError::Timeout)).map_err(|error| match error {
        MailboxError::Timeout => "UNRESPONSIVE",
        MailboxError::Closed => "GONE",
    })
}

impl Told {
    fn of(told: &BreakerPicture) -> Self {
        let BreakerPicture { picture, since, permits_out, events, .. } = told;
        let Picture { retry_in, trips, high_samples_in_a_row, .. } = *picture;
        Self {
            since: Timestamp(*since),
            retry_in_ms: retry_in.map(millis),
            trips_in_a_row: trips,
            high_samples_in_a_row,
            probes_out: picture.probes_out,
            probes_left: picture.probes_left,
            permits_out: *permits_out,
            totals: TotalsAnswer::of(picture.totals),
            events: events.iter().map(ChangeAnswer::of).collect(),
        }
    }
}

impl TotalsAnswer {
    fn of(totals: Totals) -> Self {
        let Totals { refused, succeeded, failed, ignored, returned, stale, trips, would_trip } =
            totals;
        Self { refused, succeeded, failed, ignored, returned, stale, trips, would_trip }
    }
}

impl ChangeAnswer {
    fn of(event: &BreakerChanged) -> Self {
        let BreakerChanged { breaker, change, note, at } = event;
        Self {
            name: breaker.name(),
            from: breaker_state(change.from),
            to: breaker_state(change.to),
            reason: change.reason.to_string(),
            note: note.as_deref().map(str::to_owned),
            at: Timestamp(*at),
            open_for_ms: change.open_for.map(millis),
        }
    }
}

//! The breakers as Resilience4j's endpoints tell of them and take orders.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use futures_util::future::join_all;
use resilience::breaker::{Command, Picture, Tally};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::super::super::body::Body;
use super::super::super::pool_health::breaker_state;
use super::super::super::problem::{Code, Problem};
use super::super::super::wire::{Members, Text, Timestamp};
use super::super::super::{Doors, json_answer};
use super::super::breakers::{OneProblems, OperateProblems, find, look, operate};
use super::super::motive::Motive;
use super::super::{AdminProblems, Name};
use crate::actors::circuit_breaker::{BreakerChanged, BreakerPicture};

/// What is kept as the reason of an order that came without one.
const NO_REASON: &str = "through the actuator";

/// Resilience4j's words for orders and states, and our own.
const WORDS: [(&str, Command); 11] = [
    ("CLOSE", Command::Reset),
    ("CLOSED", Command::Reset),
    ("RESET", Command::Reset),
    ("OPEN", Command::ForceOpen),
    ("FORCE_OPEN", Command::ForceOpen),
    ("FORCED_OPEN", Command::ForceOpen),
    ("FORCE_CLOSED", Command::ForceClosed),
    ("FORCED_CLOSED", Command::ForceClosed),
    ("DISABLE", Command::Disable),
    ("DISABLED", Command::Disable),
    ("METRICS_ONLY", Command::MetricsOnly),
];

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActuatorBreakers)]
struct Breakers {
    #[schema(value_type = BTreeMap<String, Breaker>)]
    circuit_breakers: BTreeMap<&'static str, Breaker>,
}

/// A breaker; all but its state is missing when it did not answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActuatorBreaker)]
struct Breaker {
    /// As of `/admin/breakers`.
    #[schema(example = "CLOSED")]
    state: &'static str,
    #[serde(flatten)]
    #[schema(inline)]
    told: Option<Told>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActuatorBreakerTold)]
struct Told {
    /// Of the calls in the window; -1.0% while there are none.
    #[schema(example = "12.5%")]
    failure_rate: String,
    #[schema(example = "-1.0%")]
    slow_call_rate: String,
    buffered_calls: u32,
    failed_calls: u32,
    slow_calls: u32,
    not_permitted_calls: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActuatorBreakerEvents)]
struct Events {
    circuit_breaker_events: Vec<Event>,
}

/// A change of a breaker.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActuatorBreakerEvent)]
struct Event {
    circuit_breaker_name: &'static str,
    #[schema(example = "STATE_TRANSITION")]
    r#type: &'static str,
    #[schema(schema_with = super::super::super::wire::moment)]
    creation_time: Timestamp,
    #[schema(example = "CLOSED_TO_OPEN")]
    state_transition: String,
    reason: String,
    /// What the operator gave as the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    note: Option<String>,
}

/// An order to a breaker: one of the two words.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActuatorBreakerOrder)]
struct OrderBody<'a> {
    /// CLOSE, FORCE_OPEN, DISABLE, FORCE_CLOSED, METRICS_ONLY or RESET.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "FORCE_OPEN")]
    update_state: Option<Text<'a>>,
    /// The same as a state: CLOSED, OPEN, FORCED_OPEN, FORCED_CLOSED or DISABLED.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    state: Option<Text<'a>>,
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 200)]
    reason: Option<Text<'a>>,
    /// Who orders it, for the audit.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64)]
    operator: Option<Text<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActuatorBreakerOrdered)]
struct Ordered {
    circuit_breaker_name: &'static str,
    current_state: &'static str,
    message: String,
}

/// All breakers, as Resilience4j tells of them
#[utoipa::path(
    tag = "admin",
    operation_id = "actuatorBreakers",
    responses((status = 200, description = "How each stands", body = Breakers), AdminProblems),
)]
#[get("/actuator/circuitbreakers")]
pub(in crate::http) async fn list(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let breakers = doors.breakers.iter().map(async |(protects, room)| {
        let breaker = match look(room).await {
            Ok(picture) => Breaker::of(&picture),
            Err(state) => Breaker { state, told: None },
        };
        (protects.name(), breaker)
    });
    let circuit_breakers = join_all(breakers).await.into_iter().collect();
    json_answer(StatusCode::OK, &Breakers { circuit_breakers }, 1024)
}

/// Orders a breaker, as Resilience4j takes it
#[utoipa::path(
    tag = "admin",
    operation_id = "actuatorOperateBreaker",
    params(("name" = String, Path)),
    request_body(content = OrderBody, content_type = "application/json"),
    responses((status = 200, description = "It is in effect", body = Ordered), OperateProblems),
)]
#[post("/actuator/circuitbreakers/{name}")]
pub(in crate::http) async fn operate_one(
    doors: web::Data<Doors>,
    Name(name): Name,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let protected = find(&doors, &name)?;
    let Members(order) = body.parse::<Members<OrderBody<'_>>>()?;
    let command = command(order.update_state, order.state)?;
    let reason = order.reason.unwrap_or(Text(NO_REASON.into()));
    let motive = Motive::of(Some(reason), order.operator)?;
    let (BreakerChanged { breaker, change, .. }, warning) =
        operate(&doors, protected, command, &motive).await?;
    let current_state = breaker_state(change.to);
    let stands = format!("{} is {current_state}", breaker.name());
    let ordered = Ordered {
        circuit_breaker_name: breaker.name(),
        current_state,
        message: warning.map_or(stands.clone(), |warning| format!("{stands}. {warning}")),
    };
    json_answer(StatusCode::OK, &ordered, 256)
}

/// The last changes of all breakers
#[utoipa::path(
    tag = "admin",
    operation_id = "actuatorBreakerEvents",
    responses((status = 200, description = "The oldest first", body = Events), AdminProblems),
)]
#[get("/actuator/circuitbreakerevents")]
pub(in crate::http) async fn events(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let pictures = join_all(doors.breakers.iter().map(|(_, room)| look(room))).await;
    let changes = pictures.into_iter().flatten().flat_map(|picture| picture.events);
    json_answer(StatusCode::OK, &Events::of(changes), 4 * 1024)
}

/// The last changes of one breaker
#[utoipa::path(
    tag = "admin",
    operation_id = "actuatorOneBreakersEvents",
    params(("name" = String, Path)),
    responses((status = 200, description = "The oldest first", body = Events), OneProblems),
)]
#[get("/actuator/circuitbreakerevents/{name}")]
pub(in crate::http) async fn events_of_one(
    doors: web::Data<Doors>,
    Name(name): Name,
) -> Result<HttpResponse, Problem> {
    let (_, room) = find(&doors, &name)?;
    let changes = look(room).await.map(|picture| picture.events).unwrap_or_default();
    json_answer(StatusCode::OK, &Events::of(changes), 4 * 1024)
}

fn command(order: Option<Text<'_>>, state: Option<Text<'_>>) -> Result<Command, Problem> {
    let (field, given) = match (order, state) {
        (Some(Text(order)), _) => ("updateState", order),
        (None, Some(Text(state))) => ("state", state),
        (None, None) => {
            let message = "updateState is required, such as FORCE_OPEN or CLOSE";
            return Err(Problem::new(Code::MissingRequiredField, message).at("updateState"));
        }
    };
    let found = WORDS.iter().find(|(word, _)| *word == given).map(|(_, command)| *command);
    found.ok_or_else(|| {
        let message = format!("{field} must be one of {}", WORDS.map(|(word, _)| word).join(", "));
        Problem::new(Code::InvalidFieldValue, message).at(field)
    })
}

impl Breaker {
    fn of(BreakerPicture { picture, .. }: &BreakerPicture) -> Self {
        let Picture { state, tally: Tally { calls, failed, slow }, totals, .. } = *picture;
        let told = Told {
            failure_rate: rate(failed, calls),
            slow_call_rate: rate(slow, calls),
            buffered_calls: calls,
            failed_calls: failed,
            slow_calls: slow,
            not_permitted_calls: totals.refused,
        };
        Self { state: breaker_state(state), told: Some(told) }
    }
}

fn rate(part: u32, all: u32) -> String {
    let percent = if all == 0 { -1.0 } else { 100.0 * f64::from(part) / f64::from(all) };
    format!("{percent:.1}%")
}

impl Events {
    fn of(changes: impl IntoIterator<Item = BreakerChanged>) -> Self {
        let mut changes: Vec<_> = changes.into_iter().collect();
        changes.sort_by_key(|change| change.at);
        Self { circuit_breaker_events: changes.into_iter().map(Event::of).collect() }
    }
}

impl Event {
    fn of(BreakerChanged { breaker, change, note, at }: BreakerChanged) -> Self {
        let (from, to) = (breaker_state(change.from), breaker_state(change.to));
        Self {
            circuit_breaker_name: breaker.name(),
            r#type: "STATE_TRANSITION",
            creation_time: Timestamp(at),
            state_transition: format!("{from}_TO_{to}"),
            reason: change.reason.to_string(),
            note: note.as_deref().map(str::to_owned),
        }
    }
}

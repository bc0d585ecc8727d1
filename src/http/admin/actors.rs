//! What the actors tell of themselves. They are asked at the same time, and one that does not
//! answer holds nobody up.

use std::collections::BTreeMap;
use std::time::Duration;

use actix::{MailboxError, Recipient};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::document::problems;
use super::super::problem::{Code, Problem};
use super::super::wire::Timestamp;
use super::super::{Doors, json_answer};
use super::{AdminProblems, Name, TOLD_WITHIN};
use crate::actors::observe::{Observe, Part, Snapshot};

problems! {
    /// What can go wrong with one actor.
    OneProblems: &[Code::AuthenticationError, Code::NotFound, Code::InternalError];
}

#[derive(Debug, Serialize, ToSchema)]
struct Actors {
    actors: Vec<ActorAnswer>,
}

/// An actor at one moment; all but its name and state is missing when it did not answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Actor)]
struct ActorAnswer {
    name: &'static str,
    /// In one word of the actor's own; `unresponsive` if it did not answer within 250 ms, `gone`
    /// if it is not there any more.
    #[schema(example = "healthy")]
    state: &'static str,
    #[serde(flatten)]
    #[schema(inline)]
    told: Option<Told>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorTold)]
struct Told {
    #[schema(schema_with = super::super::wire::moment)]
    since: Timestamp,
    /// Messages and work that wait.
    depth: u64,
    #[schema(value_type = BTreeMap<String, u64>)]
    counters: BTreeMap<&'static str, u64>,
    last_error: Option<String>,
    /// Those who work for it, such as the supervisor's children.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<ChildAnswer>,
}

/// One that works for an actor, and its load.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ActorChild)]
struct ChildAnswer {
    #[schema(example = "worker-1")]
    name: String,
    #[schema(example = "carrying")]
    state: &'static str,
    /// How long it has been at its work.
    busy_ms: Option<u64>,
    /// The letters that it carries, and the orders in them.
    #[schema(value_type = Vec<String>)]
    letters: Vec<Uuid>,
    orders: usize,
    /// Loads that it has carried.
    done: u64,
    /// How often another one took its place.
    restarts: u64,
}

/// All actors
#[utoipa::path(
    tag = "admin",
    operation_id = "listActors",
    responses((status = 200, description = "Each actor's snapshot", body = Actors), AdminProblems),
)]
#[get("/debug/actors")]
pub(in crate::http) async fn list(doors: web::Data<Doors>) -> Result<HttpResponse, Problem> {
    let actors = join_all(doors.rooms.iter().map(|(name, room)| ask(name, room))).await;
    json_answer(StatusCode::OK, &Actors { actors }, 1024)
}

/// One actor
#[utoipa::path(
    tag = "admin",
    operation_id = "readActor",
    params(("name" = String, Path)),
    responses((status = 200, description = "The actor's snapshot", body = ActorAnswer), OneProblems),
)]
#[get("/debug/actors/{name}")]
pub(in crate::http) async fn read(
    doors: web::Data<Doors>,
    Name(name): Name,
) -> Result<HttpResponse, Problem> {
    let Some((name, room)) = doors.rooms.iter().find(|(known, _)| *known == name) else {
        return Err(Problem::new(Code::NotFound, format!("There is no actor {name}")).at("name"));
    };
    json_answer(StatusCode::OK, &ask(name, room).await, 512)
}

impl ChildAnswer {
    fn of(part: Part) -> Self {
        let busy = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            name: part.name,
            state: part.state,
            busy_ms: part.busy_for.map(busy),
            letters: part.letters,
            orders: part.orders,
            done: part.done,
            restarts: part.restarts,
        }
    }
}

async fn ask(name: &'static str, room: &Recipient<Observe>) -> ActorAnswer {
    let asked = tokio::time::timeout(TOLD_WITHIN, room.send(Observe)).await;
    match asked.unwrap_or(Err(MailboxError::Timeout)) {
        Ok(Snapshot { state, since, depth, counters, last_error, parts, .. }) => {
            let children = parts.into_iter().map(ChildAnswer::of).collect();
            let told = Told { since: Timestamp(since), depth, counters, last_error, children };
            ActorAnswer { name, state, told: Some(told) }
        }
        Err(MailboxError::Timeout) => ActorAnswer { name, state: "unresponsive", told: None },
        Err(MailboxError::Closed) => ActorAnswer { name, state: "gone", told: None },
    }
}

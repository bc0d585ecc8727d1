//! What every actor tells whoever asks.

use std::collections::BTreeMap;

use std::time::Duration;

use actix::Message;
use uuid::Uuid;

use crate::domain::moment::Moment;

/// Query: how are you?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Snapshot")]
pub struct Observe;

/// An actor at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub name: &'static str,
    /// The state in one word of the actor's own.
    pub state: &'static str,
    pub since: Moment,
    /// Messages and work that wait.
    pub depth: u64,
    pub counters: BTreeMap<&'static str, u64>,
    pub last_error: Option<String>,
    /// Those who work for it, if it has any.
    pub parts: Vec<Part>,
}

/// One that works for an actor, such as a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    pub state: &'static str,
    /// How long it has been at its work.
    pub busy_for: Option<Duration>,
    /// What it works on: letters, and the orders in them.
    pub letters: Vec<Uuid>,
    pub orders: usize,
    pub done: u64,
    /// How often another one took its place.
    pub restarts: u64,
}

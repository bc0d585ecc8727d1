//! What every actor tells whoever asks.

use std::collections::BTreeMap;

use actix::Message;

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
}

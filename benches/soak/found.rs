//! What a soak found.

use std::time::Duration;

use crate::fault::Fault;
use crate::tally::Minute;
use crate::watch::Figure;

/// Everything that is told of a soak.
pub(crate) struct Soak {
    /// Orders per second that closed loops get done.
    pub(crate) can_be_done: f64,
    pub(crate) accepted: u64,
    pub(crate) doubtful: u64,
    pub(crate) minutes: Vec<(Fault, Minute)>,
    /// What was looked at, and in which minute.
    pub(crate) looks: Vec<(usize, Vec<Figure>)>,
    /// The most memory that was ever resident, in MiB.
    pub(crate) memory_peak: f64,
    /// How long it took to send all that was accepted, after the last had asked.
    pub(crate) drained: Duration,
}

//! The numbers of the house, for whoever shows them to people.

use std::time::Duration;

use crate::domain::pulse::Totals;

/// All of them at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    pub totals: Totals,
    pub letters: LetterCounts,
    /// Orders that are decided per second when work waits.
    pub orders_per_second: f64,
    /// How long an order that comes now waits for its turn.
    pub wait: Duration,
}

/// Letters in the database by state, as they were counted last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetterCounts {
    pub waiting: u64,
    pub held: u64,
    pub reconcile: u64,
    pub dead: u64,
    /// The age of the oldest that waits.
    pub oldest: Duration,
}

/// # Contract
/// Answers at once, from memory.
pub trait Figures: Send + Sync {
    fn read(&self) -> Reading;
}

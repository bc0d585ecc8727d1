//! What the house needs from outside, as small traits with written contracts.
//!
//! The rooms depend on these and not on what stands behind them: the store, a fake, a test.

pub mod board;
pub mod books;
pub mod catalogue;
pub mod clock;
pub mod desk;
pub mod figures;
pub mod gauge;
pub mod journal;
pub mod library;
pub mod log_filter;
pub mod meter;
pub mod post;
pub mod series;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

/// Why the database did not do what it was asked. The names say what the caller may conclude,
/// not what the driver called it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Every connection was in use for as long as one may wait. Nothing was written.
    #[error("no database connection became free within {waited:?}")]
    Exhausted { waited: Duration },
    /// The database cannot be reached. Nothing was written.
    #[error("the database is away: {reason}")]
    Away { reason: String },
    /// The connection broke while a write was under way: it may stand or not.
    #[error("the connection broke before the database confirmed: {reason}")]
    Lost { reason: String },
    /// The statement took longer than it may. Nothing was written.
    #[error("the database took longer than its time limit")]
    TooSlow,
    /// A deadlock or a conflict between writers: the same again will do. Nothing was written.
    #[error("the write collided with another one: {reason}")]
    Collision { reason: String },
    /// No room on the disk. Nothing was written.
    #[error("the disk is full: {reason}")]
    Full { reason: String },
    /// A row breaks a rule of the database (SQLSTATE 22 and 23). Nothing was written.
    #[error("the database refused a row: {reason}")]
    Data { reason: String },
    /// Somebody else has taken a key of the row meanwhile: look again. Nothing was written.
    #[error("a key was taken meanwhile: {reason}")]
    Taken { reason: String },
    /// Something that no rule foresees: a bug, or a schema that somebody changed.
    #[error("the database answered unexpectedly: {reason}")]
    Broken { reason: String },
}

impl Failure {
    /// One word for a label.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Exhausted { .. } => "exhausted",
            Self::Away { .. } => "away",
            Self::Lost { .. } => "lost",
            Self::TooSlow => "too_slow",
            Self::Collision { .. } => "collision",
            Self::Full { .. } => "full",
            Self::Data { .. } => "data",
            Self::Taken { .. } => "taken",
            Self::Broken { .. } => "broken",
        }
    }
}

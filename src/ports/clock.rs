//! Time: the only place that reads it.

use std::time::Instant;

use crate::domain::moment::Moment;

/// Two clocks: one to measure with, one to store.
///
/// # Contract
/// `instant` never goes back. `utc` may: it follows the machine's clock, and nothing may wait
/// on it.
pub trait Clock: Send + Sync {
    fn instant(&self) -> Instant;
    fn utc(&self) -> Moment;
}

/// The machine's clocks; the measuring one is tokio's, so that a test that pauses time moves
/// timers and clock together.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of time")]
    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one reader of time")]
    fn utc(&self) -> Moment {
        chrono::Utc::now().into()
    }
}

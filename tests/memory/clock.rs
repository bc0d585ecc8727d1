//! Both clocks on tokio's paused time, so that waiting moves what is stored as well.

use std::time::Instant;

use weir::domain::moment::Moment;
use weir::ports::clock::Clock;

/// 2026-01-05T14:30:00Z: a day on which the house is in full swing.
const DAWN: i64 = 1_767_623_400_000_000;

/// Shared by all processes of a history, as the database's clock is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SimClock {
    began: Instant,
    dawn: Moment,
}

impl SimClock {
    pub(crate) fn new() -> Self {
        Self::at(Moment::from_micros(DAWN))
    }

    /// It is `dawn` now.
    pub(crate) fn at(dawn: Moment) -> Self {
        Self { began: tokio::time::Instant::now().into_std(), dawn }
    }
}

impl Clock for SimClock {
    fn instant(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn utc(&self) -> Moment {
        self.dawn.plus(self.instant().duration_since(self.began))
    }
}

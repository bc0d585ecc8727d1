//! When the last outage ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::ports::clock::Clock;

/// When the last outage ended: connections from before it are not to be trusted.
pub(super) struct Outage {
    clock: Arc<dyn Clock>,
    origin: Instant,
    /// Milliseconds after `origin`; zero is never.
    ended: AtomicU64,
}

impl Outage {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let origin = clock.instant();
        Self { clock, origin, ended: AtomicU64::new(0) }
    }

    pub(super) fn ended(&self) {
        self.ended.store(self.elapsed(), Relaxed);
    }

    /// Was something of this age there before the outage ended?
    pub(super) fn outlived_by(&self, age: Duration) -> bool {
        let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let ended = self.ended.load(Relaxed);
        ended > 0 && self.elapsed().saturating_sub(age) < ended
    }

    fn elapsed(&self) -> u64 {
        let elapsed = self.clock.instant().duration_since(self.origin);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }
}

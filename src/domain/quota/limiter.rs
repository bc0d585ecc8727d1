//! The limiter crate as a function: a bucket goes in with the time, and comes out as it is then.
//!
//! The crate keeps states and reads a clock. Both are lent to it for one question here, since a
//! rule is told the time, and wants to look without taking and to give back.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};

use super::Rate;

#[derive(Clone, Copy, Debug)]
pub(super) struct Limiter(governor::Quota);

/// What a bucket is like when orders were taken out of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) full_at: Duration,
    /// Orders that are still in it.
    pub(super) left: u32,
}

impl Limiter {
    pub(super) fn new(rate: Rate) -> Self {
        Self(governor::Quota::per_second(rate.per_second).allow_burst(rate.burst))
    }

    /// Takes orders out of a bucket that will be full at `full_at`; else says how long it is
    /// until it holds so many.
    pub(super) fn take(
        self,
        orders: NonZeroU32,
        full_at: Duration,
        now: Duration,
    ) -> Result<Taken, Duration> {
        let bucket = Lent(Cell::new(full_at.into()));
        // The limiter's time begins when it is made.
        let limiter = Asked::new(self.0, bucket, Told(Cell::new(Duration::ZERO)));
        limiter.clock().0.set(now);
        match limiter.check_n(orders) {
            Ok(Ok(state)) => {
                let left = state.remaining_burst_capacity();
                Ok(Taken { full_at: limiter.into_state_store().0.get().into(), left })
            }
            Ok(Err(until)) => Err(until.wait_time_from(now)),
            // More than ever fit: no setting allows it, and an empty bucket waits no longer.
            Err(_) => Err(self.window()),
        }
    }

    /// In so long so many orders come into a bucket.
    pub(super) fn time_for(self, orders: u32) -> Duration {
        self.0.replenish_interval().saturating_mul(orders)
    }

    /// In so long an empty bucket is full.
    pub(super) fn window(self) -> Duration {
        self.0.burst_size_replenished_in()
    }
}

type Asked = RateLimiter<NotKeyed, Lent, Told, StateInformationMiddleware>;

/// When the bucket will be full.
struct Lent(Cell<Nanos>);

impl StateStore for Lent {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, take: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (answer, full_at) = take(Some(self.0.get()))?;
        self.0.set(full_at);
        Ok(answer)
    }
}

/// The time as it was told.
struct Told(Cell<Duration>);

impl Clock for Told {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
    }
}

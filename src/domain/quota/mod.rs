//! May a client bring so many orders? Each has a bucket, which holds a burst of orders and fills at
//! a steady rate; who asks for more than is in it comes back later.
//!
//! Nothing is asked of the house: a quota is what a client was promised, also when there is room.
//! The arithmetic is the limiter's. Whose bucket it is, how many are kept and what time it is are
//! decided here.

mod limiter;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use self::limiter::Limiter;
use super::caller::Caller;

/// What every client may bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Orders per second.
    pub per_second: NonZeroU32,
    /// Orders at once, after a rest.
    pub burst: NonZeroU32,
}

impl Rate {
    /// In so long an empty bucket is full.
    #[must_use]
    pub fn window(self) -> Duration {
        Limiter::new(self).window()
    }
}

/// Not now: the bucket does not hold so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// When it will.
    pub wait: Duration,
    /// It is the first time, or the first after some calm.
    pub begins: bool,
}

/// A bucket, as its client is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Orders that may come now.
    pub left: u32,
    /// When as many may come as ever.
    pub full_in: Duration,
}

/// Clients that have a bucket of their own; beyond them strangers share one.
const CLIENTS_MAX: usize = 10_000;
/// Full buckets are forgotten so often at most.
const FORGET_EVERY: Duration = Duration::from_secs(1);
/// A client that was not refused for so long is calm.
const CALM_AFTER: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Quota {
    limiter: Limiter,
    since: Instant,
    buckets: HashMap<Caller, Bucket>,
    forgot_at: Instant,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// When it will be full, since the beginning.
    full_at: Duration,
    refused_at: Option<Instant>,
}

impl Quota {
    #[must_use]
    pub fn new(rate: Rate, now: Instant) -> Self {
        let limiter = Limiter::new(rate);
        Self { limiter, since: now, buckets: HashMap::new(), forgot_at: now }
    }

    /// Takes so many orders out of the caller's bucket, or none.
    pub fn take(&mut self, caller: &Caller, orders: usize, now: Instant) -> Result<(), Spent> {
        let orders = u32::try_from(orders).unwrap_or(u32::MAX);
        let Some(orders) = NonZeroU32::new(orders) else { return Ok(()) };
        self.forget(now);
        let taken = self.limiter.take(orders, self.full_at(caller), self.time(now));
        match taken {
            Ok(taken) => {
                self.bucket(caller).full_at = taken.full_at;
                Ok(())
            }
            Err(wait) => Err(self.refused(caller, wait, now)),
        }
    }

    /// Is there anything in the caller's bucket?
    pub fn look(&mut self, caller: &Caller, now: Instant) -> Result<(), Spent> {
        let one = self.limiter.take(NonZeroU32::MIN, self.full_at(caller), self.time(now));
        one.map(drop).map_err(|wait| self.refused(caller, wait, now))
    }

    /// So many orders did not come in after all.
    pub fn give_back(&mut self, caller: &Caller, orders: usize) {
        let time = self.limiter.time_for(u32::try_from(orders).unwrap_or(u32::MAX));
        let bucket = self.bucket(caller);
        bucket.full_at = bucket.full_at.saturating_sub(time);
    }

    #[must_use]
    pub fn standing(&self, caller: &Caller, now: Instant) -> Standing {
        let (full_at, now) = (self.full_at(caller), self.time(now));
        let one = self.limiter.take(NonZeroU32::MIN, full_at, now);
        let left = one.map_or(0, |taken| taken.left.saturating_add(1));
        Standing { left, full_in: full_at.saturating_sub(now) }
    }

    fn time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    fn full_at(&self, caller: &Caller) -> Duration {
        self.buckets.get(self.owner(caller)).map(|bucket| bucket.full_at).unwrap_or_default()
    }

    fn bucket(&mut self, caller: &Caller) -> &mut Bucket {
        let owner = self.owner(caller).clone();
        self.buckets.entry(owner).or_default()
    }

    /// Who has the bucket that this caller draws from.
    fn owner<'a>(&self, caller: &'a Caller) -> &'a Caller {
        let is_crowded = self.buckets.len() >= CLIENTS_MAX && !self.buckets.contains_key(caller);
        if is_crowded { &Caller::Nobody } else { caller }
    }

    fn refused(&mut self, caller: &Caller, wait: Duration, now: Instant) -> Spent {
        let last = self.bucket(caller).refused_at.replace(now);
        let begins = last.is_none_or(|last| now.saturating_duration_since(last) >= CALM_AFTER);
        Spent { wait, begins }
    }

    /// A full bucket is like a new one.
    fn forget(&mut self, now: Instant) {
        if now.saturating_duration_since(self.forgot_at) < FORGET_EVERY {
            return;
        }
        self.forgot_at = now;
        let time = self.time(now);
        let is_calm = |last: Instant| now.saturating_duration_since(last) >= CALM_AFTER;
        self.buckets.retain(|_, bucket| {
            bucket.full_at > time || bucket.refused_at.is_some_and(|last| !is_calm(last))
        });
    }
}

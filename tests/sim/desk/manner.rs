//! How the trade service behaves: chances, and what they come to for one call.

use std::time::Duration;

use fastrand::Rng;

/// How bad it is. Chances are of one call each, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Manner {
    pub(crate) not_sent: f64,
    pub(crate) deferred: f64,
    pub(crate) lost_before: f64,
    pub(crate) lost_after: f64,
    pub(crate) timed_out: f64,
    /// The answer leaves an order out.
    pub(crate) unnamed: f64,
    /// A look-up brings nothing that can be used.
    pub(crate) unclear: f64,
    /// A call takes up to ten seconds; else some milliseconds.
    pub(crate) slow: f64,
    /// What is stored is not seen by look-ups for a while.
    pub(crate) stale: f64,
    /// A worker dies over a call for no reason of its orders'.
    pub(crate) accident: f64,
}

/// What becomes of a call on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    Unnamed,
    NotSent(Option<Duration>),
    Deferred(Option<Duration>),
    LostBefore { over: bool },
    LostAfter { over: bool },
    TimedOut { arrives: Option<Duration> },
}

impl Manner {
    pub(super) fn fate(&self, rng: &mut Rng) -> Fate {
        let wait = rng.bool().then(|| Duration::from_millis(rng.u64(0..20_000)));
        let over = rng.bool();
        let arrives = rng.bool().then(|| Duration::from_millis(rng.u64(0..120_000)));
        let table = [
            (self.not_sent, Fate::NotSent(wait)),
            (self.deferred, Fate::Deferred(wait)),
            (self.lost_before, Fate::LostBefore { over }),
            (self.lost_after, Fate::LostAfter { over }),
            (self.timed_out, Fate::TimedOut { arrives }),
            (self.unnamed, Fate::Unnamed),
        ];
        let mut at = rng.f64();
        for (share, fate) in table {
            if at < share {
                return fate;
            }
            at -= share;
        }
        Fate::Answered
    }

    pub(super) fn latency(&self, rng: &mut Rng) -> [Duration; 2] {
        let most = if rng.f64() < self.slow { 5000 } else { 20 };
        [0, 0].map(|_: u64| Duration::from_millis(rng.u64(0..most)))
    }
}

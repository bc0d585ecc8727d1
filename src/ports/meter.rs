//! Where the rooms report their numbers; telemetry turns them into series.

use std::time::Duration;

/// The ledger's numbers. `()` counts nothing, for tests that do not look.
pub trait LedgerMeter: Send + Sync {
    fn line(&self, _requests: usize, _orders: usize) {}
    /// A request left the line after waiting so long.
    fn waited(&self, _time: Duration) {}
    /// So many requests of a group, and the orders in them, are on the disk.
    fn committed(&self, _requests: usize, _orders: usize, _took: Duration) {}
    /// A group was cut in two to isolate a request, or to make it small enough.
    fn halved(&self) {}
    /// A write was tried again after this.
    fn retried(&self, _reason: &'static str) {}
    /// A request was not written, or nobody knows.
    fn refused(&self, _reason: &'static str) {}
}

impl LedgerMeter for () {}

/// The pool's numbers.
pub trait PoolMeter: Send + Sync {
    /// Somebody got a place after waiting so long.
    fn waited(&self, _time: Duration) {}
    /// Somebody gave a place back after so long.
    fn held(&self, _doing: &'static str, _time: Duration) {}
    /// Somebody waited in vain.
    fn timed_out(&self) {}
}

impl PoolMeter for () {}

/// The numbers of the circuit breakers; `breaker` says of which one.
pub trait BreakerMeter: Send + Sync {
    /// So it stands now: told at the start and after each change.
    fn state(&self, _breaker: &'static str, _state: &'static str) {}
    /// It changed, after it had been `from` for so long.
    fn changed(
        &self,
        _breaker: &'static str,
        _from: &'static str,
        _to: &'static str,
        _reason: &'static str,
        _lasted: Duration,
    ) {
    }
    /// A call was not permitted: the state that refused it, or why there was no permit.
    fn refused(&self, _breaker: &'static str, _why: &'static str) {}
    /// A permitted call ended so.
    fn ended(&self, _breaker: &'static str, _outcome: &'static str) {}
    /// Permits whose outcome has not been heard.
    fn permits_out(&self, _breaker: &'static str, _permits: usize) {}
}

impl BreakerMeter for () {}

/// The numbers of the calls to the trade service.
pub trait DeskMeter: Send + Sync {
    /// A call that places orders ended so, after so long.
    fn placed(&self, _orders: usize, _outcome: &'static str, _took: Duration) {}
    /// A look-up ended so, after so long.
    fn looked_up(&self, _outcome: &'static str, _took: Duration) {}
}

impl DeskMeter for () {}

/// The numbers of what is asked over HTTP.
pub trait HttpMeter: Send + Sync {
    /// A request came in (`+1`) or was answered or given up (`-1`).
    fn in_flight(&self, _change: i64) {}
    fn answered(&self, _method: &'static str, _route: &str, _status: u16, _time: Duration) {}
    /// A problem was told: its code and status.
    fn problem(&self, _code: &'static str, _status: u16) {}
}

impl HttpMeter for () {}

/// A batch that has come to rest, and where its time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchEnd {
    pub orders: usize,
    pub sent: usize,
    pub failed: usize,
    pub queued: usize,
    /// Until it was on the disk.
    pub load: Duration,
    /// In the line, the longest of its letters; the same of `trade` and `update`.
    pub waited: Duration,
    pub trade: Duration,
    pub update: Duration,
    pub in_all: Duration,
}

impl BatchEnd {
    /// Sent over all, 0 to 1.
    #[must_use]
    pub fn success_rate(&self) -> f64 {
        let number = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        if self.orders == 0 { 0.0 } else { number(self.sent) / number(self.orders) }
    }

    #[must_use]
    pub fn per_order(&self) -> Duration {
        self.in_all / u32::try_from(self.orders.max(1)).unwrap_or(u32::MAX)
    }
}

/// The numbers of the supervisor, its children and the mailbox.
pub trait DispatchMeter: Send + Sync {
    /// Loads and orders that wait for a child: first attempts and later ones.
    fn line(&self, _fresh: usize, _retries: usize, _orders: usize) {}
    /// Children that carry something, and how many may.
    fn children(&self, _busy: usize, _in_use: usize) {}
    /// A load left the line after so long.
    fn waited(&self, _time: Duration) {}
    /// A child was hired in the place of one that was gone.
    fn replaced(&self) {}
    /// A carriage ended: `done`, `not_now` or `died`.
    fn carried(&self, _how: &'static str) {}
    /// So many orders ended so: `sent`, `rejected`, `queued` or `dead`.
    fn orders(&self, _outcome: &'static str, _orders: usize) {}
    fn batch(&self, _end: &BatchEnd) {}
    /// Letters by state, and the age of the oldest that waits.
    fn letters(&self, _state: &'static str, _letters: u64) {}
    fn oldest_letter(&self, _age: Duration) {}
    /// Letters taken from the database: `due`, `taken_back` or `stray`.
    fn taken(&self, _how: &'static str, _letters: u64) {}
    /// Somebody was told to come later, for this reason.
    fn declined(&self, _reason: &'static str) {}
    /// Orders that are accepted and not decided, the orders per second that are decided, and how
    /// long an order that comes now waits for its turn.
    fn backlog(&self, _orders: u64, _per_second: f64, _wait: Duration) {}
    /// So many of this kind are paused.
    fn paused(&self, _kind: &'static str, _count: usize) {}
    /// A renewal of the lease: `renewed`, `lost` or `failed`.
    fn lease(&self, _outcome: &'static str) {}
}

impl DispatchMeter for () {}

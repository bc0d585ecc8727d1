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

/// The numbers of what is asked over HTTP.
pub trait HttpMeter: Send + Sync {
    /// A request came in (`+1`) or was answered or given up (`-1`).
    fn in_flight(&self, _change: i64) {}
    fn answered(&self, _method: &'static str, _route: &str, _status: u16, _time: Duration) {}
    /// A problem was told: its code and status.
    fn problem(&self, _code: &'static str, _status: u16) {}
}

impl HttpMeter for () {}

//! What stands in the heads of calls and answers: keys, traces, and the time to wait.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use awc::http::header::{DATE, HeaderMap, HeaderName, HttpDate, RETRY_AFTER};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::order::Order;

/// Bytes of the hash that are told: as many as a UUID has.
const KEY_BYTES: usize = 16;
/// No answer makes us wait longer, as no answer opens the breaker for longer.
const WAIT_MAX: Duration = Duration::from_mins(5);

/// The key of a call: the same for the same orders, in whatever order and at whatever attempt.
pub(super) fn key(orders: &[&Order]) -> String {
    let mut ids: Vec<_> = orders.iter().map(|order| order.id).collect();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update(id.to_be_bytes());
    }
    hash.finalize().iter().take(KEY_BYTES).fold("weir-".to_owned(), |mut key, byte| {
        // Writing to a text never fails.
        let _ = write!(key, "{byte:02x}");
        key
    })
}

/// The trace that the call belongs to, and this call as a new span of it.
pub(super) fn traceparent(trace: Uuid) -> String {
    format!("00-{}-{:016x}-01", trace.simple(), fastrand::u64(1..))
}

/// How long the other side asks us to wait. A date counts from its own clock, not from ours.
pub(super) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let asked = text(RETRY_AFTER)?;
    let wait = match asked.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = SystemTime::from(asked.parse::<HttpDate>().ok()?);
            let now = SystemTime::from(text(DATE)?.parse::<HttpDate>().ok()?);
            until.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(WAIT_MAX))
}

//! Time: the only place of the client that reads it.

use std::time::Instant;

use chrono::{DateTime, Utc};

/// To measure with. It is the runtime's clock, so that a test that pauses time moves both.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of time")]
pub(crate) fn instant() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// To store.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of time")]
pub(crate) fn utc() -> DateTime<Utc> {
    Utc::now()
}

//! The client over real sockets, before a service that the test plays itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must panic"
)]

mod alerts;
mod calls;
mod log_lines;
mod outages;
mod service;

//! Each actor by itself, driven through its address on paused time: what it is told, what it
//! answers, and what it says to those around it.
//!
//! The neighbours are the real ones; the disk is in memory, and the trade service is scripted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test that cannot go on must panic, and this one owns its time"
)]

mod admission;
mod desk;
mod house;
mod ledger;
mod mailbox;
#[path = "../memory/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the simulation needs more of it")]
mod memory;
mod pausing;
mod readme;
mod supervisor;
mod worker;

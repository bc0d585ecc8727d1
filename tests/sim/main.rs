//! Seeded histories of the whole house on paused time: every actor is the real one; the store
//! and the trade service are models that fail as the seed wants it.
//!
//! `WEIR_SIM_HISTORIES` says how many are played (each test plays its share of them), and
//! `WEIR_SIM_SEED` plays one alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test that cannot go on must panic, and this one owns its time"
)]

mod client;
mod desk;
mod histories;
mod house;
mod instance;
#[path = "../memory/mod.rs"]
mod memory;
mod plan;
mod verdict;
mod world;

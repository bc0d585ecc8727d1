//! The real binary, from outside: every test here starts `weir serve` on a database of its own and
//! speaks to it over its sockets. One binary, so that one PostgreSQL cluster serves all its tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test that cannot go on must panic, and the tests live on the real clock"
)]

mod support;

mod bad_days;
mod clients;
mod console;
mod deploy;
mod generate;
#[path = "../memory/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the simulation uses the rest of it")]
mod memory;
mod operators;
mod postgres_support_works;
mod routes;
mod store;
mod support_works;
mod trade_place;
mod trade_sim;
mod weir_support_works;

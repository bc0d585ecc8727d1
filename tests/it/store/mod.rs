//! The store's contract, driven through its ports: what holds on SQLite holds on PostgreSQL.
//!
//! The process under test is this one: no binary and no HTTP stand between a test and a promise.

mod auditing;
mod changing;
mod claiming;
mod collecting;
mod deciding;
mod keys;
mod leases;
mod likeness;
mod limits;
mod listing;
mod mail;
mod mailing;
mod outage;
mod pausing;
mod plans;
mod recording;
mod screening;
mod settling;
mod shelf;
mod starting;
mod tallying;

//! Every route and every status, through the application.

#![expect(clippy::as_conversions, reason = "the fake counts in whatever is at hand")]

mod admin;
mod breaker;
mod closed;
mod health;
mod house;
mod operators;
mod orders;
mod reference;
mod sockets;
mod unreadable;
mod world;

//! Every route and every status, through the application.

#![expect(clippy::as_conversions, reason = "the fake counts in whatever is at hand")]

mod actuator;
mod admin;
mod audit;
mod batches;
mod breaker;
mod clerk;
mod closed;
mod console;
mod health;
mod house;
mod idempotency;
mod letters;
mod operators;
mod orders;
mod overload;
mod quota;
mod reference;
mod sockets;
mod submissions;
mod told;
mod unreadable;
mod watching;
mod world;

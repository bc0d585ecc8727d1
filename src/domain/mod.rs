//! The rules: pure, without a clock, a thread or a database.
//!
//! A rule takes what it must know as arguments, `now` among them, and answers with a value
//! that says what to do. Everything here can be tested with a table.

pub mod admission;
pub mod amount;
pub mod audit;
pub mod batch;
pub mod caller;
pub mod carriage;
pub mod client;
pub mod decision;
pub mod idempotency;
pub mod json;
pub mod letter;
pub mod line;
pub mod listing;
pub mod moment;
pub mod order;
pub mod pace;
pub mod pause;
pub mod pool;
pub mod pool_watch;
pub mod pulse;
pub mod quota;
pub mod reference;
pub mod timeline;
pub mod trade;
pub mod verdict;
pub mod width;

/// A count, to calculate with.
fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

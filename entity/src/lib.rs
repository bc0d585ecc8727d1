//! Weir's tables as they are today, one file each.
//!
//! The schema itself is written in `migration`; these types only read and write it. In all of
//! them times are UTC microseconds since 1970, and quantities and prices are scaled by 10^8.

pub mod audit;
pub mod batches;
pub mod blotters;
pub mod counters;
pub mod holders;
pub mod letters;
pub mod order_tallies;
pub mod order_types;
pub mod orders;
pub mod pauses;
pub mod statuses;

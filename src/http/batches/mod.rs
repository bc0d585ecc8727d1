//! Batches over HTTP: submitted as new orders, by the ids of standing ones, or one order alone;
//! and read, for whoever wants to know what became of one.

pub(super) mod answer;
mod line;
pub(super) mod read;
pub(super) mod submit_new;
pub(super) mod submit_one;
pub(super) mod submit_standing;
mod wire;

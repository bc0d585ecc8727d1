//! Sends orders to Weir, and never drops one either.

pub mod wire;

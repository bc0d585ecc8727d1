//! The simulator as its callers meet it.

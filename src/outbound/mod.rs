//! Calls to other services.

pub mod readiness;

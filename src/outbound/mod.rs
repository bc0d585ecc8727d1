//! Calls to other services.

pub mod readiness;
pub mod trade_desk;

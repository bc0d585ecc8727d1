//! Calls to other services.

pub mod admin;
pub mod readiness;
pub mod trade_desk;

//! Weir: an order service that never drops an order and never drowns its database.
//!
//! | room | what is in it |
//! |---|---|
//! | [`domain`] | the rules, pure |
//! | [`ports`] | what the house needs from outside, as traits with written contracts |
//! | [`actors`] | mailboxes around the rules |
//! | [`store`] | the database behind the store ports |
//! | [`outbound`] | calls to other services |
//! | [`http`] | routes, and the catalogue of problems |
//! | [`settings`] | what can be set, and what may not be |
//! | [`telemetry`] | what is told about the house: lines of log and numbers |
//! | [`trade_sim`] | a trade service to test against |
//! | [`app`] | the one place that knows every room: start order and stop order |

pub mod actors;
pub mod app;
pub mod domain;
pub mod http;
pub mod outbound;
pub mod ports;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod trade_sim;

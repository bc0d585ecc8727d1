//! Weir: an order service that never drops an order and never drowns its database.
//!
//! | room | what is in it |
//! |---|---|
//! | [`domain`] | the rules, pure |
//! | [`ports`] | what the house needs from outside, as traits with written contracts |
//! | [`actors`] | mailboxes around the rules |
//! | [`store`] | the database behind the store ports |
//! | [`settings`] | what can be set, and what may not be |

pub mod actors;
pub mod domain;
pub mod ports;
pub mod settings;
pub mod store;

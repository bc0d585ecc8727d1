//! Mailboxes around the rules, one room per actor.
//!
//! A handler reads the clock, asks the rule and performs the answer. Every room answers
//! [`observe::Observe`] with the same kind of snapshot, which tests, health and metrics share.

pub mod batch_supervisor;
pub mod batch_worker;
pub mod circuit_breaker;
pub mod lease;
pub mod ledger;
pub mod lookout;
pub mod observe;
pub mod pool_monitor;
pub mod retry_mailbox;

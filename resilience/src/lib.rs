//! How to deal with somebody who is not well: the rules that a service and its callers share.
//!
//! All of it is pure, without a clock, a thread or a socket: time and chance are arguments.
//!
//! | rule | what it decides |
//! |---|---|
//! | [`breaker`] | whether to call at all |
//! | [`backoff`] | how long to wait before trying again |
//! | [`budget`] | whether a retry is worth what it costs everybody |

pub mod backoff;
pub mod breaker;
pub mod budget;

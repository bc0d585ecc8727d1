//! What the house tells about itself: lines of log for events, numbers for everything else.
//!
//! | part | what is in it |
//! |---|---|
//! | [`logging`] | how a line is written, and whose lines are |
//! | [`catalogue`] | the one table of all numbers |
//! | [`metrics`] | the ports' meters, counted in the table's series |

pub mod catalogue;
pub mod logging;
pub mod metrics;

pub use metrics::Metrics;

//! What goes over the wire between the service and its callers.
//!
//! The service writes its answers with these very types, so that the two cannot drift. Texts are
//! borrowed where they are written and owned where they are read.

mod batch;
mod decimal;
mod order;
mod pool;
mod problem;

pub use self::batch::{BatchHead, ItemStatus, Submission, SubmissionItem, Waiting};
pub use self::decimal::{Decimal, DecimalError};
pub use self::order::Order;
pub use self::pool::PoolHealth;
pub use self::problem::{Problem, ProblemDetails, is_temporary};

//! What the pool monitor hears and answers.

use actix::Message;

use crate::domain::moment::Moment;
use crate::domain::pool::PoolSample;
use crate::ports::gauge::{DatabaseState, Hold};

/// Query: what does the pool look like?
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "PoolPicture")]
pub struct ObservePool;

/// The pool at one moment, and how it came there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolPicture {
    /// The pool as it is now, and not as it was at the last tick.
    pub sample: PoolSample,
    pub state: DatabaseState,
    /// The samples of the last ten minutes, the oldest first.
    pub history: Vec<(Moment, PoolSample)>,
    /// Those who hold a connection now, the longest first.
    pub holds: Vec<Hold>,
    /// Waits for a connection that ran out, since the start.
    pub timeouts: u64,
}

//! What a submission ends with.

use crate::courier::{Delivery, Rejected};
use crate::rules::patience::QueueReason;
use crate::wire::{Order, SubmissionItem};

/// What became of a submission. No order is in two of its lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service has all orders: they are at the trade service, or on their way.
    Submitted { items: Vec<SubmissionItem<'static>> },
    /// The service took none, and can be asked again.
    Unsent { orders: Vec<Order>, reason: QueueReason },
    /// The service will not take any, as they are.
    Rejected { orders: Vec<Rejected> },
    /// Some of each.
    Partial {
        submitted: Vec<SubmissionItem<'static>>,
        unsent: Option<(Vec<Order>, QueueReason)>,
        rejected: Vec<Rejected>,
    },
}

impl From<Delivery> for Outcome {
    fn from(delivery: Delivery) -> Self {
        let Delivery { done, rejected, left } = delivery;
        let unsent = left.map(|left| (left.parcel.orders, left.reason));
        match (done.is_empty(), rejected.is_empty(), unsent) {
            (_, true, None) => Self::Submitted { items: done },
            (true, false, None) => Self::Rejected { orders: rejected },
            (true, true, Some((orders, reason))) => Self::Unsent { orders, reason },
            (_, _, unsent) => Self::Partial { submitted: done, unsent, rejected },
        }
    }
}

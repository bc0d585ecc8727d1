//! What a submission ends with.

use crate::courier::Rejected;
use crate::rules::patience::QueueReason;
use crate::wire::SubmissionItem;

/// What became of a submission. No order is in two of its lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service has all orders: they are at the trade service, or on their way.
    Submitted { items: Vec<SubmissionItem<'static>> },
    /// They are in the client's own queue, on the disk, and go on from there.
    Queued { count: usize, reason: QueueReason },
    /// The service will not take any, as they are.
    Rejected { orders: Vec<Rejected> },
    /// Some of each.
    Partial {
        submitted: Vec<SubmissionItem<'static>>,
        queued: Option<(usize, QueueReason)>,
        rejected: Vec<Rejected>,
    },
}

impl Outcome {
    pub(crate) fn of(
        submitted: Vec<SubmissionItem<'static>>,
        rejected: Vec<Rejected>,
        queued: Option<(usize, QueueReason)>,
    ) -> Self {
        match (submitted.is_empty(), rejected.is_empty(), queued) {
            (_, true, None) => Self::Submitted { items: submitted },
            (true, false, None) => Self::Rejected { orders: rejected },
            (true, true, Some((count, reason))) => Self::Queued { count, reason },
            (_, _, queued) => Self::Partial { submitted, queued, rejected },
        }
    }
}

//! What the client tells while it works: the guide's six events and two more, as a stream for
//! whoever wants to draw, as lines of log, and as numbers.

use std::time::Duration;

use crate::rules::class::ErrorType;
use crate::rules::condition::Condition;
use crate::rules::patience::QueueReason;

/// Something happened. `batch_id` is the `Idempotency-Key` of the submission.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A call begins.
    Submitting { batch_id: String, order_count: usize },
    /// The service has all orders of the batch, or refused those that it does not have.
    Submitted { batch_id: String, order_count: usize, took: Duration },
    /// A breaker is open: the service's, or the client's own.
    BreakerRejected { batch_id: String, order_count: usize },
    /// Another attempt follows after `wait`.
    Retrying { batch_id: String, attempt: u32, attempts_max: u32, wait: Duration },
    /// A call failed, or, as [`ErrorType::Exhausted`], all of them.
    Failed { batch_id: String, error_type: ErrorType, message: String },
    /// A round of the queue has ended.
    QueueProcessed { processed: usize, remaining: u64 },
    /// Orders went into the queue.
    Queued { batch_id: String, order_count: usize, reason: QueueReason },
    /// Somebody looked at the service; the rate is in calls a second.
    Looked { condition: Condition, rate: f64 },
}

impl Event {
    /// Writes the line of log. Orders and bodies are never in it.
    pub(crate) fn log(&self) {
        match self {
            Self::Submitting { batch_id, order_count } => {
                log::info!(batch_id:%, order_count; "submitting order batch {batch_id}");
            }
            Self::Submitted { batch_id, order_count, took } => {
                let duration_ms = millis(*took);
                log::info!(
                    batch_id:%, order_count, duration_ms;
                    "order batch {batch_id} submitted in {duration_ms} ms"
                );
            }
            Self::BreakerRejected { batch_id, order_count } => {
                log::warn!(
                    batch_id:%, order_count, action = "queued";
                    "order batch {batch_id} rejected by a circuit breaker"
                );
            }
            Self::Retrying { batch_id, attempt, attempts_max, wait } => {
                let wait_ms = millis(*wait);
                log::info!(
                    batch_id:%, attempt, attempts_max, wait_ms;
                    "retrying order batch {batch_id}: attempt {attempt}/{attempts_max}"
                );
            }
            Self::Failed { batch_id, error_type, message } => {
                let error_type = error_type.label();
                log::error!(
                    batch_id:%, error_type, message:%;
                    "order batch {batch_id} failed ({error_type}): {message}"
                );
            }
            Self::QueueProcessed { processed, remaining } => {
                log::info!(processed, remaining; "processed {processed} queued batches");
            }
            Self::Queued { batch_id, order_count, reason } => {
                let reason = reason.label();
                log::info!(
                    batch_id:%, order_count, reason;
                    "order batch {batch_id} queued: {reason}"
                );
            }
            Self::Looked { condition, rate } => {
                let utilisation = condition.utilisation().unwrap_or(f64::NAN);
                log::debug!(utilisation, rate; "the service is {condition:?}");
            }
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

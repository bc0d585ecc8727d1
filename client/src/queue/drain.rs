//! Brings what waits in the queue, a few at a time, while the service is well.

use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Failure, Kept, QueueError, Store, Taken, Waiting};
use crate::clock;
use crate::courier::{Courier, Delivery, Rejected};
use crate::event::Event;
use crate::memory::Memory;
use crate::rules::class::ErrorType;
use crate::settings::Queue;
use crate::teller::Teller;

pub(crate) struct Drainer {
    pub(crate) courier: Rc<Courier>,
    pub(crate) store: Rc<dyn Store>,
    pub(crate) memory: Memory,
    pub(crate) teller: Teller,
    pub(crate) settings: Queue,
    /// Longer than one call may take.
    pub(crate) lease: Duration,
}

/// What one round of the queue did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Submissions that the service has now.
    pub processed: usize,
    /// Submissions that were tried.
    pub tried: usize,
    /// Submissions that wait.
    pub remaining: u64,
}

/// What became of one submission of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Try {
    Done,
    Failed,
    /// The breaker let nobody through: it is the same for all others.
    NotMade,
}

impl Drainer {
    /// One round. Nothing is taken while the service is not well, and nothing twice.
    pub(crate) async fn drain(&self) -> Result<Round, QueueError> {
        let mut round = Round::default();
        let began = clock::utc();
        for _ in 0..self.settings.batch {
            if !self.courier.condition().is_healthy() {
                break;
            }
            // Due when the round began: what fails in this round is not tried again in it.
            let passed = (clock::utc() - began).to_std().unwrap_or_default();
            let Some(taken) = self.store.take(self.lease + passed, began).await? else { break };
            match self.bring(taken).await? {
                Try::Done => round.processed += 1,
                Try::Failed => {}
                Try::NotMade => break,
            }
            round.tried += 1;
        }
        round.remaining = self.store.depth().await?.waiting;
        self.teller.show_depth(round.remaining);
        if round.tried > 0 {
            let Round { processed, remaining, .. } = round;
            self.teller.tell(Event::QueueProcessed { processed, remaining });
        }
        Ok(round)
    }

    async fn bring(&self, taken: Taken) -> Result<Try, QueueError> {
        let delivery = self.courier.try_once(taken.parcel.clone()).await;
        let left = left(&taken, &delivery, self.settings.attempts, clock::utc())?;
        for kept in left.iter().filter(|kept| kept.is_failed) {
            let batch_id = kept.parcel.key.clone();
            let message = "it waits until somebody decides: requeue or discard".to_owned();
            let error_type = ErrorType::Exhausted;
            self.teller.tell(Event::Failed { batch_id, error_type, message });
        }
        if left.is_empty() {
            self.memory.keep(&taken.parcel, &delivery.done).await?;
        }
        self.store.settle(&taken, &left).await?;
        Ok(match &delivery.left {
            None if left.is_empty() => Try::Done,
            Some(stopped) if stopped.attempts == 0 => Try::NotMade,
            Some(_) | None => Try::Failed,
        })
    }
}

/// What is left of a submission after a try. What the service rejected is kept for people: its
/// sender is not there any more to hear of it.
fn left(
    taken: &Taken,
    delivery: &Delivery,
    attempts_max: u32,
    now: DateTime<Utc>,
) -> Result<Vec<Kept>, QueueError> {
    let mut left = Vec::new();
    if let Some(first) = delivery.rejected.first() {
        let places = rejected_places(taken, &delivery.rejected);
        let message = format!("{} {}", first.code, first.message).trim().to_owned();
        let waiting = taken.waiting.failed(1, message, now, now);
        left.push(Kept { parcel: taken.parcel.of_places(&places)?, waiting, is_failed: true });
    }
    if let Some(stopped) = &delivery.left {
        let due_at = now + stopped.wait;
        // A call that was not made is no attempt.
        let waiting = match stopped.attempts {
            0 => Waiting { due_at, ..taken.waiting.clone() },
            attempts => taken.waiting.failed(attempts, stopped.error.clone(), now, due_at),
        };
        let is_failed = waiting.attempts >= attempts_max;
        left.push(Kept { parcel: stopped.parcel.clone(), waiting, is_failed });
    }
    Ok(left)
}

fn rejected_places(taken: &Taken, rejected: &[Rejected]) -> Vec<usize> {
    let is_rejected = |name: &str| rejected.iter().any(|order| order.client_order_id == name);
    let orders = taken.parcel.orders.iter().enumerate();
    let rejected =
        orders.filter(|(_, order)| order.client_order_id.as_deref().is_some_and(is_rejected));
    rejected.map(|(place, _)| place).collect()
}

impl Waiting {
    /// The same, after another failure.
    fn failed(
        &self,
        attempts: u32,
        message: String,
        now: DateTime<Utc>,
        due_at: DateTime<Utc>,
    ) -> Self {
        Self {
            attempts: self.attempts.saturating_add(attempts),
            failure: Some(Failure { at: now, message }),
            due_at,
            ..self.clone()
        }
    }
}

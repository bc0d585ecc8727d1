//! A batch that its group could not take along: screened, or recorded in parts.

use std::time::Instant;

use super::super::message::{Recorded, Refused};
use super::Lane;
use crate::domain::batch::{Batch, Item};
use crate::domain::order::{Fault, FaultKind};
use crate::ports::Failure;

impl Lane {
    /// What is left to do for a batch after the group that it was in failed for good.
    pub(super) async fn record_alone(
        &self,
        batch: Batch,
        failure: Failure,
        started: Instant,
    ) -> Result<Recorded, Refused> {
        let wanted = Batch { items: Vec::new(), ..batch.clone() };
        let items = match failure {
            Failure::Data { .. } => self.screen(batch).await,
            Failure::TooSlow if self.divides(&failure, started) => {
                self.record_in_parts(batch, started).await
            }
            Failure::Lost { .. } => return Err(Refused::Unknown(failure)),
            Failure::TooSlow
            | Failure::Exhausted { .. }
            | Failure::Away { .. }
            | Failure::Collision { .. }
            | Failure::Full { .. }
            | Failure::Taken { .. }
            | Failure::Broken { .. } => return Err(Refused::Failed(failure)),
        };
        match items {
            Ok(items) => Ok(recorded(Batch { items, ..wanted })),
            Err(lost @ Failure::Lost { .. }) => Err(Refused::Unknown(lost)),
            Err(failure) => Err(Refused::Failed(failure)),
        }
    }

    async fn screen(&self, batch: Batch) -> Result<Vec<Item>, Failure> {
        self.meter.halved();
        self.books.record_screened(self.shard, batch).await
    }

    /// A lone batch that is too slow goes in ever smaller parts; an order that is too slow or
    /// guilty alone is refused. What an earlier part put on the disk stands, so from then on a failure
    /// is told item by item and never as a failure of the whole.
    async fn record_in_parts(
        &self,
        mut batch: Batch,
        started: Instant,
    ) -> Result<Vec<Item>, Failure> {
        let end = batch.items.len();
        let (mut from, mut size) = (0, end.div_ceil(2));
        while from < end {
            let part = from..(from + size).min(end);
            match self.books.record_part(self.shard, &batch, part.clone()).await {
                Ok(()) => from = part.end,
                Err(failure) if size > 1 && self.divides(&failure, started) => {
                    self.meter.halved();
                    size = size.div_ceil(2);
                }
                Err(Failure::TooSlow) if self.divides(&Failure::TooSlow, started) => {
                    batch.refuse(part.clone(), &too_slow());
                    from = part.end;
                }
                Err(Failure::Data { .. }) => {
                    batch.refuse(part.clone(), &against_the_rules());
                    from = part.end;
                }
                Err(failure @ Failure::Lost { .. }) => return Err(failure),
                Err(failure) if from == 0 => return Err(failure),
                Err(_) => {
                    batch.refuse(from..end, &too_slow());
                    break;
                }
            }
        }
        if let Err(failure) = self.books.record_part(self.shard, &batch, end..end).await {
            // Without the batch's own row its orders are in no letter, and nobody knows its key:
            // whoever relied on either must not hear "accepted", nor a batch's id.
            if batch.key.is_some() || !batch.letters.is_empty() {
                if batch.items.iter().all(Result::is_err) {
                    return Err(failure);
                }
                let reason = format!("the batch's own row was not confirmed: {failure}");
                return Err(Failure::Lost { reason });
            }
            self.meter.refused(failure.label());
        }
        Ok(batch.items)
    }
}

/// What stands of a batch: its letters, and the places of what stood before, keep only orders that
/// do.
pub(super) fn recorded(mut batch: Batch) -> Recorded {
    if batch.items.iter().any(Result::is_err) {
        batch.letters = batch.letters_that_stand();
        let items = &batch.items;
        batch.standing.retain(|place| items.get(*place).is_some_and(Result::is_ok));
    }
    Recorded {
        batch_id: batch.id,
        accepted_at: batch.accepted_at,
        items: batch.items,
        standing: batch.standing,
        letters: batch.letters,
    }
}

fn too_slow() -> Fault {
    Fault {
        kind: FaultKind::TooSlow,
        field: "",
        message: "The database could not record this order in time: send it again".to_owned(),
    }
}

fn against_the_rules() -> Fault {
    Fault {
        kind: FaultKind::Refused,
        field: "",
        message: "The database refused the order: check the ids and the lengths".to_owned(),
    }
}

//! One lane: takes a group to the disk and tells each request what became of it.
//!
//! What a failure means decides what is done about it:
//!
//! | failure | the group |
//! |---|---|
//! | a row breaks a rule of the database | is halved until the guilty request stands alone; that one is screened order by order |
//! | too slow | is halved; a lone batch goes in parts |
//! | collision | is tried again as a whole |
//! | connection lost | is tried again as a whole with the same ids until the database answers: rows that are there already prove that the first try stood |
//! | anything else | is refused as a whole |

mod change;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};

use super::line::{Group, RecordTicket};
use super::message::{Record, Recorded, Refused};
use crate::domain::batch::{self, Batch, Item};
use crate::domain::order::{Fault, FaultKind};
use crate::ports::Failure;
use crate::ports::clock::Clock;
use crate::ports::journal::Journal;
use crate::ports::meter::LedgerMeter;
use uuid::Uuid;

/// How often a group that collided is tried again.
const COLLISIONS_MAX: u32 = 5;
/// The pause after the first collision; each further one adds as much.
const COLLISION_PAUSE: Duration = Duration::from_millis(5);
/// How long a group may be taken apart. By then its senders have little time left, and those
/// behind it none to give away.
const APART_WITHIN: Duration = Duration::from_secs(10);
/// How long a lost group looks for the database before its senders are told "unknown".
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a batch's record is kept; the idempotency of keyless requests ends much earlier.
const BATCH_KEPT: Duration = Duration::from_hours(24);

/// The ids that a lane may give out; what is left goes back to the ledger.
pub(super) type Ids = VecDeque<i64>;

pub(super) struct Lane {
    pub(super) shard: u16,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) meter: Arc<dyn LedgerMeter>,
    pub(super) ids_block: u32,
}

impl Lane {
    /// Commits the group and answers everybody in it.
    pub(super) async fn commit(&self, group: Group, ids: Ids) -> Ids {
        match group {
            Group::Records(tickets) => self.commit_records(tickets, ids).await,
            Group::Changes(tickets) => {
                self.commit_changes(tickets).await;
                ids
            }
        }
    }

    async fn commit_records(&self, tickets: Vec<RecordTicket>, mut ids: Ids) -> Ids {
        let count = tickets.iter().flat_map(|ticket| &ticket.work.items);
        let count = count.filter(|item| item.is_ok()).count();
        if let Err(failure) = self.fill(&mut ids, count).await {
            for ticket in tickets {
                self.answer(ticket.answer, Err(Refused::Failed(failure.clone())));
            }
            return ids;
        }
        let mut senders = Vec::with_capacity(tickets.len());
        let mut batches = Vec::with_capacity(tickets.len());
        let mut numbers = ids.drain(..count);
        for ticket in tickets {
            batches.extend(self.batch(ticket.work, &mut numbers));
            senders.push(ticket.answer);
        }
        drop(numbers);
        let started = self.clock.instant();
        let outcomes = self.record(batches, started).await;
        self.count(started, &outcomes, |recorded| {
            recorded.items.iter().filter(|item| item.is_ok()).count()
        });
        for (sender, outcome) in senders.into_iter().zip(outcomes) {
            self.answer(sender, outcome);
        }
        ids
    }

    /// Makes sure that there are `count` ids, each block committed before it is used.
    async fn fill(&self, ids: &mut Ids, count: usize) -> Result<(), Failure> {
        if ids.len() >= count {
            return Ok(());
        }
        let missing = u32::try_from(count - ids.len()).unwrap_or(u32::MAX);
        let block = self.journal.reserve_order_ids(missing.max(self.ids_block)).await?;
        ids.extend(block);
        Ok(())
    }

    fn batch(&self, record: Record, ids: &mut impl Iterator<Item = i64>) -> Option<Batch> {
        let accepted_at = self.clock.utc();
        Some(Batch {
            id: Uuid::now_v7(),
            client: record.client,
            route: record.route,
            accepted_at,
            expires_at: accepted_at.plus(BATCH_KEPT),
            items: batch::with_ids(record.items, ids)?,
        })
    }

    /// Records the batches; the outcomes are in their order.
    fn record(
        &self,
        mut batches: Vec<Batch>,
        started: Instant,
    ) -> BoxFuture<'_, Vec<Result<Recorded, Refused>>> {
        async move {
            let failure = match self.record_whole(&batches).await {
                Ok(()) => return batches.into_iter().map(|batch| Ok(recorded(batch))).collect(),
                Err(failure) => failure,
            };
            if self.divides(&failure, started) && batches.len() > 1 {
                self.meter.halved();
                let second = batches.split_off(batches.len() / 2);
                let mut outcomes = self.record(batches, started).await;
                outcomes.extend(self.record(second, started).await);
                return outcomes;
            }
            let mut outcomes = Vec::with_capacity(batches.len());
            for batch in batches {
                outcomes.push(self.record_alone(batch, failure.clone(), started).await);
            }
            outcomes
        }
        .boxed()
    }

    /// Is it worth taking a group apart after this? A guilty row is found quickly; a slow
    /// database is given no more time than its senders have.
    fn divides(&self, failure: &Failure, started: Instant) -> bool {
        let spent = self.clock.instant().duration_since(started);
        match failure {
            Failure::Data { .. } => true,
            Failure::TooSlow => spent < APART_WITHIN,
            Failure::Exhausted { .. }
            | Failure::Away { .. }
            | Failure::Lost { .. }
            | Failure::Collision { .. }
            | Failure::Full { .. }
            | Failure::Broken { .. } => false,
        }
    }

    /// What is left to do for a batch after the group that it was in failed for good.
    async fn record_alone(
        &self,
        batch: Batch,
        failure: Failure,
        started: Instant,
    ) -> Result<Recorded, Refused> {
        let id = batch.id;
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
            | Failure::Broken { .. } => return Err(Refused::Failed(failure)),
        };
        match items {
            Ok(items) => Ok(Recorded { batch_id: id, items }),
            Err(lost @ Failure::Lost { .. }) => Err(Refused::Unknown(lost)),
            Err(failure) => Err(Refused::Failed(failure)),
        }
    }

    /// A commit of all, tried again as long as that can help. Once a try was lost, only the
    /// database's word decides: whatever fails a later try, the lost one may stand, and its
    /// rows or locks may be the very thing that is in the way.
    async fn record_whole(&self, batches: &[Batch]) -> Result<(), Failure> {
        let mut collisions = 0;
        let mut lost = None;
        loop {
            let failure = match self.journal.record(self.shard, batches).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            match (&failure, &lost) {
                (Failure::Lost { .. }, None) => {
                    lost = Some((failure, self.clock.instant()));
                }
                (Failure::Collision { .. }, None) if collisions < COLLISIONS_MAX => {
                    collisions += 1;
                    self.meter.retried(failure.label());
                    tokio::time::sleep(COLLISION_PAUSE * collisions).await;
                    continue;
                }
                (_, None) => return Err(failure),
                (Failure::Data { .. }, Some(_)) => match self.all_recorded(batches).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => return Err(failure),
                    Err(_) => {}
                },
                (_, Some(_)) => {}
            }
            if let Some((reason, since)) = &lost
                && self.clock.instant().duration_since(*since) >= PATIENCE
            {
                return Err(reason.clone());
            }
            self.meter.retried("lost");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn all_recorded(&self, batches: &[Batch]) -> Result<bool, Failure> {
        let ids: Vec<i64> = batches.iter().flat_map(Batch::order_ids).collect();
        Ok(self.journal.recorded(&ids).await?.len() == ids.len())
    }

    async fn screen(&self, batch: Batch) -> Result<Vec<Item>, Failure> {
        self.meter.halved();
        self.journal.record_screened(self.shard, batch).await
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
            match self.journal.record_part(self.shard, &batch, part.clone()).await {
                Ok(()) => from = part.end,
                Err(failure) if size > 1 && self.divides(&failure, started) => {
                    self.meter.halved();
                    size = size.div_ceil(2);
                }
                Err(Failure::TooSlow) if self.divides(&Failure::TooSlow, started) => {
                    refuse(&mut batch, part.clone(), &too_slow());
                    from = part.end;
                }
                Err(Failure::Data { .. }) => {
                    refuse(&mut batch, part.clone(), &against_the_rules());
                    from = part.end;
                }
                Err(failure @ Failure::Lost { .. }) => return Err(failure),
                Err(failure) if from == 0 => return Err(failure),
                Err(_) => {
                    refuse(&mut batch, from..end, &too_slow());
                    break;
                }
            }
        }
        // The orders stand whether or not the batch's own row still finds its way.
        if let Err(failure) = self.journal.record_part(self.shard, &batch, end..end).await {
            self.meter.refused(failure.label());
        }
        Ok(batch.items)
    }

    /// Reports what of a group stands; what was refused is reported with its answer.
    fn count<T>(
        &self,
        started: Instant,
        outcomes: &[Result<T, Refused>],
        orders: impl Fn(&T) -> usize,
    ) {
        let stand = || outcomes.iter().filter_map(|outcome| outcome.as_ref().ok());
        if stand().next().is_some() {
            let took = self.clock.instant().duration_since(started);
            self.meter.committed(stand().count(), stand().map(orders).sum(), took);
        }
    }

    fn answer<T>(
        &self,
        sender: tokio::sync::oneshot::Sender<Result<T, Refused>>,
        outcome: Result<T, Refused>,
    ) {
        if let Err(refused) = &outcome {
            self.meter.refused(refused.label());
        }
        // A sender that hung up has its orders all the same.
        drop(sender.send(outcome));
    }
}

fn recorded(batch: Batch) -> Recorded {
    Recorded { batch_id: batch.id, items: batch.items }
}

/// Refuses the orders of a part; an item that was at fault before keeps its own fault.
fn refuse(batch: &mut Batch, part: Range<usize>, fault: &Fault) {
    let items = batch.items.get_mut(part).unwrap_or_default();
    for order in items.iter_mut().filter(|item| item.is_ok()) {
        *order = Err(fault.clone());
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

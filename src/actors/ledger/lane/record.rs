//! A group of records: named, cut into letters, and to the disk together.

use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};
use uuid::Uuid;

use super::super::line::RecordTicket;
use super::super::message::{Entry, Letters, Record, Recorded, Refused};
use super::apart::recorded;
use super::{COLLISION_PAUSE, COLLISIONS_MAX, Ids, Lane};
use crate::domain::batch::{self, Batch};
use crate::ports::Failure;

/// How long a lost group looks for the database before its senders are told "unknown".
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often a group looks again after somebody else took one of its keys.
const LOOKS_MAX: usize = 10;

/// A batch on its way to the disk, and its place in the group.
pub(super) struct Entering {
    pub(super) place: usize,
    pub(super) batch: Batch,
    pub(super) letters: Option<Letters>,
}

/// Why a batch is not on the disk.
enum Missed {
    /// A key of it, or of one that went with it, was taken meanwhile: look again.
    Taken(Box<Batch>),
    Refused(Refused),
}

impl Lane {
    pub(super) async fn commit_records(&self, tickets: Vec<RecordTicket>, ids: &mut Ids) {
        let count = tickets.iter().flat_map(|ticket| &ticket.work.items);
        let count = count.filter(|item| item.is_ok()).count();
        if let Err(failure) = self.fill(ids, count).await {
            for ticket in tickets {
                self.answer(ticket.answer, Err(Refused::Failed(failure.clone())));
            }
            return;
        }
        let mut senders = Vec::with_capacity(tickets.len());
        let mut entering = Vec::with_capacity(tickets.len());
        let mut numbers = std::iter::from_fn(|| ids.pop_front());
        for (place, ticket) in tickets.into_iter().enumerate() {
            let letters = ticket.work.letters;
            let batch = self.batch(ticket.work, &mut numbers);
            entering.extend(batch.map(|batch| Entering { place, batch, letters }));
            senders.push(ticket.answer);
        }
        let started = self.clock.instant();
        let outcomes = self.enter(entering, senders.len(), started).await;
        self.count(started, &outcomes, new_orders);
        for (sender, outcome) in senders.into_iter().zip(outcomes) {
            self.answer(sender, outcome);
        }
    }

    /// Makes sure that there are `count` ids, each block committed before it is used.
    async fn fill(&self, ids: &mut Ids, count: usize) -> Result<(), Failure> {
        if ids.len() >= count {
            return Ok(());
        }
        let missing = u32::try_from(count - ids.len()).unwrap_or(u32::MAX);
        let block = self.books.reserve_order_ids(missing.max(self.ids_block)).await?;
        ids.extend(block);
        Ok(())
    }

    fn batch(&self, record: Record, ids: &mut impl Iterator<Item = i64>) -> Option<Batch> {
        let accepted_at = self.clock.utc();
        let (key, kept) = record.key.unzip();
        Some(Batch {
            id: Uuid::now_v7(),
            client: record.client,
            route: record.route,
            key,
            accepted_at,
            expires_at: accepted_at.plus(kept.unwrap_or_default()),
            items: batch::with_ids(record.items, ids)?,
            standing: Vec::new(),
            letters: Vec::new(),
        })
    }

    /// Records what is new and finds what is known; the outcomes are in the order of places.
    async fn enter(
        &self,
        mut open: Vec<Entering>,
        places: usize,
        started: Instant,
    ) -> Vec<Result<Entry, Refused>> {
        let nobody = || Err(Refused::Failed(Failure::Taken { reason: "too often".to_owned() }));
        let mut outcomes: Vec<_> = std::iter::repeat_with(nobody).take(places).collect();
        let mut decide = |place: usize, outcome| {
            if let Some(slot) = outcomes.get_mut(place) {
                *slot = outcome;
            }
        };
        for _ in 0..LOOKS_MAX {
            let looked = match self.look(open).await {
                Ok(looked) => looked,
                Err((places, failure)) => {
                    let refused = || Err(Refused::Failed(failure.clone()));
                    places.into_iter().for_each(|place| decide(place, refused()));
                    break;
                }
            };
            looked
                .known
                .into_iter()
                .for_each(|(place, known)| decide(place, Ok(Entry::Known(known))));
            open = looked.later;
            let (now, batches): (Vec<_>, Vec<_>) = looked
                .now
                .into_iter()
                .map(|entering| ((entering.place, entering.letters), entering.batch))
                .unzip();
            let recorded = self.record(batches, started).await;
            for ((place, letters), outcome) in now.into_iter().zip(recorded) {
                match outcome {
                    Ok(recorded) => decide(place, Ok(Entry::New(recorded))),
                    Err(Missed::Refused(refused)) => decide(place, Err(refused)),
                    Err(Missed::Taken(batch)) => {
                        open.push(Entering { place, batch: *batch, letters });
                    }
                }
            }
            if open.is_empty() {
                break;
            }
        }
        outcomes
    }

    /// Records the batches; the outcomes are in their order.
    fn record(
        &self,
        mut batches: Vec<Batch>,
        started: Instant,
    ) -> BoxFuture<'_, Vec<Result<Recorded, Missed>>> {
        async move {
            if batches.is_empty() {
                return Vec::new();
            }
            let failure = match self.record_whole(&batches).await {
                Ok(()) => return batches.into_iter().map(|batch| Ok(recorded(batch))).collect(),
                Err(failure) => failure,
            };
            if matches!(failure, Failure::Taken { .. }) {
                self.meter.retried(failure.label());
                return batches
                    .into_iter()
                    .map(|batch| Err(Missed::Taken(Box::new(batch))))
                    .collect();
            }
            if self.divides(&failure, started) && batches.len() > 1 {
                self.meter.halved();
                let second = batches.split_off(batches.len() / 2);
                let mut outcomes = self.record(batches, started).await;
                outcomes.extend(self.record(second, started).await);
                return outcomes;
            }
            let mut outcomes = Vec::with_capacity(batches.len());
            for batch in batches {
                let alone = self.record_alone(batch, failure.clone(), started).await;
                outcomes.push(alone.map_err(Missed::Refused));
            }
            outcomes
        }
        .boxed()
    }

    /// A commit of all, tried again as long as that can help. Once a try was lost, only the
    /// database's word decides: whatever fails a later try, the lost one may stand, and its
    /// rows or locks may be the very thing that is in the way.
    async fn record_whole(&self, batches: &[Batch]) -> Result<(), Failure> {
        let mut collisions = 0;
        let mut lost = None;
        loop {
            let failure = match self.books.record(self.shard, batches).await {
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
                (Failure::Data { .. } | Failure::Taken { .. }, Some(_)) => {
                    match self.all_recorded(batches).await {
                        Ok(true) => return Ok(()),
                        Ok(false) => return Err(failure),
                        Err(_) => {}
                    }
                }
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
        Ok(self.books.recorded(&ids).await?.len() == ids.len())
    }
}

fn new_orders(entry: &Entry) -> usize {
    match entry {
        Entry::New(recorded) => recorded.items.iter().flatten().count() - recorded.standing.len(),
        Entry::Known(_) => 0,
    }
}

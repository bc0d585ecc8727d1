//! Groups of what is done with letters: claims, collections, settlements, frozen answers.
//!
//! A lane tries once, and again after a collision. What is left when the database does not
//! answer is the sender's: it holds the letter, so it is the one who waits.

use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt};
use uuid::Uuid;

use super::super::line::{FreezeTicket, GatherTicket, SettleTicket, SubmitTicket};
use super::super::message::{Refused, Submit, Submitted};
use super::{COLLISION_PAUSE, COLLISIONS_MAX, Lane};
use crate::domain::batch::{Answer, Claim, Claiming, KnownBatch, ScopedKey, Wanted};
use crate::domain::letter::{Settled, Settlement};
use crate::ports::Failure;

impl Lane {
    pub(super) async fn commit_submits(&self, tickets: Vec<SubmitTicket>) {
        let started = self.clock.instant();
        let (claims, senders): (Vec<_>, Vec<_>) =
            tickets.into_iter().map(|ticket| (self.claim(ticket.work), ticket.answer)).unzip();
        let outcomes = self.claim_new(&claims, started).await;
        self.count(started, &outcomes, won);
        for (sender, outcome) in senders.into_iter().zip(outcomes) {
            self.answer(sender, outcome);
        }
    }

    /// Claims what is new and finds what is known. A group with a clash of keys or a guilty claim
    /// in it, or one that is too slow, is halved.
    fn claim_new<'a>(
        &'a self,
        claims: &'a [Claim],
        started: Instant,
    ) -> BoxFuture<'a, Vec<Result<Submitted, Refused>>> {
        async move {
            let mut open: Vec<Claim> = Vec::new();
            let mut known = match self.known_claims(claims).await {
                Ok(known) => known,
                Err(failure) => return each(Err(failure), claims.len()),
            };
            known.resize(claims.len(), None);
            let unknown = claims.iter().zip(&known).filter(|(_, known)| known.is_none());
            open.extend(unknown.map(|(claim, _)| claim.clone()));
            let claimed = self.again_after_collisions(|| self.books.claim(self.shard, &open));
            let may_divide = |failure: &Failure| {
                matches!(failure, Failure::Taken { .. }) || self.divides(failure, started)
            };
            let mut claimed = match claimed.await {
                Err(failure) if claims.len() > 1 && may_divide(&failure) => {
                    self.meter.halved();
                    let (first, second) = claims.split_at(claims.len() / 2);
                    let mut outcomes = self.claim_new(first, started).await;
                    outcomes.extend(self.claim_new(second, started).await);
                    return outcomes;
                }
                claimed => each(claimed, open.len()).into_iter(),
            };
            let outcome = |known: Option<KnownBatch>| match known {
                Some(known) => Ok(Submitted::Known(known)),
                None => {
                    claimed.next().unwrap_or_else(|| Err(refused(unanswered()))).map(Submitted::New)
                }
            };
            known.into_iter().map(outcome).collect()
        }
        .boxed()
    }

    /// What is known of the keys of claims, in their order.
    async fn known_claims(&self, claims: &[Claim]) -> Result<Vec<Option<KnownBatch>>, Failure> {
        let key = |claim: &Claim| {
            let (client, route) = (claim.client.clone(), claim.route);
            claim.key.clone().map(|key| ScopedKey { client, route, key })
        };
        let keys: Vec<_> = claims.iter().filter_map(key).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let now = Some(self.clock.utc());
        let known = self.books.known(&Wanted { keys, now, ..Wanted::default() }).await?;
        let mut found = known.keys.into_iter();
        let of = |claim: &Claim| claim.key.as_ref().and_then(|_| found.next().flatten());
        Ok(claims.iter().map(of).collect())
    }

    fn claim(&self, submit: Submit) -> Claim {
        let accepted_at = self.clock.utc();
        let chunk = submit.letters.chunk.max(1);
        let letters = submit.order_ids.len().div_ceil(chunk);
        let (key, kept) = submit.key.unzip();
        Claim {
            batch_id: Uuid::now_v7(),
            key,
            client: submit.client,
            route: submit.route,
            accepted_at,
            expires_at: accepted_at.plus(kept.unwrap_or_default()),
            holder: (submit.order_ids.len() <= submit.letters.held_max)
                .then_some(submit.letters.epoch),
            order_ids: submit.order_ids,
            letter_ids: std::iter::repeat_with(Uuid::now_v7).take(letters).collect(),
            chunk,
        }
    }

    pub(super) async fn commit_gather(&self, ticket: GatherTicket) {
        let (collect, now) = (ticket.work.0, self.clock.utc());
        let collected = self.again_after_collisions(|| self.books.collect(collect, now)).await;
        self.answer(ticket.answer, collected.map_err(refused));
    }

    pub(super) async fn commit_settles(&self, tickets: Vec<SettleTicket>) {
        let started = self.clock.instant();
        let (settlements, senders): (Vec<_>, Vec<_>) =
            tickets.into_iter().map(|ticket| (ticket.work.0, ticket.answer)).unzip();
        let outcomes = self.settle(&settlements, started).await;
        self.count(started, &outcomes, |_| 0);
        for (sender, outcome) in senders.into_iter().zip(outcomes) {
            self.answer(sender, outcome);
        }
    }

    /// Settles all; a group with a guilty settlement in it, or one that is too slow, is halved.
    fn settle<'a>(
        &'a self,
        settlements: &'a [Settlement],
        started: Instant,
    ) -> BoxFuture<'a, Vec<Result<Settled, Refused>>> {
        async move {
            let settle = || self.books.settle(self.shard, settlements);
            match self.again_after_collisions(settle).await {
                Err(failure) if self.divides(&failure, started) && settlements.len() > 1 => {
                    self.meter.halved();
                    let (first, second) = settlements.split_at(settlements.len() / 2);
                    let mut outcomes = self.settle(first, started).await;
                    outcomes.extend(self.settle(second, started).await);
                    outcomes
                }
                outcome => each(outcome, settlements.len()),
            }
        }
        .boxed()
    }

    pub(super) async fn commit_freezes(&self, tickets: Vec<FreezeTicket>) {
        let started = self.clock.instant();
        let (answers, senders): (Vec<(Uuid, Answer)>, Vec<_>) = tickets
            .into_iter()
            .map(|ticket| ((ticket.work.batch_id, ticket.work.answer), ticket.answer))
            .unzip();
        let frozen = self.again_after_collisions(|| self.books.freeze(&answers)).await;
        let outcomes = each(frozen, answers.len());
        self.count(started, &outcomes, |_| 0);
        for (sender, outcome) in senders.into_iter().zip(outcomes) {
            self.answer(sender, outcome);
        }
    }

    pub(super) async fn again_after_collisions<T, Try>(
        &self,
        write: impl Fn() -> Try,
    ) -> Result<T, Failure>
    where
        Try: Future<Output = Result<T, Failure>>,
    {
        let mut collisions = 0;
        loop {
            match write().await {
                Err(failure @ Failure::Collision { .. }) if collisions < COLLISIONS_MAX => {
                    collisions += 1;
                    self.meter.retried(failure.label());
                    tokio::time::sleep(COLLISION_PAUSE * collisions).await;
                }
                outcome => return outcome,
            }
        }
    }
}

fn won(submitted: &Submitted) -> usize {
    let Submitted::New(claimed) = submitted else { return 0 };
    claimed.orders.iter().filter(|order| matches!(order, Claiming::Won(_))).count()
}

/// An outcome for each of `count` senders.
pub(super) fn each<T>(outcome: Result<Vec<T>, Failure>, count: usize) -> Vec<Result<T, Refused>> {
    match outcome {
        Ok(all) if all.len() == count => all.into_iter().map(Ok).collect(),
        Ok(_) => each(Err(unanswered()), count),
        Err(failure) => {
            std::iter::repeat_with(|| Err(refused(failure.clone()))).take(count).collect()
        }
    }
}

fn unanswered() -> Failure {
    Failure::Broken { reason: "not every request was answered".to_owned() }
}

fn refused(failure: Failure) -> Refused {
    match failure {
        Failure::Lost { .. } => Refused::Unknown(failure),
        Failure::Exhausted { .. }
        | Failure::Away { .. }
        | Failure::TooSlow
        | Failure::Collision { .. }
        | Failure::Full { .. }
        | Failure::Data { .. }
        | Failure::Taken { .. }
        | Failure::Broken { .. } => Refused::Failed(failure),
    }
}

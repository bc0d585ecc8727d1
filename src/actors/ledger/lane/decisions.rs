//! Groups of what operators decided about letters.

use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt};

use super::super::line::DecideTicket;
use super::super::message::Refused;
use super::Lane;
use super::letters::each;
use crate::domain::decision::{Decided, NotDecided, Ruling};

/// What became of each letter of a ruling.
type Outcome = Result<Vec<Result<Decided, NotDecided>>, Refused>;

impl Lane {
    pub(super) async fn commit_decisions(&self, tickets: Vec<DecideTicket>) {
        let started = self.clock.instant();
        let (rulings, senders): (Vec<_>, Vec<_>) =
            tickets.into_iter().map(|ticket| (ticket.work.0, ticket.answer)).unzip();
        let outcomes = self.decide(&rulings, started).await;
        self.count(started, &outcomes, |_| 0);
        for (sender, outcome) in senders.into_iter().zip(outcomes) {
            self.answer(sender, outcome);
        }
    }

    /// Writes all; a group that is too slow, or that has a guilty ruling in it, is halved.
    fn decide<'a>(
        &'a self,
        rulings: &'a [Ruling],
        started: Instant,
    ) -> BoxFuture<'a, Vec<Outcome>> {
        async move {
            match self.again_after_collisions(|| self.books.decide(rulings)).await {
                Err(failure) if self.divides(&failure, started) && rulings.len() > 1 => {
                    self.meter.halved();
                    let (first, second) = rulings.split_at(rulings.len() / 2);
                    let mut outcomes = self.decide(first, started).await;
                    outcomes.extend(self.decide(second, started).await);
                    outcomes
                }
                outcome => each(outcome, rulings.len()),
            }
        }
        .boxed()
    }
}

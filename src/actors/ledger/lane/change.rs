//! A group of changes: to the disk together, and apart where one stands in the way.

use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt};

use super::super::line::ChangeTicket;
use super::super::message::Refused;
use super::{COLLISION_PAUSE, COLLISIONS_MAX, Lane};
use crate::domain::order::{Fault, FaultKind};
use crate::ports::Failure;
use crate::ports::journal::{Change, ChangeRefusal, Changed};

impl Lane {
    pub(super) async fn commit_changes(&self, tickets: Vec<ChangeTicket>) {
        let (changes, senders): (Vec<_>, Vec<_>) =
            tickets.into_iter().map(|ticket| (ticket.work, ticket.answer)).unzip();
        let started = self.clock.instant();
        let outcomes = self.change(&changes, started).await;
        self.count(started, &outcomes, |_| 0);
        for (sender, outcome) in senders.into_iter().zip(outcomes) {
            self.answer(sender, outcome);
        }
    }

    fn change<'a>(
        &'a self,
        changes: &'a [Change],
        started: Instant,
    ) -> BoxFuture<'a, Vec<Result<Changed, Refused>>> {
        async move {
            let failure = match self.change_whole(changes).await {
                Ok(outcomes) => {
                    let refuse = |outcome: Result<_, _>| outcome.map_err(Refused::Change);
                    return outcomes.into_iter().map(refuse).collect();
                }
                Err(failure) => failure,
            };
            if self.divides(&failure, started) && changes.len() > 1 {
                self.meter.halved();
                let (first, second) = changes.split_at(changes.len() / 2);
                let mut outcomes = self.change(first, started).await;
                outcomes.extend(self.change(second, started).await);
                return outcomes;
            }
            changes.iter().map(|_| Err(refusal(failure.clone()))).collect()
        }
        .boxed()
    }

    async fn change_whole(
        &self,
        changes: &[Change],
    ) -> Result<Vec<Result<Changed, ChangeRefusal>>, Failure> {
        let (mut collisions, mut away) = (0, false);
        loop {
            match self.books.change(self.shard, changes).await {
                Err(Failure::Collision { .. }) if collisions < COLLISIONS_MAX => {
                    collisions += 1;
                    self.meter.retried("collision");
                    tokio::time::sleep(COLLISION_PAUSE * collisions).await;
                }
                // A connection from before an outage breaks at its first statement; the next
                // one is new.
                Err(Failure::Away { .. }) if !away => {
                    away = true;
                    self.meter.retried("away");
                }
                outcome => return outcome,
            }
        }
    }
}

/// A change that failed alone: the database's own rules count as a refusal of its content.
fn refusal(failure: Failure) -> Refused {
    match failure {
        Failure::Data { .. } => Refused::Change(ChangeRefusal::Fault(Fault {
            kind: FaultKind::Refused,
            field: "",
            message: "The database refused the change: check the ids and the lengths".to_owned(),
        })),
        Failure::Lost { .. } => Refused::Unknown(failure),
        Failure::TooSlow
        | Failure::Exhausted { .. }
        | Failure::Away { .. }
        | Failure::Collision { .. }
        | Failure::Full { .. }
        | Failure::Taken { .. }
        | Failure::Broken { .. } => Refused::Failed(failure),
    }
}

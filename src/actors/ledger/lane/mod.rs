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

mod apart;
mod change;
mod decisions;
mod letters;
mod named;
mod record;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::line::Group;
use super::message::Refused;
use crate::ports::Failure;
use crate::ports::books::Books;
use crate::ports::clock::Clock;
use crate::ports::meter::LedgerMeter;

/// How often a group that collided is tried again.
const COLLISIONS_MAX: u32 = 5;
/// The pause after the first collision; each further one adds as much.
const COLLISION_PAUSE: Duration = Duration::from_millis(5);
/// How long a group may be taken apart. By then its senders have little time left, and those
/// behind it none to give away.
const APART_WITHIN: Duration = Duration::from_secs(10);

/// The ids that a lane may give out; what is left goes back to the ledger.
pub(super) type Ids = VecDeque<i64>;

pub(super) struct Lane {
    pub(super) shard: u16,
    pub(super) books: Arc<dyn Books>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) meter: Arc<dyn LedgerMeter>,
    pub(super) ids_block: u32,
}

impl Lane {
    /// Commits the group and answers everybody in it.
    pub(super) async fn commit(&self, group: Group, mut ids: Ids) -> Ids {
        match group {
            Group::Records(tickets) => self.commit_records(tickets, &mut ids).await,
            Group::Changes(tickets) => self.commit_changes(tickets).await,
            Group::Submits(tickets) => self.commit_submits(tickets).await,
            Group::Gather(ticket) => self.commit_gather(ticket).await,
            Group::Settles(tickets) => self.commit_settles(tickets).await,
            Group::Freezes(tickets) => self.commit_freezes(tickets).await,
            Group::Decisions(tickets) => self.commit_decisions(tickets).await,
        }
        ids
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
            | Failure::Taken { .. }
            | Failure::Broken { .. } => false,
        }
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

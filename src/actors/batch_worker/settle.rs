//! Writing down what became of letters, until it is written.

use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Times, Tools};
use crate::actors::ledger::{Refused, Settle};
use crate::domain::letter::{LetterState, Rest, Settled, Settlement, Trouble};
use crate::domain::moment::Moment;
use crate::ports::Failure;

/// The pause before a settlement is tried again; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Short enough that the house is in full service seconds after the database is back.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// A settlement, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub settlement: Settlement,
    pub settled: Settled,
    /// The database refused another settlement: this is the dead letter in its place.
    pub is_buried: bool,
}

impl Written {
    /// What whoever carries the letter is told: over a dead one nothing goes on.
    pub(super) fn for_the_carriage(&self) -> Settled {
        if self.is_buried { Settled::Stale } else { self.settled }
    }
}

impl Tools {
    /// Writes settlements of letters that `epoch` holds, each until the database has it.
    pub async fn write(&self, settlements: Vec<Settlement>, epoch: Uuid) -> Vec<Written> {
        join_all(settlements.into_iter().map(|one| self.write_one(one, epoch))).await
    }

    pub(super) async fn settle(
        &self,
        settlements: Vec<Settlement>,
        epoch: Uuid,
        times: &mut Times,
    ) -> Vec<Written> {
        let started = self.clock.instant();
        let written = self.write(settlements, epoch).await;
        times.update += self.clock.instant().duration_since(started);
        written
    }

    pub async fn write_one(&self, mut settlement: Settlement, epoch: Uuid) -> Written {
        let mut pause = PAUSE_MIN;
        let (mut may_stand, mut is_buried) = (false, false);
        let settled = loop {
            match self.ledger.send(Settle(settlement.clone())).await {
                // The try whose answer was lost did it: under a good lease nobody else can have.
                Ok(Ok(Settled::Stale))
                    if may_stand && self.lease.is_good(epoch, self.clock.instant()) =>
                {
                    break Settled::Done;
                }
                Ok(Ok(settled)) => break settled,
                Ok(Err(Refused::Failed(Failure::Data { reason }))) => {
                    match for_an_operator(&settlement, &reason) {
                        Some(dead) => (settlement, is_buried) = (dead, true),
                        None => break Settled::Stale,
                    }
                    continue;
                }
                // The house has closed: the letter stays held, and its next holder asks first.
                Ok(Err(Refused::Stopping)) | Err(_) => break Settled::Stale,
                Ok(Err(Refused::Unknown(_))) => may_stand = true,
                Ok(Err(refused)) => {
                    log::warn!(
                        letter_id:% = settlement.letter_id, reason = refused.label();
                        "outcome of a letter could not be written, trying again"
                    );
                }
            }
            tokio::time::sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
        };
        Written { settlement, settled, is_buried }
    }
}

/// What the database refuses to believe (a trade id that another order has already) is for an
/// operator: the letter is dead, with all of its orders. Should it ever be tried again, what the
/// trade service said that it has is looked up, and every refusal is doubted.
fn for_an_operator(settlement: &Settlement, reason: &str) -> Option<Settlement> {
    if settlement.sent.is_empty() {
        log::error!(letter_id:% = settlement.letter_id, reason; "database refused a letter's outcome");
        return None;
    }
    let last_error =
        format!("TRADE_ID_CONFLICT: the database refused what the trade service said: {reason}");
    log::error!(letter_id:% = settlement.letter_id; "letter is dead: {last_error}");
    let mut undecided: Vec<i64> = settlement.sent.iter().map(|(order_id, _)| *order_id).collect();
    undecided.extend(settlement.rejected.iter().map(|rejection| rejection.order_id));
    let (attempts, due_at, mut trouble) = match &settlement.rest {
        Rest::Closed => (1, Moment::from_micros(0), Trouble::default()),
        Rest::Kept { attempts, due_at, trouble, undecided: rest, .. } => {
            undecided.extend(rest);
            (*attempts, *due_at, trouble.clone())
        }
    };
    trouble.doubtful.extend(settlement.sent.iter().map(|(order_id, _)| *order_id));
    (trouble.tainted, trouble.part_max) = (true, Some(1));
    Some(Settlement {
        sent: Vec::new(),
        rejected: Vec::new(),
        rest: Rest::Kept {
            state: LetterState::Dead,
            undecided,
            attempts,
            due_at,
            trouble,
            last_error: Some(last_error),
        },
        ..settlement.clone()
    })
}

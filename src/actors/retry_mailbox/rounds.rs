//! The mailbox's rounds: what it does beside its actor, one step after the other.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use uuid::Uuid;

use super::{Pace, Setup, until};
use crate::actors::batch_supervisor::{
    AskHeld, AskRoom, LeaseLost, LettersCounted, LettersDue, Obey,
};
use crate::actors::ledger::Gather;
use crate::domain::letter::LetterState;
use crate::domain::pause::Pauses;
use crate::ports::post::Collect;

/// Steps of pruning in one sweep: more than batches come in meanwhile, and an end in sight.
const PRUNE_STEPS: usize = 100;

/// What the rounds need, and what they remember from one to the next.
#[derive(Clone)]
pub(super) struct Rounds {
    setup: Setup,
    /// Letters that the database said we hold and the supervisor did not know, at the last look.
    suspects: HashMap<Uuid, i64>,
    pauses: Rc<Looks>,
}

/// Looks at the pauses.
#[derive(Default)]
struct Looks {
    begun: Cell<u64>,
    /// One of them has come to its end.
    known: Cell<bool>,
}

/// What a look for due letters brought.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) letters: u64,
    /// More are due, and there may be room for them.
    pub(super) full: bool,
    pub(super) next_due: Option<Duration>,
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    pub(super) taken_back: u64,
    pub(super) strays: u64,
    pub(super) pruned: u64,
}

/// There is no lease.
pub(super) struct Gone {
    /// There was one.
    pub(super) lost: bool,
    pub(super) reason: String,
}

impl Rounds {
    pub(super) fn new(setup: Setup) -> Self {
        Self { setup, suspects: HashMap::new(), pauses: Rc::default() }
    }

    pub(super) fn pace(&self) -> Pace {
        self.setup.pace
    }

    pub(super) fn holds_lease(&self) -> bool {
        self.setup.lease.epoch(self.setup.clock.instant()).is_some()
    }

    /// What a finished round learned.
    pub(super) fn remember(&mut self, rounds: Self) {
        self.suspects = rounds.suspects;
    }

    /// Renews the lease, or begins a new epoch. True if it is new.
    pub(super) async fn keep_lease(&self) -> Result<bool, Gone> {
        let Setup { leases, lease, clock, meter, pace, .. } = &self.setup;
        if !self.setup.gauge.state().is_serving() {
            return Err(Gone { lost: false, reason: "the database does not serve".to_owned() });
        }
        // Counted from before the question: the database counts from when it hears it.
        let asked = clock.instant();
        let Some(epoch) = lease.held() else {
            let epoch = Uuid::now_v7();
            let entered = leases.enter(epoch, &self.setup.instance).await;
            entered.map_err(|failure| Gone { lost: false, reason: failure.to_string() })?;
            lease.hold(epoch, asked, pace.lease);
            meter.lease("entered");
            return Ok(true);
        };
        match leases.renew(epoch).await {
            Ok(true) => {
                lease.hold(epoch, asked, pace.lease);
                meter.lease("renewed");
                Ok(false)
            }
            Ok(false) => {
                lease.lose();
                meter.lease("lost");
                log::error!(epoch:% = epoch; "lease has ended: what waits here is left to others");
                let told = self.setup.supervisor.send(LeaseLost).await;
                let reason = told.err().map_or_else(
                    || "the lease has ended".to_owned(),
                    |error| format!("the supervisor did not hear of the lease's end: {error}"),
                );
                Err(Gone { lost: true, reason })
            }
            Err(failure) => {
                meter.lease("failed");
                Err(Gone { lost: false, reason: failure.to_string() })
            }
        }
    }

    /// Brings due letters to the supervisor, as many as it has room for.
    pub(super) async fn gather(&self) -> Result<Found, String> {
        let Setup { supervisor, ledger, lease, clock, meter, .. } = &self.setup;
        let Some(epoch) = lease.epoch(clock.instant()) else { return Ok(Found::default()) };
        if !self.pauses.known.get() {
            // After a start nothing may be sent that was paused before.
            self.follow_pauses().await?;
        }
        let room = supervisor.send(AskRoom).await.map_err(|error| error.to_string())?;
        if room.letters == 0 || room.orders == 0 {
            return Ok(Found::default());
        }
        let collect = Collect {
            epoch,
            letters_max: room.letters,
            orders_max: room.orders,
            retries_max: room.retries,
        };
        let collected = ledger.send(Gather(collect)).await.map_err(|error| error.to_string())?;
        let collected = collected.map_err(|refused| refused.to_string())?;
        let letters = u64::try_from(collected.loads.len()).unwrap_or(u64::MAX);
        let now = clock.utc();
        let next_due = collected.next_due.map(|due| until(due, now));
        let (more, look) = (collected.more, room.look);
        meter.taken("due", letters);
        let due = LettersDue { loads: collected.loads, epoch, look, more };
        supervisor.send(due).await.map_err(|error| error.to_string())?;
        Ok(Found { letters, full: more && letters > 0, next_due })
    }

    /// Has the supervisor obey what is paused, by this instance's operators or by another's.
    pub(super) async fn follow_pauses(&self) -> Result<Pauses, String> {
        let Setup { board, supervisor, .. } = &self.setup;
        let look = self.pauses.begun.get() + 1;
        self.pauses.begun.set(look);
        let pauses = board.pauses().await.map_err(|failure| failure.to_string())?;
        let pauses: Pauses = pauses.into_iter().collect();
        let obey = Obey { pauses: pauses.clone(), look };
        supervisor.send(obey).await.map_err(|error| error.to_string())?;
        self.pauses.known.set(true);
        Ok(pauses)
    }

    /// Takes back what the dead held; `thorough` also counts, lets strays go and prunes.
    pub(super) async fn sweep(&mut self, thorough: bool) -> Result<Swept, String> {
        let Setup { leases, lease, clock, meter, pace, supervisor, .. } = &self.setup;
        let Some(epoch) = lease.epoch(clock.instant()) else { return Ok(Swept::default()) };
        let quiet_at = clock.utc().plus(pace.quiet_after);
        let pauses = self.follow_pauses().await?;
        let mut swept = Swept::default();
        let taken_back = leases.take_back(epoch, quiet_at).await;
        swept.taken_back = taken_back.map_err(|failure| failure.to_string())?;
        if swept.taken_back > 0 {
            let letters = swept.taken_back;
            log::info!(letters; "{letters} letters of ended processes taken back, to be looked up");
            meter.taken("taken_back", letters);
        }
        if !thorough {
            return Ok(swept);
        }
        for _ in 0..PRUNE_STEPS {
            let now = clock.utc();
            let pruned = leases.prune(now, now.minus(pace.batches_kept)).await;
            let pruned = pruned.map_err(|failure| failure.to_string())?;
            swept.pruned += pruned;
            if pruned == 0 {
                break;
            }
        }
        let backlog = leases.backlog().await.map_err(|failure| failure.to_string())?;
        meter.letters(LetterState::Waiting.label(), backlog.waiting);
        meter.letters(LetterState::Held.label(), backlog.held);
        meter.letters(LetterState::Reconcile.label(), backlog.reconcile);
        meter.letters(LetterState::Dead.label(), backlog.dead);
        let clients = pauses.clients();
        let aside = match clients.is_empty() {
            true => 0,
            false => {
                self.setup.board.letters_in_line(&clients).await.map_err(|it| it.to_string())?
            }
        };
        let counted = LettersCounted { free: backlog.waiting + backlog.reconcile, aside };
        supervisor.send(counted).await.map_err(|error| error.to_string())?;
        let now = clock.utc();
        meter.oldest_letter(backlog.oldest_at.map(|at| until(now, at)).unwrap_or_default());
        swept.strays = self.let_strays_go(epoch).await?;
        Ok(swept)
    }

    /// Letters that the database says we hold and nobody here knows, twice in a row: a commit
    /// whose answer was lost leaves such. They are looked up before they are sent.
    async fn let_strays_go(&mut self, epoch: Uuid) -> Result<u64, String> {
        let Setup { leases, supervisor, clock, meter, pace, .. } = &self.setup;
        let held = leases.held(epoch).await.map_err(|failure| failure.to_string())?;
        let known = supervisor.send(AskHeld).await.map_err(|error| error.to_string())?;
        let unknown = held.into_iter().filter(|(letter_id, _)| !known.contains(letter_id));
        let unknown: HashMap<Uuid, i64> = unknown.collect();
        let strays: Vec<(Uuid, i64)> = unknown
            .iter()
            .filter(|(letter_id, fence)| self.suspects.get(*letter_id) == Some(*fence))
            .map(|(letter_id, fence)| (*letter_id, *fence))
            .collect();
        self.suspects = unknown;
        if strays.is_empty() {
            return Ok(0);
        }
        let quiet_at = clock.utc().plus(pace.quiet_after);
        let gone = leases.let_go(&strays, quiet_at).await.map_err(|failure| failure.to_string())?;
        log::warn!(letters = gone; "{gone} letters were held here that nobody knew: let go of, to be looked up");
        meter.taken("stray", gone);
        Ok(gone)
    }

    /// Ends the lease, so that nobody has to wait for its end.
    pub(super) async fn leave(&self) {
        let Setup { leases, lease, .. } = &self.setup;
        let Some(epoch) = lease.held() else { return };
        lease.lose();
        if let Err(failure) = leases.leave(epoch).await {
            log::warn!(reason:% = failure; "lease could not be ended: it ends by itself");
        }
    }
}

//! Retry mailbox: keeps this instance's lease, and brings letters that are due to the supervisor.
//!
//! | hears | from | answers |
//! |---|---|---|
//! | [`Wake`] | supervisor | nothing: it looks for due letters |
//! | [`FollowPauses`] | http | when the supervisor obeys them |
//! | [`Leave`] | app | when the lease is ended |
//! | [`Observe`] | anyone | [`Snapshot`] |
//!
//! Says: `AskRoom`, `LettersDue`, `AskHeld`, `LeaseLost`, `Obey` to the supervisor, `Gather` to the ledger.
//! Holds: the lease of this process's epoch, and when the next letter is due. The letters are in
//! the database.
//! Fails: a round that fails is tried again at the next sweep; polling is the way that always
//! works, being woken only makes it quick. If the mailbox dies, the lease runs out, nothing is
//! sent any more, and the process has to end.

mod message;
mod rounds;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::{ActorFutureExt, WrapFuture};
use actix::{
    Actor, Addr, AsyncContext, Context, Handler, MessageResult, ResponseFuture, SpawnHandle,
};

pub use self::message::{FollowPauses, Leave};
use self::rounds::{Found, Gone, Rounds};
use super::batch_supervisor::{BatchSupervisor, Wake};
use super::lease::Lease;
use super::ledger::Ledger;
use super::observe::{Observe, Snapshot};
use crate::domain::moment::Moment;
use crate::ports::board::Board;
use crate::ports::clock::Clock;
use crate::ports::gauge::PoolGauge;
use crate::ports::meter::DispatchMeter;
use crate::ports::post::Leases;

/// What a mailbox is made of.
#[derive(Clone)]
pub struct Setup {
    pub leases: Arc<dyn Leases>,
    pub board: Arc<dyn Board>,
    pub gauge: Arc<dyn PoolGauge>,
    pub ledger: Addr<Ledger>,
    pub supervisor: Addr<BatchSupervisor>,
    pub lease: Lease,
    pub clock: Arc<dyn Clock>,
    pub meter: Arc<dyn DispatchMeter>,
    /// The name of this instance, the same over its restarts.
    pub instance: String,
    pub pace: Pace,
}

/// When the mailbox does what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a lease is good without being renewed.
    pub lease: Duration,
    pub renew_every: Duration,
    pub sweep_every: Duration,
    /// How long a call of a process that is gone may still be on its way.
    pub quiet_after: Duration,
    /// How long a batch can be asked for.
    pub batches_kept: Duration,
}

pub struct RetryMailbox {
    rounds: Rounds,
    since: Moment,
    /// A look for due letters is under way; somebody wants another one after it.
    gathering: bool,
    wanted_again: bool,
    keeping: bool,
    sweeping: bool,
    next_due: Option<SpawnHandle>,
    leaving: bool,
    sweeps: u64,
    counters: Counters,
    last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    renewals: u64,
    leases_lost: u64,
    looks: u64,
    letters: u64,
    taken_back: u64,
    strays: u64,
    pruned: u64,
}

/// Between two looks at least, however often it is woken.
const BREATH: Duration = Duration::from_millis(10);
/// A look for what is due never waits longer than this for the clock to get there.
const LOOK_WITHIN: Duration = Duration::from_mins(1);
/// Every so many sweeps the letters are counted, strays let go of and old batches pruned.
const HOUSEKEEPING_EVERY: u64 = 3;
/// How soon a lease that could not be had or renewed is asked for again.
const RETRY_LEASE: Duration = Duration::from_millis(250);

impl RetryMailbox {
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self {
            since: setup.clock.utc(),
            rounds: Rounds::new(setup),
            gathering: false,
            wanted_again: false,
            keeping: false,
            sweeping: false,
            next_due: None,
            leaving: false,
            sweeps: 0,
            counters: Counters::default(),
            last_error: None,
        }
    }

    /// Gets, renews or gets anew the lease.
    fn keep_lease(&mut self, context: &mut Context<Self>) {
        if self.keeping || self.leaving {
            return;
        }
        self.keeping = true;
        let rounds = self.rounds.clone();
        let keeping = async move { rounds.keep_lease().await };
        context.spawn(keeping.into_actor(self).map(|kept, mailbox, context| {
            mailbox.keeping = false;
            match kept {
                Ok(is_new) => {
                    mailbox.counters.renewals += 1;
                    if is_new {
                        mailbox.sweep(context);
                    }
                    let every = mailbox.rounds.pace().renew_every;
                    context.run_later(every, Self::keep_lease);
                }
                Err(Gone { lost, reason }) => {
                    mailbox.counters.leases_lost += u64::from(lost);
                    mailbox.last_error = Some(reason);
                    context.run_later(RETRY_LEASE, Self::keep_lease);
                }
            }
        }));
    }

    /// Looks for due letters, again and again as long as there is room for more.
    fn gather(&mut self, context: &mut Context<Self>) {
        if self.gathering || self.leaving {
            self.wanted_again = true;
            return;
        }
        self.gathering = true;
        self.wanted_again = false;
        self.counters.looks += 1;
        let rounds = self.rounds.clone();
        let gathering = async move { rounds.gather().await };
        context.spawn(gathering.into_actor(self).map(|found, mailbox, context| {
            let Found { letters, full, next_due } = match found {
                Ok(found) => found,
                Err(reason) => {
                    mailbox.last_error = Some(reason);
                    Found::default()
                }
            };
            mailbox.counters.letters += letters;
            mailbox.alarm(next_due, context);
            if full {
                mailbox.wanted_again = true;
            }
            // The breath: a look costs a statement, however often somebody wants one.
            context.run_later(BREATH, |mailbox, context| {
                mailbox.gathering = false;
                if mailbox.wanted_again {
                    mailbox.gather(context);
                }
            });
        }));
    }

    /// Looks again when the next letter is due.
    fn alarm(&mut self, due_in: Option<Duration>, context: &mut Context<Self>) {
        if let Some(before) = self.next_due.take() {
            context.cancel_future(before);
        }
        self.next_due = due_in.map(|due_in| {
            context.run_later(due_in.min(LOOK_WITHIN), |mailbox, context| {
                mailbox.next_due = None;
                mailbox.gather(context);
            })
        });
    }

    /// What is done from time to time: letters of the dead, strays, old batches, and a look.
    fn sweep(&mut self, context: &mut Context<Self>) {
        self.gather(context);
        if self.sweeping || self.leaving {
            return;
        }
        self.sweeping = true;
        self.sweeps += 1;
        let is_thorough = self.sweeps % HOUSEKEEPING_EVERY == 1;
        let mut rounds = self.rounds.clone();
        let sweeping = async move {
            let swept = rounds.sweep(is_thorough).await;
            (rounds, swept)
        };
        context.spawn(sweeping.into_actor(self).map(|(rounds, swept), mailbox, context| {
            mailbox.sweeping = false;
            mailbox.rounds.remember(rounds);
            match swept {
                Ok(swept) => {
                    mailbox.counters.taken_back += swept.taken_back;
                    mailbox.counters.strays += swept.strays;
                    mailbox.counters.pruned += swept.pruned;
                    if swept.taken_back + swept.strays > 0 {
                        mailbox.gather(context);
                    }
                }
                Err(reason) => mailbox.last_error = Some(reason),
            }
        }));
    }
}

impl Actor for RetryMailbox {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        self.keep_lease(context);
        context.run_interval(self.rounds.pace().sweep_every, Self::sweep);
    }
}

impl Handler<Wake> for RetryMailbox {
    type Result = ();

    fn handle(&mut self, _: Wake, context: &mut Self::Context) {
        self.gather(context);
    }
}

impl Handler<FollowPauses> for RetryMailbox {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: FollowPauses, _: &mut Self::Context) -> Self::Result {
        let rounds = self.rounds.clone();
        Box::pin(async move {
            if let Err(reason) = rounds.follow_pauses().await {
                log::warn!(reason; "pauses could not be read: the next sweep tries again");
            }
        })
    }
}

impl Handler<Leave> for RetryMailbox {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Leave, _: &mut Self::Context) -> Self::Result {
        self.leaving = true;
        let rounds = self.rounds.clone();
        Box::pin(async move { rounds.leave().await })
    }
}

impl Handler<Observe> for RetryMailbox {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
        let Counters { renewals, leases_lost, looks, letters, taken_back, strays, pruned } =
            self.counters;
        let counters = BTreeMap::from([
            ("renewals", renewals),
            ("leases_lost", leases_lost),
            ("looks", looks),
            ("letters", letters),
            ("taken_back", taken_back),
            ("strays", strays),
            ("pruned", pruned),
        ]);
        let state = match (self.leaving, self.rounds.holds_lease()) {
            (true, _) => "leaving",
            (false, true) => "holding",
            (false, false) => "without lease",
        };
        MessageResult(Snapshot {
            name: "retry_mailbox",
            state,
            since: self.since,
            depth: u64::from(self.gathering) + u64::from(self.sweeping),
            counters,
            last_error: self.last_error.clone(),
            parts: Vec::new(),
        })
    }
}

/// A time until something, as far as it is not past.
fn until(due: Moment, now: Moment) -> Duration {
    let micros = due.micros().saturating_sub(now.micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

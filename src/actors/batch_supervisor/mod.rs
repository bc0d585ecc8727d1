//! Batch supervisor: takes submissions in, keeps the line of waiting loads, and has at most
//! fifteen children carry them.
//!
//! | hears | from | answers |
//! |---|---|---|
//! | [`SubmitBatch`], [`SubmitOrders`] | http | [`Submission`], when it is on the disk |
//! | [`LettersDue`] | mailbox | nothing |
//! | [`LettersCounted`] | mailbox | nothing: the backlog is that long |
//! | [`AskRoom`] | mailbox | [`Room`] |
//! | [`AskTimes`] | http | where the time of a batch went |
//! | [`AskHeld`] | mailbox | the letters that it knows to hold |
//! | [`Obey`] | mailbox | nothing: what is paused is not sent |
//! | [`LeaseLost`] | mailbox | nothing: what was in the line is another one's now |
//! | [`BreakerChanged`] | trade breaker | nothing: the line moves again, or stands |
//! | [`Drain`] | app | when the last child is done, or the time is over |
//! | [`ObserveLine`] | lookout | [`LinePicture`] |
//! | `Observe` | anyone | `Snapshot`, with each child |
//!
//! Says: `Record`, `Submit`, `Settle` to the ledger, `Carry` to its children, [`Wake`] to the
//! mailbox.
//! Holds: loads whose letters are held under this instance's lease. Stores nothing that the
//! database does not have: a supervisor that dies leaves letters that somebody else picks up.
//! Fails: a child that panics is told by its answer, or by its silence, and replaced; its letters
//! are let go of as doubtful.

mod admission;
mod batches;
mod behind;
mod children;
mod dispatch;
mod doorway;
mod ending;
mod found;
mod intake;
mod message;
mod observe;
mod pausing;
mod progress;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Context, Handler, MessageResult, Recipient, ResponseFuture, SpawnHandle};
use tokio::sync::oneshot;
use uuid::Uuid;

pub use self::admission::LettersCounted;
use self::admission::{Overload, Parked};
use self::batches::Batches;
use self::behind::Behind;
use self::children::Children;
pub use self::doorway::Doorway;
pub use self::message::{
    Accepted, AcceptedItem, AskHeld, AskRoom, AskTimes, ClientShare, Drain, LeaseLost, LettersDue,
    LinePicture, ObserveLine, Room, Submission, SubmitBatch, SubmitOrders, Wake,
};
pub use self::pausing::Obey;
use self::pausing::Obeyed;
pub use self::progress::{OrderFate, Progress};
use super::batch_worker::Tools;
use super::circuit_breaker::BreakerChanged;
use super::ledger::Queue;
use crate::domain::admission::{self as rule, Admission};
use crate::domain::carriage;
use crate::domain::client::ClientId;
use crate::domain::letter::Load;
use crate::domain::line::{Freight, Line, WORKERS};
use crate::domain::moment::Moment;
use crate::domain::width::Width;
use crate::ports::meter::DispatchMeter;

/// What a supervisor is made of.
pub struct Setup {
    /// What the workers use; the supervisor itself uses its ledger, clock, lease and breaker.
    pub tools: Tools,
    pub meter: Arc<dyn DispatchMeter>,
    pub rules: carriage::Rules,
    /// Orders per letter.
    pub chunk: usize,
    /// Orders in one call at most.
    pub bulk_max: usize,
    pub door: Door,
    /// Fewer children call while the trade service cannot stand all of them.
    pub adapts: bool,
    /// Of the dice for waits.
    pub seed: u64,
}

/// Who comes in, and what that depends on.
pub struct Door {
    pub limits: rule::Limits,
    /// How long a caller waits for its turn.
    pub wait_max: Duration,
    /// How long the ledger's line is.
    pub queue: Queue,
    /// Where others see who does not come in.
    pub doorway: Doorway,
}

pub struct BatchSupervisor {
    setup: Setup,
    mailbox: Option<Recipient<Wake>>,
    fresh: Line<Waiting>,
    retries: Line<Waiting>,
    children: Children,
    batches: Batches,
    /// Loads that have entered the line so far.
    entered: u64,
    /// Orders of letters that are held here: in the line, with a child, or being recorded.
    reserved: usize,
    behind: Behind,
    admission: Admission,
    width: Width,
    parked: Parked,
    obeyed: Obeyed,
    overload: Option<Overload>,
    /// When the line may move again that the breaker stopped.
    paused_until: Option<Instant>,
    dice: fastrand::Rng,
    /// A timer that will look whether the line may move again, and when.
    alarm: Option<(SpawnHandle, Instant)>,
    /// [`Move`] is on its way.
    moving: bool,
    /// Submissions that are being recorded.
    landing: usize,
    /// Groups of letters that are being let go of.
    letting_go: usize,
    /// More letters are due than there was room for.
    more_due: bool,
    draining: bool,
    drains: Vec<oneshot::Sender<()>>,
    since: Moment,
    counters: Counters,
    last_error: Option<String>,
}

/// A load in the line.
#[derive(Debug)]
struct Waiting {
    load: Load,
    epoch: Uuid,
    since: Instant,
    /// Rises with each load that enters the line.
    number: u64,
}

impl Freight for Waiting {
    type Client = ClientId;
    /// Letters of one epoch go together: what is lost with its lease is lost together.
    type Destination = Uuid;

    fn client(&self) -> &ClientId {
        &self.load.letter.client
    }

    fn destination(&self) -> &Uuid {
        &self.epoch
    }

    fn orders(&self) -> usize {
        self.load.orders.len()
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn travels_alone(&self) -> bool {
        self.load.travels_alone()
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    submissions: u64,
    carriages: u64,
    died: u64,
    not_now: u64,
    collected: u64,
    /// Letters whose outcome came when somebody else had them.
    late: u64,
    /// Submissions that were told to come later.
    declined: u64,
}

impl BatchSupervisor {
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let (since, quantum) = (setup.tools.clock.utc(), setup.chunk);
        let dice = fastrand::Rng::with_seed(setup.seed);
        let admission = Admission::new(setup.door.limits, setup.tools.clock.instant());
        Self {
            mailbox: None,
            fresh: Line::new(quantum),
            retries: Line::new(quantum),
            children: Children::default(),
            batches: Batches::default(),
            entered: 0,
            reserved: 0,
            behind: Behind::default(),
            admission,
            width: Width::new(setup.tools.clock.instant()),
            parked: Parked::default(),
            obeyed: Obeyed::default(),
            overload: None,
            paused_until: None,
            dice,
            alarm: None,
            moving: false,
            landing: 0,
            letting_go: 0,
            more_due: false,
            draining: false,
            drains: Vec::new(),
            since,
            counters: Counters::default(),
            last_error: None,
            setup,
        }
    }

    fn now(&self) -> Instant {
        self.setup.tools.clock.instant()
    }

    /// Orders that may be held at once: what the children carry, and as much again, so that the
    /// next call is full when one of them comes back.
    const fn held_max(&self) -> usize {
        2 * WORKERS * self.setup.bulk_max
    }

    fn room(&self) -> usize {
        self.held_max().saturating_sub(self.reserved)
    }

    /// The mailbox has something to do. One that is busy hears of it at its next sweep.
    fn wake_mailbox(&self) {
        if let Some(mailbox) = &self.mailbox {
            drop(mailbox.try_send(Wake));
        }
    }
}

impl Actor for BatchSupervisor {
    type Context = Context<Self>;
}

/// Command: here is the mailbox.
#[derive(Clone, actix::Message)]
#[rtype(result = "()")]
pub struct Meet(pub Recipient<Wake>);

impl Handler<Meet> for BatchSupervisor {
    type Result = ();

    fn handle(&mut self, Meet(mailbox): Meet, _: &mut Self::Context) {
        self.mailbox = Some(mailbox);
        self.wake_mailbox();
    }
}

impl Handler<AskRoom> for BatchSupervisor {
    type Result = MessageResult<AskRoom>;

    fn handle(&mut self, _: AskRoom, _: &mut Self::Context) -> Self::Result {
        let look = self.behind.look();
        let now = self.now();
        if self.draining || self.is_paused(now) {
            return MessageResult(Room { look, ..Room::default() });
        }
        let orders = self.room();
        let letters = orders.div_ceil(self.setup.chunk.max(1));
        let retries = WORKERS.saturating_sub(self.retries.loads());
        MessageResult(Room { look, letters, orders, retries })
    }
}

impl Handler<LettersDue> for BatchSupervisor {
    type Result = ();

    fn handle(&mut self, due: LettersDue, context: &mut Self::Context) {
        let LettersDue { loads, epoch, look, more } = due;
        self.counters.collected += u64::try_from(loads.len()).unwrap_or(u64::MAX);
        self.more_due = more;
        // What is being let go of is not there to be found yet.
        if !more && self.letting_go == 0 {
            self.behind.caught_up(look);
        }
        for load in loads {
            self.reserved += load.orders.len();
            self.parked.take(load.orders.len());
            self.behind.take(&load.letter.client, load.orders.len());
            self.push(load, epoch);
        }
        self.stir(context);
    }
}

impl Handler<AskHeld> for BatchSupervisor {
    type Result = MessageResult<AskHeld>;

    fn handle(&mut self, _: AskHeld, _: &mut Self::Context) -> Self::Result {
        let lines = [&self.fresh, &self.retries];
        let waiting = lines.into_iter().flat_map(Line::iter).map(|waiting| waiting.load.letter.id);
        MessageResult(waiting.chain(self.children.letters()).collect::<HashSet<_>>())
    }
}

impl Handler<AskTimes> for BatchSupervisor {
    type Result = MessageResult<AskTimes>;

    fn handle(&mut self, AskTimes(batch_id): AskTimes, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.batches.times(batch_id))
    }
}

impl Handler<LeaseLost> for BatchSupervisor {
    type Result = ();

    fn handle(&mut self, _: LeaseLost, _: &mut Self::Context) {
        let waiting: Vec<_> = self.fresh.drain().into_iter().chain(self.retries.drain()).collect();
        for Waiting { load, .. } in waiting {
            self.forget(&load, "the lease of this instance has ended");
        }
        self.tell_line();
    }
}

impl Handler<BreakerChanged> for BatchSupervisor {
    type Result = ();

    fn handle(&mut self, _: BreakerChanged, context: &mut Self::Context) {
        self.paused_until = None;
        self.stir(context);
        self.wake_mailbox();
    }
}

impl Handler<Drain> for BatchSupervisor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Drain { within }: Drain, context: &mut Self::Context) -> Self::Result {
        self.draining = true;
        self.let_go_of_the_line(context);
        let (drained, heard) = oneshot::channel();
        self.drains.push(drained);
        self.note_rest();
        Box::pin(async move {
            let rested: Result<_, _> = tokio::time::timeout(within, heard).await;
            if rested.is_err() {
                log::warn!("calls are still out: their letters are looked up at the next start");
            }
        })
    }
}

/// What callers are told of orders that wait for the breaker.
fn breaker_open() -> OrderFate {
    let reason = "the trade service is not being called just now: the order is sent when it is";
    OrderFate::Queued { reason: reason.to_owned() }
}

/// How long a line that the breaker stopped waits at least before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

//! The ledger's line: what waits to be committed, bounded and counted.
//!
//! The mailbox of an actor is no bound (each clone of an address brings a free place), so the
//! line counts for itself and says `Full` while there is still nothing lost by it. What finishes
//! work that was taken before (settlements, frozen answers, gathered letters) always has a place:
//! there is no more of it than there are children and requests.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::message::{Decide, Entry, Freeze, Gather, Record, Refused, Settle, Submit, Submitted};
use crate::domain::batch::Answer;
use crate::domain::decision::{Decided, NotDecided};
use crate::domain::letter::Settled;
use crate::ports::journal::{Change, Changed};
use crate::ports::post::Collected;

/// The most orders in one commit, so that a statement stays well inside its time limit.
const GROUP_ORDERS_MAX: usize = 10_000;

/// The most orders in the line, whoever brought them: about half a second of work, and some
/// tens of megabytes.
const ORDERS_MAX: usize = 100_000;

/// A request in the line, with the place where its sender waits.
#[derive(Debug)]
pub(super) struct Ticket<Work, Answer> {
    pub(super) work: Work,
    pub(super) answer: oneshot::Sender<Result<Answer, Refused>>,
    pub(super) since: Instant,
}

pub(super) type RecordTicket = Ticket<Record, Entry>;
pub(super) type ChangeTicket = Ticket<Change, Changed>;
pub(super) type SubmitTicket = Ticket<Submit, Submitted>;
pub(super) type GatherTicket = Ticket<Gather, Collected>;
pub(super) type SettleTicket = Ticket<Settle, Settled>;
pub(super) type FreezeTicket = Ticket<Freeze, Answer>;
pub(super) type DecideTicket = Ticket<Decide, Vec<Result<Decided, NotDecided>>>;

/// What one lane commits together.
#[derive(Debug)]
pub(super) enum Group {
    Records(Vec<RecordTicket>),
    Changes(Vec<ChangeTicket>),
    Submits(Vec<SubmitTicket>),
    Gather(GatherTicket),
    Settles(Vec<SettleTicket>),
    Freezes(Vec<FreezeTicket>),
    Decisions(Vec<DecideTicket>),
}

impl Group {
    /// When each of its requests entered the line.
    pub(super) fn entered(&self) -> Vec<Instant> {
        fn all<W, A>(tickets: &[Ticket<W, A>]) -> Vec<Instant> {
            tickets.iter().map(|ticket| ticket.since).collect()
        }
        match self {
            Self::Records(tickets) => all(tickets),
            Self::Changes(tickets) => all(tickets),
            Self::Submits(tickets) => all(tickets),
            Self::Gather(ticket) => vec![ticket.since],
            Self::Settles(tickets) => all(tickets),
            Self::Freezes(tickets) => all(tickets),
            Self::Decisions(tickets) => all(tickets),
        }
    }

    /// New orders that need ids.
    pub(super) fn new_orders(&self) -> usize {
        match self {
            Self::Records(tickets) => tickets.iter().map(|ticket| ticket.work.items.len()).sum(),
            Self::Changes(_)
            | Self::Submits(_)
            | Self::Gather(_)
            | Self::Settles(_)
            | Self::Freezes(_)
            | Self::Decisions(_) => 0,
        }
    }
}

#[derive(Debug)]
pub(super) struct Full {
    pub(super) retry_after: Duration,
}

#[derive(Debug)]
pub(super) struct Line {
    records: VecDeque<RecordTicket>,
    changes: VecDeque<ChangeTicket>,
    submits: VecDeque<SubmitTicket>,
    gathers: VecDeque<GatherTicket>,
    settles: VecDeque<SettleTicket>,
    freezes: VecDeque<FreezeTicket>,
    decisions: VecDeque<DecideTicket>,
    orders: usize,
    requests_max: usize,
    group_max: usize,
    /// Seconds of a lane that one request costs, as a moving average.
    cost: f64,
}

/// The kinds of requests, in the order in which they go when they have waited equally long: what
/// frees children first.
#[derive(Clone, Copy)]
enum Kind {
    Settle,
    Gather,
    Freeze,
    Record,
    Submit,
    Change,
    Decide,
}

impl Line {
    pub(super) fn new(requests_max: usize, group_max: usize) -> Self {
        Self {
            records: VecDeque::new(),
            changes: VecDeque::new(),
            submits: VecDeque::new(),
            gathers: VecDeque::new(),
            settles: VecDeque::new(),
            freezes: VecDeque::new(),
            decisions: VecDeque::new(),
            orders: 0,
            requests_max,
            group_max,
            cost: 0.001,
        }
    }

    pub(super) fn requests(&self) -> usize {
        self.intake() + self.gathers.len() + self.settles.len() + self.freezes.len()
    }

    pub(super) fn orders(&self) -> usize {
        self.orders
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests() == 0
    }

    pub(super) fn push_record(&mut self, ticket: RecordTicket) -> Result<(), Full> {
        self.make_room(ticket.work.items.len())?;
        self.records.push_back(ticket);
        Ok(())
    }

    pub(super) fn push_change(&mut self, ticket: ChangeTicket) -> Result<(), Full> {
        self.make_room(0)?;
        self.changes.push_back(ticket);
        Ok(())
    }

    pub(super) fn push_submit(&mut self, ticket: SubmitTicket) -> Result<(), Full> {
        self.make_room(ticket.work.order_ids.len())?;
        self.submits.push_back(ticket);
        Ok(())
    }

    pub(super) fn push_gather(&mut self, ticket: GatherTicket) {
        self.gathers.push_back(ticket);
    }

    pub(super) fn push_settle(&mut self, ticket: SettleTicket) {
        self.settles.push_back(ticket);
    }

    pub(super) fn push_freeze(&mut self, ticket: FreezeTicket) {
        self.freezes.push_back(ticket);
    }

    pub(super) fn push_decision(&mut self, ticket: DecideTicket) -> Result<(), Full> {
        self.make_room(0)?;
        self.decisions.push_back(ticket);
        Ok(())
    }

    /// The next group: the kind whose first request has waited longest, as many as fit.
    pub(super) fn take(&mut self) -> Option<Group> {
        Some(match self.next_kind()? {
            Kind::Settle => Group::Settles(take_up_to(self.group_max, &mut self.settles)),
            Kind::Gather => Group::Gather(self.gathers.pop_front()?),
            Kind::Freeze => Group::Freezes(take_up_to(self.group_max, &mut self.freezes)),
            Kind::Change => Group::Changes(take_up_to(self.group_max, &mut self.changes)),
            Kind::Decide => Group::Decisions(take_up_to(self.group_max, &mut self.decisions)),
            Kind::Submit => {
                let orders = |ticket: &SubmitTicket| ticket.work.order_ids.len();
                let (group, taken) = take_that_fit(self.group_max, &mut self.submits, orders);
                self.orders -= taken;
                Group::Submits(group)
            }
            Kind::Record => {
                let orders = |ticket: &RecordTicket| ticket.work.items.len();
                let (group, taken) = take_that_fit(self.group_max, &mut self.records, orders);
                self.orders -= taken;
                Group::Records(group)
            }
        })
    }

    /// How a lane fared: `requests` in `took`.
    pub(super) fn note_pace(&mut self, requests: usize, took: Duration) {
        let requests = u32::try_from(requests.max(1)).unwrap_or(u32::MAX);
        self.cost += 0.2 * (took.as_secs_f64() / f64::from(requests) - self.cost);
    }

    /// Requests that bring new work: those are bounded.
    fn intake(&self) -> usize {
        self.records.len() + self.changes.len() + self.submits.len() + self.decisions.len()
    }

    fn next_kind(&self) -> Option<Kind> {
        fn first<W, A>(queue: &VecDeque<Ticket<W, A>>) -> Option<Instant> {
            queue.front().map(|ticket| ticket.since)
        }
        let firsts = [
            (first(&self.settles), Kind::Settle),
            (first(&self.gathers), Kind::Gather),
            (first(&self.freezes), Kind::Freeze),
            (first(&self.records), Kind::Record),
            (first(&self.submits), Kind::Submit),
            (first(&self.changes), Kind::Change),
            (first(&self.decisions), Kind::Decide),
        ];
        let waiting = firsts.into_iter().filter_map(|(since, kind)| Some((since?, kind)));
        waiting.min_by_key(|(since, _)| *since).map(|(_, kind)| kind)
    }

    /// A place for a request with so many orders.
    fn make_room(&mut self, orders: usize) -> Result<(), Full> {
        let orders_then = self.orders + orders;
        let is_crowded = orders_then > ORDERS_MAX && orders > 0 && self.orders > 0;
        if is_crowded || self.intake() >= self.requests_max {
            return Err(self.full());
        }
        self.orders = orders_then;
        Ok(())
    }

    /// How long what enters now waits: at most, since several lanes are at work.
    pub(super) fn wait(&self) -> Duration {
        let requests = u32::try_from(self.requests()).unwrap_or(u32::MAX);
        Duration::from_secs_f64((f64::from(requests) * self.cost).clamp(0.0, 3600.0))
    }

    fn full(&self) -> Full {
        let (least, most) = (Duration::from_secs(1), Duration::from_mins(1));
        Full { retry_after: self.wait().clamp(least, most) }
    }
}

/// At least one, however large it is: a request that never fits would wait for ever. With the
/// orders that they have together.
fn take_that_fit<T>(
    most: usize,
    queue: &mut VecDeque<T>,
    orders: impl Fn(&T) -> usize,
) -> (Vec<T>, usize) {
    let mut sum = 0;
    let fits = |ticket: &&T| {
        sum += orders(ticket);
        sum <= GROUP_ORDERS_MAX
    };
    let count = queue.iter().take(most).take_while(fits).count().max(1);
    let group = take_up_to(count, queue);
    let taken = group.iter().map(orders).sum();
    (group, taken)
}

fn take_up_to<T>(most: usize, queue: &mut VecDeque<T>) -> Vec<T> {
    queue.drain(..most.min(queue.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::message::Letters;
    use super::*;
    use crate::domain::client::ClientId;
    use crate::domain::order::Fault;
    use crate::ports::clock::{Clock, SystemClock};

    fn ticket(orders: usize) -> RecordTicket {
        let items = vec![Err(Fault::missing("", "")); orders];
        let work =
            Record { client: ClientId::default(), route: "/", key: None, items, letters: None };
        Ticket { work, answer: oneshot::channel().0, since: SystemClock.instant() }
    }

    #[test]
    fn the_line_takes_so_many_orders_and_at_least_one_request() {
        let mut line = Line::new(4096, 256);

        assert!(line.push_record(ticket(ORDERS_MAX + 1)).is_ok(), "whatever its size");
        let full = line.push_record(ticket(1)).unwrap_err();

        assert!((1..=60).contains(&full.retry_after.as_secs()));
        assert!(line.take().is_some());
        assert!(line.push_record(ticket(ORDERS_MAX)).is_ok());
    }

    #[test]
    fn orders_that_are_submitted_count_as_those_that_are_recorded() {
        let submit = |orders: usize| {
            let letters = Letters { epoch: uuid::Uuid::nil(), chunk: 50, held_max: 0 };
            let order_ids = (0..orders).map(|id| i64::try_from(id).unwrap()).collect();
            let client = ClientId::default();
            let work = Submit { client, route: "/", key: None, order_ids, letters };
            Ticket { work, answer: oneshot::channel().0, since: SystemClock.instant() }
        };
        let mut line = Line::new(4096, 256);
        line.push_submit(submit(GROUP_ORDERS_MAX)).unwrap();
        line.push_submit(submit(1)).unwrap();
        assert!(line.push_record(ticket(ORDERS_MAX)).is_err());

        let Some(Group::Submits(first)) = line.take() else { panic!("{line:?}") };
        let Some(Group::Submits(second)) = line.take() else { panic!("{line:?}") };

        assert_eq!((first.len(), second.len(), line.orders()), (1, 1, 0));
    }

    #[test]
    fn what_finishes_old_work_has_a_place_in_a_full_line() {
        let mut line = Line::new(1, 256);
        line.push_record(ticket(1)).unwrap();
        assert!(line.push_record(ticket(1)).is_err());

        let (answer, since) = (oneshot::channel().0, SystemClock.instant());
        let answer_kept = Answer { status: 200, body: Vec::new() };
        let work = Freeze { batch_id: uuid::Uuid::nil(), answer: answer_kept };
        line.push_freeze(Ticket { work, answer, since });

        assert_eq!(line.requests(), 2);
    }
}

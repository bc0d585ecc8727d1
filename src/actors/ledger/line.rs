//! The ledger's line: what waits to be committed, bounded and counted.
//!
//! The mailbox of an actor is no bound (each clone of an address brings a free place), so the
//! line counts for itself and says `Full` while there is still nothing lost by it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::message::{Record, Recorded, Refused};
use crate::ports::journal::{Change, Changed};

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

pub(super) type RecordTicket = Ticket<Record, Recorded>;
pub(super) type ChangeTicket = Ticket<Change, Changed>;

/// What one lane commits together.
#[derive(Debug)]
pub(super) enum Group {
    Records(Vec<RecordTicket>),
    Changes(Vec<ChangeTicket>),
}

#[derive(Debug)]
pub(super) struct Full {
    pub(super) retry_after: Duration,
}

#[derive(Debug)]
pub(super) struct Line {
    records: VecDeque<RecordTicket>,
    changes: VecDeque<ChangeTicket>,
    orders: usize,
    requests_max: usize,
    group_max: usize,
    /// Seconds of a lane that one request costs, as a moving average.
    cost: f64,
}

impl Line {
    pub(super) fn new(requests_max: usize, group_max: usize) -> Self {
        let (records, changes) = (VecDeque::new(), VecDeque::new());
        Self { records, changes, orders: 0, requests_max, group_max, cost: 0.001 }
    }

    pub(super) fn requests(&self) -> usize {
        self.records.len() + self.changes.len()
    }

    pub(super) fn orders(&self) -> usize {
        self.orders
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests() == 0
    }

    pub(super) fn push_record(&mut self, ticket: RecordTicket) -> Result<(), Full> {
        self.check_room()?;
        let orders = self.orders + ticket.work.items.len();
        if orders > ORDERS_MAX && self.orders > 0 {
            return Err(self.full());
        }
        self.orders = orders;
        self.records.push_back(ticket);
        Ok(())
    }

    pub(super) fn push_change(&mut self, ticket: ChangeTicket) -> Result<(), Full> {
        self.check_room()?;
        self.changes.push_back(ticket);
        Ok(())
    }

    /// The next group: the kind whose first request has waited longer, as many as fit.
    pub(super) fn take(&mut self) -> Option<Group> {
        let changes_first = match (self.records.front(), self.changes.front()) {
            (None, None) => return None,
            (Some(record), Some(change)) => change.since < record.since,
            (None, Some(_)) => true,
            (Some(_), None) => false,
        };
        if changes_first {
            let count = self.group_max.min(self.changes.len());
            return Some(Group::Changes(self.changes.drain(..count).collect()));
        }
        let count = self.records_that_fit();
        let group: Vec<_> = self.records.drain(..count).collect();
        self.orders -= group.iter().map(|ticket| ticket.work.items.len()).sum::<usize>();
        Some(Group::Records(group))
    }

    /// How a lane fared: `requests` in `took`.
    pub(super) fn note_pace(&mut self, requests: usize, took: Duration) {
        let requests = u32::try_from(requests.max(1)).unwrap_or(u32::MAX);
        self.cost += 0.2 * (took.as_secs_f64() / f64::from(requests) - self.cost);
    }

    /// At least one, however large it is: a request that never fits would wait for ever.
    fn records_that_fit(&self) -> usize {
        let mut orders = 0;
        let mut fits = |ticket: &&RecordTicket| {
            orders += ticket.work.items.len();
            orders <= GROUP_ORDERS_MAX
        };
        self.records.iter().take(self.group_max).take_while(&mut fits).count().max(1)
    }

    fn check_room(&self) -> Result<(), Full> {
        if self.requests() < self.requests_max {
            return Ok(());
        }
        Err(self.full())
    }

    fn full(&self) -> Full {
        let requests = u32::try_from(self.requests()).unwrap_or(u32::MAX);
        let seconds = (f64::from(requests) * self.cost).clamp(1.0, 60.0);
        Full { retry_after: Duration::from_secs_f64(seconds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::ClientId;
    use crate::domain::order::Fault;
    use crate::ports::clock::{Clock, SystemClock};

    fn ticket(orders: usize) -> RecordTicket {
        let items = vec![Err(Fault::missing("", "")); orders];
        let work = Record { client: ClientId::default(), route: "/", items };
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
}

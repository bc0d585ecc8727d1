//! The gate before the database: nobody uses a connection without a pass.
//!
//! sqlx counts no waiters, and its waiters near their time limit open connections only to throw
//! them away. So the places are given out here, no more than the pools have: a wait happens
//! where it is counted, ends with a typed error, and the pool itself never waits. Each pass
//! knows what its holder is doing, so that a long hold has a name.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::outage::Outage;
use crate::domain::pool::PoolSample;
use crate::ports::Failure;
use crate::ports::clock::Clock;
use crate::ports::gauge::{DatabaseState, Hold};
use crate::ports::meter::PoolMeter;

/// Which pool a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Read,
    Write,
}

/// How many places each side has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seats {
    pub(super) read: u32,
    pub(super) write: u32,
}

pub(super) struct Gate {
    seats: Seats,
    read: Entrance,
    write: Entrance,
    acquire_timeout: Duration,
    desk: Arc<Desk>,
}

/// The places of one side.
struct Entrance {
    free: Arc<Semaphore>,
    /// Waits that ran out since somebody last got in.
    timeouts_in_a_row: AtomicU32,
}

/// What passes report to when they end.
struct Desk {
    clock: Arc<dyn Clock>,
    meter: Arc<dyn PoolMeter>,
    outage: Arc<Outage>,
    state: Mutex<DatabaseState>,
    holders: Mutex<BTreeMap<u64, Holder>>,
    next: AtomicU64,
    waiting: AtomicU32,
    timeouts: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Holder {
    doing: &'static str,
    since: Instant,
}

/// The right to use one connection; given back when dropped.
pub(super) struct Pass {
    desk: Arc<Desk>,
    number: u64,
    _seat: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new(
        seats: Seats,
        acquire_timeout: Duration,
        clock: &Arc<dyn Clock>,
        meter: Arc<dyn PoolMeter>,
        outage: Arc<Outage>,
    ) -> Self {
        let desk = Desk {
            clock: Arc::clone(clock),
            meter,
            outage,
            state: Mutex::new(DatabaseState::Starting),
            holders: Mutex::default(),
            next: AtomicU64::new(0),
            waiting: AtomicU32::new(0),
            timeouts: AtomicU64::new(0),
        };
        let (read, write) = (Entrance::new(seats.read), Entrance::new(seats.write));
        Self { seats, read, write, acquire_timeout, desk: Arc::new(desk) }
    }

    /// A pass, at once or after a wait of at most the acquire time. A closed gate answers at
    /// once: waiting for a database that is away helps nobody.
    pub(super) async fn enter(&self, side: Side, doing: &'static str) -> Result<Pass, Failure> {
        self.check_open()?;
        let pass = self.enter_closed(side, doing).await?;
        // It may have gone while this one waited for a place.
        self.check_open()?;
        Ok(pass)
    }

    fn check_open(&self) -> Result<(), Failure> {
        match self.state() {
            DatabaseState::Serving => Ok(()),
            DatabaseState::Starting => {
                Err(Failure::Away { reason: "it has not answered yet".to_owned() })
            }
            DatabaseState::Away { reason } => Err(Failure::Away { reason }),
        }
    }

    /// The same, for those who work on opening the gate.
    pub(super) async fn enter_closed(
        &self,
        side: Side,
        doing: &'static str,
    ) -> Result<Pass, Failure> {
        let entrance = match side {
            Side::Read => &self.read,
            Side::Write => &self.write,
        };
        let started = self.desk.clock.instant();
        let seat = match Arc::clone(&entrance.free).try_acquire_owned() {
            Ok(seat) => seat,
            Err(_) => self.wait(entrance).await?,
        };
        entrance.note_entry();
        let now = self.desk.clock.instant();
        self.desk.meter.waited(now.duration_since(started));
        let number = self.desk.next.fetch_add(1, Relaxed);
        lock(&self.desk.holders).insert(number, Holder { doing, since: now });
        Ok(Pass { desk: Arc::clone(&self.desk), number, _seat: seat })
    }

    async fn wait(&self, entrance: &Entrance) -> Result<OwnedSemaphorePermit, Failure> {
        let _waiting = Waiting::count(&self.desk.waiting);
        let seat = Arc::clone(&entrance.free).acquire_owned();
        match tokio::time::timeout(self.acquire_timeout, seat).await {
            Ok(Ok(seat)) => Ok(seat),
            Ok(Err(_)) => Err(Failure::Away { reason: "the store is closed".to_owned() }),
            Err(_) => {
                self.desk.timeouts.fetch_add(1, Relaxed);
                entrance.timeouts_in_a_row.fetch_add(1, Relaxed);
                self.desk.meter.timed_out();
                Err(Failure::Exhausted { waited: self.acquire_timeout })
            }
        }
    }

    pub(super) fn state(&self) -> DatabaseState {
        lock(&self.desk.state).clone()
    }

    /// The database is there.
    pub(super) fn open(&self) {
        let before = std::mem::replace(&mut *lock(&self.desk.state), DatabaseState::Serving);
        if !before.is_serving() {
            // Those who waited in vain waited for a database that was not there.
            self.read.note_entry();
            self.write.note_entry();
            self.desk.outage.ended();
            log::info!("database is there, taking requests");
        }
    }

    /// The database is there, but a connection broke: others of its age may be broken, too.
    pub(super) fn renew(&self) {
        self.desk.outage.ended();
        log::warn!("a database connection broke, replacing those of its age");
    }

    /// The database is gone. Only the first to notice says so.
    pub(super) fn close(&self, reason: &str) {
        let mut state = lock(&self.desk.state);
        if state.is_serving() {
            *state = DatabaseState::Away { reason: reason.to_owned() };
            log::error!(reason; "database is away, answering 503 until it returns");
        }
    }

    pub(super) fn sample(&self, open: u32) -> PoolSample {
        let taken = |seats: u32, entrance: &Entrance| {
            let free = entrance.free.available_permits();
            seats.saturating_sub(u32::try_from(free).unwrap_or(u32::MAX))
        };
        let active = taken(self.seats.read, &self.read) + taken(self.seats.write, &self.write);
        PoolSample {
            active,
            idle: open.saturating_sub(active),
            waiting: self.desk.waiting.load(Relaxed),
            total: open.max(active),
            max: self.seats.read + self.seats.write,
        }
    }

    pub(super) fn timeouts(&self) -> u64 {
        self.desk.timeouts.load(Relaxed)
    }

    /// Of the side that is worse off: those who read get in while the writers are stuck, which
    /// helps no writer.
    pub(super) fn timeouts_in_a_row(&self) -> u32 {
        let of = |entrance: &Entrance| entrance.timeouts_in_a_row.load(Relaxed);
        of(&self.read).max(of(&self.write))
    }

    pub(super) fn holds(&self) -> Vec<Hold> {
        let now = self.desk.clock.instant();
        let hold =
            |holder: &Holder| Hold { doing: holder.doing, held: now.duration_since(holder.since) };
        let mut holds: Vec<Hold> = lock(&self.desk.holders).values().map(hold).collect();
        holds.sort_by_key(|hold| std::cmp::Reverse(hold.held));
        holds
    }
}

impl Entrance {
    fn new(seats: u32) -> Self {
        let free = Arc::new(Semaphore::new(usize::try_from(seats).unwrap_or(1)));
        Self { free, timeouts_in_a_row: AtomicU32::new(0) }
    }

    /// The row ends. Writes only when there is one: everybody comes through here.
    fn note_entry(&self) {
        if self.timeouts_in_a_row.load(Relaxed) > 0 {
            self.timeouts_in_a_row.store(0, Relaxed);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(holder) = lock(&self.desk.holders).remove(&self.number) {
            let held = self.desk.clock.instant().duration_since(holder.since);
            self.desk.meter.held(holder.doing, held);
        }
    }
}

/// Counts one waiter, also when the wait is given up.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn count(waiting: &'a AtomicU32) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The data behind these locks is whole between any two statements, so a panic elsewhere is no
/// reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::clock::SystemClock;

    fn gate(read: u32) -> Gate {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let outage = Arc::new(Outage::new(Arc::clone(&clock)));
        let seats = Seats { read, write: 1 };
        let gate = Gate::new(seats, Duration::from_secs(5), &clock, Arc::new(()), outage);
        gate.open();
        gate
    }

    /// Defect 2 of the ancestor.
    #[tokio::test(start_paused = true)]
    async fn a_full_gate_ends_the_wait_with_a_typed_error() {
        let gate = gate(1);
        let _held = gate.enter(Side::Read, "first").await.unwrap();
        let started = SystemClock.instant();

        let refused = gate.enter(Side::Read, "second").await.err();

        assert_eq!(refused, Some(Failure::Exhausted { waited: Duration::from_secs(5) }));
        assert_eq!(SystemClock.instant().duration_since(started), Duration::from_secs(5));
        assert_eq!((gate.timeouts(), gate.sample(0).waiting), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_that_run_out_are_in_a_row_until_somebody_gets_in_on_the_same_side() {
        let gate = gate(1);
        let held = gate.enter(Side::Read, "first").await.unwrap();

        for row in 1..=3 {
            assert!(gate.enter(Side::Read, "late").await.is_err());
            assert!(gate.enter(Side::Write, "beside").await.is_ok());
            assert_eq!(gate.timeouts_in_a_row(), row);
        }
        drop(held);

        assert_eq!(gate.timeouts_in_a_row(), 3);
        assert!(gate.enter(Side::Read, "next").await.is_ok());
        assert_eq!((gate.timeouts_in_a_row(), gate.timeouts()), (0, 3));

        let _held = gate.enter(Side::Read, "again").await.unwrap();
        assert!(gate.enter(Side::Read, "late").await.is_err());
        gate.close("gone fishing");
        gate.open();
        assert_eq!((gate.timeouts_in_a_row(), gate.timeouts()), (0, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_counted_and_gets_the_next_place() {
        let gate = Arc::new(gate(1));
        let held = gate.enter(Side::Read, "first").await.unwrap();
        let second = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter(Side::Read, "second").await.map(drop) }
        });
        tokio::task::yield_now().await;

        assert_eq!(gate.sample(1).waiting, 1);
        drop(held);

        assert_eq!(second.await.unwrap(), Ok(()));
        assert_eq!(gate.sample(1), PoolSample { active: 0, idle: 1, waiting: 0, total: 1, max: 2 });
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waited_hears_that_the_database_went_meanwhile() {
        let gate = Arc::new(gate(1));
        let held = gate.enter(Side::Read, "first").await.unwrap();
        let second = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter(Side::Read, "second").await.map(drop) }
        });
        tokio::task::yield_now().await;

        gate.close("gone fishing");
        drop(held);

        let away = Failure::Away { reason: "gone fishing".to_owned() };
        assert_eq!(second.await.unwrap(), Err(away));
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_has_a_name_and_an_age() {
        let gate = gate(2);
        let _old = gate.enter(Side::Read, "orders.list").await.unwrap();
        tokio::time::advance(Duration::from_secs(31)).await;
        let _new = gate.enter(Side::Write, "orders.record").await.unwrap();

        let holds = gate.holds();

        let first = Hold { doing: "orders.list", held: Duration::from_secs(31) };
        assert_eq!(holds.first(), Some(&first));
        assert_eq!(holds.len(), 2);
        assert_eq!(gate.sample(2).active, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_gate_answers_at_once() {
        let gate = gate(1);
        gate.close("gone fishing");

        let refused = gate.enter(Side::Read, "orders.list").await.err();

        assert_eq!(refused, Some(Failure::Away { reason: "gone fishing".to_owned() }));
        gate.open();
        assert!(gate.enter(Side::Read, "orders.list").await.is_ok());
    }
}

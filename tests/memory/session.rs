//! The disk, and a process's connection to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use weir::domain::reference::{ReferenceLabel, ReferenceRow, References};
use weir::ports::Failure;
use weir::ports::catalogue::Catalogue;
use weir::ports::clock::Clock;

use super::book::Book;
use super::clock::SimClock;
use super::faults::{Fault, Faults, Kind, Weather};
use super::process::Process;

/// The disk. It stays when processes die.
#[derive(Debug)]
pub(crate) struct Memory {
    book: Mutex<Book>,
    /// What happened, if somebody wants to read it.
    story: Option<Mutex<Vec<String>>>,
    pub(crate) clock: SimClock,
}

impl Memory {
    /// `leases`: may several instances share it? Else, as with a file, the one process that has
    /// it owns everything and its lease never ends.
    /// `told`: what happens is kept as a story.
    pub(crate) fn new(clock: SimClock, leases: bool, told: bool) -> Arc<Self> {
        let story = told.then(Mutex::default);
        Arc::new(Self { book: Mutex::new(Book::new(leases)), story, clock })
    }

    /// Adds a line to the story.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(story) = &self.story {
            story.lock().unwrap().push(format!("{} {}", self.clock.utc(), line()));
        }
    }

    pub(crate) fn story(&self) -> Vec<String> {
        self.story.iter().flat_map(|story| story.lock().unwrap().clone()).collect()
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }
}

/// A process's connection to the disk.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) memory: Arc<Memory>,
    process: Arc<Process>,
    faults: Mutex<Faults>,
    references: Arc<References>,
}

impl Session {
    pub(crate) fn new(memory: &Arc<Memory>, process: &Arc<Process>, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            memory: Arc::clone(memory),
            process: Arc::clone(process),
            faults: Mutex::new(Faults::new(seed)),
            references: Arc::new(references()),
        })
    }

    /// How bad it is from now on.
    pub(crate) fn set_weather(&self, weather: Weather) {
        self.faults.lock().unwrap().weather = weather;
    }

    pub(super) fn now(&self) -> weir::domain::moment::Moment {
        self.memory.clock.utc()
    }

    pub(super) async fn read<T>(
        &self,
        doing: impl Fn() -> String,
        read: impl FnOnce(&mut Book) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.call(Kind::Read, doing, read).await
    }

    pub(super) async fn write<T>(
        &self,
        doing: impl Fn() -> String,
        write: impl FnOnce(&mut Book) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.call(Kind::Write, doing, write).await
    }

    /// One commit. The process may die before it, between it and its answer, and after that.
    async fn call<T>(
        &self,
        kind: Kind,
        doing: impl Fn() -> String,
        run: impl FnOnce(&mut Book) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let fate = self.faults.lock().unwrap().roll(kind);
        self.pass(fate.before).await;
        let done = match &fate.fault {
            Some(Fault::Failing(failure)) => Err(failure.clone()),
            Some(Fault::LostAfter(_)) | None => run(&mut self.memory.book()),
        };
        let outcome = || match &fate.fault {
            None => String::new(),
            Some(fault) => format!(" {fault:?}"),
        };
        self.memory.tell(|| format!("{}{}", doing(), outcome()));
        self.pass(fate.after).await;
        match fate.fault {
            Some(Fault::LostAfter(failure)) => done.and(Err(failure)),
            Some(Fault::Failing(_)) | None => done,
        }
    }

    async fn pass(&self, time: Duration) {
        self.process.step().await;
        if !time.is_zero() {
            tokio::time::sleep(time).await;
            self.process.step().await;
        }
    }
}

#[async_trait]
impl Catalogue for Session {
    fn references(&self) -> Arc<References> {
        Arc::clone(&self.references)
    }

    async fn refresh(&self) -> Result<Arc<References>, Failure> {
        Ok(self.references())
    }
}

/// The rows that every database is seeded with, as far as orders need them.
pub(crate) fn references() -> References {
    let abbreviated = |id: i32, key: &str| {
        let (abbreviation, description) = (key.to_owned(), key.to_owned());
        let label = ReferenceLabel::Abbreviated { abbreviation, description };
        (id, ReferenceRow { id, label, version: 1 })
    };
    let statuses = ["NEW", "SENT", "WORK", "FULL", "PART", "HOLD", "CNCL", "CNCLD", "CPART", "DEL"];
    let label = ReferenceLabel::Blotter { name: "Default".to_owned() };
    References {
        blotters: BTreeMap::from([(1, ReferenceRow { id: 1, label, version: 1 })]),
        statuses: (1..).zip(statuses).map(|(id, key)| abbreviated(id, key)).collect(),
        order_types: (1..).zip(["BUY", "SELL"]).map(|(id, key)| abbreviated(id, key)).collect(),
    }
}

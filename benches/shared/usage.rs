//! What the processes cost, as Linux counts it in `/proc`; zero where there is no `/proc`.

use std::fs;
use std::time::Duration;

use crate::support::{Kind, postgres};

/// `utime` and `stime` come in hundredths of a second on every platform that Weir is built for.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// This process: the load generator, or the bare writers with their producers.
    pub(crate) bench: f64,
    pub(crate) weir: f64,
    /// PostgreSQL. SQLite works inside its writer.
    pub(crate) database: f64,
    /// The trade service that is played.
    pub(crate) simulator: f64,
}

impl Usage {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            bench: self.bench - before.bench,
            weir: self.weir - before.weir,
            database: self.database - before.database,
            simulator: self.simulator - before.simulator,
        }
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            bench: self.bench * factor,
            weir: self.weir * factor,
            database: self.database * factor,
            simulator: self.simulator * factor,
        }
    }
}

/// Which processes are watched.
pub(crate) struct Meter {
    weir: Option<u32>,
    postmaster: Option<u32>,
    simulator: Option<u32>,
}

impl Meter {
    pub(crate) fn new(kind: Kind, weir: Option<u32>) -> Self {
        let postmaster = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => postmaster(),
        };
        Self { weir, postmaster, simulator: None }
    }

    pub(crate) fn with_simulator(self, id: u32) -> Self {
        Self { simulator: Some(id), ..self }
    }

    pub(crate) fn read(&self) -> Usage {
        Usage {
            bench: Stat::of(std::process::id()).map_or(0.0, |stat| stat.own),
            weir: self.weir.and_then(Stat::of).map_or(0.0, |stat| stat.own),
            simulator: self.simulator.and_then(Stat::of).map_or(0.0, |stat| stat.own),
            database: self.postmaster.map_or(0.0, family),
        }
    }
}

/// The CPU time of this process: its threads that live, as the scheduler counts them, in
/// nanoseconds and not in ticks.
pub(crate) fn own_cpu() -> Duration {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The most memory that a process ever had resident, in MiB.
pub(crate) fn memory_peak(id: u32) -> f64 {
    memory(id, "VmHWM:")
}

/// The memory that a process has resident now, in MiB.
pub(crate) fn memory_now(id: u32) -> f64 {
    memory(id, "VmRSS:")
}

fn memory(id: u32, name: &str) -> f64 {
    status(id, name) / 1024.0
}

pub(crate) fn threads(id: u32) -> f64 {
    status(id, "Threads:")
}

/// The files and sockets that a process has open.
pub(crate) fn open_files(id: u32) -> usize {
    fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count)
}

fn status(id: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}

fn postmaster() -> Option<u32> {
    let file = postgres::cluster()?.folder().join("data/postmaster.pid");
    fs::read_to_string(file).ok()?.lines().next()?.parse().ok()
}

/// A server and its children, those that have ended included.
fn family(id: u32) -> f64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = numbers.filter_map(Stat::of).filter(|stat| stat.parent == id);
    let parent = Stat::of(id).map_or(0.0, |stat| stat.own + stat.ended_children);
    parent + children.map(|child| child.own).sum::<f64>()
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Stat {
    fn of(id: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name may hold blanks and brackets: what counts comes after its last bracket.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let seconds =
            |field: usize| Some(fields.get(field)?.parse::<f64>().ok()? / TICKS_PER_SECOND);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: seconds(11)? + seconds(12)?,
            ended_children: seconds(13)? + seconds(14)?,
        })
    }
}

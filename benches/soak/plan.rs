//! How long, how much, and which faults.

use std::time::Duration;

use crate::fault::Fault;
use crate::shared::databases::wanted;
use crate::shared::environment::{self, list, number};
use crate::support::Kind;

const FAULTS: &str = "away,failing,lost,slow,sessions,outage,hostile,storm";

pub(crate) struct Plan {
    /// From one fault to the next.
    pub(crate) minute: Duration,
    pub(crate) minutes: usize,
    /// Of a call of the trade service, in milliseconds.
    pub(crate) latency: u64,
    /// The share of what can be done that comes.
    pub(crate) load: f64,
    faults: Vec<Fault>,
    pub(crate) kinds: Vec<Kind>,
}

impl Plan {
    pub(crate) fn read() -> Self {
        let (seconds, minutes, latency, faults, kinds) = if environment::is_measuring() {
            (60, 60, 100, FAULTS, "postgres")
        } else {
            // A build without optimisation is slow: its trade service is, too.
            (6, 2, 500, "lost,hostile", "sqlite,postgres")
        };
        Self {
            minute: Duration::from_secs(seconds),
            minutes: number("MINUTES", minutes),
            latency: number("LATENCY", latency),
            load: number("LOAD", 0.7),
            faults: list("FAULTS", faults),
            kinds: wanted(kinds),
        }
    }

    /// What goes wrong on this database, one each minute.
    pub(crate) fn faults(&self, kind: Kind) -> impl Iterator<Item = Fault> {
        let faults: Vec<Fault> =
            self.faults.iter().copied().filter(|fault| fault.befalls(kind)).collect();
        assert!(!faults.is_empty(), "WEIR_BENCH_FAULTS: none of them befalls {kind:?}");
        faults.into_iter().cycle().take(self.minutes)
    }

    pub(crate) fn length(&self) -> Duration {
        self.minute * u32::try_from(self.minutes).unwrap()
    }

    /// When in its minute a fault begins.
    pub(crate) fn fault_at(&self) -> Duration {
        self.minute / 12
    }

    /// How long it lasts, unless it says otherwise.
    pub(crate) fn fault_length(&self) -> Duration {
        self.minute / 6
    }

    /// From when in its minute on all should be as it was.
    pub(crate) fn quiet_from(&self) -> Duration {
        self.minute * 3 / 4
    }

    /// Between two looks at the service in quiet times.
    pub(crate) fn look_every(&self) -> Duration {
        self.minute / 20
    }

    /// How many minutes the first quarter has, and the last.
    pub(crate) fn quarter(&self) -> usize {
        self.minutes.div_ceil(4)
    }
}

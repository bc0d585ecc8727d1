//! How long, on what, with whom. Who only asks whether the bench still works gets one tiny round.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::shared::databases::wanted;
use crate::shared::environment::{self, list, number};
use crate::shared::load::Window;
use crate::support::Kind;

/// Who takes the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Bulk writes of the same rows, and nothing else.
    Bound,
    /// Insert, load, call, update, each in bulk; 15 at a time; a crash loses track.
    Plain,
    /// A transaction per order, held over the order's own call; pool of 40, 25 at a time.
    Before,
    /// Callers wait for the outcome.
    Weir,
    /// Callers prefer `respond-async`.
    WeirAsync,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Case {
    /// Of the trade service, in milliseconds.
    pub(crate) latency: u64,
    pub(crate) who: Who,
    pub(crate) connections: u16,
}

pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Connections, caches and prepared statements come into being here.
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
    pub(crate) kinds: Vec<Kind>,
    latencies: Vec<u64>,
    connections: Vec<u16>,
    whos: Vec<Who>,
    /// What Weir is set to, beside its defaults.
    pub(crate) settings: Vec<(String, String)>,
}

impl Plan {
    pub(crate) fn read() -> Self {
        if !environment::is_measuring() {
            let instant = Duration::from_millis(200);
            return Self {
                rounds: 1,
                warm_up: instant,
                measure: instant,
                kinds: wanted("sqlite,postgres"),
                latencies: vec![0],
                connections: vec![8],
                whos: Who::ALL.to_vec(),
                settings: Vec::new(),
            };
        }
        let seconds = number("SECONDS", 3.0);
        Self {
            rounds: number("ROUNDS", 3).max(1),
            warm_up: Duration::from_secs_f64(seconds / 3.0),
            measure: Duration::from_secs_f64(seconds),
            kinds: wanted("sqlite,postgres"),
            latencies: list("LATENCIES", "0,20,200"),
            connections: list("CONNECTIONS", "8,32,64"),
            whos: list("WHO", "bound,plain,before,weir,weir-async"),
            settings: settings(&environment::text("SET").unwrap_or_default()),
        }
    }

    /// A measurement that begins now.
    pub(crate) fn window(&self) -> Window {
        Window::opens_after(self.warm_up, self.measure)
    }

    /// The measurements of one round. Those that are compared stand beside each other.
    pub(crate) fn cases(&self, kind: Kind) -> Vec<Case> {
        let mut cases = Vec::new();
        for latency in &self.latencies {
            for connections in &self.connections {
                let whos = self.whos.iter().filter(|who| self.takes_part(**who, kind, *latency));
                cases.extend(whos.map(|who| Case {
                    latency: *latency,
                    who: *who,
                    connections: *connections,
                }));
            }
        }
        cases
    }

    /// Bare writes make no call, so that one latency tells all of them. The rivals are written
    /// for PostgreSQL, where the aims are set.
    fn takes_part(&self, who: Who, kind: Kind, latency: u64) -> bool {
        match who {
            Who::Bound => self.latencies.first() == Some(&latency),
            Who::Plain | Who::Before => kind == Kind::Postgres,
            Who::Weir | Who::WeirAsync => true,
        }
    }
}

/// `key=value,key=value`.
fn settings(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

impl Who {
    const ALL: [Self; 5] = [Self::Bound, Self::Plain, Self::Before, Self::Weir, Self::WeirAsync];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bound => "bare bulk writes",
            Self::Plain => "plain design",
            Self::Before => "before",
            Self::Weir => "Weir",
            Self::WeirAsync => "Weir, `respond-async`",
        }
    }

    pub(crate) const fn is_weir(self) -> bool {
        matches!(self, Self::Weir | Self::WeirAsync)
    }
}

impl FromStr for Who {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "bound" => Ok(Self::Bound),
            "plain" => Ok(Self::Plain),
            "before" => Ok(Self::Before),
            "weir" => Ok(Self::Weir),
            "weir-async" => Ok(Self::WeirAsync),
            other => Err(format!("nobody is called {other}")),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { latency, who, connections } = self;
        write!(formatter, "{}, {latency} ms, {connections} connections", who.name())
    }
}

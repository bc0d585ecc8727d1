//! How long, how much, and what goes wrong in the middle.

use std::str::FromStr;
use std::time::Duration;

use crate::shared::databases::wanted;
use crate::shared::environment::{self, list, number};
use crate::support::Kind;

/// What is the matter beside the storm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Who is turned away stays away.
    Plain,
    /// Who is turned away asks again when it was told to, three times.
    Retries,
    /// The same, of each client as often as the library for clients lets it: a tenth of its requests.
    Budget,
    /// In the middle of the storm each call of the trade service takes three times as long.
    Slow,
    /// In the middle of the storm the database is gone.
    Outage,
}

impl Weather {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "storm",
            Self::Retries => "storm, clients ask again",
            Self::Budget => "storm, clients ask again within a budget",
            Self::Slow => "storm, trade service three times slower in the middle",
            Self::Outage => "storm, no database in the middle",
        }
    }
}

impl FromStr for Weather {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "plain" => Ok(Self::Plain),
            "retries" => Ok(Self::Retries),
            "budget" => Ok(Self::Budget),
            "slow" => Ok(Self::Slow),
            "outage" => Ok(Self::Outage),
            other => Err(format!("no storm is called {other}")),
        }
    }
}

pub(crate) struct Plan {
    /// Of the calm before, the storm, and the calm after it.
    pub(crate) length: Duration,
    /// Of what goes wrong in the middle.
    pub(crate) trouble: Duration,
    /// Of a call of the trade service, in milliseconds.
    pub(crate) latency: u64,
    /// Shares of the calm maximum that come in calm and in the storm.
    pub(crate) calm: f64,
    pub(crate) storm: f64,
    pub(crate) weathers: Vec<Weather>,
    pub(crate) kinds: Vec<Kind>,
}

impl Plan {
    pub(crate) fn read() -> Self {
        let (seconds, latency, weathers, kinds) = if environment::is_measuring() {
            (number("SECONDS", 60.0), 500, "plain,retries,budget,slow,outage", "postgres")
        } else {
            // A build without optimisation is slow: its trade service is, too.
            (7.0, 1000, "plain", "sqlite,postgres")
        };
        let length = Duration::from_secs_f64(seconds);
        Self {
            length,
            trouble: length / 3,
            latency: number("LATENCY", latency),
            calm: 0.5,
            storm: number("LOAD", 10.0),
            weathers: list("WEATHER", weathers),
            kinds: wanted(kinds),
        }
    }
}

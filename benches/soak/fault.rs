//! What goes wrong, and ends by itself.

use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;

use serde_json::json;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::crowd::Crowd;
use crate::hostile;
use crate::shared::simulator::Simulator;
use crate::support::{Database, Kind, postgres};

/// Times of the usual load, in a storm.
const STORM: f64 = 5.0;
/// Each lost answer costs a look-up of each of its orders, and that is work, too.
const LOST_MAX: u32 = 20;
const SESSIONS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'weir'";
const SESSIONS_EVERY: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody listens where the trade service was.
    Away,
    /// It answers every call with 503.
    Failing,
    /// It does what it is told, and some answers never arrive.
    Lost,
    /// Its calls take three times as long.
    Slow,
    /// Somebody ends all sessions in the database, again and again.
    Sessions,
    /// The database is stopped, and recovers as after a crash.
    Outage,
    /// Clients connect, say half of something or all of it, and hang up.
    Hostile,
    /// Five times the load.
    Storm,
}

/// Where a fault strikes.
pub(crate) struct Scene {
    pub(crate) public: String,
    pub(crate) database: Database,
    pub(crate) simulator: Rc<Simulator>,
    pub(crate) crowd: Rc<Crowd>,
    /// Of a call of the trade service, in milliseconds.
    pub(crate) latency: u64,
    /// Orders per second that come.
    pub(crate) rate: f64,
}

impl Fault {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Away => "trade service away",
            Self::Failing => "trade service answers 503",
            Self::Lost => "answers of the trade service lost",
            Self::Slow => "trade service three times slower",
            Self::Sessions => "database sessions ended",
            Self::Outage => "database stopped",
            Self::Hostile => "clients that hang up",
            Self::Storm => "five times the load",
        }
    }

    pub(crate) const fn befalls(self, kind: Kind) -> bool {
        match self {
            Self::Sessions | Self::Outage => matches!(kind, Kind::Postgres),
            Self::Away | Self::Failing | Self::Lost | Self::Slow | Self::Hostile | Self::Storm => {
                true
            }
        }
    }

    /// Returns when it is over.
    pub(crate) async fn strike(self, length: Duration, scene: &Scene) {
        let latency = scene.latency;
        match self {
            Self::Away => {
                let down = json!({ "mode": "refuse", "toMs": millis(length) });
                let faults = json!({ "latencyMs": latency, "down": down });
                with(scene, &faults, length).await;
            }
            Self::Failing => {
                let faults = json!({ "latencyMs": latency, "rates": { "unavailable": 1.0 } });
                with(scene, &faults, length).await;
            }
            Self::Lost => {
                let rates = json!({
                    "reset_after": 0.1, "error_after": 0.1, "hang_after": 0.05, "cut_after": 0.05,
                });
                let faults = json!({ "latencyMs": latency, "rates": rates, "strikes": LOST_MAX });
                with(scene, &faults, length).await;
            }
            Self::Slow => with(scene, &json!({ "latencyMs": 3 * latency }), length).await,
            Self::Sessions => {
                let until = Instant::now() + length;
                while Instant::now() < until {
                    scene.database.number(SESSIONS).await;
                    sleep(SESSIONS_EVERY.min(length / 2)).await;
                }
            }
            Self::Outage => {
                let cluster = postgres::cluster().expect("a database that can be stopped");
                spawn_blocking(|| cluster.stop()).await.unwrap();
                sleep(length / 2).await;
                spawn_blocking(|| cluster.start()).await.unwrap();
            }
            Self::Hostile => {
                let doubtful = hostile::come(&scene.public, &scene.crowd, length).await;
                scene.crowd.doubt(doubtful);
            }
            // Longer would leave more work than fits in what is left of the minute.
            Self::Storm => scene.crowd.come(length * 2 / 5, (STORM - 1.0) * scene.rate).await,
        }
    }
}

/// The trade service has these faults for so long.
async fn with(scene: &Scene, faults: &serde_json::Value, length: Duration) {
    scene.simulator.set_faults(faults).await;
    sleep(length).await;
    scene.simulator.slow_down(scene.latency).await;
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap()
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "away" => Ok(Self::Away),
            "failing" => Ok(Self::Failing),
            "lost" => Ok(Self::Lost),
            "slow" => Ok(Self::Slow),
            "sessions" => Ok(Self::Sessions),
            "outage" => Ok(Self::Outage),
            "hostile" => Ok(Self::Hostile),
            "storm" => Ok(Self::Storm),
            other => Err(format!("no fault is called {other}")),
        }
    }
}

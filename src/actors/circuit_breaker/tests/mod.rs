//! Circuit breakers through their addresses, on paused time.

mod fake;
mod observing;
mod operators;
mod permits;
mod pool;
mod probes;
mod restarts;
mod subscribers;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};
use resilience::breaker::{Command, Config, FailureKind, Opening, Probing, StateName};

use self::fake::{Ear, Tally};
use super::*;
use crate::ports::clock::SystemClock;

const QUICK: Duration = Duration::from_millis(20);

/// Trips on three failures in a row for 15 s; three probes, one minute of patience.
const PLAIN: Config = Config {
    consecutive_failures: Some(3),
    rates: None,
    pool: None,
    opening: Opening { jitter: 0.0, ..Opening::DEFAULT },
    probing: Probing { probes: 3, needed: 3, patience: Duration::from_mins(1) },
};

fn setup(config: Config) -> Setup {
    let rules = config.check().unwrap();
    Setup { protects: Protected::Trade, rules, permits_max: 200, seed: 7 }
}

/// A breaker, and what others hold of it.
struct House {
    room: Addr<CircuitBreaker>,
    view: BreakerView,
    handle: BreakerHandle,
    meter: Arc<Tally>,
}

impl House {
    fn open(config: Config) -> Self {
        Self::with(&setup(config))
    }

    fn with(setup: &Setup) -> Self {
        tokio::time::pause();
        let meter = Arc::new(Tally::default());
        let (room, view) = CircuitBreaker::new(setup, Arc::new(SystemClock), meter.clone());
        let room = room.start();
        let handle = BreakerHandle::new(view.clone(), room.clone().recipient());
        Self { room, view, handle, meter }
    }

    /// By message, as a half-open breaker is asked.
    async fn ask(&self) -> Result<Permit, Refusal> {
        self.room.send(AskPermit).await.unwrap()
    }

    async fn fail(&self, times: usize) {
        for _ in 0..times {
            self.handle.permit().await.unwrap().failed(FailureKind::TimedOut, QUICK);
        }
    }

    /// Trips, waits, and is half-open.
    async fn make_half_open(&self) {
        self.fail(3).await;
        assert_eq!(self.state().await, StateName::Open);
        tokio::time::sleep(Duration::from_secs(15)).await;
        settle().await;
        assert_eq!(self.state().await, StateName::HalfOpen);
    }

    async fn state(&self) -> StateName {
        let state = self.observe().await.picture.state;
        assert_eq!(self.view.state(), state, "the view shows what is");
        state
    }

    async fn observe(&self) -> BreakerPicture {
        self.room.send(ObserveBreaker).await.unwrap()
    }

    async fn operate(&self, command: Command) -> BreakerChanged {
        self.room.send(Operate { command, reason: "drill".to_owned() }).await.unwrap()
    }

    fn is_refusing(&self) -> bool {
        self.view.is_refusing(SystemClock.instant())
    }
}

/// Lets everything happen that can happen without more than a moment passing.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

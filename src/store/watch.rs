//! Is the database there? What is seen of it, and what is concluded from a broken connection.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::{Store, error};
use crate::domain::pool::PoolSample;
use crate::ports::Failure;
use crate::ports::gauge::{DatabaseState, Hold, PoolGauge};

/// How long the database may take to answer a probe.
const PROBE_WITHIN: Duration = Duration::from_secs(2);

/// One question at a time: a hundred statements that break together ask once.
#[derive(Default)]
pub(super) struct Doubt {
    turn: Mutex<()>,
    settled: AtomicU64,
}

impl Store {
    /// Passes a failure on. One that may mean that the database is gone is not believed before
    /// the database was asked: a single broken connection must not close the house.
    pub(super) async fn judge(&self, failure: Failure) -> Failure {
        if matches!(failure, Failure::Away { .. } | Failure::Lost { .. }) {
            self.doubt().await;
        }
        failure
    }

    async fn doubt(&self) {
        let before = self.doubt.settled.load(Relaxed);
        let _turn = self.doubt.turn.lock().await;
        let asked_meanwhile = self.doubt.settled.load(Relaxed) != before;
        if asked_meanwhile || !self.gate.state().is_serving() {
            return;
        }
        match self.ask().await {
            Ok(()) => self.gate.renew(),
            // It is there, and has no connection to spare: those that we have still work.
            Err(Failure::Exhausted { .. }) => {}
            Err(failure) => self.gate.close(&failure.to_string()),
        }
        self.doubt.settled.fetch_add(1, Relaxed);
    }

    /// Asks the database over a connection of its own, beside the pool.
    pub(super) async fn ask(&self) -> Result<(), Failure> {
        match tokio::time::timeout(PROBE_WITHIN, self.writer().ask()).await {
            Ok(asked) => asked.map_err(|error| error::of_acquire(&error)),
            Err(_) => Err(Failure::Away { reason: format!("no answer within {PROBE_WITHIN:?}") }),
        }
    }
}

#[async_trait]
impl PoolGauge for Store {
    fn sample(&self) -> PoolSample {
        self.gate.sample(self.pools.open())
    }

    fn state(&self) -> DatabaseState {
        self.gate.state()
    }

    fn holds(&self) -> Vec<Hold> {
        self.gate.holds()
    }

    fn timeouts(&self) -> u64 {
        self.gate.timeouts()
    }

    fn timeouts_in_a_row(&self) -> u32 {
        self.gate.timeouts_in_a_row()
    }

    async fn probe(&self) -> DatabaseState {
        if let DatabaseState::Away { .. } = self.gate.state()
            && self.ask().await.is_ok()
        {
            self.gate.open();
        }
        self.gate.state()
    }
}

//! A process that can die at any step, and whose later steps never happen.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// One start of the house. Whatever leaves the process, or comes back to it, passes
/// [`Process::step`]: a place where it may die.
#[derive(Debug)]
pub(crate) struct Process {
    dead: AtomicBool,
    died: Notify,
    steps: AtomicU64,
    dies_at: AtomicU64,
}

impl Process {
    /// Lives until it is killed.
    pub(crate) fn lasting() -> Self {
        Self::doomed(u64::MAX)
    }

    /// Dies at its `step`th step, counted from 1.
    pub(crate) fn doomed(step: u64) -> Self {
        Self {
            dead: AtomicBool::new(false),
            died: Notify::new(),
            steps: AtomicU64::new(0),
            dies_at: AtomicU64::new(step),
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub(crate) fn kill(&self) {
        self.dead.store(true, Ordering::Relaxed);
        self.died.notify_one();
    }

    /// It lives on, whatever was planned.
    pub(crate) fn spare(&self) {
        self.dies_at.store(u64::MAX, Ordering::Relaxed);
    }

    /// Comes back when the process is dead. One waits.
    pub(crate) async fn died(&self) {
        while !self.is_dead() {
            self.died.notified().await;
        }
    }

    /// Goes on if the process lives. Of a dead one nothing goes on.
    pub(crate) async fn step(&self) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        if step >= self.dies_at.load(Ordering::Relaxed) {
            self.kill();
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }
}

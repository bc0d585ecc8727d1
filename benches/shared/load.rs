//! Closed loops: each client asks again as soon as it is answered, for a warm-up and a window.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::figures::Measured;
use super::usage::Meter;

/// What is finished inside counts.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    from: Instant,
    until: Instant,
}

impl Window {
    pub(crate) fn opens_after(warm_up: Duration, length: Duration) -> Self {
        let from = Instant::now() + warm_up;
        Self { from, until: from + length }
    }

    pub(crate) fn from(self) -> Instant {
        self.from
    }

    pub(crate) fn until(self) -> Instant {
        self.until
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.until
    }

    pub(crate) fn length(self) -> Duration {
        self.until - self.from
    }
}

/// What one client saw.
pub(crate) struct Samples {
    window: Window,
    micros: Vec<u32>,
    /// Everything answered, the warm-up and the last one after the window included.
    pub(crate) answered: u64,
}

impl Samples {
    pub(crate) fn new(window: Window) -> Self {
        Self { window, micros: Vec::with_capacity(1 << 14), answered: 0 }
    }

    pub(crate) fn note(&mut self, asked: Instant) {
        let now = Instant::now();
        self.answered += 1;
        if (self.window.from..self.window.until).contains(&now) {
            self.micros.push(u32::try_from((now - asked).as_micros()).unwrap());
        }
    }
}

/// Waits for the clients; `each` is how many orders one answer stands for. Returns the figures and
/// how many answers there were in all.
pub(crate) async fn observe(
    window: Window,
    clients: Vec<JoinHandle<Samples>>,
    meter: &Meter,
    each: u64,
) -> (Measured, u64) {
    sleep_until(window.from).await;
    let before = meter.read();
    sleep_until(window.until).await;
    let spent = meter.read().since(before);

    let mut micros = Vec::new();
    let mut answered = 0;
    for client in clients {
        let samples = client.await.expect("no client fails");
        answered += samples.answered;
        micros.extend(samples.micros);
    }
    (Measured::new(micros, each, window.length(), spent), answered)
}

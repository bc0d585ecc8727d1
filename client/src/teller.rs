//! Tells each event once, everywhere: log, metrics, stream.

use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::event::Event;
use crate::metrics::Metrics;

/// Who draws and is slower than this many events misses the oldest.
const KEPT: usize = 1024;

#[derive(Clone, Debug)]
pub(crate) struct Teller {
    metrics: Metrics,
    stream: Sender<Event>,
}

impl Teller {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self { metrics, stream: broadcast::channel(KEPT).0 }
    }

    pub(crate) fn tell(&self, event: Event) {
        event.log();
        self.metrics.count(&event);
        // Nobody listening is no fault.
        let _ = self.stream.send(event);
    }

    /// How many submissions wait in the queue.
    pub(crate) fn show_depth(&self, waiting: u64) {
        self.metrics.set_depth(waiting);
    }

    pub(crate) fn listen(&self) -> Receiver<Event> {
        self.stream.subscribe()
    }
}

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

#[cfg(test)]
mod tests {
    use prometheus::Registry;
    use tokio::sync::broadcast::error::TryRecvError;

    use super::*;

    fn round(processed: usize) -> Event {
        Event::QueueProcessed { processed, remaining: 0 }
    }

    #[test]
    fn who_never_listens_misses_the_oldest_and_costs_no_more_memory() {
        let teller = Teller::new(Metrics::new(&Registry::new()).unwrap());
        let mut slow = teller.listen();

        (0..5000).for_each(|number| teller.tell(round(number)));

        assert_eq!(teller.stream.len(), 1024);
        assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(5000 - 1024)));
        assert_eq!(slow.try_recv(), Ok(round(5000 - 1024)));
    }
}

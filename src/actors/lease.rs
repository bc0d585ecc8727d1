//! This instance's lease, for whoever is about to send: read without asking anybody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use uuid::Uuid;

/// The share of a lease that must be left when a call begins: time to get the call out of the
/// house. How long the call takes then does not matter: whoever takes the letter over waits until
/// it can no longer arrive. A lease is renewed before half of it is over.
const MARGIN: u32 = 3;

/// The lease as the mailbox keeps it and others see it.
#[derive(Clone, Debug, Default)]
pub struct Lease(Arc<ArcSwapOption<Held>>);

#[derive(Clone, Copy, Debug)]
struct Held {
    epoch: Uuid,
    good_until: Instant,
}

impl Lease {
    /// The epoch under which letters may be held and sent, if the lease is good for long enough.
    #[must_use]
    pub fn epoch(&self, now: Instant) -> Option<Uuid> {
        let held = self.0.load();
        held.as_ref().filter(|held| now < held.good_until).map(|held| held.epoch)
    }

    /// The epoch, however much of its lease is left.
    pub(super) fn held(&self) -> Option<Uuid> {
        self.0.load().as_ref().map(|held| held.epoch)
    }

    /// Is it still this epoch's?
    #[must_use]
    pub fn is_good(&self, epoch: Uuid, now: Instant) -> bool {
        self.epoch(now) == Some(epoch)
    }

    /// It was asked for then, and is so long.
    pub(super) fn hold(&self, epoch: Uuid, asked: Instant, lease: Duration) {
        let good_until = asked + (lease - lease / MARGIN);
        self.0.store(Some(Arc::new(Held { epoch, good_until })));
    }

    pub(super) fn lose(&self) {
        self.0.store(None);
    }
}

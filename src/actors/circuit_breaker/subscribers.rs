//! Those who are told of changes. None of them can hold the breaker up.

use actix::Recipient;
use actix::dev::SendError;

use super::message::BreakerChanged;

#[derive(Default)]
pub(super) struct Subscribers {
    all: Vec<Subscriber>,
    pub(super) skipped: u64,
}

struct Subscriber {
    recipient: Recipient<BreakerChanged>,
    /// The newest change that its full mailbox did not take.
    missed: Option<BreakerChanged>,
}

impl Subscribers {
    pub(super) fn add(&mut self, recipient: Recipient<BreakerChanged>) {
        self.all.push(Subscriber { recipient, missed: None });
    }

    pub(super) fn tell(&mut self, event: &BreakerChanged) {
        for subscriber in &mut self.all {
            if subscriber.missed.replace(event.clone()).is_some() {
                self.skipped += 1;
            }
        }
        self.deliver();
    }

    /// Tries each that has something to hear; those that are gone are forgotten.
    pub(super) fn deliver(&mut self) {
        self.all.retain_mut(Subscriber::deliver);
    }

    pub(super) fn some_wait(&self) -> bool {
        self.all.iter().any(|subscriber| subscriber.missed.is_some())
    }
}

impl Subscriber {
    /// False when nobody is there any more.
    fn deliver(&mut self) -> bool {
        let Some(event) = self.missed.take() else { return true };
        match self.recipient.try_send(event) {
            Ok(()) => true,
            Err(SendError::Full(event)) => {
                self.missed = Some(event);
                true
            }
            Err(SendError::Closed(_)) => false,
        }
    }
}

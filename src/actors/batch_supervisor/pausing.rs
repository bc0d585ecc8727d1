//! What operators have paused. The letters of a paused client stand in the database alone: here they
//! would take the room of everybody else.

use actix::{Context, Handler, Message};

use super::progress::OrderFate;
use super::{BatchSupervisor, breaker_open};
use crate::domain::client::ClientId;
use crate::domain::pause::{KINDS, Pause, Pauses};

const CLIENT_PAUSED: &str = "an operator has paused this client: it is sent when that ends";
const SERVICE_PAUSED: &str = "an operator has paused the trade service: it is sent when that ends";

/// Command from the mailbox: nothing of this is sent. What a child carries already ends.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Obey {
    pub pauses: Pauses,
    /// The number of the look that found them, rising.
    pub look: u64,
}

/// What is obeyed.
#[derive(Debug, Default)]
pub(super) struct Obeyed {
    pauses: Pauses,
    look: u64,
}

impl Handler<Obey> for BatchSupervisor {
    type Result = ();

    fn handle(&mut self, Obey { pauses, look }: Obey, context: &mut Context<Self>) {
        // A look that began later may have been quicker.
        if look < self.obeyed.look {
            return;
        }
        self.obeyed.look = look;
        if pauses == self.obeyed.pauses {
            return;
        }
        // What was left to the database meanwhile goes before what comes now.
        for client in pauses.resumed_since(&self.obeyed.pauses) {
            self.behind.add(client.clone(), 0);
        }
        let [destinations, clients] = pauses.count();
        log::info!(destinations, clients; "operators have paused {destinations} destinations and {clients} clients");
        for (kind, count) in KINDS.into_iter().zip(pauses.count()) {
            self.setup.meter.paused(kind, count);
        }
        self.obeyed.pauses = pauses;
        if self.is_stopped() {
            self.batches.put_off(&queued(SERVICE_PAUSED));
        }
        self.stir(context);
        self.wake_mailbox();
    }
}

impl BatchSupervisor {
    /// Is nobody to be called, whoever the orders are of?
    pub(super) const fn is_stopped(&self) -> bool {
        self.obeyed.pauses.stop_everything()
    }

    pub(super) fn pauses(&self) -> &[Pause] {
        self.obeyed.pauses.all()
    }

    pub(super) fn is_put_aside(&self, client: &ClientId) -> bool {
        self.obeyed.pauses.stop(client)
    }

    /// What a client is told of orders that are not sent now, if they are not.
    pub(super) fn standstill(&self, client: &ClientId) -> Option<OrderFate> {
        if self.is_put_aside(client) {
            return Some(queued(CLIENT_PAUSED));
        }
        if self.is_stopped() {
            return Some(queued(SERVICE_PAUSED));
        }
        self.is_paused(self.now()).then(breaker_open)
    }

    /// Loads of paused clients go back to the database, at their old places.
    pub(super) fn put_paused_aside(&mut self, context: &mut Context<Self>) {
        for client in self.obeyed.pauses.clients() {
            let loads = [&mut self.fresh, &mut self.retries].map(|line| line.remove(&client));
            let loads: Vec<_> = loads.into_iter().flatten().collect();
            loads.iter().for_each(|_| self.parked.put_aside());
            self.let_go(loads, CLIENT_PAUSED, context);
        }
    }
}

fn queued(reason: &str) -> OrderFate {
    OrderFate::Queued { reason: reason.to_owned() }
}

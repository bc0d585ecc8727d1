//! A load of clients that submit batches. One that hears nothing sends again only what is known
//! again: a batch under a key, or orders with names of their own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::BATCH;
use super::tickets::{Parcel, SharedTickets};
use crate::support::client::{Request, client};
use crate::support::{Answer, Weir, wait_for};

/// A client's pace: one that hears nothing does not ask again at once.
const PACE: Duration = Duration::from_millis(10);
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) struct Senders {
    tickets: SharedTickets,
    base: Rc<RefCell<String>>,
    stopped: Rc<Cell<bool>>,
    clients: Vec<JoinHandle<()>>,
}

impl Senders {
    pub(super) fn to(weir: &Weir, tickets: &SharedTickets, connections: usize) -> Self {
        let stopped = Rc::new(Cell::new(false));
        let base = Rc::new(RefCell::new(weir.public.clone()));
        let clients = (0..connections).map(|number| {
            let sender = Sender {
                name: format!("desk-{number}"),
                base: Rc::clone(&base),
                tickets: Rc::clone(tickets),
                client: client(),
            };
            rt::spawn(sender.keep_sending(Rc::clone(&stopped)))
        });
        let clients = clients.collect();
        Self { tickets: Rc::clone(tickets), base, stopped, clients }
    }

    /// From now on it is there that they send to.
    pub(super) fn turn_to(&self, weir: &Weir) {
        self.base.borrow_mut().clone_from(&weir.public);
    }

    /// Waits until `more` orders were accepted.
    pub(super) async fn hear(&self, more: usize) {
        let enough = self.tickets.borrow().accepted() + more;
        wait_for("more orders to be accepted", DEADLINE, async || {
            let tickets = self.tickets.borrow();
            let status = || format!("{} of {enough}; {:?}", tickets.accepted(), tickets.answers);
            if tickets.accepted() >= enough { Ok(()) } else { Err(status()) }
        })
        .await;
    }

    /// Lets each client finish what it began, however often it has to ask.
    pub(super) async fn stop(self) {
        self.stopped.set(true);
        for client in self.clients {
            tokio::time::timeout(DEADLINE, client).await.expect("a client ends").unwrap();
        }
    }
}

struct Sender {
    name: String,
    base: Rc<RefCell<String>>,
    tickets: SharedTickets,
    client: awc::Client,
}

impl Sender {
    async fn keep_sending(self, stopped: Rc<Cell<bool>>) {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stopped.get() {
            let parcel = self.tickets.borrow_mut().write();
            loop {
                pace.tick().await;
                let heard = self.send(&parcel).await;
                if !self.tickets.borrow_mut().hear(parcel.number, heard) {
                    break;
                }
            }
        }
    }

    async fn send(&self, parcel: &Parcel) -> Result<Answer, String> {
        let url = format!("{}{BATCH}", self.base.borrow());
        let mut request = Request::new(&self.client, "POST", url).header("X-Client-Id", &self.name);
        if parcel.is_async {
            request = request.header("Prefer", "respond-async");
        }
        if let Some(key) = &parcel.key {
            request = request.header("Idempotency-Key", key);
        }
        request.json(&parcel.body).try_send().await
    }
}

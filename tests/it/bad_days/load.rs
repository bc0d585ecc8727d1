//! A load of clients that post batches and read, each on a connection of its own.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::book::{Book, SharedBook};
use crate::support::client::{Request, client};
use crate::support::{Weir, wait_for};

/// A client's pace: a refused one does not ask again at once.
const PACE: Duration = Duration::from_millis(5);
const DEADLINE: Duration = Duration::from_secs(60);
const BATCH_MAX: usize = 25;

pub(super) struct Load {
    book: SharedBook,
    stopped: Rc<Cell<bool>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    pub(super) fn on(weir: &Weir, book: &SharedBook, connections: usize) -> Self {
        let stopped = Rc::new(Cell::new(false));
        let clients = (0..connections).map(|_| {
            let (base, book) = (weir.public.clone(), Rc::clone(book));
            rt::spawn(keep_asking(base, book, Rc::clone(&stopped)))
        });
        Self { book: Rc::clone(book), clients: clients.collect(), stopped }
    }

    /// Waits until `more` orders were answered as stored.
    pub(super) async fn stores(&self, more: usize) {
        let enough = self.book.borrow().stored() + more;
        wait_for("more orders to be stored", DEADLINE, async || {
            let book = self.book.borrow();
            let status = || format!("{} of {enough}; {:?}", book.stored(), book.answers);
            if book.stored() >= enough { Ok(()) } else { Err(status()) }
        })
        .await;
    }

    /// Waits until `more` answers had this status and code.
    pub(super) async fn hears(&self, answer: &str, more: usize) {
        let enough = self.book.borrow().heard(answer) + more;
        wait_for(answer, DEADLINE, async || {
            let book = self.book.borrow();
            if book.heard(answer) >= enough { Ok(()) } else { Err(format!("{:?}", book.answers)) }
        })
        .await;
    }

    /// Lets each client finish what it asked.
    pub(super) async fn stop(self) {
        self.stopped.set(true);
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

async fn keep_asking(base: String, book: SharedBook, stopped: Rc<Cell<bool>>) {
    let client = client();
    let request = |method, path: &str| Request::new(&client, method, format!("{base}{path}"));
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stopped.get() {
        pace.tick().await;
        let choice = book.borrow_mut().rng().u8(0..4);
        if choice == 0 {
            let path = read(&mut book.borrow_mut());
            let heard = request("GET", &path).try_send().await;
            book.borrow_mut().hear_read(heard);
        } else {
            let (number, batch) = write(&mut book.borrow_mut());
            let heard = request("POST", "/api/v1/orders").json(&batch).try_send().await;
            book.borrow_mut().hear(number, heard);
        }
    }
}

fn write(book: &mut Book) -> (usize, serde_json::Value) {
    let orders = book.rng().usize(1..=BATCH_MAX);
    book.write(orders)
}

fn read(book: &mut Book) -> String {
    match book.any_id() {
        Some(id) if book.rng().bool() => format!("/api/v1/order/{id}"),
        _ => "/api/v1/orders?sort=-orderTimestamp&limit=10".to_owned(),
    }
}

/// Posts `count` batches at once, each on a connection of its own; true when all were stored.
pub(super) async fn burst(weir: &Weir, book: &SharedBook, count: usize) -> bool {
    let posts = (0..count).map(|_| async {
        let (number, batch) = write(&mut book.borrow_mut());
        let heard = weir.request("POST", "/api/v1/orders").json(&batch).try_send().await;
        book.borrow_mut().hear(number, heard)
    });
    futures_util::future::join_all(posts).await.into_iter().all(|stored| stored)
}

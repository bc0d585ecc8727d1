//! The clients: an open loop of everything that can be asked. What is due is sent, whatever became
//! of what was sent before.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::shared::answers::{Answer, is_served, is_wrong};
use crate::shared::connections::Connections;
use crate::shared::fixture::BATCH;
use crate::shared::http::{Batch, Route, get};
use crate::tally::{Heard, Tally};

const PATH: &str = "/api/v1/orders/batch";
/// Shares no factor with the errands, so that everybody goes on each of them.
const CLIENTS: u64 = 9;
const MANY: u64 = 100;

/// What one client wants at one time.
#[derive(Clone, Copy, Debug)]
enum Errand {
    /// Waits for the outcome.
    Wait,
    /// Is answered when the orders are on the disk.
    Leave,
    One,
    Many,
    /// Asks twice under one key.
    Repeat,
    /// Reads its batch afterwards.
    Read,
    /// Reads what everybody sent, and closes the connection.
    List,
}

use Errand::{Leave, List, Many, One, Read, Repeat, Wait};

const ERRANDS: [Errand; 20] = [
    Wait, Leave, Wait, Read, Leave, Wait, Repeat, Leave, Wait, One, //
    Leave, Wait, List, Leave, Many, Wait, Leave, Repeat, Read, Leave,
];

impl Errand {
    const fn orders(self) -> u64 {
        match self {
            Self::Wait | Self::Leave | Self::Repeat | Self::Read => BATCH,
            Self::One => 1,
            Self::Many => MANY,
            Self::List => 0,
        }
    }
}

pub(crate) struct Crowd {
    connections: Connections,
    tally: RefCell<Tally>,
    began: Instant,
    turn: Cell<u64>,
    next: Cell<u64>,
    asking: RefCell<JoinSet<()>>,
}

impl Crowd {
    pub(crate) fn new(public: &str, minute: Duration) -> Rc<Self> {
        Rc::new(Self {
            connections: Connections::new(public),
            tally: RefCell::new(Tally::new(minute)),
            began: Instant::now(),
            turn: Cell::new(0),
            next: Cell::new(0),
            asking: RefCell::default(),
        })
    }

    /// So many orders per second come for so long.
    pub(crate) async fn come(self: &Rc<Self>, length: Duration, per_second: f64) {
        let mut due = Instant::now();
        let until = due + length;
        while due < until {
            sleep_until(due).await;
            let turn = self.turn.replace(self.turn.get() + 1);
            let errand = ERRANDS[turn as usize % ERRANDS.len()];
            self.send(errand, turn % CLIENTS, due);
            due += Duration::from_secs_f64(errand.orders() as f64 / per_second);
        }
    }

    /// When the last one has been answered.
    pub(crate) async fn leave(&self) {
        let mut asking = self.asking.take();
        while let Some(done) = asking.join_next().await {
            done.expect("no client fails");
        }
    }

    /// Of so many orders nobody knows whether they were accepted.
    pub(crate) fn doubt(&self, orders: u64) {
        self.tally.borrow_mut().doubtful += orders;
    }

    /// The first of so many numbers that no other order has.
    pub(crate) fn numbers(&self, count: u64) -> u64 {
        self.next.replace(self.next.get() + count)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.open()
    }

    pub(crate) fn tally(&self) -> std::cell::Ref<'_, Tally> {
        self.tally.borrow()
    }

    fn send(self: &Rc<Self>, errand: Errand, client: u64, due: Instant) {
        let crowd = Rc::clone(self);
        let mut asking = self.asking.borrow_mut();
        asking.spawn_local(async move { crowd.go(errand, client, due).await });
        // An hour's answered requests would be a gigabyte.
        while let Some(done) = asking.try_join_next() {
            done.expect("no client fails");
        }
    }

    async fn go(&self, errand: Errand, client: u64, due: Instant) {
        match errand {
            Wait | One | Many => drop(self.submit(errand, client, "", due).await),
            Leave => drop(self.submit(errand, client, "prefer: respond-async\r\n", due).await),
            Repeat => self.repeat(client, due).await,
            Read => {
                let answer = self.submit(errand, client, "", due).await;
                if let Some(id) = answer.text("batchId") {
                    sound(&self.connections.ask(&get(&format!("/api/v1/batches/{id}"))).await);
                }
            }
            List => {
                let list = get("/api/v1/orders?limit=50&sort=-id");
                sound(&self.connections.ask_and_leave(&list).await);
            }
        }
    }

    async fn submit(&self, errand: Errand, client: u64, headers: &str, due: Instant) -> Answer {
        let orders = errand.orders();
        let request = self.request(orders, client, headers);
        let answer = self.connections.ask(&request).await;
        self.note(due, orders, &answer);
        answer
    }

    /// The second answer says what the first one said, unless the first one took nothing in.
    async fn repeat(&self, client: u64, due: Instant) {
        let key = format!("idempotency-key: soak-{}\r\n", self.next.get());
        let request = self.request(BATCH, client, &key);
        let first = self.connections.ask(&request).await;
        self.note(due, BATCH, &first);
        let asked = Instant::now();
        let second = self.connections.ask(&request).await;
        if is_served(first.status) {
            sound(&second);
            let accepted = [first.accepted(), second.accepted()];
            let is_same = !is_served(second.status) || accepted[0] == accepted[1];
            assert!(is_same, "one request, two answers: {first:?}, {second:?}");
        } else {
            self.note(asked, BATCH, &second);
        }
    }

    fn request(&self, orders: u64, client: u64, headers: &str) -> Vec<u8> {
        let headers = format!("x-client-id: desk-{client}\r\n{headers}");
        let route = Route { path: PATH, headers: &headers };
        Batch::of(0..orders, route).at(self.numbers(orders)).to_vec()
    }

    fn note(&self, due: Instant, orders: u64, answer: &Answer) {
        sound(answer);
        let heard = Heard { due: due - self.began, took: due.elapsed(), orders };
        self.tally.borrow_mut().note(&heard, answer);
    }
}

fn sound(answer: &Answer) {
    assert!(!is_wrong(answer.status), "a wrong answer: {answer:?}");
}

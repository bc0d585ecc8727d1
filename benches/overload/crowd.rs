//! The clients: an open loop. What is due is sent, whatever became of what was sent before.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use resilience::budget::Budget;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, sleep_until};

use crate::heard::Heard;
use crate::plan::Weather;
use crate::shared::connections::Connections;
use crate::shared::fixture::BATCH;
use crate::shared::http::{Batch, Route};

pub(crate) const CLIENTS: usize = 10;
/// Of all load, by the first of them; the others share the rest.
const HEAVY: f64 = 0.9;
/// A request and what its client tries again after.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// The budget of the library for clients.
const SHARE: f64 = 0.1;
const RESERVE: u32 = 10;

pub(crate) struct Crowd {
    connections: Connections,
    weather: Weather,
    /// Of each client, for its retries.
    budgets: RefCell<Vec<Budget>>,
    began: Instant,
    batches: RefCell<Vec<Batch>>,
    next: Cell<u64>,
    asking: RefCell<Vec<JoinHandle<Heard>>>,
}

impl Crowd {
    pub(crate) fn new(public: &str, weather: Weather) -> Rc<Self> {
        let batch = |client: usize| {
            let headers = format!("x-client-id: desk-{client}\r\n").leak();
            Batch::of(0..BATCH, Route { path: "/api/v1/orders/batch", headers })
        };
        Rc::new(Self {
            connections: Connections::new(public),
            weather,
            budgets: RefCell::new(vec![Budget::new(SHARE, RESERVE); CLIENTS]),
            began: Instant::now(),
            batches: RefCell::new((0..CLIENTS).map(batch).collect()),
            next: Cell::new(0),
            asking: RefCell::default(),
        })
    }

    /// So many orders per second come for so long.
    pub(crate) async fn come(self: &Rc<Self>, length: Duration, per_second: f64) {
        let from = Instant::now();
        let until = from + length;
        let requests = per_second / BATCH as f64;
        let pause = |client: usize| {
            let share = if client == 0 { HEAVY } else { (1.0 - HEAVY) / (CLIENTS - 1) as f64 };
            Duration::from_secs_f64(1.0 / (requests * share))
        };
        let pauses: Vec<Duration> = (0..CLIENTS).map(pause).collect();
        // Not all at once.
        let mut due: Vec<Instant> =
            pauses.iter().enumerate().map(|(n, pause)| from + *pause * n as u32 / 10).collect();
        loop {
            let client = (0..CLIENTS).min_by_key(|client| due[*client]).unwrap();
            let at = due[client];
            if at >= until {
                break;
            }
            sleep_until(at).await;
            self.send(client, at);
            due[client] += pauses[client];
        }
    }

    /// What everybody heard, when the last one has.
    pub(crate) async fn heard(&self) -> Vec<Heard> {
        let asking = self.asking.take();
        let mut heard = Vec::with_capacity(asking.len());
        for one in asking {
            heard.push(one.await.expect("no client fails"));
        }
        heard
    }

    fn send(self: &Rc<Self>, client: usize, due: Instant) {
        let number = self.next.replace(self.next.get() + BATCH);
        let request = self.batches.borrow_mut()[client].at(number).to_vec();
        let crowd = Rc::clone(self);
        let asking = spawn_local(async move { crowd.ask(client, due, request).await });
        self.asking.borrow_mut().push(asking);
    }

    async fn ask(&self, client: usize, due: Instant, request: Vec<u8>) -> Heard {
        let mut heard = Heard {
            client,
            due: due - self.began,
            took: Duration::ZERO,
            status: 0,
            accepted: 0,
            tries: 0,
        };
        self.budgets.borrow_mut()[client].earn();
        let mut due = due;
        loop {
            let answer = self.connections.ask(&request).await;
            heard.status = answer.status;
            heard.tries += 1;
            heard.took = heard.took.max(due.elapsed());
            heard.accepted = answer.accepted();
            if answer.status != 503 || heard.tries > TRIES || !self.asks_again(client) {
                return heard;
            }
            let pause = answer.wait().max(PAUSE * 2_u32.pow(heard.tries - 1));
            due = Instant::now() + pause;
            sleep(pause).await;
        }
    }

    fn asks_again(&self, client: usize) -> bool {
        match self.weather {
            Weather::Retries => true,
            Weather::Budget => self.budgets.borrow_mut()[client].spend(),
            Weather::Plain | Weather::Slow | Weather::Outage => false,
        }
    }
}

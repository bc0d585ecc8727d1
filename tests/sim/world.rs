//! One history: processes that live and die on a disk that stays, clients that ask, and then
//! calm until everything is decided.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use weir::domain::letter::LetterState;

use crate::client::{Client, Heard};
use crate::desk::{Manner, TradeService};
use crate::instance::{Door, Instance};
use crate::memory::{LetterRow, Memory, OrderRow, SimClock};
use crate::plan::Plan;
use crate::verdict::Verdict;

/// How long it may take, once it is calm, until everything is decided.
const DECIDED_WITHIN: Duration = Duration::from_hours(3);
/// So late every client has its answer, once it is calm.
const ANSWERED_WITHIN: Duration = Duration::from_mins(30);
/// Whatever was sent has arrived by then.
const ARRIVED_WITHIN: Duration = Duration::from_mins(3);

/// What became of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) broken: Vec<String>,
    /// A word about all that happened: the same seed says the same.
    pub(crate) digest: u64,
    pub(crate) orders: usize,
    pub(crate) accepted: usize,
    pub(crate) sent: usize,
    pub(crate) dead: usize,
    pub(crate) deaths: u32,
    /// What happened, line by line, if it was to be told.
    pub(crate) story: Vec<String>,
}

/// Plays the history of a seed on a clock of its own.
pub(crate) fn play(plan: &Plan, told: bool) -> Outcome {
    let system = actix::System::with_tokio_rt(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    });
    system.block_on(async {
        // The clock's first tick: from here on all of its times are whole milliseconds.
        sleep(Duration::from_millis(1)).await;
        World::new(plan, told).play().await
    })
}

struct World {
    plan: Plan,
    rng: Rng,
    memory: Arc<Memory>,
    service: Rc<TradeService>,
    heard: Rc<RefCell<Heard>>,
    deaths: Rc<Cell<u32>>,
    dawn: Instant,
}

impl World {
    fn new(plan: &Plan, told: bool) -> Self {
        let mut rng = Rng::with_seed(!plan.seed);
        let memory = Memory::new(SimClock::new(), plan.instances > 1, told);
        let service = Rc::new(TradeService::new(plan.temper.clone(), rng.u64(..)));
        service.set_manner(plan.manner);
        let (heard, deaths) = (Rc::default(), Rc::default());
        Self { plan: plan.clone(), rng, memory, service, heard, deaths, dawn: Instant::now() }
    }

    async fn play(mut self) -> Outcome {
        let mut doors = Vec::new();
        let mut lives = Vec::new();
        for number in 0..self.plan.instances {
            let door = Door::default();
            let instance = self.instance(number, &door);
            lives.push(tokio::task::spawn_local(instance.live()));
            doors.push(door);
        }
        let mut clients = Vec::new();
        for number in 0..self.plan.clients {
            let client = self.client(number, &doors);
            let asks = client.run(self.plan.requests, self.plan.storm);
            clients.push(tokio::task::spawn_local(asks));
        }
        sleep_until(self.dawn + self.plan.storm).await;
        self.service.set_manner(Manner::default());
        let answered = timeout(ANSWERED_WITHIN, join_all(clients)).await;
        self.decided().await;
        let decided_at = Instant::now();
        sleep(ARRIVED_WITHIN).await;
        lives.iter().for_each(tokio::task::JoinHandle::abort);
        let _ = join_all(lives).await;
        let mut outcome = self.judge(decided_at);
        match answered.map_err(|_| "a client was never answered".to_owned()) {
            Ok(ended) => {
                let panicked = ended.into_iter().filter_map(Result::err);
                outcome.broken.extend(panicked.map(|error| format!("a client died: {error}")));
            }
            Err(line) => outcome.broken.push(line),
        }
        outcome
    }

    fn instance(&mut self, number: u8, door: &Door) -> Instance {
        Instance {
            name: format!("instance-{number}"),
            plan: self.plan.clone(),
            rng: self.rng.fork(),
            memory: Arc::clone(&self.memory),
            service: Rc::clone(&self.service),
            door: Rc::clone(door),
            calm_at: self.dawn + self.plan.storm,
            deaths: Rc::clone(&self.deaths),
        }
    }

    fn client(&mut self, number: u8, doors: &[Door]) -> Client {
        Client {
            name: format!("client-{number}"),
            rng: self.rng.fork(),
            doors: doors.to_vec(),
            memory: Arc::clone(&self.memory),
            heard: Rc::clone(&self.heard),
            named: 0,
        }
    }

    /// Comes back when only dead letters are left, or when that takes too long.
    async fn decided(&self) {
        let late = Instant::now() + DECIDED_WITHIN;
        let is_open = |row: &LetterRow| row.letter.state != LetterState::Dead;
        while Instant::now() < late && self.memory.book().letters.values().any(is_open) {
            sleep(Duration::from_secs(1)).await;
        }
    }

    fn judge(&self, decided_at: Instant) -> Outcome {
        let book = self.memory.book();
        let heard = self.heard.borrow();
        let (service, plan) = (&*self.service, &self.plan);
        let broken = Verdict { plan, book: &book, service, heard: &heard }.broken();
        let mut digest = DefaultHasher::new();
        for row in book.orders.values() {
            let order = &row.order;
            let calls = service.calls_with(order.id);
            (order.id, order.trade_order_id, order.version, calls).hash(&mut digest);
        }
        (decided_at - self.dawn, heard.answers, heard.refusals).hash(&mut digest);
        let sent = |row: &&OrderRow| row.order.trade_order_id.is_some();
        Outcome {
            broken,
            digest: digest.finish(),
            orders: book.orders.len(),
            accepted: heard.accepted.len(),
            sent: book.orders.values().filter(sent).count(),
            dead: book.letters.len(),
            deaths: self.deaths.get(),
            story: self.memory.story(),
        }
    }
}

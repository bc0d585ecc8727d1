//! What clients do: they ask, hang up, ask again with the same key, and remember what they heard.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{sleep, timeout};
use uuid::Uuid;
use weir::actors::batch_supervisor::{
    Accepted, AcceptedItem, OrderFate, Submission, SubmitBatch, SubmitOrders,
};
use weir::actors::ledger::{Entry, Record};
use weir::domain::amount::Amount;
use weir::domain::batch::Key;
use weir::domain::caller::Caller;
use weir::domain::client::ClientId;
use weir::domain::moment::Moment;
use weir::domain::order::status;
use weir::domain::order::{Fault, Terms};

use crate::house::{Answer, House};
use crate::instance::Door;
use crate::memory::Memory;

const BATCH: &str = "/orders/batch";
const SUBMIT: &str = "/orders/batch/submit";
/// How long a client waits for the fates of an accepted batch.
const WAITS: Duration = Duration::from_secs(25);
/// How often a client repeats a request with a key.
const TRIES: u8 = 4;

/// What was told to clients, and what of it was not true.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Orders that were accepted to be submitted.
    pub(crate) accepted: Vec<i64>,
    /// The batch that each key stands for.
    pub(crate) batches: BTreeMap<String, Uuid>,
    pub(crate) lies: Vec<String>,
    pub(crate) answers: u64,
    pub(crate) refusals: u64,
}

pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) rng: Rng,
    /// The house's doors: one per instance, shut while the process is down.
    pub(crate) doors: Vec<Door>,
    pub(crate) memory: Arc<Memory>,
    pub(crate) heard: Rc<RefCell<Heard>>,
    pub(crate) named: u32,
}

impl Client {
    /// Asks `requests` times within `storm`.
    pub(crate) async fn run(mut self, requests: u8, storm: Duration) {
        let pause = u64::try_from(storm.as_millis()).unwrap() / u64::from(requests);
        for number in 0..requests {
            sleep(Duration::from_millis(self.rng.u64(0..=pause))).await;
            match self.rng.u8(0..4) {
                0 => self.record_and_submit().await,
                1 => self.submit_batch(None).await,
                _ => {
                    let key = format!("{}-{number}", self.name);
                    self.submit_batch(Some(key)).await;
                }
            }
        }
    }

    fn id(&self) -> ClientId {
        ClientId::from_header(self.name.as_bytes()).unwrap()
    }

    fn house(&mut self) -> Option<House> {
        let door = self.rng.usize(0..self.doors.len());
        self.doors[door].borrow().clone()
    }

    async fn submit_batch(&mut self, key: Option<String>) {
        let items = self.items();
        let tries = if key.is_some() { self.rng.u8(1..=TRIES) } else { 1 };
        for _ in 0..tries {
            let client = self.id();
            let asked = SubmitBatch {
                caller: Caller::of(&client, None),
                client,
                route: BATCH,
                key: key.as_ref().map(|text| (key_of(text), Duration::from_hours(24))),
                items: items.clone(),
            };
            let patience = self.patience();
            if let Some(house) = self.house()
                && let Some(answer) = patience.of(house.submit_batch(asked)).await
            {
                self.hear(answer, key.as_deref()).await;
            }
            sleep(Duration::from_millis(self.rng.u64(0..3000))).await;
        }
    }

    async fn record_and_submit(&mut self) {
        let items = self.items();
        let record =
            Record { client: self.id(), route: "/orders", key: None, items, letters: None };
        let Some(house) = self.house() else { return };
        let Ok(Ok(Entry::New(recorded))) = house.record(record).await else { return };
        let mut ids: Vec<i64> = recorded.items.iter().flatten().map(|order| order.id).collect();
        ids.push(i64::MAX);
        for _ in 0..self.rng.u8(1..3) {
            self.rng.shuffle(&mut ids);
            let client = self.id();
            let asked = SubmitOrders {
                caller: Caller::of(&client, None),
                client,
                route: SUBMIT,
                key: None,
                order_ids: ids.clone(),
            };
            let patience = self.patience();
            if let Some(house) = self.house()
                && let Some(answer) = patience.of(house.submit_orders(asked)).await
            {
                self.hear(answer, None).await;
            }
            sleep(Duration::from_millis(self.rng.u64(0..300))).await;
        }
    }

    async fn hear(&mut self, answer: Answer<Submission>, key: Option<&str>) {
        self.heard.borrow_mut().answers += 1;
        match answer {
            Ok(Ok(Submission::Accepted(accepted))) => {
                self.note_batch(key, accepted.batch_id);
                self.note(&accepted);
                self.follow(accepted).await;
            }
            Ok(Ok(Submission::Known(known, progress))) => {
                self.note_batch(key, known.id);
                if let Some(progress) = progress {
                    self.check(progress.fates());
                }
            }
            Ok(Err(_)) | Err(_) => self.heard.borrow_mut().refusals += 1,
        }
    }

    fn note_batch(&self, key: Option<&str>, batch_id: Uuid) {
        let Some(key) = key else { return };
        let mut heard = self.heard.borrow_mut();
        let first = *heard.batches.entry(key.to_owned()).or_insert(batch_id);
        if first != batch_id {
            heard.lies.push(format!("key {key} stood for batch {first}, then for {batch_id}"));
        }
    }

    /// Accepted means committed: it is looked up at once.
    fn note(&self, accepted: &Accepted) {
        let book = self.memory.book();
        let mut heard = self.heard.borrow_mut();
        for item in &accepted.items {
            match item {
                AcceptedItem::Order { id, .. } if book.orders.contains_key(id) => {
                    heard.accepted.push(*id);
                }
                AcceptedItem::Sent { id, trade_order_id, .. } => {
                    let trade = book.orders.get(id).and_then(|row| row.order.trade_order_id);
                    if trade != Some(*trade_order_id) {
                        heard.lies.push(format!("order {id} was told sent, and is not"));
                    }
                }
                AcceptedItem::Order { id, .. } => {
                    heard.lies.push(format!("order {id} was told accepted, and is not there"));
                }
                AcceptedItem::Fault(_) => {}
            }
        }
    }

    async fn follow(&mut self, accepted: Accepted) {
        let progress = accepted.progress;
        for item in &accepted.items {
            if let AcceptedItem::Order { id, .. } = item
                && progress.fate(*id).is_none()
            {
                let line = format!("the progress does not know accepted order {id}");
                self.heard.borrow_mut().lies.push(line);
            }
        }
        if self.rng.bool() {
            let _ = timeout(WAITS, progress.taken()).await;
            self.check(progress.fates());
        }
        let _ = timeout(WAITS, progress.settled()).await;
        self.check(progress.fates());
    }

    /// What a progress says of an order is so already.
    fn check(&self, fates: HashMap<i64, OrderFate>) {
        let book = self.memory.book();
        let mut heard = self.heard.borrow_mut();
        for (id, fate) in fates.into_iter().collect::<BTreeMap<_, _>>() {
            let Some(row) = book.orders.get(&id) else {
                heard.lies.push(format!("{fate:?} was told of order {id}, which is not there"));
                continue;
            };
            let is_so = match &fate {
                OrderFate::Sent { trade_order_id } => {
                    book.is_status(&row.order, status::SENT)
                        && row.order.trade_order_id == Some(*trade_order_id)
                }
                // Whoever was refused may have submitted it again meanwhile.
                OrderFate::Rejected { .. } => row.error.is_some() || row.order.letter_id.is_some(),
                OrderFate::Dead { .. } => row.order.letter_id.is_some(),
                OrderFate::InLine | OrderFate::OnTheWay | OrderFate::Queued { .. } => true,
            };
            if !is_so {
                heard.lies.push(format!("{fate:?} was told of {row:?}"));
            }
        }
    }

    fn patience(&mut self) -> Patience {
        match self.rng.u8(0..4) {
            0 => Patience::Polls(self.rng.u32(0..4)),
            1 => Patience::Time(Duration::from_millis(self.rng.u64(0..50))),
            _ => Patience::Endless,
        }
    }

    fn items(&mut self) -> Vec<Result<Terms, Fault>> {
        let count =
            if self.rng.u8(0..8) == 0 { self.rng.usize(20..60) } else { self.rng.usize(1..8) };
        let mut items: Vec<_> = (0..count).map(|_| Ok(self.terms())).collect();
        if count > 1 && self.rng.u8(0..4) == 0 {
            items[self.rng.usize(1..count)] = Err(Fault::missing("quantity", "is needed"));
        }
        items
    }

    fn terms(&mut self) -> Terms {
        self.named += 1;
        // Now and then one that the rules let through and the database does not take.
        let blotter_id = if self.rng.u8(0..100) == 0 { 9 } else { 1 };
        let is_named = self.rng.u8(0..3) == 0;
        Terms {
            blotter_id,
            status_id: 1,
            order_type_id: self.rng.i32(1..3),
            portfolio_id: format!("{}-{}", self.name, self.named),
            security_id: "S".to_owned(),
            quantity: Amount::from_scaled(self.rng.i64(1..1_000_000)),
            limit_price: self.rng.bool().then(|| Amount::from_scaled(5)),
            ordered_at: Moment::from_micros(0),
            client_order_id: is_named.then(|| format!("own-{}", self.named)),
        }
    }
}

fn key_of(text: &str) -> Key {
    Key { text: text.to_owned(), fingerprint: [7; 32] }
}

/// How long a caller holds the line.
#[derive(Clone, Copy, Debug)]
enum Patience {
    Endless,
    Time(Duration),
    /// It hangs up at one of its awaits: so often it is polled, and no more.
    Polls(u32),
}

impl Patience {
    async fn of<T>(self, answer: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::Endless => Some(answer.await),
            Self::Time(time) => timeout(time, answer).await.ok(),
            Self::Polls(left) => Polled { answer: Box::pin(answer), left }.await,
        }
    }
}

struct Polled<F> {
    answer: Pin<Box<F>>,
    left: u32,
}

impl<F: Future> Future for Polled<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        match self.answer.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

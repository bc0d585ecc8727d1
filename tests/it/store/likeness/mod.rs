//! The store in memory, which the simulation stands on, answers as the databases do: the same
//! random calls are made on both, and every answer is compared.

mod alike;

use std::sync::Arc;

use fastrand::Rng;
use uuid::Uuid;
use weir::domain::batch::{Answer, Batch, Key, NewLetter, ScopedKey, Wanted};
use weir::domain::decision::Decision;
use weir::domain::letter::{
    Letter, LetterState, Load, Rejection, Rest, Settlement, Severed, Trouble,
};
use weir::domain::moment::Moment;
use weir::domain::order::Order;
use weir::ports::Failure;
use weir::ports::clock::{Clock, SystemClock};
use weir::ports::journal::{Change, Journal};
use weir::ports::library::Library;
use weir::ports::post::{Collect, Leases, Post};
use weir::store::Store;

use self::alike::Alike;
use super::mail::{claim, client, ruling, submitted};
use super::shelf::{HOLD, LANE, NEW, fresh, order_with};
use crate::memory::{Memory, Process, Session, SimClock};
use crate::support::{Kind, on_both};

on_both! {
    memory_answers_as_the_database_does,
}

const LIVES: u64 = 4;
const CALLS: usize = 250;
const MINUTE: i64 = 60_000_000;

async fn memory_answers_as_the_database_does(kind: Kind) {
    for seed in 0..LIVES {
        let (_database, store) = fresh(kind).await;
        let now = SystemClock.utc();
        let memory = Memory::new(SimClock::at(now), kind == Kind::Postgres, false);
        let session = Session::new(&memory, &Arc::new(Process::lasting()), seed);
        let mut pair = Pair {
            store,
            memory,
            session,
            rng: Rng::with_seed(seed),
            now,
            orders: Vec::new(),
            loads: Vec::new(),
            epochs: Vec::new(),
            batches: Vec::new(),
        };
        pair.begin().await;
        for _ in 0..CALLS {
            pair.call().await;
        }
        pair.compare_rows().await;
    }
}

struct Pair {
    store: Arc<Store>,
    memory: Arc<Memory>,
    session: Arc<Session>,
    rng: Rng,
    /// When it began. Whatever the stores do by their own clocks happens soon after.
    now: Moment,
    orders: Vec<i64>,
    loads: Vec<Load>,
    epochs: Vec<Uuid>,
    batches: Vec<Uuid>,
}

/// The same call on both. The answers must be alike; what they say is told.
macro_rules! both {
    ($pair:ident, $port:ident :: $method:ident ( $($argument:expr),* )) => {{
        let told = $port::$method(&*$pair.store, $($argument),*).await;
        let alike = $port::$method(&*$pair.session, $($argument),*).await;
        $pair.compare(stringify!($method), told, alike)
    }};
}

impl Pair {
    async fn begin(&mut self) {
        both!(self, Journal::reserve_order_ids(5000));
        self.enter().await;
    }

    async fn call(&mut self) {
        match self.rng.u8(0..20) {
            0..=4 => self.record().await,
            5 | 6 => self.claim().await,
            7..=9 => self.collect().await,
            10..=13 => self.settle().await,
            14 => self.give_back().await,
            15 => self.look().await,
            16 => self.change().await,
            17 => self.freeze().await,
            18 => self.requeue().await,
            _ => self.enter().await,
        }
    }

    /// Failures are alike if they have the same name.
    fn compare<T: Alike>(
        &self,
        what: &str,
        told: Result<T, Failure>,
        alike: Result<T, Failure>,
    ) -> Option<T> {
        let words = |answer: &Result<T, Failure>| match answer {
            Ok(answer) => answer.words(self.now),
            Err(failure) => failure.label().to_owned(),
        };
        assert_eq!(words(&alike), words(&told), "{what}: memory and database differ");
        told.ok()
    }

    fn moment(&mut self) -> Moment {
        let minutes = [-40, 0, 40, 300];
        let ahead = minutes[self.rng.usize(0..minutes.len())];
        self.now_and(ahead)
    }

    fn now_and(&self, minutes: i64) -> Moment {
        Moment::from_micros(self.now.micros() + minutes * MINUTE)
    }

    fn epoch(&mut self) -> Uuid {
        self.epochs[self.rng.usize(0..self.epochs.len())]
    }

    fn some_orders(&mut self) -> Vec<i64> {
        let count = self.rng.usize(0..6);
        let mut ids: Vec<i64> = (0..count)
            .filter_map(|_| self.rng.choice(self.orders.iter().copied()))
            .chain([i64::MAX])
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn new_order(&mut self) -> Order {
        let id = i64::try_from(self.orders.len()).unwrap() + 1;
        self.orders.push(id);
        let own = (self.rng.u8(0..6) == 0).then(|| format!("own-{}", self.rng.u8(0..30)));
        let blotter_id = if self.rng.u8(0..60) == 0 { 99 } else { 1 };
        order_with(id, |terms| {
            terms.client_order_id = own;
            terms.blotter_id = blotter_id;
        })
    }

    fn new_batch(&mut self) -> Batch {
        let count = self.rng.usize(1..6);
        let orders: Vec<Order> = (0..count).map(|_| self.new_order()).collect();
        let holder = self.rng.bool().then(|| self.epoch());
        let chunk = self.rng.usize(1..4);
        let mut batch = submitted(orders, chunk, holder);
        if self.rng.u8(0..4) == 0 {
            batch.letters.clear();
            for order in batch.items.iter_mut().flatten() {
                order.letter_id = None;
                order.terms.status_id = if self.rng.u8(0..8) == 0 { HOLD } else { NEW };
            }
        }
        let name = format!("key-{}", self.rng.u8(0..20));
        batch.key = self.rng.bool().then_some(Key { text: name, fingerprint: [1; 32] });
        batch.client = client(["a", "b", "c"][self.rng.usize(0..3)]);
        batch.accepted_at = self.moment();
        batch.expires_at = self.moment();
        batch
    }

    async fn record(&mut self) {
        let batch = self.new_batch();
        self.batches.push(batch.id);
        match self.rng.u8(0..4) {
            0 => {
                both!(self, Journal::record_screened(LANE, batch.clone()));
            }
            1 => {
                let end = batch.items.len();
                let half = self.rng.usize(0..end);
                for part in [0..half, half..end, end..end] {
                    if !part.is_empty() || part.start == end {
                        both!(self, Journal::record_part(LANE, &batch, part.clone()));
                    }
                }
            }
            _ => {
                both!(self, Journal::record(LANE, std::slice::from_ref(&batch)));
            }
        }
        self.remember(&batch.letters, &batch);
    }

    /// Letters that were held from the first moment, as far as they stand.
    fn remember(&mut self, letters: &[NewLetter], batch: &Batch) {
        for new in letters.iter().filter(|letter| letter.holder.is_some()) {
            let letter = Letter {
                id: new.id,
                batch_id: batch.id,
                client: batch.client.clone(),
                state: LetterState::Waiting,
                undecided: new.undecided.clone(),
                attempts: 0,
                due_at: batch.accepted_at,
                fence: 1,
                trouble: Trouble::default(),
                last_error: None,
                created_at: batch.accepted_at,
            };
            self.loads.push(Load { letter, orders: Vec::new() });
        }
    }

    async fn claim(&mut self) {
        let (ids, epoch) = (self.some_orders(), self.epoch());
        let (chunk, held) = (self.rng.usize(1..4), self.rng.bool());
        let mut mine = claim(ids, chunk, held.then_some(epoch));
        mine.accepted_at = self.moment();
        self.batches.push(mine.batch_id);
        both!(self, Post::claim(LANE, std::slice::from_ref(&mine)));
    }

    async fn collect(&mut self) {
        let ask = Collect {
            epoch: self.epoch(),
            letters_max: self.rng.usize(0..8),
            orders_max: self.rng.usize(0..16),
            retries_max: self.rng.usize(0..4),
        };
        let now = self.now_and(20);
        let collected = both!(self, Post::collect(ask, now));
        self.loads.extend(collected.unwrap().loads);
    }

    async fn settle(&mut self) {
        let Some(place) = self.rng.choice(0..self.loads.len()) else { return };
        let letter = self.loads[place].letter.clone();
        let settlement = self.settlement(&letter);
        let is_last = !matches!(&settlement.rest, Rest::Kept { state: LetterState::Held, .. });
        both!(self, Post::settle(LANE, std::slice::from_ref(&settlement)));
        match settlement.rest {
            // Now and then it is repeated.
            _ if is_last && self.rng.u8(0..4) > 0 => {
                self.loads.remove(place);
            }
            Rest::Kept { undecided, trouble, .. } => {
                let letter = &mut self.loads[place].letter;
                (letter.undecided, letter.trouble) = (undecided, trouble);
            }
            Rest::Closed => {}
        }
    }

    /// Each order of the letter is sent, rejected, severed or kept.
    fn settlement(&mut self, letter: &Letter) -> Settlement {
        let (mut sent, mut rejected, mut gone, mut kept) = (vec![], vec![], vec![], vec![]);
        for id in letter.undecided.iter().copied() {
            match self.rng.u8(0..8) {
                0..=2 => sent.push((id, id + 1_000_000)),
                3 => rejected.push(Rejection { order_id: id, message: "no".to_owned() }),
                4 => gone.push(id),
                _ => kept.push(id),
            }
        }
        let doubtful = if self.rng.bool() { kept.clone() } else { Vec::new() };
        let tainted = !doubtful.is_empty();
        let part_max = self.rng.bool().then_some(2);
        let trouble = Trouble { doubtful, tainted, part_max, ..Trouble::default() };
        let severed = (!gone.is_empty()).then(|| Severed {
            letter_id: Uuid::now_v7(),
            order_ids: gone,
            reason: "TRADE_ID_CONFLICT: so it is".to_owned(),
            trouble: trouble.clone(),
        });
        let rest = match kept.is_empty() {
            true => Rest::Closed,
            false => Rest::Kept {
                state: LetterState::ALL[self.rng.usize(0..4)],
                undecided: kept,
                attempts: self.rng.u32(0..3),
                due_at: self.moment(),
                trouble,
                last_error: self.rng.bool().then(|| "trouble".to_owned()),
            },
        };
        let fence = letter.fence - i64::from(self.rng.u8(0..8) == 0);
        Settlement { letter_id: letter.id, fence, sent, rejected, severed, rest }
    }

    async fn give_back(&mut self) {
        let (epoch, quiet_at) = (self.epoch(), self.now_and(1));
        if self.rng.bool() {
            both!(self, Leases::take_back(epoch, quiet_at));
            return;
        }
        let letters = self.loads.iter().map(|load| (load.letter.id, load.letter.fence));
        let letters: Vec<_> = letters.take(self.rng.usize(0..3)).collect();
        both!(self, Leases::let_go(&letters, quiet_at));
    }

    async fn look(&mut self) {
        let (epoch, ids) = (self.epoch(), self.some_orders());
        both!(self, Leases::held(epoch));
        both!(self, Leases::letters_of(&ids));
        both!(self, Leases::backlog());
        both!(self, Journal::recorded(&ids));
        let key = |number: usize| ScopedKey {
            client: client(["a", "b", "c"][number % 3]),
            route: "/api/v1/orders",
            key: Key { text: format!("key-{number}"), fingerprint: [1; 32] },
        };
        let now = self.rng.bool().then(|| self.now_and(20));
        let names =
            (0..30).map(|number| (client(["a", "b", "c"][number % 3]), format!("own-{number}")));
        let wanted =
            Wanted { keys: (0..20).map(key).collect(), client_orders: names.collect(), now };
        both!(self, Post::known(&wanted));
    }

    async fn change(&mut self) {
        let changes = self.some_orders().into_iter();
        let changes: Vec<_> =
            changes.take(1).map(|id| Change::RemoveOrder { id, version: 1 }).collect();
        both!(self, Journal::change(LANE, &changes));
    }

    async fn freeze(&mut self) {
        let id = self.rng.choice(self.batches.iter().copied()).unwrap_or_default();
        let body = self.rng.u8(..).to_string().into_bytes();
        let answers = [(id, Answer { status: 200, body })];
        both!(self, Post::freeze(&answers));
    }

    async fn requeue(&mut self) {
        let all = both!(self, Leases::letters_of(&self.orders)).unwrap();
        let dead = all.into_iter().filter(|letter| letter.state == LetterState::Dead);
        let ids: Vec<Uuid> = dead.map(|letter| letter.id).take(2).collect();
        let discards = self.rng.u8(0..4) == 0;
        let decision = if discards { Decision::Discard { force: true } } else { Decision::Requeue };
        let rulings = [ruling(decision, &ids, self.now)];
        both!(self, Post::decide(&rulings));
    }

    async fn enter(&mut self) {
        let (epoch, instance) = (Uuid::now_v7(), ["one", "two", "three"][self.rng.usize(0..3)]);
        both!(self, Leases::enter(epoch, instance));
        self.epochs.push(epoch);
        let other = self.epoch();
        if self.rng.bool() {
            both!(self, Leases::leave(other));
        }
        both!(self, Leases::renew(other));
    }

    fn orders_in_memory(&self) -> Vec<Order> {
        self.memory.book().orders.values().map(|row| row.order.clone()).collect()
    }

    async fn compare_rows(&self) {
        let rows = self.store.orders_by_id(&self.orders).await.unwrap();
        let alike = self.orders_in_memory();
        for (alike, told) in alike.iter().zip(&rows) {
            assert_eq!(alike, told);
        }
        assert_eq!(alike.len(), rows.len());
        assert!(rows.iter().any(|order| order.trade_order_id.is_some()), "nothing was sent");
        both!(self, Leases::letters_of(&self.orders));
    }
}

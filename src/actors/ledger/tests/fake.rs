//! A journal that keeps its book in memory and fails as planned.
//!
//! It watches the ledger as it goes: what breaks a promise of the ledger's is kept as a
//! [`FakeJournal::violations`] line, since a panic here would only kill one lane.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::domain::batch::{Batch, Item};
use crate::domain::order::amend::Refusal;
use crate::domain::order::{Fault, FaultKind, Order};
use crate::ports::Failure;
use crate::ports::journal::{Change, ChangeRefusal, Changed, Journal};
use crate::ports::tests::Letterless;

/// More releases than any test makes.
const WIDE_OPEN: usize = 1_000_000;

/// The journal's methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Reserve,
    Record,
    Screen,
    Part,
    LookUp,
    Change,
    Tidy,
}

/// What becomes of one call.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// Fails, and nothing of it is on the disk.
    Before(Failure),
    /// Fails, although all of it is on the disk.
    After(Failure),
    Panic,
}

#[derive(Default)]
struct Book {
    /// The orders on the disk: their portfolio by id.
    orders: BTreeMap<i64, String>,
    batches: Vec<Uuid>,
    /// Every call that carried work: the step and the names of what it carried.
    calls: Vec<(Step, String)>,
    counts: HashMap<Step, usize>,
    plans: HashMap<(Step, usize), Plan>,
    plans_from: HashMap<Step, (usize, Plan)>,
    guilty: HashSet<String>,
    slow: HashSet<String>,
    slow_over: Option<usize>,
    takes: Duration,
    next_id: i64,
    /// The batch that each id was first seen in.
    given: HashMap<i64, Uuid>,
    under_way: usize,
    under_way_max: usize,
    violations: Vec<String>,
}

pub(super) struct FakeJournal {
    book: Mutex<Book>,
    gate: Semaphore,
}

impl FakeJournal {
    pub(super) fn open() -> Self {
        Self { book: Mutex::new(Book { next_id: 1, ..Book::default() }), gate: wide_open() }
    }

    /// Commits wait until they are released.
    pub(super) fn gated() -> Self {
        Self { gate: Semaphore::new(0), ..Self::open() }
    }

    pub(super) fn release(&self, commits: usize) {
        self.gate.add_permits(commits);
    }

    pub(super) fn release_all(&self) {
        self.release(WIDE_OPEN);
    }

    /// The `nth` call of a step, counted from 1, goes as planned.
    pub(super) fn plan(&self, step: Step, nth: usize, plan: Plan) {
        self.book().plans.insert((step, nth), plan);
    }

    /// So do all calls from the `nth` on, where nothing else is planned.
    pub(super) fn plan_from(&self, step: Step, nth: usize, plan: Plan) {
        self.book().plans_from.insert(step, (nth, plan));
    }

    /// An order of this portfolio, or a change of this name, breaks a rule of the database.
    pub(super) fn make_guilty(&self, name: &str) {
        self.book().guilty.insert(name.to_owned());
    }

    /// A write with an order of this portfolio is too slow.
    pub(super) fn make_slow(&self, portfolio: &str) {
        self.book().slow.insert(portfolio.to_owned());
    }

    /// A write of more orders than this is too slow.
    pub(super) fn slow_over(&self, orders: usize) {
        self.book().slow_over = Some(orders);
    }

    /// How long each commit takes, once the gate is open.
    pub(super) fn take_time(&self, takes: Duration) {
        self.book().takes = takes;
    }

    /// What it was asked to commit together, in turn, such as `a b`, each portfolio a word.
    pub(super) fn groups(&self) -> Vec<String> {
        let whole = |step: &Step| matches!(step, Step::Record | Step::Change);
        self.book().calls.iter().filter(|(step, _)| whole(step)).map(|(_, w)| w.clone()).collect()
    }

    /// What one step was asked for, in turn.
    pub(super) fn calls(&self, step: Step) -> Vec<String> {
        self.book().calls.iter().filter(|(s, _)| *s == step).map(|(_, w)| w.clone()).collect()
    }

    pub(super) fn count(&self, step: Step) -> usize {
        self.book().counts.get(&step).copied().unwrap_or_default()
    }

    pub(super) fn under_way_max(&self) -> usize {
        self.book().under_way_max
    }

    /// How many orders of this portfolio are on the disk.
    pub(super) fn copies(&self, portfolio: &str) -> usize {
        self.book().orders.values().filter(|kept| *kept == portfolio).count()
    }

    pub(super) fn portfolio(&self, order_id: i64) -> Option<String> {
        self.book().orders.get(&order_id).cloned()
    }

    pub(super) fn orders(&self) -> usize {
        self.book().orders.len()
    }

    pub(super) fn has_batch(&self, id: Uuid) -> bool {
        self.book().batches.contains(&id)
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.book().violations.clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// Counts the call and finds its plan.
    fn begin(&self, step: Step) -> Option<Plan> {
        let mut book = self.book();
        let count = book.counts.entry(step).or_default();
        *count += 1;
        let nth = *count;
        let from = book.plans_from.get(&step).filter(|(from, _)| nth >= *from);
        let later = from.map(|(_, plan)| plan.clone());
        book.plans.remove(&(step, nth)).or(later)
    }

    /// Passes the gate and does `write`, as far as the plan lets it.
    async fn commit<T>(
        &self,
        step: Step,
        words: String,
        write: impl FnOnce(&mut Book) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let plan = self.begin(step);
        self.book().calls.push((step, words));
        let _under_way = UnderWay::enter(self);
        self.gate.acquire().await.unwrap().forget();
        let takes = self.book().takes;
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        match plan {
            None => write(&mut self.book()),
            Some(Plan::Before(failure)) => Err(failure),
            Some(Plan::After(failure)) => write(&mut self.book()).and(Err(failure)),
            Some(Plan::Panic) => panic!("planned"),
        }
    }
}

impl Book {
    fn check_ids(&mut self, batch_id: Uuid, orders: &[&Order]) {
        for order in orders {
            if !(1..self.next_id).contains(&order.id) {
                self.violations.push(format!("id {} was never reserved", order.id));
            }
            if *self.given.entry(order.id).or_insert(batch_id) != batch_id {
                self.violations.push(format!("id {} was given out twice", order.id));
            }
        }
    }

    fn check_size(&self, orders: &[&Order]) -> Result<(), Failure> {
        let too_many = self.slow_over.is_some_and(|most| orders.len() > most);
        let slow = orders.iter().any(|order| self.slow.contains(&order.terms.portfolio_id));
        if too_many || slow { Err(Failure::TooSlow) } else { Ok(()) }
    }

    fn refuses(&self, order: &Order) -> bool {
        self.guilty.contains(&order.terms.portfolio_id) || self.orders.contains_key(&order.id)
    }

    fn check_rows(&self, orders: &[&Order]) -> Result<(), Failure> {
        if orders.iter().any(|order| self.refuses(order)) { Err(data()) } else { Ok(()) }
    }

    fn store(&mut self, orders: &[&Order]) {
        let rows = orders.iter().map(|order| (order.id, order.terms.portfolio_id.clone()));
        self.orders.extend(rows);
    }
}

impl Letterless for FakeJournal {}

#[async_trait]
impl Journal for FakeJournal {
    async fn reserve_order_ids(&self, count: u32) -> Result<Range<i64>, Failure> {
        match self.begin(Step::Reserve) {
            None => {}
            Some(Plan::Before(failure) | Plan::After(failure)) => return Err(failure),
            Some(Plan::Panic) => panic!("planned"),
        }
        tokio::task::yield_now().await;
        let mut book = self.book();
        let from = book.next_id;
        book.next_id += i64::from(count);
        Ok(from..book.next_id)
    }

    async fn record(&self, _: u16, batches: &[Batch]) -> Result<(), Failure> {
        let orders: Vec<&Order> = batches.iter().flat_map(Batch::orders).collect();
        let write = |book: &mut Book| {
            for batch in batches {
                book.check_ids(batch.id, &batch.orders().collect::<Vec<_>>());
            }
            book.check_size(&orders)?;
            book.check_rows(&orders)?;
            book.store(&orders);
            book.batches.extend(batches.iter().map(|batch| batch.id));
            Ok(())
        };
        self.commit(Step::Record, words(&orders), write).await
    }

    async fn record_screened(&self, _: u16, mut batch: Batch) -> Result<Vec<Item>, Failure> {
        let names = words(&batch.orders().collect::<Vec<_>>());
        let write = |book: &mut Book| {
            for item in &mut batch.items {
                if item.as_ref().is_ok_and(|order| book.refuses(order)) {
                    *item = Err(refused());
                }
            }
            book.store(&batch.orders().collect::<Vec<_>>());
            book.batches.push(batch.id);
            Ok(batch.items)
        };
        self.commit(Step::Screen, names, write).await
    }

    async fn record_part(&self, _: u16, batch: &Batch, part: Range<usize>) -> Result<(), Failure> {
        let orders: Vec<&Order> = batch.orders_in(part.clone()).collect();
        let write = |book: &mut Book| {
            book.check_ids(batch.id, &orders);
            book.check_size(&orders)?;
            book.check_rows(&orders)?;
            book.store(&orders);
            if part.is_empty() {
                book.batches.push(batch.id);
            }
            Ok(())
        };
        self.commit(Step::Part, words(&orders), write).await
    }

    async fn recorded(&self, order_ids: &[i64]) -> Result<HashSet<i64>, Failure> {
        match self.begin(Step::LookUp) {
            None => {}
            Some(Plan::Before(failure) | Plan::After(failure)) => return Err(failure),
            Some(Plan::Panic) => panic!("planned"),
        }
        let book = self.book();
        Ok(order_ids.iter().copied().filter(|id| book.orders.contains_key(id)).collect())
    }

    async fn change(
        &self,
        _: u16,
        changes: &[Change],
    ) -> Result<Vec<Result<Changed, ChangeRefusal>>, Failure> {
        let names: Vec<String> = changes.iter().map(name).collect();
        let write = |book: &mut Book| {
            if names.iter().any(|name| book.guilty.contains(name)) {
                return Err(data());
            }
            Ok(changes.iter().map(change).collect())
        };
        self.commit(Step::Change, names.join(" "), write).await
    }

    async fn tidy(&self) {
        let _ = self.commit(Step::Tidy, String::new(), |_| Ok(())).await;
    }
}

/// One commit under way, as long as it lives.
struct UnderWay<'a>(&'a FakeJournal);

impl<'a> UnderWay<'a> {
    fn enter(journal: &'a FakeJournal) -> Self {
        let mut book = journal.book();
        book.under_way += 1;
        book.under_way_max = book.under_way_max.max(book.under_way);
        Self(journal)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.book().under_way -= 1;
    }
}

fn wide_open() -> Semaphore {
    Semaphore::new(WIDE_OPEN)
}

fn words(orders: &[&Order]) -> String {
    let words: Vec<&str> = orders.iter().map(|order| order.terms.portfolio_id.as_str()).collect();
    words.join(" ")
}

fn name(change: &Change) -> String {
    match change {
        Change::RemoveOrder { id, .. } => format!("#{id}"),
        Change::AmendOrder(_)
        | Change::Reference(_)
        | Change::Note(_)
        | Change::Pause { .. }
        | Change::Resume { .. } => {
            unreachable!("no test makes one")
        }
    }
}

/// Every order has version 1 here; whoever names another one is late.
fn change(change: &Change) -> Result<Changed, ChangeRefusal> {
    match change {
        Change::RemoveOrder { version: 1, .. } => Ok(Changed::Removed),
        Change::RemoveOrder { id, version } => {
            Err(Refusal::Stale { id: *id, given: *version, current: 1 }.into())
        }
        Change::AmendOrder(_)
        | Change::Reference(_)
        | Change::Note(_)
        | Change::Pause { .. }
        | Change::Resume { .. } => {
            unreachable!("no test makes one")
        }
    }
}

fn data() -> Failure {
    Failure::Data { reason: "a row breaks a rule".to_owned() }
}

fn refused() -> Fault {
    Fault { kind: FaultKind::Refused, field: "", message: "refused".to_owned() }
}

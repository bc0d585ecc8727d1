//! One fake behind every port: what it holds, and how it is told to fail.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::clerk::Book;
use crate::domain::audit::{AuditLine, AuditQuery};
use crate::domain::batch::{Batch, BatchQuery, BatchRecord, Item};
use crate::domain::client::ClientId;
use crate::domain::letter::{Letter, LetterQuery};
use crate::domain::listing::Listing;
use crate::domain::order::amend::{Refusal, amend, remove};
use crate::domain::order::{Order, OrderRecord};
use crate::domain::pause::Pause;
use crate::domain::pool::PoolSample;
use crate::domain::reference::{ReferenceChange, ReferenceKind, ReferenceRow, References};
use crate::ports::Failure;
use crate::ports::board::Board;
use crate::ports::catalogue::Catalogue;
use crate::ports::gauge::{DatabaseState, Hold, PoolGauge};
use crate::ports::journal::{Change, ChangeRefusal, Changed, Journal};
use crate::ports::library::{Library, Page};
use crate::ports::meter::HttpMeter;
use crate::ports::tests::Letterless;

/// What the fake holds, and how it is told to fail.
pub(super) struct State {
    pub(super) orders: Vec<Order>,
    pub(super) book: Book,
    pub(super) audit: Vec<AuditLine>,
    pub(super) pauses: Vec<Pause>,
    pub(super) references: References,
    /// What the catalogue says until it is refreshed.
    pub(super) snapshot: Arc<References>,
    pub(super) refreshes: u32,
    pub(super) records: u32,
    pub(super) next_id: i64,
    pub(super) database: DatabaseState,
    pub(super) sample: PoolSample,
    pub(super) timeouts_in_a_row: u32,
    pub(super) dead_letters: u64,
    pub(super) read_failure: Option<Failure>,
    pub(super) write_failure: Option<Failure>,
    /// Reads never end.
    pub(super) hangs: bool,
    pub(super) in_flight: i64,
    pub(super) answered: Vec<(&'static str, String, u16)>,
    pub(super) problems: Vec<&'static str>,
}

pub(super) struct World(Mutex<State>);

impl World {
    pub(super) fn new() -> Self {
        let references = crate::domain::order::draft::tests::seeds();
        Self(Mutex::new(State {
            orders: Vec::new(),
            book: Book::default(),
            audit: Vec::new(),
            pauses: Vec::new(),
            snapshot: Arc::new(references.clone()),
            references,
            refreshes: 0,
            records: 0,
            next_id: 1,
            database: DatabaseState::Serving,
            sample: PoolSample { active: 15, idle: 5, waiting: 0, total: 20, max: 60 },
            timeouts_in_a_row: 0,
            dead_letters: 0,
            read_failure: None,
            write_failure: None,
            hangs: false,
            in_flight: 0,
            answered: Vec::new(),
            problems: Vec::new(),
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    async fn read(&self) -> Result<(), Failure> {
        if self.state().hangs {
            std::future::pending::<()>().await;
        }
        self.state().read_failure.clone().map_or(Ok(()), Err)
    }

    fn write(&self) -> Result<(), Failure> {
        self.state().write_failure.clone().map_or(Ok(()), Err)
    }
}

impl Letterless for World {}

#[async_trait]
impl Journal for World {
    async fn reserve_order_ids(&self, count: u32) -> Result<Range<i64>, Failure> {
        let mut state = self.state();
        let first = state.next_id;
        state.next_id += i64::from(count);
        Ok(first..state.next_id)
    }

    async fn record(&self, _: u16, batches: &[Batch]) -> Result<(), Failure> {
        self.write()?;
        let mut state = self.state();
        state.records += 1;
        state.orders.extend(batches.iter().flat_map(Batch::orders).cloned());
        Ok(())
    }

    async fn record_screened(&self, _: u16, batch: Batch) -> Result<Vec<Item>, Failure> {
        self.write()?;
        Ok(batch.items)
    }

    async fn record_part(&self, _: u16, _: &Batch, _: Range<usize>) -> Result<(), Failure> {
        self.write()
    }

    async fn recorded(&self, _: &[i64]) -> Result<HashSet<i64>, Failure> {
        self.write()?;
        Ok(HashSet::new())
    }

    async fn change(
        &self,
        _: u16,
        changes: &[Change],
    ) -> Result<Vec<Result<Changed, ChangeRefusal>>, Failure> {
        self.write()?;
        let mut state = self.state();
        Ok(changes.iter().map(|change| state.change(change)).collect())
    }

    async fn tidy(&self) {}
}

impl State {
    fn change(&mut self, change: &Change) -> Result<Changed, ChangeRefusal> {
        let references = self.references.clone();
        let find = |orders: &[Order], id| {
            let position = orders.iter().position(|order| order.id == id);
            position.ok_or(ChangeRefusal::Order(Refusal::NotFound { id }))
        };
        match change {
            Change::AmendOrder(amendment) => {
                let at = find(&self.orders, amendment.id)?;
                let order = &mut self.orders[at];
                order.terms = amend(order, amendment, &references)?;
                order.version += 1;
                Ok(Changed::Order(order.clone()))
            }
            Change::RemoveOrder { id, version } => {
                let at = find(&self.orders, *id)?;
                remove(&self.orders[at], *version, &references)?;
                self.orders.remove(at);
                Ok(Changed::Removed)
            }
            Change::Reference(change) => self.change_reference(change),
            Change::Pause { .. } | Change::Resume { .. } => {
                unreachable!("pauses are tried over a real database")
            }
            Change::Note(line) => {
                self.audit.push(line.clone());
                Ok(Changed::Noted)
            }
        }
    }

    fn change_reference(&mut self, change: &ReferenceChange) -> Result<Changed, ChangeRefusal> {
        let current = |references: &References, kind, id, given| {
            let row = references.of(kind).get(&id);
            let row = row.ok_or(ChangeRefusal::NoReference { kind, id })?;
            if row.version == given {
                return Ok(());
            }
            Err(ChangeRefusal::StaleReference { kind, id, given, current: row.version })
        };
        match change.clone() {
            ReferenceChange::Create { kind, label, version } => {
                let id = self.references.of(kind).keys().max().unwrap() + 1;
                let row = ReferenceRow { id, label, version };
                self.references.of_mut(kind).insert(id, row.clone());
                Ok(Changed::Reference(row))
            }
            ReferenceChange::Amend { kind, row } => {
                current(&self.references, kind, row.id, row.version)?;
                let row = ReferenceRow { version: row.version + 1, ..row };
                self.references.of_mut(kind).insert(row.id, row.clone());
                Ok(Changed::Reference(row))
            }
            ReferenceChange::Remove { kind, id, version } => {
                current(&self.references, kind, id, version)?;
                if self.orders.iter().any(|order| order.terms.blotter_id == id) {
                    return Err(ChangeRefusal::Referenced { kind, id });
                }
                self.references.of_mut(kind).remove(&id);
                Ok(Changed::Removed)
            }
        }
    }
}

#[async_trait]
impl Library for World {
    async fn order(&self, id: i64) -> Result<Option<Order>, Failure> {
        self.read().await?;
        Ok(self.state().orders.iter().find(|order| order.id == id).cloned())
    }

    async fn orders(&self, listing: &Listing) -> Result<Page, Failure> {
        self.read().await?;
        let state = self.state();
        let (offset, limit) = (listing.offset as usize, listing.limit as usize);
        let orders = state.orders.iter().skip(offset).take(limit).cloned().collect();
        Ok(Page { orders, total: state.orders.len() as u64 })
    }

    async fn orders_by_id(&self, ids: &[i64]) -> Result<Vec<Order>, Failure> {
        self.read().await?;
        let is_wanted = |order: &&Order| ids.contains(&order.id);
        Ok(self.state().orders.iter().filter(is_wanted).cloned().collect())
    }

    async fn batch(&self, id: Uuid) -> Result<Option<BatchRecord>, Failure> {
        self.read().await?;
        let state = self.state();
        Ok(state.book.record(id, &state.orders))
    }

    async fn references(&self, kind: ReferenceKind) -> Result<Vec<ReferenceRow>, Failure> {
        self.read().await?;
        Ok(self.state().references.of(kind).values().cloned().collect())
    }

    async fn find_batches(&self, _: &BatchQuery) -> Result<Vec<Uuid>, Failure> {
        self.read().await?;
        Ok(Vec::new())
    }

    async fn order_record(&self, _: i64) -> Result<Option<OrderRecord>, Failure> {
        self.read().await?;
        Ok(None)
    }

    async fn letters(&self, _: &LetterQuery) -> Result<Vec<Letter>, Failure> {
        self.read().await?;
        Ok(self.state().book.letters.clone())
    }

    async fn letter(&self, id: Uuid) -> Result<Option<Letter>, Failure> {
        self.read().await?;
        Ok(self.state().book.letters.iter().find(|letter| letter.id == id).cloned())
    }

    async fn audit(&self, _: &AuditQuery) -> Result<Vec<AuditLine>, Failure> {
        self.read().await?;
        Ok(self.state().audit.iter().rev().cloned().collect())
    }
}

#[async_trait]
impl Board for World {
    async fn pauses(&self) -> Result<Vec<Pause>, Failure> {
        self.read().await?;
        Ok(self.state().pauses.clone())
    }

    async fn letters_in_line(&self, _: &[ClientId]) -> Result<u64, Failure> {
        Ok(0)
    }
}

#[async_trait]
impl Catalogue for World {
    fn references(&self) -> Arc<References> {
        Arc::clone(&self.state().snapshot)
    }

    async fn refresh(&self) -> Result<Arc<References>, Failure> {
        self.read().await?;
        let mut state = self.state();
        state.refreshes += 1;
        state.snapshot = Arc::new(state.references.clone());
        Ok(Arc::clone(&state.snapshot))
    }
}

#[async_trait]
impl PoolGauge for World {
    fn sample(&self) -> PoolSample {
        self.state().sample
    }

    fn state(&self) -> DatabaseState {
        World::state(self).database.clone()
    }

    fn holds(&self) -> Vec<Hold> {
        Vec::new()
    }

    fn timeouts(&self) -> u64 {
        0
    }

    fn timeouts_in_a_row(&self) -> u32 {
        World::state(self).timeouts_in_a_row
    }

    async fn probe(&self) -> DatabaseState {
        World::state(self).database.clone()
    }
}

impl HttpMeter for World {
    fn in_flight(&self, change: i64) {
        self.state().in_flight += change;
    }

    fn answered(&self, method: &'static str, route: &str, status: u16, _: Duration) {
        self.state().answered.push((method, route.to_owned(), status));
    }

    fn problem(&self, code: &'static str, _: u16) {
        self.state().problems.push(code);
    }
}

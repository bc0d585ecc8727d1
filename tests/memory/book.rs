//! What is on the disk: rows, and the rules that the database itself upholds.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use uuid::Uuid;
use weir::domain::batch::{Answer, Batch, Key, KnownBatch, ScopedKey};
use weir::domain::client::ClientId;
use weir::domain::letter::{Letter, LetterState, Trouble};
use weir::domain::moment::Moment;
use weir::domain::order::status;
use weir::domain::order::{Fault, FaultKind, Order};
use weir::domain::pause::Pause;
use weir::domain::reference::{ReferenceKind, References};
use weir::ports::Failure;

use super::session::references;

/// How long a lease lasts unless it is renewed.
pub(super) const LEASE: Duration = Duration::from_secs(15);

#[derive(Clone, Debug)]
pub(crate) struct OrderRow {
    pub(crate) order: Order,
    pub(super) client: ClientId,
    /// Why the trade service refused it.
    pub(crate) error: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct LetterRow {
    pub(crate) letter: Letter,
    pub(crate) holder: Option<Uuid>,
}

#[derive(Clone, Debug)]
pub(crate) struct BatchRow {
    pub(crate) client: ClientId,
    pub(super) route: &'static str,
    pub(crate) key: Option<Key>,
    pub(super) accepted_at: Moment,
    pub(super) expires_at: Moment,
    pub(super) answer: Option<Answer>,
    /// The orders that were put into letters with it.
    pub(crate) submitted: Vec<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) instance: String,
    pub(super) expires_at: Moment,
    pub(super) ended: bool,
}

#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) orders: BTreeMap<i64, OrderRow>,
    pub(crate) letters: BTreeMap<Uuid, LetterRow>,
    pub(crate) batches: BTreeMap<Uuid, BatchRow>,
    pub(super) holders: BTreeMap<Uuid, Holder>,
    keys: HashMap<(ClientId, &'static str, String), Uuid>,
    client_orders: HashMap<(ClientId, String), i64>,
    trades: HashMap<i64, i64>,
    pub(super) next_order_id: i64,
    pub(super) references: References,
    pub(super) leases: bool,
    /// Put there and taken away by tests.
    pub(crate) pauses: Vec<Pause>,
    /// Nobody can read them.
    pub(crate) hides_pauses: bool,
    /// Promises of the callers' that were broken.
    pub(crate) violations: Vec<String>,
}

impl Book {
    pub(super) fn new(leases: bool) -> Self {
        Self {
            orders: BTreeMap::new(),
            letters: BTreeMap::new(),
            batches: BTreeMap::new(),
            holders: BTreeMap::new(),
            keys: HashMap::new(),
            client_orders: HashMap::new(),
            trades: HashMap::new(),
            next_order_id: 1,
            references: references(),
            leases,
            pauses: Vec::new(),
            hides_pauses: false,
            violations: Vec::new(),
        }
    }

    pub(crate) fn is_status(&self, order: &Order, name: &str) -> bool {
        self.references.status(order.terms.status_id) == Some(name)
    }

    pub(super) fn status_id(&self, name: &str) -> i32 {
        let ids = self.references.ids_of(ReferenceKind::Status, &[name.to_owned()]);
        *ids.first().unwrap()
    }

    /// May it be put into a letter?
    pub(super) fn is_free_new(&self, order: &Order) -> bool {
        self.is_status(order, status::NEW)
            && order.trade_order_id.is_none()
            && order.letter_id.is_none()
    }

    pub(super) fn find_key(
        &mut self,
        wanted: &ScopedKey,
        now: Option<Moment>,
    ) -> Option<KnownBatch> {
        let scope = (wanted.client.clone(), wanted.route, wanted.key.text.clone());
        let id = *self.keys.get(&scope)?;
        let row = self.batches.get_mut(&id)?;
        if now.is_some_and(|now| row.expires_at <= now) {
            row.key = None;
            self.keys.remove(&scope);
            return None;
        }
        let fingerprint = row.key.as_ref()?.fingerprint;
        let (expires_at, answer) = (row.expires_at, row.answer.clone());
        Some(KnownBatch { id, fingerprint, expires_at, answer })
    }

    pub(super) fn find_client_order(&self, client: &ClientId, name: &str) -> Option<Order> {
        let id = self.client_orders.get(&(client.clone(), name.to_owned()))?;
        self.orders.get(id).map(|row| row.order.clone())
    }

    pub(super) fn check_batch(&self, batch: &Batch) -> Result<(), Failure> {
        self.check_batch_row(batch.id, &batch.client, batch.route, batch.key.as_ref())
    }

    pub(super) fn check_batch_row(
        &self,
        id: Uuid,
        client: &ClientId,
        route: &'static str,
        key: Option<&Key>,
    ) -> Result<(), Failure> {
        if self.batches.contains_key(&id) {
            return Err(data("batches_pkey"));
        }
        let scope = key.map(|key| (client.clone(), route, key.text.clone()));
        match scope.is_some_and(|scope| self.keys.contains_key(&scope)) {
            true => Err(taken("batches_one_per_key")),
            false => Ok(()),
        }
    }

    /// What the database says of orders that are to be written together: the rows first, and
    /// their references with the tallies, which are written last.
    pub(super) fn check_orders<'a>(
        &self,
        orders: impl Iterator<Item = (&'a ClientId, &'a Order)> + Clone,
    ) -> Result<(), Failure> {
        let mut names = HashSet::new();
        for (client, order) in orders.clone() {
            if self.orders.contains_key(&order.id) {
                return Err(data("orders_pkey"));
            }
            let Some(name) = &order.terms.client_order_id else { continue };
            if self.find_client_order(client, name).is_some() || !names.insert((client, name)) {
                return Err(taken("orders_one_per_client_order"));
            }
        }
        let known = |order: &Order| self.references.blotters.contains_key(&order.terms.blotter_id);
        match orders.into_iter().all(|(_, order)| known(order)) {
            true => Ok(()),
            false => Err(data("order_tallies_blotter_id_fkey")),
        }
    }

    pub(super) fn insert_batch(&mut self, batch: &Batch) {
        let submitted = batch.orders().filter(|order| order.in_submission());
        let row = BatchRow {
            client: batch.client.clone(),
            route: batch.route,
            key: batch.key.clone(),
            accepted_at: batch.accepted_at,
            expires_at: batch.expires_at,
            answer: None,
            submitted: submitted.map(|order| order.id).collect(),
        };
        self.insert_batch_row(batch.id, row);
        for new in &batch.letters {
            let written = |id: &i64| {
                self.orders.get(id).is_some_and(|row| row.order.letter_id == Some(new.id))
            };
            let undecided = new.undecided.iter().copied().filter(written).collect();
            let from = (batch.id, batch.accepted_at);
            self.insert_letter(new.id, from, &batch.client, undecided, new.holder);
        }
    }

    pub(super) fn insert_batch_row(&mut self, id: Uuid, row: BatchRow) {
        if let Some(key) = &row.key {
            self.keys.insert((row.client.clone(), row.route, key.text.clone()), id);
        }
        self.batches.insert(id, row);
    }

    pub(super) fn insert_order(&mut self, client: &ClientId, order: &Order) {
        if !(1..self.next_order_id).contains(&order.id) {
            self.violations.push(format!("order id {} was never reserved", order.id));
        }
        if let Some(name) = &order.terms.client_order_id {
            self.client_orders.insert((client.clone(), name.clone()), order.id);
        }
        let row = OrderRow { order: order.clone(), client: client.clone(), error: None };
        self.orders.insert(order.id, row);
    }

    pub(super) fn remove_order(&mut self, id: i64) {
        if let Some(row) = self.orders.remove(&id)
            && let Some(name) = row.order.terms.client_order_id
        {
            self.client_orders.remove(&(row.client, name));
        }
    }

    /// A letter without orders is not written.
    pub(super) fn insert_letter(
        &mut self,
        id: Uuid,
        (batch_id, at): (Uuid, Moment),
        client: &ClientId,
        undecided: Vec<i64>,
        holder: Option<Uuid>,
    ) {
        if undecided.is_empty() {
            return;
        }
        let held = holder.is_some();
        let letter = Letter {
            id,
            batch_id,
            client: client.clone(),
            state: if held { LetterState::Held } else { LetterState::Waiting },
            undecided,
            attempts: 0,
            due_at: at,
            fence: i64::from(held),
            trouble: Trouble::default(),
            last_error: None,
            created_at: at,
        };
        self.letters.insert(id, LetterRow { letter, holder });
    }

    pub(super) fn is_trade_free(&self, order_id: i64, trade_id: i64) -> bool {
        self.trades.get(&trade_id).is_none_or(|known| *known == order_id)
    }

    pub(super) fn note_trade(&mut self, order_id: i64, trade_id: i64) {
        self.trades.insert(trade_id, order_id);
    }

    /// Deletes batches that were accepted by then and whose keys are over.
    pub(super) fn prune(&mut self, now: Moment, accepted_by: Moment) -> usize {
        let before = self.batches.len();
        self.batches.retain(|_, row| row.expires_at > now || row.accepted_at > accepted_by);
        self.keys.retain(|_, id| self.batches.contains_key(id));
        before - self.batches.len()
    }
}

pub(super) fn data(reason: &str) -> Failure {
    Failure::Data { reason: reason.to_owned() }
}

pub(super) fn taken(reason: &str) -> Failure {
    Failure::Taken { reason: reason.to_owned() }
}

/// The item of an order that the database did not take.
pub(super) fn refused() -> Fault {
    let message =
        "The database refused this order: its blotter, status or order type may have been \
                   deleted meanwhile"
            .to_owned();
    Fault { kind: FaultKind::Refused, field: "", message }
}

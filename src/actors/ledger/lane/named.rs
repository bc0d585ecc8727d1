//! What has a name that may be known already: requests by their keys, orders by their clients'.
//!
//! The database's unique indexes decide. This only looks before the insert, so that the common
//! repetition is an answer and not an error, and makes the group such that nothing in it can
//! clash with another part of it: what repeats something of the same group goes after it.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::Lane;
use super::record::Entering;
use crate::domain::batch::{self, Batch, Item, Known, KnownBatch, ScopedKey, Wanted};
use crate::domain::client::ClientId;
use crate::domain::order::{Fault, FaultKind, Order};
use crate::ports::Failure;

/// A group after a look at what is known.
pub(super) struct Looked {
    /// Places of requests that were recorded before, with what stands of them.
    pub(super) known: Vec<(usize, KnownBatch)>,
    /// To be recorded now.
    pub(super) now: Vec<Entering>,
    /// Repeats something of `now`: to be looked at again after it.
    pub(super) later: Vec<Entering>,
}

impl Lane {
    /// Finds what is known of a group. Fails with the places of all.
    pub(super) async fn look(&self, open: Vec<Entering>) -> Result<Looked, (Vec<usize>, Failure)> {
        let wanted = wanted(&open);
        let mut known = Known::default();
        if !wanted.keys.is_empty() || !wanted.client_orders.is_empty() {
            let wanted = Wanted { now: Some(self.clock.utc()), ..wanted };
            let found = self.books.known(&wanted).await;
            known = found.map_err(|failure| {
                (open.iter().map(|entering| entering.place).collect(), failure)
            })?;
        }
        Ok(sort(open, known))
    }
}

fn wanted(open: &[Entering]) -> Wanted {
    let mut wanted = Wanted::default();
    for Entering { batch, .. } in open {
        wanted.keys.extend(scoped_key(batch));
        wanted.client_orders.extend(names(batch).map(|name| (batch.client.clone(), name)));
    }
    wanted
}

fn scoped_key(batch: &Batch) -> Option<ScopedKey> {
    let (client, route) = (batch.client.clone(), batch.route);
    batch.key.clone().map(|key| ScopedKey { client, route, key })
}

/// The clients' own ids of a batch's orders, in their order.
fn names(batch: &Batch) -> impl Iterator<Item = String> + '_ {
    batch.items.iter().flatten().filter_map(|order| order.terms.client_order_id.clone())
}

/// Sorts a group by what is known: `known` is in the order in which it was wanted.
fn sort(open: Vec<Entering>, known: Known) -> Looked {
    let mut looked = Looked { known: Vec::new(), now: Vec::new(), later: Vec::new() };
    let (mut keys, mut orders) = (known.keys.into_iter(), known.client_orders.into_iter());
    let mut seen_keys = HashSet::new();
    let mut seen_names = HashSet::new();
    for mut entering in open {
        let standing = stand(&entering.batch, &mut orders);
        let key = scoped_key(&entering.batch);
        if let Some(key) = key {
            if let Some(known) = keys.next().flatten() {
                looked.known.push((entering.place, known));
                continue;
            }
            // Of a key only its text is unique: the body may be another one.
            if !seen_keys.insert((key.client, key.route, key.key.text)) {
                looked.later.push(entering);
                continue;
            }
        }
        let client = &entering.batch.client;
        let own: HashSet<_> = names(&entering.batch).map(|name| (client.clone(), name)).collect();
        if own.iter().any(|name| seen_names.contains(name)) {
            looked.later.push(entering);
            continue;
        }
        seen_names.extend(own);
        name_orders(&mut entering.batch, &standing);
        cut(&mut entering);
        looked.now.push(entering);
    }
    looked
}

type Name = (ClientId, String);

/// The orders that stand under the names of a batch.
fn stand(batch: &Batch, known: &mut impl Iterator<Item = Option<Order>>) -> HashMap<Name, Order> {
    let found = names(batch).zip(known);
    found.filter_map(|(name, order)| Some(((batch.client.clone(), name), order?))).collect()
}

/// Orders whose names are known become the orders that stand under them, or faults.
fn name_orders(batch: &mut Batch, standing: &HashMap<Name, Order>) {
    let mut first: HashMap<String, Order> = HashMap::new();
    batch.standing.clear();
    for (place, item) in batch.items.iter_mut().enumerate() {
        let Ok(order) = item else { continue };
        let Some(name) = order.terms.client_order_id.clone() else { continue };
        let stands = standing.get(&(batch.client.clone(), name.clone())).or(first.get(&name));
        match stands {
            None => {
                first.insert(name, order.clone());
            }
            Some(before) if is_same(before, order) => {
                *item = Item::Ok(before.clone());
                batch.standing.push(place);
            }
            Some(before) => *item = Err(duplicate(before)),
        }
    }
}

/// Did the client say the same of both? What a submission or a change of status did to the first
/// one is not the client's word about a new order.
fn is_same(before: &Order, order: &Order) -> bool {
    let (first, second) = (&before.terms, &order.terms);
    first.blotter_id == second.blotter_id
        && first.order_type_id == second.order_type_id
        && first.portfolio_id == second.portfolio_id
        && first.security_id == second.security_id
        && first.quantity == second.quantity
        && first.limit_price == second.limit_price
}

fn duplicate(before: &Order) -> Fault {
    let message = format!(
        "Order {} has this client order ID and says something else: give the new order another one",
        before.id
    );
    Fault { kind: FaultKind::Duplicate, field: "clientOrderId", message }
}

/// Puts the new orders of a batch that is to be submitted into letters.
fn cut(entering: &mut Entering) {
    let Some(letters) = entering.letters else { return };
    let batch = &mut entering.batch;
    batch.letters = batch::cut_into_letters(
        &mut batch.items,
        &batch.standing,
        letters.chunk,
        letters.held_max,
        letters.epoch,
        Uuid::now_v7,
    );
}

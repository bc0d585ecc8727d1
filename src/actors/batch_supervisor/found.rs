//! What stands on the disk, in the supervisor's words.

use std::collections::HashMap;

use uuid::Uuid;

use super::{AcceptedItem, BatchSupervisor};
use crate::actors::ledger::{Recorded, Refused};
use crate::domain::batch::{Claimed, Claiming, Item, NewLetter};
use crate::domain::moment::Moment;
use crate::domain::order::{Fault, FaultKind, Order};

/// A submission in the supervisor's words.
pub(super) struct Found {
    pub(super) batch_id: Uuid,
    pub(super) accepted_at: Moment,
    pub(super) items: Vec<AcceptedItem>,
    /// The orders that are in the letters.
    pub(super) orders: HashMap<i64, Order>,
    pub(super) letters: Vec<NewLetter>,
    /// Orders on their way in another letter since an earlier submission.
    pub(super) elsewhere: Vec<(i64, Uuid)>,
}

impl BatchSupervisor {
    pub(super) fn found_batch(
        &self,
        recorded: Recorded,
        claimed: Result<Option<Claimed>, Refused>,
    ) -> Found {
        let Recorded { batch_id, accepted_at, items, standing, mut letters } = recorded;
        let mut claims = Claims::default();
        match claimed {
            Ok(None) => {}
            Ok(Some(claimed)) => {
                letters.extend(claimed.letters);
                claims.orders.extend(claimed.orders.into_iter().filter_map(Claiming::into_order));
            }
            Err(refused) => {
                let reason = refused.label();
                log::warn!(batch_id:%, reason; "orders that stood before could not be submitted");
                claims.failed = Some(unclaimed(&refused));
            }
        }
        let mut found = Found {
            batch_id,
            accepted_at,
            items: Vec::with_capacity(items.len()),
            orders: HashMap::new(),
            letters,
            elsewhere: Vec::new(),
        };
        for (place, item) in items.into_iter().enumerate() {
            let stood = standing.binary_search(&place).is_ok();
            found.add(item, stood, &claims);
        }
        found
    }

    pub(super) fn found_claim(&self, claimed: Claimed) -> Found {
        let references = self.setup.tools.catalogue.references();
        let Claimed { batch_id, accepted_at, orders, letters } = claimed;
        let mut found = Found {
            batch_id,
            accepted_at,
            items: Vec::with_capacity(orders.len()),
            orders: HashMap::new(),
            letters,
            elsewhere: Vec::new(),
        };
        for claiming in orders {
            match claiming {
                Claiming::Won(order) => {
                    found.items.push(named(&order));
                    found.orders.insert(order.id, order);
                }
                Claiming::Standing(order) => {
                    let status = references.status(order.terms.status_id).unwrap_or_default();
                    let item = found.standing(order, status);
                    found.items.push(item);
                }
                Claiming::Missing(id) => {
                    let message = format!("Order {id} does not exist");
                    let fault = Fault { kind: FaultKind::NotFound, field: "orderId", message };
                    found.items.push(AcceptedItem::Fault(fault));
                }
            }
        }
        found
    }
}

/// What was claimed of orders that stood before their batch.
#[derive(Default)]
struct Claims {
    /// With whether this claim has them.
    orders: HashMap<i64, (Order, bool)>,
    /// What is said of those that were to be claimed when none could be.
    failed: Option<Fault>,
}

impl Found {
    fn add(&mut self, item: Item, stood: bool, claims: &Claims) {
        let order = match item {
            Err(fault) => return self.items.push(AcceptedItem::Fault(fault)),
            Ok(order) => order,
        };
        if !stood {
            self.items.push(named(&order));
            self.orders.insert(order.id, order);
            return;
        }
        let item = match (claims.orders.get(&order.id), &claims.failed) {
            (Some((won, true)), _) => {
                self.orders.insert(won.id, won.clone());
                named(won)
            }
            (Some((standing, false)), _) => self.standing(standing.clone(), ""),
            // A repetition inside the request: it shares the fate of the first.
            (None, _) if self.orders.contains_key(&order.id) => named(&order),
            (None, Some(fault)) if is_free(&order) => AcceptedItem::Fault(fault.clone()),
            (None, _) => self.standing(order, ""),
        };
        self.items.push(item);
    }

    /// An order that is in no letter of this submission.
    fn standing(&mut self, order: Order, status: &str) -> AcceptedItem {
        let (id, client_order_id) = (order.id, order.terms.client_order_id.clone());
        if let Some(trade_order_id) = order.trade_order_id {
            return AcceptedItem::Sent { id, client_order_id, trade_order_id };
        }
        if let Some(letter_id) = order.letter_id {
            self.elsewhere.push((id, letter_id));
            return AcceptedItem::Order { id, client_order_id };
        }
        let state = if status.is_empty() { "not NEW" } else { status };
        let message = format!("Order {id} is {state}: only NEW orders can be submitted");
        AcceptedItem::Fault(Fault::state("statusId", message))
    }
}

fn named(order: &Order) -> AcceptedItem {
    AcceptedItem::Order { id: order.id, client_order_id: order.terms.client_order_id.clone() }
}

pub(super) fn is_free(order: &Order) -> bool {
    order.trade_order_id.is_none() && !order.in_submission()
}

/// What is said of an order that stands and could not be claimed: to send it again is safe, since
/// it has its client's name.
fn unclaimed(refused: &Refused) -> Fault {
    let (kind, what) = match refused {
        Refused::Unknown(_) => (FaultKind::Unknown, "it is not known whether it is submitted now"),
        Refused::Busy { .. } | Refused::Stopping | Refused::Change(_) | Refused::Failed(_) => {
            (FaultKind::TooSlow, "it could not be submitted in time")
        }
    };
    let message = format!("The order was recorded before, and {what}: send it again");
    Fault { kind, field: "", message }
}

//! The orders of a carriage. They can be read while it waits for an outcome.

use std::sync::Arc;

use crate::domain::order::Order;

/// The orders of one carriage; a clone is another look at the same ones.
#[derive(Clone, Debug)]
pub struct Cargo {
    /// By rising id.
    orders: Arc<Vec<Order>>,
}

impl Cargo {
    pub(super) fn new(mut orders: Vec<Order>) -> Self {
        orders.sort_by_key(|order| order.id);
        Self { orders: Arc::new(orders) }
    }

    #[must_use]
    pub fn order(&self, id: i64) -> Option<&Order> {
        let place = self.orders.binary_search_by_key(&id, |order| order.id).ok()?;
        self.orders.get(place)
    }

    /// The orders of a call, in the order of their ids as given.
    #[must_use]
    pub fn pick(&self, ids: &[i64]) -> Vec<&Order> {
        ids.iter().filter_map(|id| self.order(*id)).collect()
    }

    pub(super) fn into_orders(self) -> Vec<Order> {
        Arc::try_unwrap(self.orders).unwrap_or_else(|shared| shared.to_vec())
    }
}

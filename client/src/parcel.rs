//! Orders that travel together, packed once: the same bytes under the same key on every attempt.

use bytes::Bytes;

use crate::rules::key::{self, Key};
use crate::wire::Order;

/// An order in a body has rarely more, so that the body seldom has to grow.
const ORDER_BYTES: usize = 320;

/// A submission as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub key: String,
    /// Its sender may send it again under the same key: the answer is worth keeping.
    pub is_keyed: bool,
    /// The orders, as they stand in the body.
    pub orders: Vec<Order>,
    /// What is sent. It is kept, since another writing of the same orders would be another request.
    pub body: Bytes,
}

impl Parcel {
    /// Names the orders and packs them.
    pub(crate) fn pack(key: Key, mut orders: Vec<Order>) -> Result<Self, serde_json::Error> {
        let (key, is_keyed) = match key {
            Key::Made(key) => (key, false),
            Key::Given(key) => (key, true),
        };
        key::name_orders(&mut orders, &key);
        let mut body = Vec::with_capacity(orders.len() * ORDER_BYTES);
        serde_json::to_writer(&mut body, &orders)?;
        Ok(Self { key, is_keyed, orders, body: body.into() })
    }

    /// A new submission of the orders at these places.
    pub(crate) fn of_places(&self, places: &[usize]) -> Result<Self, serde_json::Error> {
        let orders = places.iter().filter_map(|place| self.orders.get(*place).cloned()).collect();
        Self::pack(Key::Made(key::random()), orders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Decimal;

    #[test]
    fn what_is_left_keeps_its_names_under_a_new_key() {
        let orders = (1..=3).map(|n| Order::new("p", "s", 1, Decimal::from(n))).collect();
        let parcel = Parcel::pack(Key::Given("k".to_owned()), orders).unwrap();

        let rest = parcel.of_places(&[0, 2]).unwrap();

        assert_eq!(rest.orders, [parcel.orders[0].clone(), parcel.orders[2].clone()]);
        assert_ne!(rest.key, parcel.key);
        assert_eq!(serde_json::from_slice::<Vec<Order>>(&rest.body).unwrap(), rest.orders);
    }
}

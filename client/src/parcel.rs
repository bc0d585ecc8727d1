//! Orders that travel together, packed once: the same bytes under the same key on every attempt.

use crate::rules::key;
use crate::wire::Order;

/// A submission as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) key: String,
    /// The orders, as they stand in the body.
    pub(crate) orders: Vec<Order>,
    /// What is sent. It is kept, since another writing of the same orders would be another request.
    pub(crate) body: Vec<u8>,
}

impl Parcel {
    /// Names the orders and packs them.
    pub(crate) fn pack(key: String, mut orders: Vec<Order>) -> Result<Self, serde_json::Error> {
        key::name_orders(&mut orders, &key);
        let body = serde_json::to_vec(&orders)?;
        Ok(Self { key, orders, body })
    }

    /// A new submission of the orders at these places.
    pub(crate) fn of_places(&self, places: &[usize]) -> Result<Self, serde_json::Error> {
        let orders = places.iter().filter_map(|place| self.orders.get(*place).cloned()).collect();
        Self::pack(key::random(), orders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Decimal;

    #[test]
    fn what_is_left_keeps_its_names_under_a_new_key() {
        let orders = (1..=3).map(|n| Order::new("p", "s", 1, Decimal::from(n))).collect();
        let parcel = Parcel::pack("k".to_owned(), orders).unwrap();

        let rest = parcel.of_places(&[0, 2]).unwrap();

        assert_eq!(rest.orders, [parcel.orders[0].clone(), parcel.orders[2].clone()]);
        assert_ne!(rest.key, parcel.key);
        assert_eq!(serde_json::from_slice::<Vec<Order>>(&rest.body).unwrap(), rest.orders);
    }
}

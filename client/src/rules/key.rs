//! The names of submissions and of their orders: what makes it safe to send them again.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::wire::Order;

/// How a submission is named that its sender gave no name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyStyle {
    /// Each submission is one of its own.
    #[default]
    Random,
    /// By all fields of all orders: the same orders again are the same submission, whoever sends
    /// them. Two batches that are alike on purpose need order times or names that differ.
    Content,
}

/// Of a key's fingerprint, in the names of its orders: 128 bits, and room for the place.
const PREFIX_LENGTH: usize = 32;
/// Of the place, with its hyphen, in the largest batch.
const PLACE_LENGTH: usize = 5;

impl KeyStyle {
    /// A key for these orders.
    pub(crate) fn key(self, orders: &[Order]) -> Result<Key, serde_json::Error> {
        match self {
            Self::Random => Ok(Key::Made(random())),
            Self::Content => Ok(Key::Given(fingerprint(&serde_json::to_vec(orders)?))),
        }
    }
}

/// The name of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Made for this submission: no other will have it.
    Made(String),
    /// Given by the sender or by the orders: it may come again, and means the same then.
    Given(String),
}

/// What tells one content from another.
pub(crate) fn fingerprint(content: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(content).into();
    let (halves, _) = digest.as_chunks::<16>();
    halves.iter().map(|half| format!("{:032x}", u128::from_be_bytes(*half))).collect()
}

pub(crate) fn random() -> String {
    Uuid::now_v7().to_string()
}

/// Names those orders that have no name, by the key and their place: whoever sends them again
/// under the same key calls them the same.
pub(crate) fn name_orders(orders: &mut [Order], key: &str) {
    let mut prefix = fingerprint(key.as_bytes());
    prefix.truncate(PREFIX_LENGTH);
    for (place, order) in orders.iter_mut().enumerate() {
        order.client_order_id.get_or_insert_with(|| name(&prefix, place));
    }
}

fn name(prefix: &str, place: usize) -> String {
    let mut name = String::with_capacity(PREFIX_LENGTH + PLACE_LENGTH);
    let written = write!(name, "{prefix}-{place}");
    debug_assert!(written.is_ok(), "a text takes everything");
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Decimal;

    fn order() -> Order {
        Order::new("p", "s", 1, Decimal::from(5))
    }

    fn content(order: Order) -> String {
        let Key::Given(key) = KeyStyle::Content.key(&[order]).unwrap() else { panic!() };
        key
    }

    #[test]
    fn the_content_hash_sees_every_field() {
        let limit = Some(Decimal::from(1));
        let time = Some("2026-01-05T14:30:00Z".parse().unwrap());
        let name = Some("n".to_owned());
        let others = [
            Order { blotter_id: 2, ..order() },
            Order { status_id: 2, ..order() },
            Order { portfolio_id: "q".to_owned(), ..order() },
            Order { order_type_id: 2, ..order() },
            Order { security_id: "t".to_owned(), ..order() },
            Order { quantity: Decimal::from(6), ..order() },
            Order { limit_price: limit, ..order() },
            Order { order_timestamp: time, ..order() },
            Order { client_order_id: name, ..order() },
        ];

        let keys: std::collections::HashSet<_> =
            others.into_iter().chain([order()]).map(content).collect();

        assert_eq!(keys.len(), 10);
        assert_eq!(content(order()), content(order()));
    }

    #[test]
    fn random_keys_differ_for_the_same_orders() {
        let key = || KeyStyle::Random.key(&[order()]).unwrap();
        assert_ne!(key(), key());
    }

    #[test]
    fn orders_are_named_by_key_and_place_and_keep_their_own_names() {
        let own = Order { client_order_id: Some("mine".to_owned()), ..order() };
        let mut orders = [order(), own, order()];
        let mut again = orders.clone();

        name_orders(&mut orders, "k");
        name_orders(&mut again, "k");

        let names: Vec<_> = orders.iter().map(|o| o.client_order_id.clone().unwrap()).collect();
        assert_eq!(orders, again);
        assert_eq!(names[1], "mine");
        assert!(names[0].ends_with("-0") && names[2].ends_with("-2"), "{names:?}");
        assert!(names.iter().all(|name| name.len() <= 64));
    }
}

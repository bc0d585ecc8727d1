//! Batches as their senders write them: new orders bare or under `orders`, and lists of ids.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::super::orders::wire::{Elements, WireOrder};
use super::super::wire::Members;

/// An array of orders, or an object that holds one.
#[derive(Debug)]
pub(in crate::http) struct NewOrders<'a>(pub(super) Elements<'a>);

impl<'de> Deserialize<'de> for NewOrders<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OrdersVisitor;

        impl<'de> Visitor<'de> for OrdersVisitor {
            type Value = NewOrders<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an array of orders, or an object with one in `orders`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<NewOrders<'de>, A::Error> {
                Elements::deserialize(SeqAccessDeserializer::new(seq)).map(NewOrders)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NewOrders<'de>, A::Error> {
                let mut orders = None;
                while let Some(name) = map.next_key::<String>()? {
                    if name == "orders" {
                        orders = Some(NewOrders(map.next_value()?));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                orders.ok_or_else(|| A::Error::missing_field("orders"))
            }
        }

        deserializer.deserialize_any(OrdersVisitor)
    }
}

/// In the document: both forms.
#[derive(ToSchema)]
#[schema(as = NewBatch)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described: bodies are read by the visitor above")]
pub(in crate::http) enum NewBatchBody<'a> {
    Bare(Vec<Option<WireOrder<'a>>>),
    Named { orders: Vec<Option<WireOrder<'a>>> },
}

/// The orders to submit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderIds)]
pub(in crate::http) struct OrderIds {
    /// 1 to 100 ids; one that is there twice gets the same result twice.
    #[schema(value_type = Vec<i64>, required)]
    pub(super) order_ids: Option<Vec<Option<i64>>>,
}

/// An object with ids, or null.
pub(super) type OrderIdsBody = Option<Members<OrderIds>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn total(text: &str) -> Result<usize, String> {
        let orders = serde_json::from_str::<NewOrders<'_>>(text);
        orders.map(|orders| orders.0.total).map_err(|error| error.to_string())
    }

    #[test]
    fn orders_come_bare_or_named() {
        let table = [
            ("[]", 0),
            ("[{}, null]", 2),
            (r#"{"orders": []}"#, 0),
            (r#"{"note": {"orders": [1]}, "orders": [{}, null, {}]}"#, 3),
        ];
        for (text, expected) in table {
            assert_eq!(total(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_holds_no_orders_is_refused() {
        let table = [
            ("{}", "missing field `orders`"),
            ("null", "an array of orders, or an object with one in `orders`"),
            ("5", "an array of orders, or an object with one in `orders`"),
            (r#"{"orders": null}"#, "an array of orders"),
            (r#"{"orders": [5]}"#, "an order object or null"),
        ];
        for (text, part) in table {
            let error = total(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

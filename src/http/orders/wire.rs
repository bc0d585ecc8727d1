//! An order as its sender writes it. Fields borrow from the body; a batch is not stored beyond
//! the most that can be taken, however many elements the body holds.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::super::wire::{Decimal, Text};
use crate::domain::order::draft::Draft;
use crate::domain::order::{BATCH_ORDERS_MAX, PARTY_LENGTH_MAX};

/// An order to create or to change. Unknown members are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderDraft)]
pub(in crate::http) struct WireOrder<'a> {
    #[schema(required, nullable = false, example = 1)]
    blotter_id: Option<i64>,
    /// NEW or HOLD for a new order.
    #[schema(required, nullable = false, example = 1)]
    status_id: Option<i64>,
    /// An integer is taken as its digits.
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 24, example = "68a1b2c3d4e5f60718293a4b")]
    portfolio_id: Option<Text<'a>>,
    #[schema(required, nullable = false, example = 2)]
    order_type_id: Option<i64>,
    /// An integer is taken as its digits.
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 24, example = "68ffeeddccbbaa9988776655")]
    security_id: Option<Text<'a>>,
    /// A number, or a string that holds one; exact.
    #[serde(borrow)]
    #[schema(schema_with = super::super::wire::decimal, required)]
    quantity: Option<Decimal<'a>>,
    /// Null is a market order.
    #[serde(borrow)]
    #[schema(schema_with = super::super::wire::decimal_or_null)]
    limit_price: Option<Decimal<'a>>,
    /// Set by the submission alone: null for a new order.
    trade_order_id: Option<i64>,
    /// Default: now, or what the order has.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-01-05T14:30:00.181Z")]
    order_timestamp: Option<Text<'a>>,
    /// The sender's own name for the order, unique per client: sent again, it is the same order.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 64, example = "desk7-000123")]
    client_order_id: Option<Text<'a>>,
    /// Of a change: the version that was read. A new order's is 1.
    #[schema(example = 1)]
    version: Option<i64>,
}

impl<'a> WireOrder<'a> {
    /// The fields, not believed yet, and the version.
    pub(super) fn into_draft(self) -> (Draft<'a>, Option<i64>) {
        let draft = Draft {
            blotter_id: self.blotter_id,
            status_id: self.status_id,
            portfolio_id: self.portfolio_id.map(|text| text.0),
            order_type_id: self.order_type_id,
            security_id: self.security_id.map(|text| text.0),
            quantity: self.quantity.map(|decimal| decimal.0),
            limit_price: self.limit_price.map(|decimal| decimal.0),
            trade_order_id: self.trade_order_id,
            order_timestamp: self.order_timestamp.map(|text| text.0),
            client_order_id: self.client_order_id.map(|text| text.0),
        };
        (draft, self.version)
    }
}

/// A draft that no longer needs the body that it was read from.
pub(super) fn owned(draft: Draft<'_>) -> Draft<'static> {
    let own = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
    Draft {
        blotter_id: draft.blotter_id,
        status_id: draft.status_id,
        portfolio_id: own(draft.portfolio_id),
        order_type_id: draft.order_type_id,
        security_id: own(draft.security_id),
        quantity: own(draft.quantity),
        limit_price: own(draft.limit_price),
        trade_order_id: draft.trade_order_id,
        order_timestamp: own(draft.order_timestamp),
        client_order_id: own(draft.client_order_id),
    }
}

/// An order object, or null. (A derived reader would take an array as an order, too.)
#[derive(Debug)]
pub(in crate::http) struct OrderBody<'a>(pub(super) Option<WireOrder<'a>>);

impl<'de> Deserialize<'de> for OrderBody<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OrderVisitor;

        impl<'de> Visitor<'de> for OrderVisitor {
            type Value = OrderBody<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an order object or null")
            }

            fn visit_unit<E>(self) -> Result<OrderBody<'de>, E> {
                Ok(OrderBody(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OrderBody<'de>, A::Error> {
                WireOrder::deserialize(MapAccessDeserializer::new(map)).map(Some).map(OrderBody)
            }
        }

        deserializer.deserialize_any(OrderVisitor)
    }
}

/// The elements of a batch: the first thousand, and how many there are in all.
#[derive(Debug)]
pub(in crate::http) struct Elements<'a> {
    pub(in crate::http) drafts: Vec<Option<Draft<'a>>>,
    pub(in crate::http) total: usize,
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BatchVisitor;

        impl<'de> Visitor<'de> for BatchVisitor {
            type Value = Elements<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an array of orders")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Elements<'de>, A::Error> {
                let mut drafts = Vec::new();
                while drafts.len() < BATCH_ORDERS_MAX {
                    let Some(OrderBody(order)) = seq.next_element()? else {
                        let total = drafts.len();
                        return Ok(Elements { drafts, total });
                    };
                    drafts.push(order.map(|order| order.into_draft().0));
                }
                let mut total = drafts.len();
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    total += 1;
                }
                Ok(Elements { drafts, total })
            }
        }

        deserializer.deserialize_seq(BatchVisitor)
    }
}

const _: () = assert!(PARTY_LENGTH_MAX == 24, "the schema above says so");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_as_the_portal_writes_it_borrows_from_the_body() {
        let text = r#"[{"blotterId":1,"statusId":1,"portfolioId":"68a1b2c3d4e5f60718293a4b",
            "orderTypeId":2,"securityId":"68ffeeddccbbaa9988776655","quantity":5.5,
            "limitPrice":null,"tradeOrderId":null,"orderTimestamp":"2026-01-05T14:30:00.181Z",
            "version":1,"somethingElse":{"a":[1]}}, null]"#;

        let Elements { drafts, total } = serde_json::from_str(text).unwrap();

        let draft = drafts[0].as_ref().unwrap();
        assert!(matches!(draft.portfolio_id, Some(Cow::Borrowed("68a1b2c3d4e5f60718293a4b"))));
        assert!(matches!(draft.quantity, Some(Cow::Borrowed("5.5"))));
        assert_eq!((draft.limit_price.as_ref(), draft.order_type_id), (None, Some(2)));
        assert!(matches!(draft.order_timestamp, Some(Cow::Borrowed(_))));
        assert!(drafts[1].is_none());
        assert_eq!(total, 2);
    }

    #[test]
    fn integers_are_ids_and_strings_are_quantities() {
        let text =
            r#"[{"portfolioId": 17, "securityId": 18, "quantity": "1e2", "limitPrice": 0.1}]"#;

        let Elements { drafts, .. } = serde_json::from_str(text).unwrap();

        let draft = drafts[0].as_ref().unwrap();
        assert_eq!(draft.portfolio_id.as_deref(), Some("17"));
        assert_eq!(draft.security_id.as_deref(), Some("18"));
        assert_eq!(draft.quantity.as_deref(), Some("1e2"));
        assert_eq!(draft.limit_price.as_deref(), Some("0.1"));
    }

    #[test]
    fn what_the_client_writes_is_read_without_a_loss() {
        let order = weir_client::wire::Order {
            blotter_id: 3,
            status_id: 4,
            limit_price: Some("0.00000001".parse().unwrap()),
            order_timestamp: Some("2026-01-05T14:30:00.181Z".parse().unwrap()),
            client_order_id: Some("desk7-000123".to_owned()),
            ..weir_client::wire::Order::new("p", "s", 2, "9999999999.5".parse().unwrap())
        };
        let text = serde_json::to_string(&[order]).unwrap();

        let Elements { drafts, .. } = serde_json::from_str(&text).unwrap();

        let expected = Draft {
            blotter_id: Some(3),
            status_id: Some(4),
            portfolio_id: Some("p".into()),
            order_type_id: Some(2),
            security_id: Some("s".into()),
            quantity: Some("9999999999.5".into()),
            limit_price: Some("0.00000001".into()),
            trade_order_id: None,
            order_timestamp: Some("2026-01-05T14:30:00.181Z".into()),
            client_order_id: Some("desk7-000123".into()),
        };
        assert_eq!(drafts, [Some(expected)]);
    }

    #[test]
    fn more_than_a_batch_is_counted_and_not_kept() {
        let text = format!("[{}null]", "null,".repeat(BATCH_ORDERS_MAX + 499));

        let Elements { drafts, total } = serde_json::from_str(&text).unwrap();

        assert_eq!((drafts.len(), total), (BATCH_ORDERS_MAX, BATCH_ORDERS_MAX + 500));
    }
}

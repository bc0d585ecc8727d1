//! An order as its sender writes it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Decimal;

/// What a fresh database calls its default blotter, and the status of a new order.
const FIRST: i64 = 1;

/// An order to submit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    #[serde(default = "first")]
    pub blotter_id: i64,
    /// The id of NEW.
    #[serde(default = "first")]
    pub status_id: i64,
    pub portfolio_id: String,
    pub order_type_id: i64,
    pub security_id: String,
    pub quantity: Decimal,
    /// `None` is a market order.
    #[serde(default)]
    pub limit_price: Option<Decimal>,
    /// When it was ordered. The service takes the time of arrival otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_timestamp: Option<DateTime<Utc>>,
    /// Your own name for the order, up to 64 characters: the service takes it once. The client
    /// makes one where you give none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_order_id: Option<String>,
}

const fn first() -> i64 {
    FIRST
}

impl Order {
    /// A market order in the default blotter.
    #[must_use]
    pub fn new(
        portfolio_id: impl Into<String>,
        security_id: impl Into<String>,
        order_type_id: i64,
        quantity: Decimal,
    ) -> Self {
        Self {
            blotter_id: FIRST,
            status_id: FIRST,
            portfolio_id: portfolio_id.into(),
            order_type_id,
            security_id: security_id.into(),
            quantity,
            limit_price: None,
            order_timestamp: None,
            client_order_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_back_as_it_was_written() {
        let order = Order {
            limit_price: Some("0.00000001".parse().unwrap()),
            order_timestamp: Some("2026-01-05T14:30:00.181Z".parse().unwrap()),
            client_order_id: Some("desk7-000123".to_owned()),
            ..Order::new("p", "s", 2, "9999999999.99999999".parse().unwrap())
        };

        let text = serde_json::to_string(&order).unwrap();

        assert_eq!(serde_json::from_str::<Order>(&text).unwrap(), order);
        assert!(text.contains(r#""quantity":9999999999.99999999"#), "{text}");
    }

    #[test]
    fn what_is_left_out_is_the_default() {
        let text = r#"{"portfolioId": "p", "securityId": "s", "orderTypeId": 2, "quantity": "5"}"#;

        let order: Order = serde_json::from_str(text).unwrap();

        assert_eq!(order, Order::new("p", "s", 2, Decimal::from(5)));
        assert_eq!((order.blotter_id, order.status_id), (1, 1), "the default blotter, and NEW");
    }
}

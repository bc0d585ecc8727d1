//! What the trade service demands of an order, in its own words.

use std::borrow::Cow;
use std::collections::HashSet;

use super::wire::{Decimal, Text, WireTrade};
use crate::domain::amount::Amount;
use crate::domain::moment::Moment;
use crate::domain::order::PARTY_LENGTH_MAX;

/// The order types that the real service takes; its documents list only the first two.
const ORDER_TYPES: [&str; 5] = ["BUY", "SELL", "SHORT", "COVER", "EXRC"];
/// The blotters that the real service is seeded with, ids from 1. Others fail a whole bulk.
pub(super) const BLOTTERS: [&str; 4] = ["Default", "EQ", "FI", "HOLD"];

/// An order that may be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewTrade<'a> {
    pub(super) order_id: i32,
    pub(super) portfolio_id: Cow<'a, str>,
    pub(super) security_id: Cow<'a, str>,
    pub(super) order_type: &'static str,
    pub(super) quantity: Amount,
    pub(super) limit_price: Option<Amount>,
    /// None: the time of the placing.
    pub(super) traded_at: Option<Moment>,
    pub(super) blotter_id: Option<u8>,
}

/// Why a whole request is refused, and the order that is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) index: usize,
    pub(super) reason: String,
}

/// All orders of a request, or the first that may not be placed.
pub(super) fn check_all<'a>(
    orders: Vec<Option<WireTrade<'a>>>,
) -> Result<Vec<NewTrade<'a>>, Refusal> {
    let mut seen = HashSet::with_capacity(orders.len());
    let mut checked = Vec::with_capacity(orders.len());
    for (index, order) in orders.into_iter().enumerate() {
        let refuse = |reason| Refusal { index, reason };
        let order = order.ok_or_else(|| refuse("Trade order is required".to_owned()))?;
        let trade = check(order).map_err(refuse)?;
        if !seen.insert(trade.order_id) {
            return Err(refuse(format!("Duplicate order ID {} in the request", trade.order_id)));
        }
        checked.push(trade);
    }
    Ok(checked)
}

fn check(order: WireTrade<'_>) -> Result<NewTrade<'_>, String> {
    let order_id = order.order_id.ok_or("Order ID is required")?;
    let portfolio_id = party(order.portfolio_id, "Portfolio ID")?;
    let order_type = order_type(order.order_type)?;
    let security_id = party(order.security_id, "Security ID")?;
    let quantity = amount(order.quantity, "Quantity")?.ok_or("Quantity is required")?;
    let limit_price = amount(order.limit_price, "Limit price")?;
    Ok(NewTrade {
        order_id,
        portfolio_id,
        security_id,
        order_type,
        quantity,
        limit_price,
        traded_at: order.trade_timestamp.map(|timestamp| timestamp.0),
        blotter_id: order.blotter_id.map(blotter).transpose()?,
    })
}

fn party<'a>(text: Option<Text<'a>>, name: &str) -> Result<Cow<'a, str>, String> {
    let text = text.map(|text| text.0).filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| format!("{name} is required"))?;
    if text.chars().count() > PARTY_LENGTH_MAX {
        return Err(format!("{name} must not exceed {PARTY_LENGTH_MAX} characters"));
    }
    Ok(text)
}

/// The type by the one name that all trades of it share.
pub(super) fn known_order_type(text: &str) -> Option<&'static str> {
    ORDER_TYPES.into_iter().find(|known| *known == text)
}

fn order_type(text: Option<Text<'_>>) -> Result<&'static str, String> {
    let text = text.map(|text| text.0).ok_or("Order type is required")?;
    known_order_type(&text)
        .ok_or_else(|| format!("Order type must be one of {}: {text}", ORDER_TYPES.join(", ")))
}

fn amount(text: Option<Decimal<'_>>, name: &str) -> Result<Option<Amount>, String> {
    let Some(Decimal(text)) = text else { return Ok(None) };
    let amount = Amount::parse(&text).map_err(|error| format!("{name} {error}"))?;
    if !amount.is_positive() {
        return Err(format!("{name} must be positive"));
    }
    Ok(Some(amount))
}

fn blotter(id: i32) -> Result<u8, String> {
    let known = u8::try_from(id).ok().filter(|id| (1..=BLOTTERS.len()).contains(&usize::from(*id)));
    known.ok_or_else(|| format!("Blotter not found with ID: {id}"))
}

#[cfg(test)]
mod tests {
    use super::super::wire::Route;
    use super::*;

    fn refusal(changed: &str) -> Option<Refusal> {
        let mut order = serde_json::json!({
            "orderId": 1, "portfolioId": "P", "orderType": "BUY", "securityId": "S",
            "quantity": 1.5, "limitPrice": null, "tradeTimestamp": null, "blotterId": 4,
        });
        let changed: serde_json::Value = serde_json::from_str(changed).unwrap();
        order.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        let good = serde_json::json!({
            "orderId": 9, "portfolioId": "P", "orderType": "EXRC", "securityId": "S", "quantity": 1,
        });
        let body = serde_json::json!({ "tradeOrders": [good, order] }).to_string();
        check_all(Route::Bulk.read(body.as_bytes()).unwrap()).err()
    }

    #[test]
    fn a_request_is_refused_with_the_index_and_the_reason_of_its_first_bad_order() {
        let long = format!(r#"{{"portfolioId": "{}"}}"#, "x".repeat(25));
        let table = [
            (r#"{"orderId": null}"#, "Order ID is required"),
            (r#"{"orderId": 9}"#, "Duplicate order ID 9"),
            (r#"{"portfolioId": " "}"#, "Portfolio ID is required"),
            (&long, "must not exceed 24"),
            (r#"{"orderType": "HOLD"}"#, "Order type must be one of"),
            (r#"{"orderType": "buy"}"#, "Order type must be one of"),
            (r#"{"quantity": null}"#, "Quantity is required"),
            (r#"{"quantity": 0}"#, "Quantity must be positive"),
            (r#"{"quantity": 0.123456789}"#, "Quantity must have at most 8 digits"),
            (r#"{"limitPrice": -1}"#, "Limit price must be positive"),
            (r#"{"blotterId": 5}"#, "Blotter not found with ID: 5"),
            (r#"{"blotterId": 0}"#, "Blotter not found with ID: 0"),
        ];
        for (changed, reason) in table {
            let refusal = refusal(changed).unwrap();
            assert_eq!(refusal.index, 1, "{changed}");
            assert!(refusal.reason.starts_with(reason) || refusal.reason.contains(reason));
        }
    }

    #[test]
    fn a_good_request_is_taken() {
        assert_eq!(refusal(r#"{"limitPrice": 2, "tradeTimestamp": 1767623400.5}"#), None);
    }
}

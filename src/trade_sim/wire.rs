//! Orders as a caller writes them: read leniently, as Jackson does, and borrowed from the body.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

pub(super) use crate::domain::json::{Decimal, Number, Text};
use crate::domain::moment::Moment;

/// One order of a request. Unknown members are ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireTrade<'a> {
    /// 32 bits: the real column is no wider.
    pub(super) order_id: Option<i32>,
    #[serde(borrow)]
    pub(super) portfolio_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) order_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) security_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) quantity: Option<Decimal<'a>>,
    #[serde(borrow)]
    pub(super) limit_price: Option<Decimal<'a>>,
    pub(super) trade_timestamp: Option<Timestamp>,
    pub(super) blotter_id: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBulk<'a> {
    #[serde(borrow)]
    trade_orders: Option<Vec<Option<WireTrade<'a>>>>,
}

/// Where a call comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Route {
    Single,
    Bulk,
}

impl Route {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Single => "/api/v1/tradeOrders",
            Self::Bulk => "/api/v1/tradeOrders/bulk",
        }
    }

    /// The orders in a body; an absent list is an empty one.
    pub(super) fn read(self, body: &[u8]) -> serde_json::Result<Vec<Option<WireTrade<'_>>>> {
        match self {
            Self::Single => serde_json::from_slice(body).map(|order| vec![Some(order)]),
            Self::Bulk => {
                let bulk: WireBulk<'_> = serde_json::from_slice(body)?;
                Ok(bulk.trade_orders.unwrap_or_default())
            }
        }
    }
}

/// A moment: seconds since 1970 with a fraction, as a number, or an ISO-8601 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp(pub(super) Moment);

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('"') {
            let Text(text) = serde_json::from_str(raw).map_err(D::Error::custom)?;
            return Moment::parse(&text).map(Self).map_err(D::Error::custom);
        }
        let moment = seconds(raw).map(Self);
        moment.ok_or_else(|| D::Error::custom("expected seconds since 1970, or an ISO-8601 text"))
    }
}

/// Exact to the microsecond where the number is written plainly; what is finer is cut.
fn seconds(text: &str) -> Option<Moment> {
    if text.contains(['e', 'E']) {
        let time = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
        return within(i64::try_from(time.as_micros()).ok()?);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: u32 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    within(i64::from(whole) * 1_000_000 + digits.parse::<i64>().ok()?)
}

fn within(micros: i64) -> Option<Moment> {
    (micros <= i64::from(u32::MAX) * 1_000_000).then(|| Moment::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn a_timestamp_is_a_number_of_seconds_or_a_text() {
        let table = [
            ("1767623400.181000000", "2026-01-05T14:30:00.181Z"),
            ("1767623400", "2026-01-05T14:30:00Z"),
            ("1767623400.1234569", "2026-01-05T14:30:00.123456Z"),
            ("1.7676234E9", "2026-01-05T14:30:00Z"),
            (r#""2026-01-05T16:30:00.5+02:00""#, "2026-01-05T14:30:00.500Z"),
        ];
        for (json, printed) in table {
            let read: Timestamp = serde_json::from_str(json).unwrap();
            assert_eq!(read.0.to_string(), printed, "{json}");
        }
        for json in ["-1", "true", "1767623400181", r#""yesterday""#, "1e99"] {
            assert!(serde_json::from_str::<Timestamp>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn orders_borrow_from_the_body_and_lists_may_be_absent() {
        let body = br#"{"orderCount": 1, "tradeOrders": [{"orderId": 7, "portfolioId": "P",
            "securityId": 12, "quantity": 5.50, "limitPrice": "1e2", "blotterId": null}, null]}"#;

        let orders = Route::Bulk.read(body).unwrap();

        let order = orders[0].as_ref().unwrap();
        assert!(matches!(order.portfolio_id, Some(Text(Cow::Borrowed("P")))));
        assert_eq!(order.security_id.as_ref().unwrap().0, "12");
        assert_eq!(order.quantity.as_ref().unwrap().0, "5.50");
        assert_eq!(order.limit_price.as_ref().unwrap().0, "1e2");
        assert!(orders[1].is_none());
        assert!(Route::Bulk.read(b"{}").unwrap().is_empty());
        assert!(Route::Bulk.read(br#"{"tradeOrders":[{"orderId":3000000000}]}"#).is_err());
    }
}

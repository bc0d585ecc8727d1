//! The bodies of the trade service: orders out, trades in.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::amount::Amount;
use crate::domain::json::{self, Decimal, Number, Text};
use crate::domain::moment::Moment;
use crate::domain::order::Order;
use crate::domain::reference::{ReferenceRow, References};
use crate::domain::trade::Trade;
use crate::ports::desk::Call;

/// Bytes per order, about.
const ORDER_BYTES: usize = 256;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BulkOut<'a> {
    trade_orders: Vec<OrderOut<'a>>,
    order_count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderOut<'a> {
    order_id: i64,
    portfolio_id: &'a str,
    order_type: &'a str,
    security_id: &'a str,
    quantity: Number,
    limit_price: Option<Number>,
    #[serde(serialize_with = "json::iso")]
    trade_timestamp: Moment,
    #[serde(skip_serializing_if = "Option::is_none")]
    blotter_id: Option<i32>,
}

/// The body of a placing call, or why there is none.
pub(super) fn bulk(call: &Call<'_>, blotters: &[i32]) -> Result<Vec<u8>, String> {
    let orders = call.orders.iter().map(|order| order_out(order, call.references, blotters));
    let trade_orders = orders.collect::<Result<Vec<_>, _>>()?;
    let bulk = BulkOut { order_count: trade_orders.len(), trade_orders };
    let mut body = Vec::with_capacity(ORDER_BYTES * call.orders.len());
    serde_json::to_writer(&mut body, &bulk).map_err(|error| error.to_string())?;
    Ok(body)
}

fn order_out<'a>(
    order: &'a Order,
    references: &'a References,
    blotters: &[i32],
) -> Result<OrderOut<'a>, String> {
    let terms = &order.terms;
    let order_type = references.order_types.get(&terms.order_type_id).map(ReferenceRow::key);
    let unnamed = || format!("order type {} is not known here yet", terms.order_type_id);
    Ok(OrderOut {
        order_id: order.id,
        portfolio_id: &terms.portfolio_id,
        order_type: order_type.ok_or_else(unnamed)?,
        security_id: &terms.security_id,
        quantity: Number(terms.quantity),
        limit_price: terms.limit_price.map(Number),
        trade_timestamp: terms.ordered_at,
        blotter_id: Some(terms.blotter_id).filter(|id| blotters.contains(id)),
    })
}

/// What a successful answer says.
pub(super) enum Placed {
    Trades(Vec<Trade>),
    /// The success is one in its status only.
    Failed,
}

#[derive(Deserialize)]
struct BulkIn<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    results: Option<Vec<ResultIn<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultIn<'a> {
    #[serde(borrow)]
    trade_order: Option<TradeIn<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TradeIn<'a> {
    id: i64,
    order_id: i64,
    #[serde(borrow)]
    portfolio_id: Text<'a>,
    #[serde(borrow)]
    security_id: Text<'a>,
    #[serde(borrow)]
    order_type: Text<'a>,
    #[serde(deserialize_with = "amount")]
    quantity: Amount,
    #[serde(default, deserialize_with = "amount_or_null")]
    limit_price: Option<Amount>,
}

fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let Decimal(text) = Decimal::deserialize(deserializer)?;
    Amount::parse(&text).map_err(D::Error::custom)
}

fn amount_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
    let text = Option::<Decimal<'_>>::deserialize(deserializer)?;
    text.map(|Decimal(text)| Amount::parse(&text).map_err(D::Error::custom)).transpose()
}

impl From<TradeIn<'_>> for Trade {
    fn from(trade: TradeIn<'_>) -> Self {
        Self {
            id: trade.id,
            order_id: trade.order_id,
            portfolio_id: trade.portfolio_id.0.into_owned(),
            security_id: trade.security_id.0.into_owned(),
            order_type: trade.order_type.0.into_owned(),
            quantity: trade.quantity,
            limit_price: trade.limit_price,
        }
    }
}

/// Reads a successful answer to a placing call.
pub(super) fn placed(body: &[u8]) -> serde_json::Result<Placed> {
    let bulk: BulkIn<'_> = serde_json::from_slice(body)?;
    if bulk.status.is_some_and(|status| status.0.eq_ignore_ascii_case("FAILURE")) {
        return Ok(Placed::Failed);
    }
    let results = bulk.results.ok_or_else(|| serde_json::Error::missing_field("results"))?;
    let trades = results.into_iter().filter_map(|result| result.trade_order);
    Ok(Placed::Trades(trades.map(Trade::from).collect()))
}

/// Reads an answer to a look-up.
pub(super) fn found(body: &[u8]) -> serde_json::Result<Vec<Trade>> {
    let trades: Vec<TradeIn<'_>> = serde_json::from_slice(body)?;
    Ok(trades.into_iter().map(Trade::from).collect())
}

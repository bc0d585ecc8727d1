//! The bodies of the trade service's answers.

use std::ops::Range;

use actix_web::http::StatusCode;
use serde::Serialize;

use super::book::{Book, Trade};
use super::check::{BLOTTERS, Refusal};
use super::faults::kind::Kind;
use super::wire::{Number, Route};
use crate::domain::json;
use crate::domain::moment::Moment;

/// An answer before it meets its fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

impl Answer {
    fn new(status: StatusCode, body: &impl Serialize) -> Self {
        // Texts and numbers always have a JSON form.
        Self { status, body: serde_json::to_vec(body).unwrap_or_default() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BulkView<'a> {
    status: &'static str,
    message: &'a str,
    total_requested: usize,
    successful: usize,
    failed: usize,
    results: Vec<ResultView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultView<'a> {
    request_index: usize,
    status: &'static str,
    message: &'a str,
    trade_order: Option<TradeView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TradeView<'a> {
    id: u32,
    order_id: i32,
    portfolio_id: &'a str,
    order_type: &'a str,
    security_id: &'a str,
    quantity: Number,
    quantity_sent: u8,
    limit_price: Option<Number>,
    #[serde(serialize_with = "json::iso")]
    trade_timestamp: Moment,
    blotter: Option<BlotterView>,
    submitted: bool,
    version: u8,
}

#[derive(Serialize)]
struct BlotterView {
    id: u8,
    abbreviation: &'static str,
    name: &'static str,
    version: u8,
}

impl<'a> TradeView<'a> {
    fn new(trade: &'a Trade) -> Self {
        let (portfolio_id, security_id) = trade.parties();
        Self {
            id: trade.id,
            order_id: trade.order_id,
            portfolio_id,
            order_type: trade.order_type,
            security_id,
            quantity: Number(trade.quantity),
            quantity_sent: 0,
            limit_price: trade.limit_price.map(Number),
            trade_timestamp: trade.traded_at,
            blotter: trade.blotter_id.and_then(blotter),
            submitted: false,
            version: 1,
        }
    }
}

fn blotter(id: u8) -> Option<BlotterView> {
    let name = BLOTTERS.get(usize::from(id).checked_sub(1)?)?;
    Some(BlotterView { id, abbreviation: name, name, version: 1 })
}

/// 201 for trades that stand now; `kind` may falsify the list.
pub(super) fn placed(route: Route, book: &Book, range: &Range<usize>, kind: Kind) -> Answer {
    let trades = book.range(range);
    if let (Route::Single, [trade]) = (route, trades) {
        return Answer::new(StatusCode::CREATED, &TradeView::new(trade));
    }
    let result = |(request_index, trade)| ResultView {
        request_index,
        status: "SUCCESS",
        message: "Trade order created successfully",
        trade_order: Some(TradeView::new(trade)),
    };
    let results = if kind == Kind::Shuffled {
        trades.iter().rev().enumerate().map(result).collect()
    } else {
        let told = if kind == Kind::Partial { trades.len() / 2 } else { trades.len() };
        trades.iter().take(told).enumerate().map(result).collect()
    };
    let bulk = BulkView {
        status: "SUCCESS",
        message: "All trade orders created successfully",
        total_requested: trades.len(),
        successful: trades.len(),
        failed: 0,
        results,
    };
    Answer::new(StatusCode::CREATED, &bulk)
}

/// 400 for a whole call, with the order that is to blame.
pub(super) fn refused(route: Route, total: usize, refusal: &Refusal, now: Moment) -> Answer {
    let Refusal { index, reason } = refusal;
    if route == Route::Single {
        return failed(StatusCode::BAD_REQUEST, reason, route.path(), now);
    }
    let message = format!(
        "Bulk operation failed due to validation errors: \
         Validation failed for trade order at index {index}: {reason}"
    );
    let result = |request_index| ResultView {
        request_index,
        status: "FAILURE",
        message: if request_index == *index { reason } else { "Not processed" },
        trade_order: None,
    };
    let bulk = BulkView {
        status: "FAILURE",
        message: &message,
        total_requested: total,
        successful: 0,
        failed: total,
        results: (0..total).map(result).collect(),
    };
    Answer::new(StatusCode::BAD_REQUEST, &bulk)
}

#[derive(Serialize)]
struct SpringView<'a> {
    timestamp: String,
    status: u16,
    error: &'a str,
    message: &'a str,
    path: &'a str,
}

/// What Spring answers when nobody has thought of the case.
pub(super) fn failed(status: StatusCode, message: &str, path: &str, now: Moment) -> Answer {
    let view = SpringView {
        timestamp: now.to_string(),
        status: status.as_u16(),
        error: status.canonical_reason().unwrap_or_default(),
        message,
        path,
    };
    Answer::new(status, &view)
}

/// 200 with a list of trades.
pub(super) fn list<'a>(trades: impl Iterator<Item = &'a Trade>) -> Answer {
    Answer::new(StatusCode::OK, &trades.map(TradeView::new).collect::<Vec<_>>())
}

/// 200 with one trade.
pub(super) fn one(trade: &Trade) -> Answer {
    Answer::new(StatusCode::OK, &TradeView::new(trade))
}

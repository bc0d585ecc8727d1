//! An order as its readers get it: with the labels of its references, from memory.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::super::reference::view::{Abbreviated, Blotter, ReferenceView};
use super::super::wire::{Number, Timestamp};
use crate::domain::order::{Order, Terms};
use crate::domain::reference::{ReferenceKind, References};
use crate::ports::catalogue::Catalogue;

/// An order with the labels of what it refers to. Nulls are written.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderWithDetails)]
pub(in crate::http) struct OrderView<'a> {
    id: i64,
    #[schema(value_type = Option<Blotter>, required)]
    blotter: Option<ReferenceView<'a>>,
    #[schema(value_type = Option<Abbreviated>, required)]
    status: Option<ReferenceView<'a>>,
    portfolio: Portfolio<'a>,
    #[schema(value_type = Option<Abbreviated>, required)]
    order_type: Option<ReferenceView<'a>>,
    security: Security<'a>,
    #[schema(schema_with = super::super::wire::decimal)]
    quantity: Number,
    #[schema(schema_with = super::super::wire::decimal_or_null, required)]
    limit_price: Option<Number>,
    #[schema(required)]
    trade_order_id: Option<i64>,
    #[schema(schema_with = super::super::wire::moment)]
    order_timestamp: Timestamp,
    version: i32,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Portfolio<'a> {
    portfolio_id: &'a str,
    /// Null until the portfolio service is asked.
    #[schema(schema_with = super::super::wire::always_null, required)]
    name: (),
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Security<'a> {
    security_id: &'a str,
    /// Null until the security service is asked.
    #[schema(schema_with = super::super::wire::always_null, required)]
    ticker: (),
}

impl<'a> OrderView<'a> {
    pub(in crate::http) fn new(order: &'a Order, references: &'a References) -> Self {
        let terms = &order.terms;
        let label = |kind, id| references.of(kind).get(&id).map(ReferenceView::of);
        Self {
            id: order.id,
            blotter: label(ReferenceKind::Blotter, terms.blotter_id),
            status: label(ReferenceKind::Status, terms.status_id),
            portfolio: Portfolio { portfolio_id: &terms.portfolio_id, name: () },
            order_type: label(ReferenceKind::OrderType, terms.order_type_id),
            security: Security { security_id: &terms.security_id, ticker: () },
            quantity: Number(terms.quantity),
            limit_price: terms.limit_price.map(Number),
            trade_order_id: order.trade_order_id,
            order_timestamp: Timestamp(terms.ordered_at),
            version: order.version,
        }
    }
}

/// References that have a label for everything that these orders refer to, as far as there is
/// one. A label is not worth an error: without the database it is null.
pub(in crate::http) async fn labels(
    catalogue: &dyn Catalogue,
    orders: &[Order],
) -> Arc<References> {
    let references = catalogue.references();
    if orders.iter().all(|order| is_labelled(&order.terms, &references)) {
        return references;
    }
    catalogue.refresh().await.unwrap_or(references)
}

fn is_labelled(terms: &Terms, references: &References) -> bool {
    references.blotters.contains_key(&terms.blotter_id)
        && references.statuses.contains_key(&terms.status_id)
        && references.order_types.contains_key(&terms.order_type_id)
}

//! A batch: what one request asked for, and what became of each of its orders.

use std::ops::Range;

use uuid::Uuid;

use super::client::ClientId;
use super::moment::Moment;
use super::order::{Fault, Order, Terms};

/// One item of a batch: the order that it became, or why it did not.
pub type Item = Result<Order, Fault>;

/// A batch on its way to the disk, its items in request order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub id: Uuid,
    pub client: ClientId,
    /// The route that it came by: part of an idempotency key's scope.
    pub route: &'static str,
    pub accepted_at: Moment,
    pub expires_at: Moment,
    pub items: Vec<Item>,
}

impl Batch {
    /// The orders that are to be written, in request order.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.items.iter().filter_map(|item| item.as_ref().ok())
    }

    /// The orders of a part of the items.
    pub fn orders_in(&self, part: Range<usize>) -> impl Iterator<Item = &Order> {
        self.items.get(part).unwrap_or_default().iter().filter_map(|item| item.as_ref().ok())
    }

    #[must_use]
    pub fn order_ids(&self) -> Vec<i64> {
        self.orders().map(|order| order.id).collect()
    }
}

/// Makes items of checked terms; the good ones take their ids from `ids`, in request order.
/// None when there are fewer ids than good terms.
pub fn with_ids(
    checked: Vec<Result<Terms, Fault>>,
    ids: &mut impl Iterator<Item = i64>,
) -> Option<Vec<Item>> {
    let mut number = |checked: Result<Terms, Fault>| match checked {
        Ok(terms) => Some(Ok(Order {
            id: ids.next()?,
            terms,
            trade_order_id: None,
            version: 1,
            in_submission: false,
        })),
        Err(fault) => Some(Err(fault)),
    };
    checked.into_iter().map(&mut number).collect()
}

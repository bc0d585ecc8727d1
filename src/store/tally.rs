//! How many orders stand in each combination of blotter, status and order type.
//!
//! Kept in the transaction of every write, so that a list knows its exact total without
//! counting, a referenced row cannot be deleted, and an order cannot name a row that is gone:
//! the tallies carry the foreign keys that would cost too much on each order.

use std::collections::BTreeMap;

use crate::domain::order::Terms;

/// What a write adds to and takes from each combination, in the order in which rows are locked.
#[derive(Debug, Default)]
pub(super) struct Tallies(BTreeMap<(i32, i32, i32), i64>);

impl Tallies {
    pub(super) fn add(&mut self, terms: &Terms) {
        self.shift(terms, 1);
    }

    pub(super) fn take(&mut self, terms: &Terms) {
        self.shift(terms, -1);
    }

    /// Blotter, status, order type and the change; combinations that come out even are left out.
    pub(super) fn rows(&self) -> impl Iterator<Item = (i32, i32, i32, i64)> + '_ {
        let changed = self.0.iter().filter(|(_, count)| **count != 0);
        changed.map(|(&(blotter, status, order_type), &count)| (blotter, status, order_type, count))
    }

    fn shift(&mut self, terms: &Terms, by: i64) {
        let key = (terms.blotter_id, terms.status_id, terms.order_type_id);
        *self.0.entry(key).or_default() += by;
    }
}

/// A lane's shard as the column keeps it.
pub(super) fn column(shard: u16) -> i16 {
    i16::try_from(shard).unwrap_or(i16::MAX)
}

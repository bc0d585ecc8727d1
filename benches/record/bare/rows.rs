//! The rows of one batch, as Weir would write them.

use std::collections::BTreeMap;
use std::ops::Range;

use uuid::Uuid;

use crate::fixture::{self, BATCH, Order};

/// The anonymous one.
pub(super) const CLIENT: &str = "";
pub(super) const ROUTE: &str = "/api/v1/orders";
pub(super) const BLOTTER: i32 = 1;
pub(super) const STATUS: i32 = 1;

const DAY_MICROS: i64 = 86_400_000_000;

pub(super) struct Batch {
    pub(super) id: Uuid,
    pub(super) fates: String,
    pub(super) created_at: i64,
    pub(super) expires_at: i64,
    pub(super) orders: Vec<Row>,
}

pub(super) struct Row {
    pub(super) id: i64,
    pub(super) ordered_at: i64,
    pub(super) order: Order,
}

impl Batch {
    /// The batch whose orders have these numbers, which are their ids too.
    pub(super) fn numbered(index: u64) -> Self {
        let numbers: Range<u64> = index * BATCH + 1..(index + 1) * BATCH + 1;
        let fates: Vec<String> = numbers.clone().map(|number| number.to_string()).collect();
        let created_at = fixture::micros(numbers.start);
        let row = |number: u64| Row {
            id: i64::try_from(number).unwrap(),
            ordered_at: fixture::micros(number),
            order: Order::number(number),
        };
        Self {
            id: Uuid::now_v7(),
            fates: format!("[{}]", fates.join(",")),
            created_at,
            expires_at: created_at + DAY_MICROS,
            orders: numbers.map(row).collect(),
        }
    }
}

/// How many orders of each type these batches add: the tallies' key, the rest of it being the same.
pub(super) fn tallies(batches: &[Batch]) -> Vec<(i32, i64)> {
    let mut tallies = BTreeMap::new();
    for row in batches.iter().flat_map(|batch| &batch.orders) {
        *tallies.entry(row.order.order_type).or_default() += 1;
    }
    tallies.into_iter().collect()
}

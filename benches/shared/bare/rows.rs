//! The rows of one batch, as Weir would write them.

use std::collections::BTreeMap;
use std::ops::Range;

use uuid::Uuid;

use super::super::fixture::{self, BATCH, Order};

/// The anonymous one.
pub(super) const CLIENT: &str = "";
pub(super) const ROUTE: &str = "/api/v1/orders";
pub(super) const BLOTTER: i32 = 1;
pub(super) const STATUS: i32 = 1;
pub(super) const SENT: i32 = 2;
/// The state of a letter that its writer holds.
pub(super) const HELD: i16 = 1;

const DAY_MICROS: i64 = 86_400_000_000;

pub(super) struct Batch {
    pub(super) id: Uuid,
    pub(super) fates: String,
    pub(super) created_at: i64,
    pub(super) expires_at: i64,
    pub(super) orders: Vec<Row>,
    /// The letter that its orders are in, if they are to be sent.
    pub(super) letter: Option<Uuid>,
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
            letter: None,
        }
    }

    /// The same, to be sent.
    pub(super) fn in_a_letter(index: u64) -> Self {
        Self { letter: Some(Uuid::now_v7()), ..Self::numbered(index) }
    }

    /// Its orders, as a letter lists them.
    pub(super) fn undecided(&self) -> String {
        let id = |row: Option<&Row>| row.map_or(0, |row| row.id);
        format!("{}-{}", id(self.orders.first()), id(self.orders.last()))
    }
}

/// Batches that are in letters.
pub(super) fn lettered(batches: &[Batch]) -> Vec<(&Batch, Uuid)> {
    batches.iter().filter_map(|batch| Some((batch, batch.letter?))).collect()
}

/// How many orders of each type these batches add: the tallies' key, the rest of it being the same.
pub(super) fn tallies(batches: &[Batch]) -> Vec<(i32, i64)> {
    let mut tallies = BTreeMap::new();
    for row in batches.iter().flat_map(|batch| &batch.orders) {
        *tallies.entry(row.order.order_type).or_default() += 1;
    }
    tallies.into_iter().collect()
}

/// What sending these batches does to the tallies: status, order type, and the change.
pub(super) fn moves(batches: &[Batch]) -> Vec<(i32, i32, i64)> {
    let tallies = tallies(batches).into_iter();
    let moves = tallies.flat_map(|(order_type, orders)| {
        [(STATUS, order_type, -orders), (SENT, order_type, orders)]
    });
    moves.collect()
}

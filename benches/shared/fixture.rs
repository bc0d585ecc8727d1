//! The orders, by number: order 7 is the same whether it comes as JSON or as a row, so that
//! whoever writes it writes the same bytes to the disk.

use std::sync::LazyLock;

/// Orders in one request, as the callers of the ancestor send them.
pub(crate) const BATCH: u64 = 25;

/// 2026-01-05T00:00:00Z, in microseconds.
const DAY: i64 = 1_767_571_200_000_000;
const DAY_MILLIS: u64 = 86_400_000;

static PORTFOLIOS: LazyLock<Vec<String>> = LazyLock::new(|| names(0x68a1_b2c3, 64));
static SECURITIES: LazyLock<Vec<String>> = LazyLock::new(|| names(0x68ff_eedd, 512));

/// One order; amounts are scaled by 10^8.
pub(crate) struct Order {
    pub(crate) order_type: i32,
    pub(crate) quantity: i64,
    pub(crate) limit_price: i64,
    pub(crate) portfolio: &'static str,
    pub(crate) security: &'static str,
}

impl Order {
    pub(crate) fn number(number: u64) -> Self {
        let cycle = |length: u64| usize::try_from(number % length).unwrap();
        let halves = 1 + number % 1999;
        let quarters = 40 + number % 4001;
        Self {
            order_type: if number.is_multiple_of(2) { 1 } else { 2 },
            quantity: i64::try_from(halves).unwrap() * 50_000_000,
            limit_price: i64::try_from(quarters).unwrap() * 25_000_000,
            portfolio: &PORTFOLIOS[cycle(64)],
            security: &SECURITIES[cycle(509)],
        }
    }
}

/// When an order was made: a millisecond after the one before it, all within one day, so that the
/// text always has the same length.
pub(crate) fn millis_of_day(number: u64) -> u64 {
    number % DAY_MILLIS
}

pub(crate) fn micros(number: u64) -> i64 {
    DAY + i64::try_from(millis_of_day(number)).unwrap() * 1000
}

fn names(prefix: u32, count: u32) -> Vec<String> {
    let name = |index: u32| format!("{prefix:08x}d4e5f607{:08x}", index.wrapping_mul(0x9e37_79b9));
    (0..count).map(name).collect()
}

//! Orders as somebody might send them, made of a seed: the same seed makes the same orders.

use std::num::NonZeroU32;

use weir_client::wire::{Decimal, Order};

/// Of the ids that a fresh database has: BUY and SELL.
const ORDER_TYPES: [i64; 2] = [1, 2];
/// Shares of a round lot.
const LOT: u32 = 100;
const LOTS_MAX: u32 = 50;
/// Most orders name a limit.
const LIMITED: f64 = 0.6;
/// Limits, in cents.
const PRICES: std::ops::Range<u32> = 500..50_000;
/// Batches of neighbouring numbers must not be alike.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What batches are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipe {
    pub(super) size: NonZeroU32,
    pub(super) portfolios: NonZeroU32,
    pub(super) securities: NonZeroU32,
    pub(super) seed: u64,
}

impl Recipe {
    /// The orders of the batch with this number.
    pub(super) fn batch(&self, number: u64) -> Vec<Order> {
        let seed = self.seed.wrapping_add(number.wrapping_add(1).wrapping_mul(SPREAD));
        let mut chance = fastrand::Rng::with_seed(seed);
        (0..self.size.get()).map(|_| self.order(&mut chance)).collect()
    }

    fn order(&self, chance: &mut fastrand::Rng) -> Order {
        let portfolio = chance.u32(0..self.portfolios.get());
        let security = chance.u32(0..self.securities.get());
        let order_type = chance.choice(ORDER_TYPES).unwrap_or_default();
        let quantity = Decimal::from(chance.u32(1..=LOTS_MAX) * LOT);
        let limit = (chance.f64() < LIMITED).then(|| cents(chance.u32(PRICES)));
        Order {
            limit_price: limit.and_then(|text| text.parse().ok()),
            ..Order::new(id("68a1b2c3", portfolio), id("68ffeedd", security), order_type, quantity)
        }
    }
}

/// An id as the portfolio and security services give them out: 24 hexadecimal digits.
fn id(prefix: &str, number: u32) -> String {
    format!("{prefix}{number:016x}")
}

fn cents(price: u32) -> String {
    format!("{}.{:02}", price / 100, price % 100)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn recipe(seed: u64) -> Recipe {
        let number = |number| NonZeroU32::new(number).unwrap();
        Recipe { size: number(25), portfolios: number(3), securities: number(7), seed }
    }

    #[test]
    fn a_seed_makes_the_same_orders_again() {
        assert_eq!(recipe(7).batch(3), recipe(7).batch(3));
        assert_ne!(recipe(7).batch(3), recipe(7).batch(4));
        assert_ne!(recipe(7).batch(3), recipe(8).batch(3));
    }

    #[test]
    fn orders_spread_over_portfolios_securities_types_and_limits() {
        let orders: Vec<_> = (0..40).flat_map(|number| recipe(7).batch(number)).collect();
        let kinds = |part: fn(&Order) -> String| orders.iter().map(part).collect::<HashSet<_>>();

        assert_eq!(orders.len(), 1000);
        assert_eq!(kinds(|order| order.portfolio_id.clone()).len(), 3);
        assert_eq!(kinds(|order| order.security_id.clone()).len(), 7);
        assert_eq!(kinds(|order| order.order_type_id.to_string()).len(), 2);
        assert!(orders.iter().all(|order| order.portfolio_id.len() == 24));
        let limited = orders.iter().filter(|order| order.limit_price.is_some()).count();
        assert!((500..700).contains(&limited), "{limited}");
    }
}

//! Batches of orders, as a caller of the client has them: with times, without names.

use chrono::DateTime;
use weir_client::wire::{Decimal, Order};

use crate::shared::fixture::{self, BATCH, micros};

/// So many batches; the orders are numbered from `first` on.
pub(crate) fn batches(first: u64, count: usize) -> Vec<Vec<Order>> {
    let batch = |start| (start..start + BATCH).map(order).collect();
    (first..).step_by(usize::try_from(BATCH).unwrap()).take(count).map(batch).collect()
}

fn order(number: u64) -> Order {
    let order = fixture::Order::number(number);
    Order {
        limit_price: Some(decimal(order.limit_price)),
        order_timestamp: DateTime::from_timestamp_micros(micros(number)),
        ..Order::new(
            order.portfolio,
            order.security,
            order.order_type.into(),
            decimal(order.quantity),
        )
    }
}

fn decimal(scaled: i64) -> Decimal {
    (scaled as f64 / 1e8).to_string().parse().unwrap()
}

/// A name for each order: what a careful caller gives them, and the client by itself.
pub(crate) fn name(orders: &mut [Order], key: &str) {
    for (place, order) in orders.iter_mut().enumerate() {
        order.client_order_id = Some(format!("{key}-{place}"));
    }
}

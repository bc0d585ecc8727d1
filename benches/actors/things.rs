//! Loads, orders and trades to work on.

use std::collections::BTreeMap;

use uuid::Uuid;
use weir::domain::amount::Amount;
use weir::domain::client::ClientId;
use weir::domain::letter::{Letter, LetterState, Load, Rest, Settlement, Trouble};
use weir::domain::moment::Moment;
use weir::domain::order::{Order, Terms};
use weir::domain::reference::{ReferenceLabel, ReferenceRow, References};
use weir::domain::trade::Trade;

pub(crate) const NOW: Moment = Moment::from_micros(1_767_571_200_000_000);

pub(crate) fn order(id: i64) -> Order {
    let terms = Terms {
        blotter_id: 1,
        status_id: 1,
        order_type_id: 1,
        portfolio_id: "68a1b2c3d4e5f60718293a4b".to_owned(),
        security_id: "68ffeeddd4e5f60718293a4b".to_owned(),
        quantity: Amount::from_scaled(10_000_000_000),
        limit_price: Some(Amount::from_scaled(2_525_000_000)),
        ordered_at: NOW,
        client_order_id: None,
    };
    Order { id, terms, trade_order_id: None, version: 1, letter_id: None }
}

/// The trade of an order.
pub(crate) fn trade(order: &Order) -> Trade {
    let terms = &order.terms;
    Trade {
        id: order.id,
        order_id: order.id,
        portfolio_id: terms.portfolio_id.clone(),
        security_id: terms.security_id.clone(),
        order_type: "BUY".to_owned(),
        quantity: terms.quantity,
        limit_price: terms.limit_price,
    }
}

pub(crate) fn references() -> References {
    let row = |id, abbreviation: &str| {
        let label = ReferenceLabel::Abbreviated {
            abbreviation: abbreviation.to_owned(),
            description: String::new(),
        };
        (id, ReferenceRow { id, label, version: 1 })
    };
    References {
        blotters: BTreeMap::new(),
        statuses: BTreeMap::from([row(1, "NEW"), row(2, "SENT")]),
        order_types: BTreeMap::from([row(1, "BUY"), row(2, "SELL")]),
    }
}

/// Fresh loads of so many orders each, with the ids from 1 on, of one client.
pub(crate) fn loads(count: usize, orders: usize) -> Vec<Load> {
    let mut ids = 1..;
    let mut load = || {
        let orders: Vec<Order> = ids.by_ref().take(orders).map(order).collect();
        let letter = Letter {
            id: Uuid::now_v7(),
            batch_id: Uuid::now_v7(),
            client: ClientId::default(),
            state: LetterState::Waiting,
            undecided: orders.iter().map(|order| order.id).collect(),
            attempts: 0,
            due_at: NOW,
            fence: 1,
            trouble: Trouble::default(),
            last_error: None,
            created_at: NOW,
        };
        Load { letter, orders }
    };
    std::iter::repeat_with(&mut load).take(count).collect()
}

/// All orders of a letter are sent.
pub(crate) fn settlement(load: &Load) -> Settlement {
    Settlement {
        letter_id: load.letter.id,
        fence: load.letter.fence,
        sent: load.orders.iter().map(|order| (order.id, order.id)).collect(),
        rejected: Vec::new(),
        severed: None,
        rest: Rest::Closed,
    }
}

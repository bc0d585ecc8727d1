//! What a call that places orders came to.

use std::collections::HashMap;
use std::time::Duration;

use super::calls::{Call, put_first};
use super::{Carriage, Step};
use crate::domain::letter::Rejection;
use crate::domain::moment::Moment;
use crate::domain::order::Order;
use crate::domain::reference::References;
use crate::domain::trade::{Placing, Trade};

impl Carriage {
    /// What came of [`Step::Place`].
    pub fn placed(&mut self, placing: Placing, references: &References, now: Moment, chance: f64) {
        if !matches!(self.step, Some(Step::Place(_))) {
            return;
        }
        let Some(call) = self.calls.pop_front() else { return };
        self.touched = true;
        match placing {
            Placing::Placed(trades) => {
                self.count(&call, None);
                self.taken(&call, &trades, references, now, chance);
            }
            Placing::Refused { reason, index } => {
                self.count(&call, Some(&reason));
                self.refused(call, reason, index);
            }
            Placing::NotSent { reason, wait } => self.turned_away(&reason, wait, now, chance),
            Placing::Deferred { reason, wait } => {
                self.count(&call, None);
                self.turned_away(&reason, wait, now, chance);
                let rules = self.rules;
                self.hands.iter_mut().for_each(|hand| hand.bury_if_exhausted(&rules));
            }
            Placing::Unknown { reason, over, wait } => {
                self.count(&call, Some(&reason));
                let quiet_at = if over { now } else { now.plus(self.rules.quiet_after) };
                self.unknown(&call, quiet_at, wait, now, chance);
            }
        }
        self.step = None;
    }

    /// The call was made: it counts.
    fn count(&mut self, call: &Call, error: Option<&str>) {
        for part in &call.parts {
            let Some(hand) = self.hands.get_mut(part.hand) else { continue };
            hand.called = true;
            if let Some(error) = error {
                hand.letter.last_error = Some(error.to_owned());
            }
        }
    }

    fn taken(
        &mut self,
        call: &Call,
        trades: &[Trade],
        references: &References,
        now: Moment,
        chance: f64,
    ) {
        let trades: HashMap<_, _> = trades.iter().map(|trade| (trade.order_id, trade)).collect();
        for part in &call.parts {
            let Some(hand) = self.hands.get_mut(part.hand) else { continue };
            let mut unnamed = Vec::new();
            for id in &part.orders {
                let (trade, order) = (trades.get(id).copied(), self.cargo.order(*id));
                let Some((trade, order)) = trade.zip(order) else {
                    unnamed.push(*id);
                    continue;
                };
                if trade.is_of(order, references) {
                    hand.sent(*id, trade.id);
                } else {
                    hand.sever(*id, conflict(trade, order), now);
                }
            }
            // Blamed, alone, and taken.
            hand.hint_lied |= call.blamed && unnamed.is_empty();
            if !unnamed.is_empty() {
                let error = "the trade service took the call and did not name every order";
                hand.letter.last_error = Some(error.to_owned());
                hand.doubt(unnamed, now);
                hand.limit_parts(part.orders.len().div_ceil(2));
                let wait = self.rules.backoff.wait(hand.attempts(), chance, None);
                hand.let_go(now.plus(wait), now);
            }
        }
    }

    fn refused(&mut self, mut call: Call, reason: String, index: Option<usize>) {
        if call.parts.len() > 1 {
            put_first(&mut self.calls, call.halves());
            return;
        }
        let Some(part) = call.parts.pop() else { return };
        let Some(hand) = self.hands.get_mut(part.hand) else { return };
        if let [order_id] = part.orders[..] {
            let rejection = Rejection { order_id, message: reason };
            if hand.letter.trouble.tainted {
                hand.unproven = Some(rejection);
            } else {
                hand.reject(rejection);
            }
            return;
        }
        let pieces = part.cut(index.filter(|_| !hand.hint_lied));
        let sizes = pieces.iter().flat_map(|call| &call.parts).map(|part| part.orders.len());
        hand.limit_parts(sizes.max().unwrap_or(1));
        put_first(&mut self.calls, pieces);
    }

    /// Nothing of it reached the trade service, or all of it was sent back: not now.
    fn turned_away(&mut self, reason: &str, wait: Option<Duration>, now: Moment, chance: f64) {
        let backoff = self.rules.backoff;
        for hand in self.hands.iter_mut().filter(|hand| !hand.is_over()) {
            hand.letter.last_error = Some(reason.to_owned());
            let wait = backoff.wait(hand.attempts(), chance, wait);
            hand.let_go(now.plus(wait), now);
        }
        self.calls.clear();
    }

    /// Nobody knows: everything stops, and letters that were not in the call may go again.
    fn unknown(
        &mut self,
        call: &Call,
        quiet_at: Moment,
        wait: Option<Duration>,
        now: Moment,
        chance: f64,
    ) {
        for part in &call.parts {
            let Some(hand) = self.hands.get_mut(part.hand) else { continue };
            hand.doubt(part.orders.clone(), quiet_at);
            hand.limit_parts(part.orders.len().div_ceil(2));
            let wait = self.rules.backoff.wait(hand.attempts(), chance, wait);
            hand.let_go(now.plus(wait), now);
        }
        self.hands.iter_mut().filter(|hand| !hand.is_over()).for_each(|hand| hand.let_go(now, now));
        self.calls.clear();
    }
}

/// Somebody else's trade has the order's id.
pub(super) fn conflict(trade: &Trade, order: &Order) -> String {
    let (trade_id, order_id) = (trade.id, order.id);
    format!("TRADE_ID_CONFLICT: trade {trade_id} has the id of order {order_id} and other terms")
}

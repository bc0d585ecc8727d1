//! What must be so when it has been calm long enough.

use std::collections::BTreeSet;

use weir::domain::letter::LetterState;
use weir::domain::order::status;

use crate::client::Heard;
use crate::desk::TradeService;
use crate::memory::{Book, LetterRow, OrderRow};
use crate::plan::Plan;

pub(crate) struct Verdict<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) book: &'a Book,
    pub(crate) service: &'a TradeService,
    pub(crate) heard: &'a Heard,
}

impl Verdict<'_> {
    /// Every promise that was broken, in words.
    pub(crate) fn broken(&self) -> Vec<String> {
        let mut broken = self.book.violations.clone();
        broken.extend(self.service.violations());
        broken.extend(self.heard.lies.clone());
        let lost = self.heard.accepted.iter().filter(|id| !self.book.orders.contains_key(id));
        broken.extend(lost.map(|id| format!("accepted order {id} is not there")));
        broken.extend(self.letters());
        let submitted = self.submitted();
        for row in self.book.orders.values() {
            let is_submitted = submitted.contains(&row.order.id);
            broken.extend(self.order(row, is_submitted).map(|what| format!("{what}: {row:?}")));
        }
        broken
    }

    /// Orders that somebody has to have decided about: those whose acceptance was heard, and
    /// those that were recorded to be submitted.
    fn submitted(&self) -> BTreeSet<i64> {
        let recorded = self.book.batches.values().flat_map(|row| row.submitted.iter().copied());
        self.heard.accepted.iter().copied().chain(recorded).collect()
    }

    fn order(&self, row: &OrderRow, is_submitted: bool) -> Option<&'static str> {
        let id = row.order.id;
        let effects = self.service.effects(id);
        if effects.len() > 1 {
            return Some("an order had its effect twice");
        }
        if self.book.is_status(&row.order, status::SENT) {
            return match (effects.first(), row.order.letter_id) {
                (None, _) => Some("a sent order has no effect"),
                (_, Some(_)) => Some("a sent order is in a letter"),
                (trade, None) if trade.copied() == row.order.trade_order_id => None,
                _ => Some("a sent order has the trade of another one"),
            };
        }
        let Some(letter_id) = row.order.letter_id else {
            return match (effects.is_empty(), &row.error) {
                (false, _) => Some("an order that is free had its effect"),
                (true, Some(_)) if !self.is_refusable(id) => Some("a good order was rejected"),
                (true, None) if is_submitted => Some("an accepted order was forgotten"),
                (true, _) => None,
            };
        };
        match self.book.letters.get(&letter_id) {
            Some(LetterRow { letter, .. }) if !letter.undecided.contains(&id) => {
                Some("an order's letter does not know it")
            }
            Some(_) => None,
            None => Some("an order is in a letter that is gone"),
        }
    }

    /// Somebody else's trade may have its id, and the trade service may refuse it for that.
    fn is_refusable(&self, id: i64) -> bool {
        self.service.is_guilty(id) || self.service.is_foreign(id)
    }

    /// Only dead ones are left, each for a reason that is true of its orders.
    fn letters(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for LetterRow { letter, holder } in self.book.letters.values() {
            if letter.state != LetterState::Dead || holder.is_some() {
                broken.push(format!("a letter is left: {letter:?} held by {holder:?}"));
                continue;
            }
            let reason = letter.last_error.as_deref().unwrap_or_default();
            let code = reason.split(':').next().unwrap_or_default();
            for id in &letter.undecided {
                let row = self.book.orders.get(id);
                let is_its = row.is_some_and(|row| row.order.letter_id == Some(letter.id));
                let is_due = match code {
                    "TRADE_ID_CONFLICT" => self.service.is_foreign(*id),
                    "WORKER_KILLED" => self.service.has_killed(*id),
                    "ATTEMPTS_EXHAUSTED" => self.plan.house.attempts_max > 0,
                    _ => false,
                };
                if !(is_its && is_due) {
                    broken.push(format!("order {id} lies in a dead letter: {letter:?}"));
                }
            }
        }
        broken
    }
}

//! What is written when a worker died with its letters in hand.

use super::hand::Hand;
use super::{Carriage, Rules, Step};
use crate::domain::letter::Settlement;
use crate::domain::moment::Moment;

/// What the worker died over.
struct Death {
    orders: Vec<i64>,
    /// Were they on their way to the trade service?
    sent: bool,
}

impl Carriage {
    /// The settlements of a carriage whose worker died: what was being sent is doubtful. Orders
    /// over which too many died are put aside; their neighbours go on.
    pub fn killed(&mut self, now: Moment, chance: f64) -> Vec<Settlement> {
        let death = match &self.step {
            Some(Step::Done(settlements)) => return settlements.clone(),
            Some(Step::Place(orders)) => Death { orders: orders.clone(), sent: true },
            Some(Step::LookUp(order)) => Death { orders: vec![*order], sent: false },
            Some(Step::Write(_)) => {
                let orders = self.calls.front().map(|call| call.order_ids());
                Death { orders: orders.unwrap_or_default(), sent: false }
            }
            None => Death { orders: Vec::new(), sent: false },
        };
        for hand in self.hands.iter_mut().filter(|hand| !hand.is_over()) {
            hand.survive(&death, &self.rules, now, chance);
        }
        self.calls.clear();
        let settlements: Vec<_> = self.hands.iter().map(Hand::last_settlement).collect();
        self.step = Some(Step::Done(settlements.clone()));
        settlements
    }
}

impl Hand {
    fn survive(&mut self, death: &Death, rules: &Rules, now: Moment, chance: f64) {
        let undecided = &self.letter.undecided;
        let of_letter = |id: &&i64| undecided.contains(id);
        let suspects: Vec<_> = death.orders.iter().filter(of_letter).copied().collect();
        if suspects.is_empty() {
            self.let_go(now, now);
            return;
        }
        let quiet_at = now.plus(rules.quiet_after);
        if death.sent {
            self.called = true;
            self.doubt(suspects.clone(), quiet_at);
        }
        self.limit_parts(1);
        let kills = self.letter.trouble.kills.saturating_add(1);
        self.letter.trouble.kills = kills;
        self.letter.last_error = Some("a worker died over it".to_owned());
        if kills >= rules.kills_max {
            let reason = format!("WORKER_KILLED: {kills} workers died over it");
            suspects.iter().for_each(|id| self.sever(*id, reason.clone(), quiet_at));
            self.unproven = None;
            self.letter.trouble.kills = 0;
        }
        let wait = rules.backoff.wait(self.attempts(), chance, None);
        self.let_go(now.plus(wait), now);
    }
}

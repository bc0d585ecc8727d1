//! What a look-up came to: whether a call of unknown outcome was carried out.
//!
//! Calls are atomic: one order that is found tells that all were placed, one that is absent
//! that none was. An absence is believed when the call can no longer arrive, and twice.

use std::time::Duration;

use super::hand::Hand;
use super::outcome::conflict;
use super::{Carriage, Rules, Step, WAIT_MAX};
use crate::domain::moment::Moment;
use crate::domain::reference::References;
use crate::domain::trade::{Finding, Trade};

/// Looks that agree before an absence is believed.
const LOOKS: u8 = 2;

impl Carriage {
    /// What came of [`Step::LookUp`].
    pub fn found(&mut self, finding: Finding, references: &References, now: Moment, chance: f64) {
        let Some(Step::LookUp(id)) = self.step else { return };
        let place = self.hands.iter().position(|hand| hand.question() == Some(id));
        let Some((place, hand)) = place.and_then(|at| Some((at, self.hands.get_mut(at)?))) else {
            return;
        };
        self.touched = true;
        let was_refused = hand.unproven.is_some();
        let mut suspects = Vec::new();
        match finding {
            Finding::Found(trade) => {
                let order = self.cargo.order(id);
                let is_ours = order.is_some_and(|order| trade.is_of(order, references));
                let conflict = order.filter(|_| !is_ours).map(|order| conflict(&trade, order));
                hand.is_there(id, &trade, conflict, now);
            }
            Finding::Absent if was_refused => hand.believe_refusal(),
            Finding::Absent => suspects = hand.is_absent(&self.rules, now),
            Finding::Unclear { reason, wait } => {
                let wait = self.rules.backoff.wait(hand.attempts(), chance, wait);
                hand.letter.last_error = Some(reason);
                hand.let_go(now.plus(wait), now);
            }
        }
        let is_answered = hand.question().is_none() && hand.end.is_none();
        if is_answered && !was_refused {
            self.go_on(place, &suspects, now);
        }
        self.step = None;
    }

    /// There is nothing more to ask about this letter: what is not doubtful is sent.
    fn go_on(&mut self, place: usize, suspects: &[i64], now: Moment) {
        let Some(hand) = self.hands.get_mut(place) else { return };
        if hand.letter.trouble.doubtful.is_empty() {
            hand.believe();
            self.plan_parts(place, suspects);
        } else {
            let due_at = hand.next_look(self.rules.second_look, now);
            hand.let_go(due_at, now);
        }
    }
}

impl Hand {
    fn is_there(&mut self, id: i64, trade: &Trade, conflict: Option<String>, now: Moment) {
        self.unproven = self.unproven.take().filter(|refused| refused.order_id != id);
        self.asking.retain(|asked| *asked != id);
        if let Some(reason) = conflict {
            self.sever(id, reason, now);
            return;
        }
        self.sent(id, trade.id);
        self.hit = true;
        self.letter.trouble.absences = 0;
    }

    fn believe_refusal(&mut self) {
        if let Some(rejection) = self.unproven.take() {
            self.reject(rejection);
        }
    }

    /// The order that was asked for is absent. Says which orders are no longer doubtful by that.
    fn is_absent(&mut self, rules: &Rules, now: Moment) -> Vec<i64> {
        self.asking.pop_front();
        if self.hit {
            // Others of its call are there: it should be, too.
            return Vec::new();
        }
        let quiet_at = *self.letter.trouble.quiet_at.get_or_insert(now.plus(rules.quiet_after));
        if is_reached(quiet_at, now) {
            let absences = self.letter.trouble.absences.saturating_add(1);
            self.letter.trouble.absences = absences;
            if absences >= LOOKS {
                return self.believe();
            }
        }
        self.asking.clear();
        Vec::new()
    }

    fn next_look(&self, second_look: Duration, now: Moment) -> Moment {
        let quiet_at = self.letter.trouble.quiet_at.filter(|quiet_at| !is_reached(*quiet_at, now));
        quiet_at.unwrap_or_else(|| now.plus(second_look))
    }
}

/// Is it time? What lies too far ahead was written before the clock was put back.
fn is_reached(moment: Moment, now: Moment) -> bool {
    moment <= now || moment > now.plus(WAIT_MAX)
}

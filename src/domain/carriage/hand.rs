//! A letter in hand: what is known of it now, and what of that is written down.

use std::collections::VecDeque;

use uuid::{Builder, Uuid};

use super::Rules;
use crate::domain::letter::{Letter, LetterState, Rejection, Rest, Settlement, Severed, Trouble};
use crate::domain::moment::Moment;

#[derive(Clone, Debug, Hash)]
pub(super) struct Hand {
    /// Undecided orders and trouble are what is known now; everything else is as it was taken.
    pub(super) letter: Letter,
    /// The orders that whoever found the record after a loss would look up.
    covered: Vec<i64>,
    decided: Decided,
    /// Was it part of a call in this carriage?
    pub(super) called: bool,
    /// Doubtful orders that are to be looked up.
    pub(super) asking: VecDeque<i64>,
    /// Was one of them found? Then the call was carried out.
    pub(super) hit: bool,
    /// A refusal of an order that an earlier call may have placed: believed after a look-up.
    pub(super) unproven: Option<Rejection>,
    /// Did the trade service blame an order that it took afterwards?
    pub(super) hint_lied: bool,
    pub(super) end: Option<End>,
}

/// How a letter is let go of.
#[derive(Clone, Debug, Hash)]
pub(super) struct End {
    pub(super) state: LetterState,
    pub(super) due_at: Moment,
}

/// What was decided and is not written down.
#[derive(Clone, Debug, Default, Hash)]
struct Decided {
    sent: Vec<(i64, i64)>,
    rejected: Vec<Rejection>,
    severed: Option<Severed>,
}

impl Hand {
    pub(super) fn new(mut letter: Letter) -> Self {
        let covered = letter.doubt_if_lost().to_vec();
        if letter.state == LetterState::Reconcile {
            letter.trouble.doubtful.clone_from(&covered);
        }
        let asking = letter.trouble.doubtful.iter().copied().collect();
        Self {
            letter,
            covered,
            decided: Decided::default(),
            called: false,
            asking,
            hit: false,
            unproven: None,
            hint_lied: false,
            end: None,
        }
    }

    /// The order that is to be looked up next.
    pub(super) fn question(&self) -> Option<i64> {
        if self.end.is_some() {
            return None;
        }
        let unproven = self.unproven.as_ref().map(|rejection| rejection.order_id);
        unproven.or_else(|| self.asking.front().copied())
    }

    pub(super) fn attempts(&self) -> u32 {
        self.letter.attempts.saturating_add(u32::from(self.called))
    }

    fn strike(&mut self, order_id: i64) {
        self.letter.undecided.retain(|id| *id != order_id);
        self.letter.trouble.doubtful.retain(|id| *id != order_id);
    }

    pub(super) fn sent(&mut self, order_id: i64, trade_id: i64) {
        self.strike(order_id);
        self.decided.sent.push((order_id, trade_id));
    }

    pub(super) fn reject(&mut self, rejection: Rejection) {
        self.strike(rejection.order_id);
        self.decided.rejected.push(rejection);
    }

    /// Puts an order aside for an operator. Until then it stays in doubt.
    pub(super) fn sever(&mut self, order_id: i64, reason: String, quiet_at: Moment) {
        self.strike(order_id);
        let severed = self.decided.severed.get_or_insert_with(|| Severed {
            letter_id: severed_id(self.letter.id, order_id),
            order_ids: Vec::new(),
            reason,
            trouble: Trouble { part_max: Some(1), tainted: true, ..Trouble::default() },
        });
        severed.order_ids.push(order_id);
        severed.trouble.doubtful.push(order_id);
        severed.trouble.quiet_at = severed.trouble.quiet_at.max(Some(quiet_at));
    }

    /// A call with these orders ended, and nobody knows how.
    pub(super) fn doubt(&mut self, orders: Vec<i64>, quiet_at: Moment) {
        let trouble = &mut self.letter.trouble;
        trouble.doubtful = orders;
        trouble.quiet_at = Some(quiet_at);
        trouble.absences = 0;
        trouble.tainted = true;
    }

    /// No call of this letter is larger from now on.
    pub(super) fn limit_parts(&mut self, orders: usize) {
        let orders = u16::try_from(orders).unwrap_or(u16::MAX).max(1);
        let part_max = &mut self.letter.trouble.part_max;
        *part_max = Some(part_max.map_or(orders, |before| before.min(orders)));
    }

    /// Nothing is doubtful any more. Says what was.
    pub(super) fn believe(&mut self) -> Vec<i64> {
        self.asking.clear();
        let trouble = &mut self.letter.trouble;
        trouble.quiet_at = None;
        trouble.absences = 0;
        std::mem::take(&mut trouble.doubtful)
    }

    /// Lets go: to be reconciled if anything is doubtful, else to wait.
    pub(super) fn let_go(&mut self, due_at: Moment, now: Moment) {
        if self.end.is_some() {
            return;
        }
        if let Some(unproven) = self.unproven.take() {
            self.doubt(vec![unproven.order_id], now);
        }
        let in_doubt = !self.letter.trouble.doubtful.is_empty();
        let state = if in_doubt { LetterState::Reconcile } else { LetterState::Waiting };
        self.end = Some(End { state, due_at });
    }

    /// A letter that was called in vain too often, with nothing in doubt, is dead.
    pub(super) fn bury_if_exhausted(&mut self, rules: &Rules) {
        let exhausted = rules.attempts_max > 0 && self.attempts() >= rules.attempts_max;
        let Some(end) = self.end.as_mut().filter(|end| end.state == LetterState::Waiting) else {
            return;
        };
        if self.called && exhausted {
            end.state = LetterState::Dead;
            let last = self.letter.last_error.take().unwrap_or_default();
            self.letter.last_error = Some(format!("ATTEMPTS_EXHAUSTED: {last}"));
        }
    }

    /// Was anything decided that is not written down?
    pub(super) fn has_news(&self) -> bool {
        let Decided { sent, rejected, severed } = &self.decided;
        !sent.is_empty() || !rejected.is_empty() || severed.is_some()
    }

    /// Must something be written down before these orders are sent? After a loss the record
    /// alone has to tell them from all others.
    pub(super) fn must_write_before(&self, orders: &[i64]) -> bool {
        self.has_news() || !same(&self.covered, orders)
    }

    /// What is written down before these orders are sent.
    pub(super) fn before_sending(&self, orders: &[i64]) -> Settlement {
        let trouble = Trouble {
            doubtful: orders.to_vec(),
            quiet_at: None,
            absences: 0,
            ..self.letter.trouble.clone()
        };
        // Whoever takes it back counts the attempt.
        let attempts = self.letter.attempts;
        self.settlement(self.kept(LetterState::Held, self.letter.due_at, attempts, trouble))
    }

    pub(super) fn written_before_sending(&mut self, orders: &[i64]) {
        self.decided = Decided::default();
        self.covered = orders.to_vec();
    }

    /// Is there nothing to do about it any more?
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some() || self.letter.undecided.is_empty()
    }

    /// The last word about it.
    pub(super) fn last_settlement(&self) -> Settlement {
        if self.letter.undecided.is_empty() {
            return match &self.decided.severed {
                Some(severed) => self.dead(severed),
                None => self.settlement(Rest::Closed),
            };
        }
        let (state, due_at) = match &self.end {
            Some(end) => (end.state, end.due_at),
            None => (LetterState::Waiting, self.letter.due_at),
        };
        let trouble = self.letter.trouble.clone();
        self.settlement(self.kept(state, due_at, self.attempts(), trouble))
    }

    /// Nothing goes on without the severed ones: the letter itself is dead.
    fn dead(&self, severed: &Severed) -> Settlement {
        let rest = Rest::Kept {
            state: LetterState::Dead,
            undecided: severed.order_ids.clone(),
            attempts: self.attempts(),
            due_at: self.letter.due_at,
            trouble: severed.trouble.clone(),
            last_error: Some(severed.reason.clone()),
        };
        Settlement { severed: None, ..self.settlement(rest) }
    }

    fn kept(&self, state: LetterState, due_at: Moment, attempts: u32, trouble: Trouble) -> Rest {
        let undecided = self.letter.undecided.clone();
        let last_error = self.letter.last_error.clone();
        Rest::Kept { state, undecided, attempts, due_at, trouble, last_error }
    }

    fn settlement(&self, rest: Rest) -> Settlement {
        let Decided { sent, rejected, severed } = &self.decided;
        Settlement {
            letter_id: self.letter.id,
            fence: self.letter.fence,
            sent: sent.clone(),
            rejected: rejected.clone(),
            severed: severed.clone(),
            rest,
        }
    }
}

/// Are these the same orders?
fn same(some: &[i64], others: &[i64]) -> bool {
    let sorted = |orders: &[i64]| {
        let mut orders = orders.to_vec();
        orders.sort_unstable();
        orders
    };
    some == others || (some.len() == others.len() && sorted(some) == sorted(others))
}

/// The id of the dead letter that an order is put aside in. It follows from the two, so that a
/// settlement that is written again makes no second one.
fn severed_id(letter_id: Uuid, order_id: i64) -> Uuid {
    let (high, low) = letter_id.as_u64_pair();
    let first = mixed(low ^ mixed(high ^ order_id.cast_unsigned()));
    let mut noise = [0; 10];
    let bytes = mixed(first).to_be_bytes().into_iter().chain(first.to_be_bytes());
    noise.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    Builder::from_unix_timestamp_millis(high >> 16, &noise).into_uuid()
}

/// The finish of `SplitMix64`: each bit of the answer hangs on each bit of `value`.
const fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

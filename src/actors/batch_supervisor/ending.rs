//! The end of a carriage: what its letters came to, told to whoever waits, counted and logged.

use std::collections::HashMap;
use std::sync::Arc;

use super::BatchSupervisor;
use super::children::{Cargo, Carriage};
use super::progress::OrderFate;
use crate::actors::batch_worker::{Times, Written};
use crate::domain::letter::{LetterState, Rest, Settled, Settlement};

impl BatchSupervisor {
    /// The last word about a carriage's letters is written down, or somebody else has them.
    pub(super) fn finish(&mut self, carriage: &Carriage, written: &[Written], times: Times) {
        let mut let_go = false;
        for letter in &carriage.cargo {
            let mut fates = HashMap::new();
            for Written { settlement, settled, .. } in written {
                if settlement.letter_id == letter.letter_id && *settled == Settled::Done {
                    fates.extend(fates_of(settlement));
                    self.note_decided(settlement.sent.len() + settlement.rejected.len());
                    if let Rest::Kept { state, undecided, .. } = &settlement.rest {
                        let_go = true;
                        if *state != LetterState::Dead {
                            self.parked.add(undecided.len());
                        }
                    }
                    self.log_settlement(carriage, letter, settlement);
                }
            }
            let is_late = |it: &Written| {
                it.settlement.letter_id == letter.letter_id && it.settled == Settled::Stale
            };
            if written.iter().any(is_late) {
                self.note_late(letter);
            }
            self.tell_fates(letter, fates);
            self.reserved = self.reserved.saturating_sub(letter.order_ids.len());
            self.batches.carried(letter.batch_id, times.trade, times.update);
            let (now, meter) = (self.now(), Arc::clone(&self.setup.meter));
            self.batches.rest(letter.batch_id, letter.letter_id, now, meter.as_ref());
        }
        if let_go || self.behind.some_are() || self.more_due {
            self.wake_mailbox();
        }
    }

    /// What became of a letter's call was not written: somebody else has the letter, and looks up
    /// what this instance knows.
    fn note_late(&mut self, letter: &Cargo) {
        self.counters.late += 1;
        let (id, orders) = (letter.letter_id, letter.order_ids.len());
        log::warn!(letter_id:% = id, orders; "letter has another holder: its outcome came too late and is not written");
    }

    /// Counts what became of a letter's orders, and tells it all at once: who waits for the last
    /// word must not hear an earlier one.
    fn tell_fates(&self, letter: &Cargo, fates: HashMap<i64, OrderFate>) {
        let elsewhere =
            || OrderFate::Queued { reason: "another instance has taken it over".to_owned() };
        let fate = |id: &i64| (*id, fates.get(id).cloned().unwrap_or_else(elsewhere));
        let fates: Vec<_> = letter.order_ids.iter().map(fate).collect();
        let count = |is: fn(&OrderFate) -> bool| fates.iter().filter(|(_, fate)| is(fate)).count();
        let meter = &self.setup.meter;
        meter.orders("sent", count(|fate| matches!(fate, OrderFate::Sent { .. })));
        meter.orders("rejected", count(|fate| matches!(fate, OrderFate::Rejected { .. })));
        meter.orders("queued", count(|fate| matches!(fate, OrderFate::Queued { .. })));
        meter.orders("dead", count(|fate| matches!(fate, OrderFate::Dead { .. })));
        self.batches.tell(letter.letter_id, &fates);
    }

    /// A dead letter and a recovered one are a line each.
    fn log_settlement(&mut self, carriage: &Carriage, letter: &Cargo, settlement: &Settlement) {
        let letter_id = letter.letter_id;
        if let Some(severed) = &settlement.severed {
            let (dead_id, orders) = (severed.letter_id, severed.order_ids.len());
            let reason = severed.reason.as_str();
            log::error!(letter_id:% = dead_id, orders, reason; "letter {dead_id} is dead: {reason}");
            self.last_error = Some(severed.reason.clone());
        }
        match &settlement.rest {
            Rest::Kept { state: LetterState::Dead, undecided, last_error, .. } => {
                let orders = undecided.len();
                let reason = last_error.as_deref().unwrap_or_default();
                log::error!(letter_id:% = letter_id, orders, reason; "letter {letter_id} is dead: {reason}");
                self.last_error = Some(reason.to_owned());
            }
            Rest::Closed if carriage.is_retry => {
                let (sent, rejected) = (settlement.sent.len(), settlement.rejected.len());
                log::info!(letter_id:% = letter_id, sent, rejected; "letter {letter_id} recovered");
            }
            Rest::Closed | Rest::Kept { .. } => {}
        }
    }
}

/// What a settlement says of its orders.
fn fates_of(settlement: &Settlement) -> Vec<(i64, OrderFate)> {
    let sent = settlement.sent.iter();
    let sent = sent.map(|(id, trade)| (*id, OrderFate::Sent { trade_order_id: *trade }));
    let rejected = settlement.rejected.iter().map(|rejection| {
        (rejection.order_id, OrderFate::Rejected { message: rejection.message.clone() })
    });
    let mut fates: Vec<_> = sent.chain(rejected).collect();
    if let Some(severed) = &settlement.severed {
        let dead = || OrderFate::Dead { reason: severed.reason.clone() };
        fates.extend(severed.order_ids.iter().map(|id| (*id, dead())));
    }
    if let Rest::Kept { state, undecided, last_error, .. } = &settlement.rest {
        let reason = last_error.clone().unwrap_or_else(|| "it is tried again".to_owned());
        let fate = match state {
            LetterState::Dead => OrderFate::Dead { reason },
            LetterState::Waiting | LetterState::Reconcile => OrderFate::Queued { reason },
            LetterState::Held => OrderFate::OnTheWay,
        };
        fates.extend(undecided.iter().map(|id| (*id, fate.clone())));
    }
    fates
}

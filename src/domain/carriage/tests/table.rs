//! The table of letters and a trade service, small and obvious, for the tests that play a whole
//! life of orders.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// Who has a letter, if anybody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Instance(usize),
    /// One whose lease is over: the letter is to be taken back.
    Ended,
}

/// Whose word about a letter is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Guard {
    /// Its holder's.
    #[default]
    Held,
    /// A fault on purpose: also that of the last one who held it.
    FenceAlone,
    /// A fault on purpose: everybody's.
    Nothing,
}

impl Guard {
    fn lets_in(self, letter: &Letter, fence: i64) -> bool {
        match self {
            Self::Held => letter.fence == fence && letter.state == LetterState::Held,
            Self::FenceAlone => letter.fence == fence,
            Self::Nothing => true,
        }
    }
}

#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Table {
    pub(super) rows: BTreeMap<Uuid, (Letter, Option<Holder>)>,
    pub(super) sent: BTreeSet<i64>,
    pub(super) rejected: BTreeSet<i64>,
    pub(super) guard: Guard,
}

impl Table {
    pub(super) fn of(letters: &[Letter], holder: Option<Holder>) -> Self {
        let rows = letters.iter().map(|letter| (letter.id, (letter.clone(), holder))).collect();
        Self { rows, ..Self::default() }
    }

    /// The orders of letters in this state, or not.
    pub(super) fn orders(&self, state: LetterState, is: bool) -> BTreeSet<i64> {
        let letters = self.rows.values().filter(|(letter, _)| (letter.state == state) == is);
        letters.flat_map(|(letter, _)| letter.undecided.clone()).collect()
    }

    /// Takes a letter that is due.
    pub(super) fn collect(&mut self, holder: usize, now: Moment) -> Option<Load> {
        let due = |(letter, _): &&mut (Letter, _)| {
            let open = [LetterState::Waiting, LetterState::Reconcile].contains(&letter.state);
            open && letter.due_at <= now
        };
        let (letter, held_by) = self.rows.values_mut().find(due)?;
        let taken = Letter { fence: letter.fence + 1, ..letter.clone() };
        *letter = Letter { state: LetterState::Held, ..taken.clone() };
        *held_by = Some(Holder::Instance(holder));
        Some(load(taken))
    }

    /// The holder's lease is over.
    pub(super) fn end_lease(&mut self, of: usize) {
        for (_, holder) in self.rows.values_mut() {
            *holder = holder.map(|holder| match holder == Holder::Instance(of) {
                true => Holder::Ended,
                false => holder,
            });
        }
    }

    pub(super) fn take_back(&mut self, quiet_at: Moment) {
        for (letter, holder) in self.rows.values_mut() {
            if *holder == Some(Holder::Ended) {
                *letter = letter.clone().taken_back(quiet_at);
                *holder = None;
            }
        }
    }

    /// Writes a settlement. Written again it changes nothing.
    pub(super) fn settle(&mut self, settlement: &Settlement) -> Settled {
        let guard = self.guard;
        let row = self.rows.get(&settlement.letter_id);
        let row = row.filter(|(letter, _)| guard.lets_in(letter, settlement.fence));
        let Some((before, holder)) = row.cloned() else { return Settled::Stale };
        self.adds_up(&before, settlement);
        let in_letter = |id: &i64| before.undecided.contains(id);
        self.sent.extend(settlement.sent.iter().map(|(order, _)| *order).filter(in_letter));
        let rejected = settlement.rejected.iter().map(|rejection| rejection.order_id);
        self.rejected.extend(rejected.filter(in_letter));
        if let Some(severed) = &settlement.severed {
            let dead = Letter {
                id: severed.letter_id,
                state: LetterState::Dead,
                undecided: severed.order_ids.clone(),
                trouble: severed.trouble.clone(),
                ..before.clone()
            };
            self.rows.entry(severed.letter_id).or_insert((dead, None));
        }
        match settlement.rest.clone() {
            Rest::Closed => {
                self.rows.remove(&settlement.letter_id);
            }
            Rest::Kept { state, undecided, attempts, due_at, trouble, last_error } => {
                let after =
                    Letter { state, undecided, attempts, due_at, trouble, last_error, ..before };
                let holder = holder.filter(|_| state == LetterState::Held);
                self.rows.insert(settlement.letter_id, (after, holder));
            }
        }
        Settled::Done
    }

    /// Each order of a letter is in one list of its settlement.
    fn adds_up(&self, letter: &Letter, settlement: &Settlement) {
        let Written { mut sent, rejected, severed, kept } = short(settlement);
        sent.extend(rejected);
        sent.extend(severed);
        sent.extend(kept.into_iter().flat_map(|(_, undecided)| undecided));
        let count = sent.len();
        let told: BTreeSet<_> = sent.into_iter().collect();
        assert_eq!(count, told.len(), "an order is told of twice: {settlement:?}");
        let undecided: BTreeSet<_> = letter.undecided.iter().copied().collect();
        assert!(undecided.is_subset(&told), "not told of every order: {letter:?} {settlement:?}");
    }

    /// Each order is in one place: sent, rejected, or in one letter.
    pub(super) fn check(&self, orders: &BTreeSet<i64>) -> Result<(), String> {
        for order in orders {
            let holds = |(letter, _): &&(Letter, _)| letter.undecided.contains(order);
            let letters = self.rows.values().filter(holds).count();
            let decided = [&self.sent, &self.rejected].map(|set| set.contains(order));
            let places = letters + decided.iter().filter(|is_there| **is_there).count();
            if places != 1 {
                return Err(format!("order {order} is in {places} places"));
            }
        }
        Ok(())
    }
}

/// What a call came to at the trade service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    Taken(Vec<i64>),
    Refused(usize),
}

impl Answer {
    pub(super) fn placing(&self) -> Placing {
        match self {
            Self::Taken(ids) => all_taken(ids),
            Self::Refused(index) => refused(Some(*index)),
        }
    }
}

/// Atomic: a call takes effect as a whole or not at all.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Service {
    /// How often each order took effect.
    pub(super) effects: BTreeMap<i64, u32>,
    /// Orders that it refuses, always.
    pub(super) guilty: BTreeSet<i64>,
    /// Does it refuse an order that it has?
    pub(super) unique: bool,
    /// Orders whose ids belong to trades with other terms.
    pub(super) foreign: BTreeSet<i64>,
}

impl Service {
    pub(super) fn has(&self, order: i64) -> bool {
        self.effects.contains_key(&order)
    }

    pub(super) fn arrives(&mut self, ids: &[i64]) -> Answer {
        let refuses = |id: &i64| {
            let is_taken = self.has(*id) || self.foreign.contains(id);
            self.guilty.contains(id) || (self.unique && is_taken)
        };
        if let Some(index) = ids.iter().position(refuses) {
            return Answer::Refused(index);
        }
        ids.iter().for_each(|id| *self.effects.entry(*id).or_default() += 1);
        Answer::Taken(ids.to_vec())
    }

    pub(super) fn answers(&self, order: i64) -> Finding {
        if self.foreign.contains(&order) {
            return Finding::Found(foreign_trade(order));
        }
        if self.has(order) { Finding::Found(trade(order)) } else { Finding::Absent }
    }

    /// Nothing took effect twice, and the table tells the truth.
    pub(super) fn check(&self, table: &Table) -> Result<(), String> {
        let twice = self.effects.iter().find(|(_, times)| **times > 1);
        let phantom = table.sent.iter().find(|order| !self.has(**order));
        let denied = table.rejected.iter().find(|order| self.has(**order));
        match (twice, phantom, denied) {
            (Some((order, _)), ..) => Err(format!("order {order} took effect twice")),
            (_, Some(order), _) => Err(format!("order {order} is SENT and not there")),
            (.., Some(order)) => Err(format!("order {order} is rejected and there")),
            (None, None, None) => Ok(()),
        }
    }
}

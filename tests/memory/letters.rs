//! What may become of letters: collected, settled, taken back. Plain steps on the book.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;
use weir::domain::client::ClientId;
use weir::domain::decision::{Decided, NotDecided, Ruling};
use weir::domain::letter::{Letter, LetterState, Load, Rest, Settled, Settlement};
use weir::domain::moment::Moment;
use weir::domain::order::status;
use weir::domain::pause::Pauses;
use weir::ports::Failure;
use weir::ports::post::{Collect, Collected};

use super::book::{Book, LEASE, LetterRow, OrderRow, data};

/// What stands in a letter that was taken from its holder.
const GIVEN_BACK: &str = "the process that held the letter ended before it was settled";

/// No wait reaches further; a due time beyond it was set by a clock that has since stepped back.
const REACH: Duration = Duration::from_hours(1);

impl Book {
    pub(super) fn collect(&mut self, collect: Collect, now: Moment) -> Collected {
        let late = now.plus(REACH);
        let in_line = |letter: &&Letter| {
            matches!(letter.state, LetterState::Waiting | LetterState::Reconcile)
        };
        let pauses: Pauses = self.pauses.iter().cloned().collect();
        let all = || {
            let letters = self.letters.values().map(|row| &row.letter).filter(in_line);
            letters.filter(|letter| !pauses.stop(&letter.client))
        };
        let (later, due): (Vec<_>, Vec<_>) =
            all().partition(|letter| letter.due_at > now && letter.due_at <= late);
        let mut clients: BTreeMap<&ClientId, Vec<Turn>> = BTreeMap::new();
        for letter in due {
            let turn = Turn::of(letter, late);
            clients.entry(&letter.client).or_default().push(turn);
        }
        let next_due = later.into_iter().map(|letter| letter.due_at).min();
        let chosen = pick(clients.values_mut(), collect);
        let more = clients.values().any(|turns| !turns.is_empty());
        let loads = chosen.into_iter().map(|id| self.take(id, collect.epoch)).collect();
        Collected { loads, more, next_due }
    }

    fn take(&mut self, id: Uuid, epoch: Uuid) -> Load {
        let row = self.letters.get_mut(&id).unwrap();
        let was = row.letter.state;
        row.letter.state = LetterState::Held;
        row.letter.fence += 1;
        row.holder = Some(epoch);
        let letter = Letter { state: was, ..row.letter.clone() };
        let orders = letter.undecided.iter().filter_map(|id| self.orders.get(id));
        let orders: Vec<_> = orders.map(|row| row.order.clone()).collect();
        Load { letter, orders }
    }

    /// A trade belongs to one order.
    pub(super) fn check_trades(&self, settlement: &Settlement) -> Result<(), Failure> {
        let is_free = |(order_id, trade_id): &(i64, i64)| self.is_trade_free(*order_id, *trade_id);
        match self.held_under(settlement).is_none() || settlement.sent.iter().all(is_free) {
            true => Ok(()),
            false => Err(data("orders_one_per_trade_order")),
        }
    }

    fn held_under(&self, settlement: &Settlement) -> Option<&Letter> {
        let letter = self.letters.get(&settlement.letter_id).map(|row| &row.letter)?;
        let is_held = letter.state == LetterState::Held;
        Some(letter).filter(|letter| is_held && letter.fence == settlement.fence)
    }

    pub(super) fn settle(&mut self, settlement: &Settlement, now: Moment) -> Settled {
        let Some(letter) = self.held_under(settlement).cloned() else { return Settled::Stale };
        self.watch(&letter, settlement);
        let sent = self.status_id(status::SENT);
        for (order_id, trade_id) in &settlement.sent {
            let Some(row) = self.order_in(&letter, *order_id) else { continue };
            row.order.terms.status_id = sent;
            row.order.trade_order_id = Some(*trade_id);
            row.order.version += 1;
            row.order.letter_id = None;
            row.error = None;
            self.note_trade(*order_id, *trade_id);
        }
        for rejection in &settlement.rejected {
            let Some(row) = self.order_in(&letter, rejection.order_id) else { continue };
            row.order.letter_id = None;
            row.error = Some(rejection.message.clone());
        }
        self.sever(&letter, settlement, now);
        self.leave(letter, &settlement.rest);
        Settled::Done
    }

    /// An order as long as it is in this letter: what was decided before is left alone, so that
    /// a settlement whose answer was lost can be repeated.
    fn order_in(&mut self, letter: &Letter, id: i64) -> Option<&mut OrderRow> {
        self.orders.get_mut(&id).filter(|row| row.order.letter_id == Some(letter.id))
    }

    fn is_in(&self, letter: &Letter, id: i64) -> bool {
        self.orders.get(&id).is_some_and(|row| row.order.letter_id == Some(letter.id))
    }

    fn sever(&mut self, letter: &Letter, settlement: &Settlement, now: Moment) {
        let Some(severed) = &settlement.severed else { return };
        for id in &severed.order_ids {
            if let Some(row) = self.order_in(letter, *id) {
                row.order.letter_id = Some(severed.letter_id);
            }
        }
        let dead = Letter {
            id: severed.letter_id,
            state: LetterState::Dead,
            undecided: severed.order_ids.clone(),
            fence: 0,
            due_at: now,
            trouble: severed.trouble.clone(),
            last_error: Some(severed.reason.clone()),
            ..letter.clone()
        };
        self.letters.entry(dead.id).or_insert(LetterRow { letter: dead, holder: None });
    }

    fn leave(&mut self, letter: Letter, rest: &Rest) {
        match rest {
            Rest::Closed => {
                self.letters.remove(&letter.id);
            }
            Rest::Kept { state, undecided, attempts, due_at, trouble, last_error } => {
                let held = self.letters.get(&letter.id).and_then(|row| row.holder);
                let holder = held.filter(|_| *state == LetterState::Held);
                let letter = Letter {
                    state: *state,
                    undecided: undecided.clone(),
                    attempts: *attempts,
                    due_at: *due_at,
                    trouble: trouble.clone(),
                    last_error: last_error.clone(),
                    ..letter
                };
                self.letters.insert(letter.id, LetterRow { letter, holder });
            }
        }
    }

    /// A settlement says of each order of its letter what became of it, once. One that is
    /// repeated also speaks of orders that have left the letter.
    fn watch(&mut self, letter: &Letter, settlement: &Settlement) {
        let kept = match &settlement.rest {
            Rest::Closed => &[][..],
            Rest::Kept { undecided, .. } => undecided,
        };
        let severed = settlement.severed.iter().flat_map(|severed| &severed.order_ids);
        let told = settlement.sent.iter().map(|(id, _)| id);
        let told = told.chain(settlement.rejected.iter().map(|rejection| &rejection.order_id));
        let mut told: Vec<i64> = told.chain(severed).chain(kept).copied().collect();
        told.retain(|id| letter.undecided.contains(id) || self.is_in(letter, *id));
        let mut undecided = letter.undecided.clone();
        told.sort_unstable();
        undecided.sort_unstable();
        if told != undecided {
            let line = format!("letter {letter:?} was settled by {settlement:?}");
            self.violations.push(line);
        }
        if let Rest::Kept { undecided, trouble, .. } = &settlement.rest {
            let strays = trouble.doubtful.iter().any(|id| !undecided.contains(id));
            if undecided.is_empty() || strays {
                self.violations.push(format!("letter {} keeps {:?}", letter.id, settlement.rest));
            }
        }
    }

    pub(super) fn decide(&mut self, ruling: &Ruling) -> Vec<Result<Decided, NotDecided>> {
        ruling.letters.iter().map(|(id, due_at)| self.decide_one(ruling, *id, *due_at)).collect()
    }

    fn decide_one(
        &mut self,
        ruling: &Ruling,
        id: Uuid,
        due_at: Moment,
    ) -> Result<Decided, NotDecided> {
        let row = self.letters.get_mut(&id).ok_or(NotDecided::Missing { id })?;
        let decided = ruling.decision.about(&row.letter, due_at)?;
        match &decided {
            Decided::Requeued(letter) => row.letter = letter.clone(),
            Decided::Discarded(letter) => {
                self.letters.remove(&id);
                for order_id in &letter.undecided {
                    let Some(row) = self.order_in(letter, *order_id) else { continue };
                    row.order.letter_id = None;
                    row.error = Some(ruling.error());
                }
            }
        }
        Ok(decided)
    }

    pub(super) fn is_good(&self, epoch: Uuid, now: Moment) -> bool {
        let holder = self.holders.get(&epoch);
        holder.is_some_and(|holder| !holder.ended && (!self.leases || holder.expires_at > now))
    }

    pub(super) fn prolong(&mut self, epoch: Uuid, now: Moment) -> bool {
        if !self.is_good(epoch, now) {
            return false;
        }
        if let Some(holder) = self.holders.get_mut(&epoch) {
            holder.expires_at = now.plus(LEASE);
        }
        true
    }

    pub(super) fn take_back(&mut self, epoch: Uuid, now: Moment, quiet_at: Moment) -> u64 {
        // Where there are no leases, whoever asks owns everything.
        let is_other = |other: &Uuid| !self.leases || !self.is_good(*other, now);
        let holders = self.letters.values().filter_map(|row| row.holder);
        let known = self.holders.keys().copied().chain(holders);
        let ended: BTreeSet<Uuid> =
            known.filter(|other| *other != epoch && is_other(other)).collect();
        for other in &ended {
            self.holders.entry(*other).and_modify(|holder| holder.ended = true);
        }
        let is_over = |row: &LetterRow| row.holder.is_some_and(|holder| ended.contains(&holder));
        self.give_back(now, quiet_at, is_over)
    }

    pub(super) fn let_go(&mut self, letters: &[(Uuid, i64)], now: Moment, quiet_at: Moment) -> u64 {
        let is_named = |row: &LetterRow| letters.contains(&(row.letter.id, row.letter.fence));
        self.give_back(now, quiet_at, is_named)
    }

    fn give_back(
        &mut self,
        now: Moment,
        quiet_at: Moment,
        is_meant: impl Fn(&LetterRow) -> bool,
    ) -> u64 {
        let held = |row: &&mut LetterRow| row.letter.state == LetterState::Held;
        let meant = self.letters.values_mut().filter(held).filter(|row| is_meant(row));
        let mut count = 0;
        for LetterRow { letter, holder } in meant {
            *letter = letter.clone().taken_back(quiet_at);
            letter.due_at = now;
            letter.last_error = Some(GIVEN_BACK.to_owned());
            *holder = None;
            count += 1;
        }
        count
    }
}

/// A letter in the line of its client.
struct Turn {
    /// What waits longest is first; after a clock was set back that is what came first.
    place: (i64, Uuid),
    is_retry: bool,
    orders: usize,
}

impl Turn {
    fn of(letter: &Letter, late: Moment) -> Self {
        let due_at = if letter.due_at > late { i64::MIN } else { letter.due_at.micros() };
        Self {
            place: (due_at, letter.id),
            is_retry: letter.state == LetterState::Reconcile || !letter.is_fresh(),
            orders: letter.undecided.len(),
        }
    }
}

/// One of each client in a round, the client that waited longest first.
fn pick<'a>(lines: impl Iterator<Item = &'a mut Vec<Turn>>, collect: Collect) -> Vec<Uuid> {
    let mut lines: Vec<_> = lines.collect();
    lines.iter_mut().for_each(|line| line.sort_by_key(|turn| turn.place));
    let mut picked = Vec::new();
    let (mut orders, mut retries) = (0, 0);
    loop {
        let before = picked.len();
        lines.sort_by_key(|line| line.first().map(|turn| turn.place));
        for line in &mut lines {
            let fits = |turn: &Turn| !turn.is_retry || retries < collect.retries_max;
            let Some(place) = line.iter().position(fits) else { continue };
            let is_too_much =
                !picked.is_empty() && orders + line[place].orders > collect.orders_max;
            if picked.len() >= collect.letters_max || is_too_much {
                return picked;
            }
            let turn = line.remove(place);
            orders += turn.orders;
            retries += usize::from(turn.is_retry);
            picked.push(turn.place.1);
        }
        if picked.len() == before {
            return picked;
        }
    }
}

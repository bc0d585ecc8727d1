//! Letters: the durable list of all work that is not finished.
//!
//! One letter is one load of orders on its way to the trade service. Whoever holds it works on
//! it; when anything goes wrong there is nothing to do but let go of it. It is deleted when its
//! last order is decided.

use uuid::Uuid;

use super::client::ClientId;
use super::moment::Moment;
use super::order::Order;

/// Where a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LetterState {
    /// Nobody works on it, and no call of unknown outcome is out: it may be sent when it is due.
    Waiting,
    /// Its holder works on it, or may begin at any moment.
    Held,
    /// What became of a call is not known: the trade service is asked before anything is sent.
    Reconcile,
    /// Nobody works on it until an operator decides.
    Dead,
}

impl LetterState {
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Held, Self::Reconcile, Self::Dead];

    /// The number that is stored: it must outlive the names in the code.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Waiting => 0,
            Self::Held => 1,
            Self::Reconcile => 2,
            Self::Dead => 3,
        }
    }

    #[must_use]
    pub fn of_code(code: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// The word for people and labels.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Reconcile => "reconcile",
            Self::Dead => "dead",
        }
    }
}

/// What sets a letter apart from one that never met with trouble.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trouble {
    /// The orders of the one call whose outcome is not known. Calls are atomic: all of them are
    /// there, or none. A held letter without parts whose holder is gone stands for all of its
    /// undecided orders.
    pub doubtful: Vec<i64>,
    /// When that call can no longer arrive at the trade service.
    pub quiet_at: Option<Moment>,
    /// How often, since then, the trade service said that it has none of them.
    pub absences: u8,
    /// The most orders of this letter in one call from now on. While it is set, the letter says
    /// before each call which orders are in it (`doubtful`).
    pub part_max: Option<u16>,
    /// Was any of these orders ever part of a call whose outcome was unknown? Then a refusal is
    /// believed only after a look-up.
    pub tainted: bool,
    /// Workers that died over it.
    pub kills: u8,
}

/// A letter as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Letter {
    pub id: Uuid,
    pub batch_id: Uuid,
    pub client: ClientId,
    pub state: LetterState,
    /// The orders that are neither sent nor refused, in the order in which they came.
    pub undecided: Vec<i64>,
    /// Carriages in which at least one call was made.
    pub attempts: u32,
    pub due_at: Moment,
    /// Rises each time somebody takes the letter: what an earlier holder writes is refused.
    pub fence: i64,
    pub trouble: Trouble,
    pub last_error: Option<String>,
    pub created_at: Moment,
}

impl Letter {
    /// Was it never sent, by anybody?
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.attempts == 0 && self.trouble == Trouble::default()
    }

    /// The orders that may be in a call of unknown outcome if this is all that is known of the
    /// letter: if its holder is gone, that is.
    #[must_use]
    pub fn doubt_if_lost(&self) -> &[i64] {
        let says_before_calls = self.trouble.part_max.is_some();
        if self.trouble.doubtful.is_empty() && !says_before_calls {
            return &self.undecided;
        }
        &self.trouble.doubtful
    }

    /// A held letter whose holder is gone, as it is given back. It is due at once: it was when
    /// it was taken. `quiet_at`: then nothing that its holder sent can arrive any more.
    #[must_use]
    pub fn taken_back(mut self, quiet_at: Moment) -> Self {
        let doubtful = self.doubt_if_lost().to_vec();
        if doubtful.is_empty() {
            // It would have said which orders it was about to send.
            self.state = LetterState::Waiting;
            return self;
        }
        self.state = LetterState::Reconcile;
        self.attempts = self.attempts.saturating_add(1);
        let quiet_at = Some(quiet_at);
        self.trouble = Trouble { doubtful, quiet_at, absences: 0, tainted: true, ..self.trouble };
        self
    }
}

/// Which letters somebody wants to see; None is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterQuery {
    pub state: Option<LetterState>,
    pub client: Option<ClientId>,
    /// A part of the last error, in any case.
    pub error: Option<String>,
    pub created_before: Option<Moment>,
    pub batch: Option<Uuid>,
    /// Only those that come after this one.
    pub after: Option<Uuid>,
    pub limit: u64,
}

/// A letter in the hands of its holder, with its orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    pub letter: Letter,
    /// The undecided orders, in the letter's order.
    pub orders: Vec<Order>,
}

impl Load {
    /// Only first attempts are gathered.
    #[must_use]
    pub fn travels_alone(&self) -> bool {
        !self.letter.is_fresh()
    }
}

/// Why an order was not taken, for good: it stays NEW, free, and this is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    pub order_id: i64,
    pub message: String,
}

/// What a holder writes down about its letter: what was decided, and what becomes of the rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settlement {
    pub letter_id: Uuid,
    /// The fence under which the letter was taken; with another one nothing is written.
    pub fence: i64,
    /// Order id and trade order id.
    pub sent: Vec<(i64, i64)>,
    pub rejected: Vec<Rejection>,
    /// Orders that leave this letter for a dead one of their own, so that their neighbours go on.
    pub severed: Option<Severed>,
    pub rest: Rest,
}

/// A dead letter that is made of a part of another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Severed {
    pub letter_id: Uuid,
    pub order_ids: Vec<i64>,
    pub reason: String,
    /// What the dead letter begins with: its orders are looked up before anybody sends them.
    pub trouble: Trouble,
}

/// What becomes of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rest {
    /// Every order is decided or severed: the letter is deleted.
    Closed,
    /// It stays with these orders. `Held` keeps it with its holder; every other state lets go.
    Kept {
        state: LetterState,
        undecided: Vec<i64>,
        attempts: u32,
        due_at: Moment,
        trouble: Trouble,
        last_error: Option<String>,
    },
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settled {
    Done,
    /// The letter has another holder or is gone: nothing was written.
    Stale,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(trouble: Trouble) -> Letter {
        Letter {
            id: Uuid::nil(),
            batch_id: Uuid::nil(),
            client: ClientId::default(),
            state: LetterState::Held,
            undecided: vec![1, 2, 3],
            attempts: 0,
            due_at: Moment::from_micros(1),
            fence: 1,
            trouble,
            last_error: None,
            created_at: Moment::from_micros(1),
        }
    }

    #[test]
    fn orphaned_letter_doubts_what_its_holder_may_have_sent() {
        let quiet_at = Moment::from_micros(9);
        let named = Trouble { doubtful: vec![2], part_max: Some(1), ..Trouble::default() };
        let between = Trouble { part_max: Some(1), ..Trouble::default() };
        let looked_for = Trouble { doubtful: vec![1], absences: 1, kills: 2, ..Trouble::default() };
        let table = [(Trouble::default(), vec![1, 2, 3]), (named, vec![2]), (looked_for, vec![1])];
        for (before, doubtful) in table {
            let after = held(before.clone()).taken_back(quiet_at);

            let quiet_at = Some(quiet_at);
            let trouble = Trouble { doubtful, tainted: true, quiet_at, absences: 0, ..before };
            assert_eq!((after.state, after.attempts), (LetterState::Reconcile, 1));
            assert_eq!(after.trouble, trouble);
        }
        // Between two calls it would have said what is in the next one: it goes on as it was.
        let after = held(between.clone()).taken_back(quiet_at);
        assert_eq!((after.state, after.attempts), (LetterState::Waiting, 0));
        assert_eq!(after.trouble, between);
    }
}

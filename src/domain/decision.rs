//! What an operator may decide about a letter, and what becomes of it then.

use uuid::Uuid;

use super::audit::Signature;
use super::letter::{Letter, LetterState};
use super::moment::Moment;

/// How the error of an order begins that an operator discarded.
const DISCARDED: &str = "discarded by an operator: ";

/// What an operator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It goes on.
    Requeue,
    /// Its orders are free again, and nobody sends them. `force`: also if they may have been placed.
    Discard { force: bool },
}

impl Decision {
    /// The word for the audit.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Requeue => "REQUEUE",
            Self::Discard { .. } => "DISCARD",
        }
    }

    /// What becomes of this letter. `due_at`: when it is due if it goes on.
    pub fn about(self, letter: &Letter, due_at: Moment) -> Result<Decided, NotDecided> {
        let id = letter.id;
        match (self, letter.state) {
            (_, LetterState::Held) => Err(NotDecided::Busy { id }),
            (Self::Requeue, _) => Ok(Decided::Requeued(requeued(letter.clone(), due_at))),
            (Self::Discard { .. }, LetterState::Waiting | LetterState::Reconcile) => {
                Err(NotDecided::NotDead { id })
            }
            (Self::Discard { force: false }, LetterState::Dead)
                if !letter.trouble.doubtful.is_empty() =>
            {
                Err(NotDecided::InDoubt { id })
            }
            (Self::Discard { .. }, LetterState::Dead) => Ok(Decided::Discarded(letter.clone())),
        }
    }
}

/// A dead letter begins anew, and is looked up first if anything of it was ever in doubt. One that
/// waits only waits no longer.
fn requeued(letter: Letter, due_at: Moment) -> Letter {
    if letter.state != LetterState::Dead {
        return Letter { due_at, ..letter };
    }
    let is_clear = !letter.trouble.tainted && letter.trouble.doubtful.is_empty();
    let state = if is_clear { LetterState::Waiting } else { LetterState::Reconcile };
    Letter { state, attempts: 0, due_at, ..letter }
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// As it stands now.
    Requeued(Letter),
    /// As it stood; it is gone.
    Discarded(Letter),
}

/// Why nothing became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDecided {
    #[error("letter {id} does not exist")]
    Missing { id: Uuid },
    #[error("letter {id} is being worked on: wait until that has ended")]
    Busy { id: Uuid },
    #[error("letter {id} is not dead: only what nobody works on any more can be discarded")]
    NotDead { id: Uuid },
    #[error("orders of letter {id} may have been placed: look there first, then discard by force")]
    InDoubt { id: Uuid },
}

/// An operator's decision about some letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    pub decision: Decision,
    pub signature: Signature,
    /// Each letter, and when it is due if it goes on.
    pub letters: Vec<(Uuid, Moment)>,
}

impl Ruling {
    /// What is told about the orders of a letter that is discarded.
    #[must_use]
    pub fn error(&self) -> String {
        format!("{DISCARDED}{}", self.signature.reason)
    }
}

/// Why an operator discarded an order, if the error that was kept with it says so.
#[must_use]
pub fn discarded_because(error: &str) -> Option<&str> {
    error.strip_prefix(DISCARDED)
}

/// A letter as the audit tells of it.
#[must_use]
pub fn told(letter: &Letter) -> String {
    let Letter { batch_id, state, attempts, undecided, last_error, .. } = letter;
    let error = last_error.as_deref().unwrap_or("none");
    let state = state.label();
    format!(
        "{state}, batch {batch_id}, attempts {attempts}, orders {undecided:?}, last error: {error}"
    )
}

/// Does what the audit tells of a letter name this order?
#[must_use]
pub fn names_order(told: &str, id: i64) -> bool {
    let list = told.split_once(", orders [").and_then(|(_, rest)| rest.split_once(']'));
    let mut orders = list.map(|(list, _)| list).into_iter().flat_map(|list| list.split(", "));
    orders.any(|order| order.parse() == Ok(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::ClientId;
    use crate::domain::letter::Trouble;

    const THEN: Moment = Moment::from_micros(99);

    fn letter(state: LetterState, trouble: Trouble) -> Letter {
        Letter {
            id: Uuid::from_u128(7),
            batch_id: Uuid::nil(),
            client: ClientId::default(),
            state,
            undecided: vec![1, 2, 3],
            attempts: 25,
            due_at: Moment::from_micros(1),
            fence: 4,
            trouble,
            last_error: Some("ATTEMPTS_EXHAUSTED: no answer".to_owned()),
            created_at: Moment::from_micros(1),
        }
    }

    fn clear() -> Trouble {
        Trouble { kills: 1, absences: 1, part_max: Some(1), ..Trouble::default() }
    }

    fn tainted() -> Trouble {
        Trouble { tainted: true, ..Trouble::default() }
    }

    fn doubtful() -> Trouble {
        Trouble { doubtful: vec![2], ..Trouble::default() }
    }

    #[test]
    fn a_letter_goes_on_at_once_and_a_dead_one_begins_anew() {
        use LetterState::{Dead, Reconcile, Waiting};
        let table = [
            (Waiting, clear(), (Waiting, 25)),
            (Reconcile, doubtful(), (Reconcile, 25)),
            (Dead, clear(), (Waiting, 0)),
            // Whatever was ever in doubt is looked up before it is sent.
            (Dead, tainted(), (Reconcile, 0)),
            (Dead, doubtful(), (Reconcile, 0)),
        ];
        for (state, trouble, (then, attempts)) in table {
            let before = letter(state, trouble);

            let decided = Decision::Requeue.about(&before, THEN);

            let after = Letter { state: then, attempts, due_at: THEN, ..before };
            assert_eq!(decided, Ok(Decided::Requeued(after)), "{state:?}");
        }
    }

    #[test]
    fn only_a_dead_letter_is_discarded_and_one_in_doubt_by_force_alone() {
        let id = Uuid::from_u128(7);
        let (ask, force) = (Decision::Discard { force: false }, Decision::Discard { force: true });
        let dead = |trouble| letter(LetterState::Dead, trouble);
        for decision in [ask, force] {
            for state in [LetterState::Waiting, LetterState::Reconcile] {
                let refused = decision.about(&letter(state, clear()), THEN);
                assert_eq!(refused, Err(NotDecided::NotDead { id }));
            }
            for trouble in [clear(), tainted()] {
                let gone = Ok(Decided::Discarded(dead(trouble.clone())));
                assert_eq!(decision.about(&dead(trouble), THEN), gone);
            }
        }
        assert_eq!(ask.about(&dead(doubtful()), THEN), Err(NotDecided::InDoubt { id }));
        let gone = Ok(Decided::Discarded(dead(doubtful())));
        assert_eq!(force.about(&dead(doubtful()), THEN), gone);
    }

    #[test]
    fn nobody_decides_about_a_letter_that_is_being_worked_on() {
        let held = letter(LetterState::Held, Trouble::default());
        for decision in [Decision::Requeue, Decision::Discard { force: true }] {
            assert_eq!(decision.about(&held, THEN), Err(NotDecided::Busy { id: held.id }));
        }
    }

    #[test]
    fn the_audit_s_words_about_a_letter_name_its_orders_and_no_others() {
        let told = told(&letter(LetterState::Dead, Trouble::default()));

        assert!(told.starts_with("dead, batch 00000000-"), "{told}");
        assert!([1, 2, 3].iter().all(|id| names_order(&told, *id)), "{told}");
        assert!([0, 4, 12, 25].iter().all(|id| !names_order(&told, *id)), "{told}");
        assert!(!names_order("gone, its orders are free", 1));
    }

    #[test]
    fn what_is_told_of_a_discarded_order_is_known_again() {
        let signature = Signature {
            at: THEN,
            operator: "ann".to_owned(),
            reason: "placed by hand".to_owned(),
            instance: "here".to_owned(),
        };
        let decision = Decision::Discard { force: false };
        let ruling = Ruling { decision, signature, letters: Vec::new() };

        assert_eq!(discarded_because(&ruling.error()), Some("placed by hand"));
        assert_eq!(discarded_because("no such portfolio"), None);
    }
}

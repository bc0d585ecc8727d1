//! How the answers of two stores are held against each other, also where their own clocks speak.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::ops::Range;

use uuid::Uuid;
use weir::domain::batch::{Answer, Claimed, Item, Known};
use weir::domain::decision::{Decided, NotDecided};
use weir::domain::letter::{Letter, Settled};
use weir::domain::moment::Moment;
use weir::ports::journal::{ChangeRefusal, Changed};
use weir::ports::post::{Backlog, Collected};

use super::MINUTE;

/// An answer in words that are the same on both stores.
pub(super) trait Alike {
    fn words(&self, now: Moment) -> String;
}

macro_rules! plainly_alike {
    ($($answer:ty),+ $(,)?) => {
        $(impl Alike for $answer {
            fn words(&self, _: Moment) -> String {
                format!("{self:?}")
            }
        })+
    };
}

plainly_alike! {
    (), u64, bool, Range<i64>,
    Vec<Item>,
    Vec<Claimed>,
    Vec<Settled>,
    Vec<Answer>,
    Known,
    Backlog,
    Vec<Result<Changed, ChangeRefusal>>,
}

impl Alike for HashSet<i64> {
    fn words(&self, _: Moment) -> String {
        sorted(self)
    }
}

impl Alike for Vec<(Uuid, i64)> {
    fn words(&self, _: Moment) -> String {
        sorted(self)
    }
}

fn sorted<T: Ord + Debug>(all: impl IntoIterator<Item = T>) -> String {
    let mut all: Vec<T> = all.into_iter().collect();
    all.sort();
    format!("{all:?}")
}

impl Alike for Vec<Letter> {
    fn words(&self, now: Moment) -> String {
        let by_id: HashMap<Uuid, &Letter> = self.iter().map(|letter| (letter.id, letter)).collect();
        sorted(by_id.into_values().map(|letter| words(letter, now)))
    }
}

impl Alike for Vec<Vec<Result<Decided, NotDecided>>> {
    fn words(&self, now: Moment) -> String {
        let word = |outcome: &Result<Decided, NotDecided>| match outcome {
            Ok(Decided::Requeued(letter)) => format!("requeued {}", words(letter, now)),
            Ok(Decided::Discarded(letter)) => format!("discarded {}", words(letter, now)),
            Err(why) => why.to_string(),
        };
        self.concat().iter().map(word).collect::<Vec<_>>().join("\n")
    }
}

impl Alike for Collected {
    fn words(&self, now: Moment) -> String {
        let mut told: Vec<String> =
            self.loads.iter().map(|load| words(&load.letter, now)).collect();
        told.extend(self.loads.iter().map(|load| format!("{:?}", load.orders)));
        told.sort();
        format!("{told:?} {} {:?}", self.more, self.next_due.map(|due| tens(due, now)))
    }
}

fn words(letter: &Letter, now: Moment) -> String {
    let letter = Letter { due_at: tens(letter.due_at, now), ..letter.clone() };
    format!("{letter:?}")
}

/// A moment to ten minutes: what happens by a store's own clock happens within seconds.
fn tens(moment: Moment, now: Moment) -> Moment {
    let tens = (moment.micros() - now.micros() + 5 * MINUTE).div_euclid(10 * MINUTE);
    Moment::from_micros(tens)
}

//! The calls that came in, with the keys they carried: the last ones, since memory ends.

use std::collections::VecDeque;

use serde::Serialize;

use super::super::faults::kind::Kind;
use super::super::wire::Route;
use crate::domain::json;
use crate::domain::moment::Moment;

/// The most calls that are remembered.
pub(in super::super) const CALLS_MAX: usize = 10_000;

/// What a call did to the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Effect {
    /// Nothing, so far.
    None,
    Placed,
    /// The key was known, and its first answer given again.
    Replayed,
    /// An order id existed, and nothing was placed.
    Exists,
    /// The orders were not what they must be.
    Invalid,
}

/// One call that wanted to place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct CallRecord {
    number: u64,
    #[serde(serialize_with = "json::iso")]
    pub(in super::super) at: Moment,
    pub(in super::super) route: Route,
    pub(in super::super) idempotency_key: Option<Box<str>>,
    pub(in super::super) traceparent: Option<Box<str>>,
    pub(in super::super) order_ids: Box<[i32]>,
    /// How it was treated.
    pub(in super::super) kind: Kind,
    pub(in super::super) effect: Effect,
}

impl CallRecord {
    pub(in super::super) fn new(at: Moment, route: Route, kind: Kind) -> Self {
        Self {
            number: 0,
            at,
            route,
            idempotency_key: None,
            traceparent: None,
            order_ids: Box::default(),
            kind,
            effect: Effect::None,
        }
    }
}

#[derive(Debug, Default)]
pub(in super::super) struct Calls {
    kept: VecDeque<CallRecord>,
    total: u64,
}

impl Calls {
    /// Remembers a call; the number is its name.
    pub(in super::super) fn add(&mut self, mut call: CallRecord) -> u64 {
        self.total += 1;
        call.number = self.total;
        if self.kept.len() == CALLS_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(call);
        self.total
    }

    /// Says what became of a call, unless it is forgotten already.
    pub(in super::super) fn note(&mut self, number: u64, effect: Effect) {
        let oldest = self.kept.front().map_or(0, |call| call.number);
        let place = number.checked_sub(oldest).and_then(|place| usize::try_from(place).ok());
        if let Some(call) = place.and_then(|place| self.kept.get_mut(place)) {
            call.effect = effect;
        }
    }

    pub(in super::super) fn total(&self) -> u64 {
        self.total
    }

    /// The last `count` calls, oldest first.
    pub(in super::super) fn last(&self, count: usize) -> impl Iterator<Item = &CallRecord> {
        self.kept.iter().skip(self.kept.len().saturating_sub(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_calls_are_forgotten_and_a_late_note_for_one_hurts_nobody() {
        let mut calls = Calls::default();
        let call = || CallRecord::new(Moment::from_micros(0), Route::Bulk, Kind::Ok);
        for _ in 0..=CALLS_MAX {
            calls.add(call());
        }

        calls.note(1, Effect::Placed);
        calls.note(2, Effect::Exists);
        calls.note(10_001, Effect::Invalid);

        let kept: Vec<_> = calls.last(usize::MAX).map(|call| (call.number, call.effect)).collect();
        assert_eq!(kept.len(), CALLS_MAX);
        assert_eq!(kept[0], (2, Effect::Exists));
        assert_eq!(kept[CALLS_MAX - 1], (10_001, Effect::Invalid));
        assert_eq!(calls.last(1).count(), 1);
        assert!(kept[1..CALLS_MAX - 1].iter().all(|(_, effect)| *effect == Effect::None));
    }
}

//! The calls that are still to be made, and how one that was refused is cut.

use std::collections::VecDeque;

/// Orders that are sent together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Call {
    /// One part per letter; parts of several letters are whole letters.
    pub(super) parts: Vec<Part>,
    /// Is its one order alone because the trade service blamed it?
    pub(super) blamed: bool,
}

/// The orders of one letter in a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part {
    pub(super) hand: usize,
    pub(super) orders: Vec<i64>,
}

impl Call {
    pub(super) fn of(hand: usize, orders: &[i64]) -> Self {
        let orders = orders.to_vec();
        Self { parts: vec![Part { hand, orders }], blamed: false }
    }

    pub(super) fn order_ids(&self) -> Vec<i64> {
        self.parts.iter().flat_map(|part| &part.orders).copied().collect()
    }

    /// The halves of a call that carries several letters: they are cut at the letters' borders.
    pub(super) fn halves(mut self) -> [Self; 2] {
        let second = self.parts.split_off(self.parts.len() / 2);
        [self, Self { parts: second, blamed: false }]
    }
}

impl Part {
    /// A part that was refused, in two: the order that is blamed and the others, else halves.
    pub(super) fn cut(mut self, blamed: Option<usize>) -> [Call; 2] {
        let hand = self.hand;
        let Some(place) = blamed.filter(|place| *place < self.orders.len()) else {
            let second = self.orders.split_off(self.orders.len() / 2);
            return [Call::of(hand, &self.orders), Call::of(hand, &second)];
        };
        let guilty = self.orders.remove(place);
        [Call { blamed: true, ..Call::of(hand, &[guilty]) }, Call::of(hand, &self.orders)]
    }
}

/// Puts calls before all others.
pub(super) fn put_first(calls: &mut VecDeque<Call>, first: [Call; 2]) {
    first.into_iter().rev().for_each(|call| calls.push_front(call));
}

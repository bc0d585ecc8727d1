//! The book of effects: what was placed, how often, and what the unique order id refused. Pure.
//!
//! Nothing is ever taken out of it: it is the judge that tests believe.

pub(super) mod calls;
pub(super) mod file;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::check::NewTrade;
use crate::domain::amount::Amount;
use crate::domain::moment::Moment;

/// How strictly the store behaves. None of these is a fault: the first describes the real
/// service, the second what a better one would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Rules {
    /// Give up UNIQUE(order_id), so that a second placing is a second effect.
    pub allow_duplicates: bool,
    /// Answer a repeated `Idempotency-Key` with what its first call placed.
    pub honour_keys: bool,
}

/// One effect: a trade that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trade {
    pub(super) id: u32,
    pub(super) order_id: i32,
    /// Portfolio and security in one piece of memory: a book may hold millions.
    parties: Box<str>,
    portfolio_length: usize,
    pub(super) order_type: &'static str,
    pub(super) quantity: Amount,
    pub(super) limit_price: Option<Amount>,
    pub(super) traded_at: Moment,
    pub(super) blotter_id: Option<u8>,
    /// None: it stood there before this process began.
    placed_at: Option<Duration>,
}

impl Trade {
    fn new(id: u32, new: &NewTrade<'_>, times: &Times) -> Self {
        Self {
            id,
            order_id: new.order_id,
            parties: [&*new.portfolio_id, &*new.security_id].concat().into(),
            portfolio_length: new.portfolio_id.len(),
            order_type: new.order_type,
            quantity: new.quantity,
            limit_price: new.limit_price,
            traded_at: new.traded_at.unwrap_or(times.utc),
            blotter_id: new.blotter_id,
            placed_at: times.running,
        }
    }

    pub(super) fn parties(&self) -> (&str, &str) {
        self.parties.split_at_checked(self.portfolio_length).unwrap_or_default()
    }
}

/// When something happens, in both senses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) utc: Moment,
    /// Since the process began; None for what was read from the file.
    pub(super) running: Option<Duration>,
}

/// What would become of a placing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The trades may stand.
    Free,
    /// The key has placed these orders already.
    Replay(Range<usize>),
    /// The key has placed other orders.
    KeyReused,
    /// These order ids exist, which fails the whole call.
    Exists(Vec<i32>),
}

/// What one order id has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCount {
    /// How often it was placed: more than once only where duplicates are allowed.
    pub placed: usize,
    /// How often the unique order id refused it.
    pub refused_duplicates: u64,
    /// The id of its first trade.
    pub trade_id: Option<u32>,
}

/// What the whole book has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Trades that stand.
    pub placed: usize,
    /// Order ids with at least one trade.
    pub orders: usize,
    /// Order ids with more than one.
    pub placed_twice: usize,
    /// Attempts that the unique order id refused, each order counted.
    pub refused_duplicates: u64,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    /// In the order of their ids, which begin with 1.
    trades: Vec<Trade>,
    /// The place of an order's first trade.
    first: HashMap<i32, usize>,
    /// The places of the further ones.
    again: HashMap<i32, Vec<usize>>,
    refused: BTreeMap<i32, u64>,
    keys: HashMap<Box<str>, Range<usize>>,
}

impl Book {
    /// What would become of these trades. Changes nothing.
    pub(super) fn judge(
        &self,
        trades: &[NewTrade<'_>],
        key: Option<&str>,
        rules: Rules,
    ) -> Verdict {
        if rules.honour_keys
            && let Some(range) = key.and_then(|key| self.keys.get(key))
        {
            let same = self.range(range).iter().map(|trade| trade.order_id);
            let is_same = same.eq(trades.iter().map(|trade| trade.order_id));
            return if is_same { Verdict::Replay(range.clone()) } else { Verdict::KeyReused };
        }
        if rules.allow_duplicates {
            return Verdict::Free;
        }
        let ids = trades.iter().map(|trade| trade.order_id);
        let existing: Vec<_> = ids.filter(|id| self.first.contains_key(id)).collect();
        if existing.is_empty() { Verdict::Free } else { Verdict::Exists(existing) }
    }

    /// The id of the next trade; none is left after four billion.
    pub(super) fn next_id(&self) -> Option<u32> {
        u32::try_from(self.trades.len()).ok()?.checked_add(1)
    }

    /// Places all trades and says where they stand.
    pub(super) fn place(
        &mut self,
        trades: &[NewTrade<'_>],
        key: Option<&str>,
        times: &Times,
    ) -> Range<usize> {
        let start = self.trades.len();
        for new in trades {
            let Some(id) = self.next_id() else { break };
            let place = self.trades.len();
            match self.first.entry(new.order_id) {
                Entry::Vacant(first) => drop(first.insert(place)),
                Entry::Occupied(_) => self.again.entry(new.order_id).or_default().push(place),
            }
            self.trades.push(Trade::new(id, new, times));
        }
        let range = start..self.trades.len();
        if let Some(key) = key {
            self.keys.insert(key.into(), range.clone());
        }
        range
    }

    /// Counts what the unique order id refused.
    pub(super) fn refuse(&mut self, order_ids: &[i32]) {
        for id in order_ids {
            *self.refused.entry(*id).or_default() += 1;
        }
    }

    pub(super) fn range(&self, range: &Range<usize>) -> &[Trade] {
        self.trades.get(range.clone()).unwrap_or_default()
    }

    pub(super) fn trade(&self, id: u32) -> Option<&Trade> {
        self.trades.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// The trades of an order, or all trades, as they stood at `as_of`; None is now.
    pub(super) fn find(
        &self,
        order_id: Option<i32>,
        as_of: Option<Duration>,
    ) -> Box<dyn Iterator<Item = &Trade> + '_> {
        let stood = move |trade: &&Trade| match (as_of, trade.placed_at) {
            (Some(as_of), Some(placed_at)) => placed_at <= as_of,
            (None, _) | (_, None) => true,
        };
        let Some(order_id) = order_id else {
            return Box::new(self.trades.iter().filter(stood));
        };
        let first = self.first.get(&order_id).into_iter();
        let places = first.chain(self.again.get(&order_id).into_iter().flatten());
        Box::new(places.filter_map(|place| self.trades.get(*place)).filter(stood))
    }

    pub(super) fn count(&self, order_id: i32) -> OrderCount {
        let first = self.first.get(&order_id).and_then(|place| self.trades.get(*place));
        OrderCount {
            placed: usize::from(first.is_some()) + self.again.get(&order_id).map_or(0, Vec::len),
            refused_duplicates: self.refused.get(&order_id).copied().unwrap_or(0),
            trade_id: first.map(|trade| trade.id),
        }
    }

    /// Every order id that was placed or refused, in order.
    pub(super) fn counts(&self) -> BTreeMap<i32, OrderCount> {
        let ids = self.first.keys().chain(self.refused.keys());
        ids.map(|id| (*id, self.count(*id))).collect()
    }

    pub(super) fn totals(&self) -> Totals {
        Totals {
            placed: self.trades.len(),
            orders: self.first.len(),
            placed_twice: self.again.len(),
            refused_duplicates: self.refused.values().sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const REAL: Rules = Rules { allow_duplicates: false, honour_keys: false };

    fn new(order_id: i32) -> NewTrade<'static> {
        NewTrade {
            order_id,
            portfolio_id: Cow::Borrowed("portfolio"),
            security_id: Cow::Borrowed("security"),
            order_type: "BUY",
            quantity: Amount::from_scaled(1),
            limit_price: None,
            traded_at: None,
            blotter_id: None,
        }
    }

    fn at(seconds: u64) -> Times {
        Times { utc: Moment::from_micros(5), running: Some(Duration::from_secs(seconds)) }
    }

    #[test]
    fn trade_ids_begin_with_one_and_an_order_is_found_by_its_id() {
        let mut book = Book::default();

        let range = book.place(&[new(7), new(8)], None, &at(1));

        assert_eq!(book.range(&range).iter().map(|trade| trade.id).collect::<Vec<_>>(), [1, 2]);
        let found: Vec<_> = book.find(Some(8), None).collect();
        assert_eq!(found, [book.trade(2).unwrap()]);
        assert_eq!(found[0].parties(), ("portfolio", "security"));
        assert_eq!(book.find(None, None).count(), 2);
        assert!(book.find(Some(9), None).next().is_none());
        assert!(book.trade(0).is_none() && book.trade(3).is_none());
    }

    #[test]
    fn one_existing_order_refuses_all_and_is_counted_apart() {
        let mut book = Book::default();
        book.place(&[new(7)], None, &at(1));

        let verdict = book.judge(&[new(6), new(7)], None, REAL);
        book.refuse(&[7]);

        assert_eq!(verdict, Verdict::Exists(vec![7]));
        assert_eq!(book.judge(&[new(6)], None, REAL), Verdict::Free);
        let count = OrderCount { placed: 1, refused_duplicates: 1, trade_id: Some(1) };
        assert_eq!(book.count(7), count);
        assert_eq!(book.count(6), OrderCount::default());
        assert_eq!(book.counts().into_iter().collect::<Vec<_>>(), [(7, count)]);
    }

    #[test]
    fn a_book_that_allows_duplicates_shows_them() {
        let mut book = Book::default();
        let rules = Rules { allow_duplicates: true, ..REAL };
        book.place(&[new(7)], None, &at(1));

        assert_eq!(book.judge(&[new(7)], None, rules), Verdict::Free);
        book.place(&[new(7)], None, &at(1));

        assert_eq!(book.count(7).placed, 2);
        assert_eq!(book.find(Some(7), None).map(|trade| trade.id).collect::<Vec<_>>(), [1, 2]);
        let totals = Totals { placed: 2, orders: 1, placed_twice: 1, refused_duplicates: 0 };
        assert_eq!(book.totals(), totals);
    }

    #[test]
    fn a_key_is_honoured_only_by_rule_and_only_for_the_same_orders() {
        let mut book = Book::default();
        let rules = Rules { honour_keys: true, ..REAL };
        book.place(&[new(7), new(8)], Some("k"), &at(1));

        let again = [new(7), new(8)];
        assert_eq!(book.judge(&again, Some("k"), rules), Verdict::Replay(0..2));
        assert_eq!(book.judge(&again, Some("other"), rules), Verdict::Exists(vec![7, 8]));
        assert_eq!(book.judge(&again, Some("k"), REAL), Verdict::Exists(vec![7, 8]));
        assert_eq!(book.judge(&[new(7)], Some("k"), rules), Verdict::KeyReused);
    }

    #[test]
    fn a_stale_look_sees_only_what_stood_then() {
        let mut book = Book::default();
        book.place(&[new(1)], None, &Times { running: None, ..at(0) });
        book.place(&[new(2)], None, &at(5));

        let seen = |seconds| book.find(None, Some(Duration::from_secs(seconds))).count();
        assert_eq!((seen(0), seen(4), seen(5)), (1, 1, 2));
    }
}

//! A batch: what one request asked for, and what became of each of its orders.

mod letters;

use std::collections::HashSet;
use std::ops::Range;

use uuid::Uuid;

pub use self::letters::cut_into_letters;
use super::client::ClientId;
use super::letter::Letter;
use super::moment::Moment;
use super::order::{Fault, Order, Terms};

/// One item of a batch: the order that it became, or why it did not.
pub type Item = Result<Order, Fault>;

/// What makes a request the same request when it comes again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// What the client gave, or `body:` and the fingerprint in hex.
    pub text: String,
    /// SHA-256 of the body: under one key there is one body.
    pub fingerprint: [u8; 32],
}

/// A key in its scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScopedKey {
    pub client: ClientId,
    pub route: &'static str,
    pub key: Key,
}

/// An answer as it was first given: sent again byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// A batch on its way to the disk, its items in request order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub id: Uuid,
    pub client: ClientId,
    /// The route that it came by: part of an idempotency key's scope.
    pub route: &'static str,
    pub key: Option<Key>,
    pub accepted_at: Moment,
    pub expires_at: Moment,
    pub items: Vec<Item>,
    /// Places of items whose order stands already, recorded by an earlier request under the
    /// same client order id; in rising order. They are part of the batch and not written again.
    pub standing: Vec<usize>,
    /// Letters for the batch's new orders (each order names its own); none if the batch is only
    /// recorded.
    pub letters: Vec<NewLetter>,
}

/// A letter as it is recorded with its batch: its orders are those that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLetter {
    pub id: Uuid,
    pub undecided: Vec<i64>,
    /// The epoch that holds it from the first moment (fence 1); None leaves it waiting (fence 0).
    pub holder: Option<Uuid>,
}

/// What an earlier request left behind under the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBatch {
    pub id: Uuid,
    pub fingerprint: [u8; 32],
    pub expires_at: Moment,
    pub answer: Option<Answer>,
}

/// What to look for before a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub keys: Vec<ScopedKey>,
    /// Client order ids, each with its client.
    pub client_orders: Vec<(ClientId, String)>,
    /// Keys that ended before this moment are free again: they are given up and not found.
    pub now: Option<Moment>,
}

/// What was found, each part in the order in which it was wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub keys: Vec<Option<KnownBatch>>,
    pub client_orders: Vec<Option<Order>>,
}

/// A request to submit orders that stand already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub batch_id: Uuid,
    pub client: ClientId,
    pub route: &'static str,
    pub key: Option<Key>,
    pub accepted_at: Moment,
    pub expires_at: Moment,
    /// In request order; each id once.
    pub order_ids: Vec<i64>,
    /// The ids of the letters that the claimed orders are cut into, `chunk` orders each, in
    /// request order; one that gets no order is not written.
    pub letter_ids: Vec<Uuid>,
    pub chunk: usize,
    /// The epoch that holds the letters from the first moment; None leaves them waiting.
    pub holder: Option<Uuid>,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    pub batch_id: Uuid,
    pub accepted_at: Moment,
    /// In the order of the ids.
    pub orders: Vec<Claiming>,
    pub letters: Vec<NewLetter>,
}

/// What became of one order of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claiming {
    /// It is in one of the claim's letters now.
    Won(Order),
    /// It is in no letter of this claim: SENT already, on its way in another letter, or in a
    /// state that cannot be submitted.
    Standing(Order),
    Missing(i64),
}

impl Claiming {
    /// The order by its id, and whether this claim has it.
    #[must_use]
    pub fn into_order(self) -> Option<(i64, (Order, bool))> {
        match self {
            Self::Won(order) => Some((order.id, (order, true))),
            Self::Standing(order) => Some((order.id, (order, false))),
            Self::Missing(_) => None,
        }
    }
}

/// A batch as it stands, for whoever asks what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRecord {
    pub id: Uuid,
    pub client: ClientId,
    pub key: Option<String>,
    pub route: String,
    pub accepted_at: Moment,
    /// In request order.
    pub fates: Vec<Fate>,
    /// The orders that the fates name, as they stand now; one that was deleted is missing.
    pub orders: Vec<Order>,
    /// Why those that the trade service refused were refused, by order id.
    pub errors: Vec<(i64, String)>,
    /// The letters that hold any of them.
    pub letters: Vec<Letter>,
    pub answer: Option<Answer>,
    /// When the last of its orders left its letter.
    pub decided_at: Option<Moment>,
}

/// Which batches somebody looks for; None is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchQuery {
    pub id: Option<Uuid>,
    /// One that names this order.
    pub order: Option<i64>,
    pub client: Option<ClientId>,
    pub limit: u64,
}

/// What became of an item when its batch was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Order(i64),
    /// The fault's kind, field and message as they were stored.
    Fault {
        kind: String,
        field: String,
        message: String,
    },
}

impl Batch {
    /// The orders that are to be written, in request order.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders_in(0..self.items.len())
    }

    /// The orders of a part of the items that are to be written.
    pub fn orders_in(&self, part: Range<usize>) -> impl Iterator<Item = &Order> {
        let first = part.start;
        let items = self.items.get(part).unwrap_or_default().iter().enumerate();
        items.filter_map(move |(place, item)| {
            let stands = self.standing.binary_search(&(first + place)).is_ok();
            item.as_ref().ok().filter(|_| !stands)
        })
    }

    /// The letters as they are to be written once some orders were refused: without those, and
    /// without letters that have none left.
    #[must_use]
    pub fn letters_that_stand(&self) -> Vec<NewLetter> {
        let stand: HashSet<i64> = self.orders().map(|order| order.id).collect();
        let left = self.letters.iter().map(|letter| {
            let undecided = letter.undecided.iter().copied().filter(|id| stand.contains(id));
            NewLetter { undecided: undecided.collect(), ..*letter }
        });
        left.filter(|letter| !letter.undecided.is_empty()).collect()
    }

    /// Refuses the orders of a part that were to be written, and whatever repeats one of them. An
    /// item that is at fault already, or that stands since an earlier request, stays as it is.
    pub fn refuse(&mut self, part: Range<usize>, fault: &Fault) {
        let refused: HashSet<i64> = self.orders_in(part.clone()).map(|order| order.id).collect();
        for (place, item) in self.items.iter_mut().enumerate() {
            let may_be = part.contains(&place) || self.standing.binary_search(&place).is_ok();
            if may_be && item.as_ref().is_ok_and(|order| refused.contains(&order.id)) {
                *item = Err(fault.clone());
            }
        }
    }

    #[must_use]
    pub fn order_ids(&self) -> Vec<i64> {
        self.orders().map(|order| order.id).collect()
    }
}

/// Makes items of checked terms; the good ones take their ids from `ids`, in request order.
/// None when there are fewer ids than good terms.
pub fn with_ids(
    checked: Vec<Result<Terms, Fault>>,
    ids: &mut impl Iterator<Item = i64>,
) -> Option<Vec<Item>> {
    let mut number = |checked: Result<Terms, Fault>| match checked {
        Ok(terms) => Some(Ok(Order {
            id: ids.next()?,
            terms,
            trade_order_id: None,
            version: 1,
            letter_id: None,
        })),
        Err(fault) => Some(Err(fault)),
    };
    checked.into_iter().map(&mut number).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::amount::Amount;

    pub(in crate::domain) fn order(id: i64) -> Order {
        let terms = Terms {
            blotter_id: 1,
            status_id: 1,
            order_type_id: 1,
            portfolio_id: "P".into(),
            security_id: "S".into(),
            quantity: Amount::from_scaled(1),
            limit_price: None,
            ordered_at: Moment::from_micros(0),
            client_order_id: None,
        };
        Order { id, terms, trade_order_id: None, version: 1, letter_id: None }
    }

    #[test]
    fn what_repeats_a_refused_order_is_refused_with_it_and_what_stood_before_stands() {
        let fault = Fault::missing("quantity", "is needed");
        let refused = Fault::invalid("", "refused");
        let items =
            vec![Ok(order(1)), Ok(order(9)), Err(fault.clone()), Ok(order(1)), Ok(order(2))];
        let mut batch = Batch {
            id: Uuid::nil(),
            client: ClientId::default(),
            route: "/",
            key: None,
            accepted_at: Moment::from_micros(0),
            expires_at: Moment::from_micros(0),
            items,
            standing: vec![1, 3],
            letters: Vec::new(),
        };

        batch.refuse(0..4, &refused);

        let expected = [Err(refused.clone()), Ok(order(9)), Err(fault), Err(refused), Ok(order(2))];
        assert_eq!(batch.items, expected);
        assert_eq!(batch.order_ids(), [2]);
    }
}

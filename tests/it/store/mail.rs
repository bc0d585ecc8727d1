//! Letters to test with: batches that are submitted, claims, settlements.

use uuid::Uuid;
use weir::domain::audit::Signature;
use weir::domain::batch::{Batch, Claim, NewLetter};
use weir::domain::client::ClientId;
use weir::domain::decision::{Decided, Decision, NotDecided, Ruling};
use weir::domain::letter::{LetterState, Load, Rest, Settled, Settlement, Trouble};
use weir::domain::moment::Moment;
use weir::domain::order::Order;
use weir::ports::post::{Collect, Collected, Post};
use weir::store::Store;

use super::shelf::{LANE, NOON, batch, order};
use crate::support::Database;

/// Orders per letter.
pub(super) const CHUNK: usize = 25;

pub(super) fn client(name: &str) -> ClientId {
    ClientId::from_header(name.as_bytes()).unwrap()
}

pub(super) fn at(micros: i64) -> Moment {
    Moment::from_micros(NOON + micros)
}

/// A batch that is to be submitted: its letters are held by `holder`, or wait.
pub(super) fn submitted(
    orders: impl IntoIterator<Item = Order>,
    chunk: usize,
    holder: Option<Uuid>,
) -> Batch {
    let mut orders: Vec<Order> = orders.into_iter().collect();
    let mut letters = Vec::new();
    for part in orders.chunks_mut(chunk) {
        let id = Uuid::now_v7();
        part.iter_mut().for_each(|order| order.letter_id = Some(id));
        letters.push(NewLetter { id, undecided: ids(part), holder });
    }
    Batch { letters, ..batch(orders) }
}

/// The same, of plain orders.
pub(super) fn mail(ids: impl IntoIterator<Item = i64>, holder: Option<Uuid>) -> Batch {
    submitted(ids.into_iter().map(order), CHUNK, holder)
}

pub(super) fn ids(orders: &[Order]) -> Vec<i64> {
    orders.iter().map(|order| order.id).collect()
}

/// A claim whose letters, and batch, have ids that nobody knows.
pub(super) fn claim(
    order_ids: impl IntoIterator<Item = i64>,
    chunk: usize,
    holder: Option<Uuid>,
) -> Claim {
    let order_ids: Vec<i64> = order_ids.into_iter().collect();
    let letter_ids = order_ids.chunks(chunk).map(|_| Uuid::now_v7()).collect();
    Claim {
        batch_id: Uuid::now_v7(),
        client: client("desk-7"),
        route: "/api/v1/orders/batch/submit",
        key: None,
        accepted_at: at(5),
        expires_at: at(6),
        order_ids,
        letter_ids,
        chunk,
        holder,
    }
}

/// All that is due at `now`, whatever it is.
pub(super) async fn collect(store: &Store, epoch: Uuid, now: Moment) -> Collected {
    collect_some(store, epoch, now, (1000, 1_000_000, 1000)).await
}

pub(super) async fn collect_some(
    store: &Store,
    epoch: Uuid,
    now: Moment,
    (letters_max, orders_max, retries_max): (usize, usize, usize),
) -> Collected {
    let ask = Collect { epoch, letters_max, orders_max, retries_max };
    store.collect(ask, now).await.unwrap()
}

/// The one load of the one letter that is due.
pub(super) async fn only(store: &Store, epoch: Uuid, now: Moment) -> Load {
    let mut loads = collect(store, epoch, now).await.loads;
    assert_eq!(loads.len(), 1, "{loads:?}");
    loads.remove(0)
}

/// All of these were sent: a trade's id is its order's and a million.
pub(super) fn sent(
    letter_id: Uuid,
    fence: i64,
    order_ids: impl IntoIterator<Item = i64>,
) -> Settlement {
    let sent = order_ids.into_iter().map(|id| (id, id + 1_000_000)).collect();
    Settlement { letter_id, fence, sent, rejected: Vec::new(), severed: None, rest: Rest::Closed }
}

/// Nothing is decided: the letter is let go, or held on to.
pub(super) fn kept(
    letter_id: Uuid,
    fence: i64,
    state: LetterState,
    undecided: impl IntoIterator<Item = i64>,
) -> Settlement {
    let rest = Rest::Kept {
        state,
        undecided: undecided.into_iter().collect(),
        attempts: 0,
        due_at: at(10),
        trouble: Trouble::default(),
        last_error: None,
    };
    Settlement { letter_id, fence, sent: Vec::new(), rejected: Vec::new(), severed: None, rest }
}

pub(super) async fn settle(store: &Store, settlement: Settlement) -> Settled {
    let settled = store.settle(LANE, &[settlement]).await.unwrap();
    assert_eq!(settled.len(), 1);
    settled[0]
}

pub(super) fn ruling(decision: Decision, letters: &[Uuid], due_at: Moment) -> Ruling {
    let signature = Signature {
        at: due_at,
        operator: "ann".to_owned(),
        reason: "a drill".to_owned(),
        instance: "here:8080".to_owned(),
    };
    Ruling { decision, signature, letters: letters.iter().map(|id| (*id, due_at)).collect() }
}

/// What became of these letters.
pub(super) async fn decide(
    store: &Store,
    decision: Decision,
    letters: &[Uuid],
    due_at: Moment,
) -> Vec<Result<Decided, NotDecided>> {
    let mut decided = store.decide(&[ruling(decision, letters, due_at)]).await.unwrap();
    assert_eq!(decided.len(), 1);
    decided.remove(0)
}

/// Letters in the order of their ids, a line each: state, fence, attempts, orders.
pub(super) async fn letters(database: &Database) -> Vec<String> {
    let line = "state || ' ' || fence || ' ' || attempts || ' ' || undecided";
    database.texts(&format!("SELECT {line} FROM letters ORDER BY id")).await
}

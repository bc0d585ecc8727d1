//! Collecting: what is due is taken once, in turn by client, and with it the right to settle it.

use std::collections::HashSet;

use futures_util::future::join_all;
use uuid::Uuid;
use weir::domain::batch::Batch;
use weir::domain::decision::Decision;
use weir::domain::letter::{LetterState, Rest, Settled, Settlement, Trouble};
use weir::ports::journal::Journal;
use weir::ports::post::{Backlog, Collected, Leases};
use weir::store::Store;

use super::mail::{
    at, client, collect, collect_some, decide, ids, kept, letters, mail, sent, settle,
};
use super::shelf::{LANE, fresh, serving};
use crate::support::{Kind, on_both};

on_both! {
    what_is_due_is_taken_and_what_is_not_is_announced,
    clients_take_turns,
    oldest_client_goes_first_however_many_there_are,
    orders_are_bounded_but_one_letter_always_goes,
    retries_take_no_more_than_their_share,
    due_time_that_no_wait_can_reach_is_due,
    taken_letter_is_somebody_elses_no_more,
    order_that_another_letter_has_is_not_loaded,
    letter_without_orders_is_nothing_to_carry,
    dead_and_held_letters_are_left_alone,
    instances_that_collect_at_once_share_no_letter,
    backlog_counts_by_state,
    dead_letters_begin_anew,
}

const HOUR: i64 = 3_600_000_000;

/// A waiting letter of so many orders, for a client, recorded at a time.
fn letter(client_name: &str, first: i64, orders: i64, accepted: i64) -> Batch {
    Batch {
        client: client(client_name),
        accepted_at: at(accepted),
        ..mail(first..first + orders, None)
    }
}

async fn put(store: &Store, batches: &[Batch]) {
    store.record(LANE, batches).await.unwrap();
}

fn taken(collected: &Collected) -> Vec<Vec<i64>> {
    collected.loads.iter().map(|load| ids(&load.orders)).collect()
}

/// Takes the letter and lets it go again in this shape.
async fn let_go(store: &Store, batch: &Batch, state: LetterState, attempts: u32, due: i64) {
    let id = batch.letters[0].id;
    let undecided = batch.letters[0].undecided.clone();
    let taken = collect(store, Uuid::now_v7(), batch.accepted_at).await.loads;
    let load = taken.iter().find(|load| load.letter.id == id).expect("it is due");
    let (due_at, trouble, last_error) = (at(due), Trouble::default(), None);
    let rest = Rest::Kept { state, undecided, attempts, due_at, trouble, last_error };
    let settlement = Settlement { rest, ..sent(id, load.letter.fence, []) };
    assert_eq!(settle(store, settlement).await, Settled::Done);
}

async fn what_is_due_is_taken_and_what_is_not_is_announced(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let nothing = collect(&store, Uuid::now_v7(), at(0)).await;
    assert_eq!(nothing, Collected::default());
    put(&store, &[letter("a", 1, 2, 10), letter("b", 3, 1, 20), letter("a", 4, 1, 30)]).await;

    let early = collect(&store, Uuid::now_v7(), at(9)).await;
    let first = collect(&store, Uuid::now_v7(), at(20)).await;
    let second = collect(&store, Uuid::now_v7(), at(30)).await;

    assert_eq!((early.loads.len(), early.more, early.next_due), (0, false, Some(at(10))));
    assert_eq!((taken(&first), first.more), (vec![vec![1, 2], vec![3]], false));
    assert_eq!(first.next_due, Some(at(30)));
    assert_eq!((taken(&second), second.more, second.next_due), (vec![vec![4]], false, None));
}

async fn clients_take_turns(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let many = (0..40).map(|n| letter("many", 100 + n, 1, n));
    let few = (0..2).map(|n| letter("few", 200 + n, 1, 50 + n));
    let one = letter("one", 300, 1, 60);
    put(&store, &many.chain(few).chain([one]).collect::<Vec<_>>()).await;
    let epoch = Uuid::now_v7();

    let first = collect_some(&store, epoch, at(99), (6, 100, 100)).await;
    let second = collect_some(&store, epoch, at(99), (3, 100, 100)).await;
    let rest = collect(&store, epoch, at(99)).await;

    assert_eq!(taken(&first).concat(), [100, 200, 300, 101, 201, 102]);
    assert_eq!((taken(&second).concat(), second.more), (vec![103, 104, 105], true));
    assert_eq!((rest.loads.len(), rest.more, rest.next_due), (34, false, None));
}

async fn oldest_client_goes_first_however_many_there_are(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let batches = (0..60).map(|n| letter(&format!("c{n:02}"), n * 10 + 1, 1, 100 - n));
    let more = (0..60).map(|n| letter(&format!("c{n:02}"), n * 10 + 2, 1, 200 - n));
    put(&store, &batches.chain(more).collect::<Vec<_>>()).await;
    let epoch = Uuid::now_v7();

    let mut seen = Vec::new();
    for _ in 0..20 {
        let some = collect_some(&store, epoch, at(999), (6, 100, 100)).await;
        assert_eq!(some.loads.len(), 6);
        seen.extend(taken(&some).concat());
        assert_eq!(some.more, seen.len() < 120);
    }

    let old: Vec<i64> = (0..60).rev().map(|n| n * 10 + 1).collect();
    let new: Vec<i64> = (0..60).rev().map(|n| n * 10 + 2).collect();
    assert_eq!(seen, [old, new].concat());
}

async fn orders_are_bounded_but_one_letter_always_goes(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    put(&store, &[letter("a", 1, 20, 0), letter("b", 50, 5, 1), letter("c", 60, 5, 2)]).await;
    let epoch = Uuid::now_v7();

    let first = collect_some(&store, epoch, at(9), (10, 8, 10)).await;
    let second = collect_some(&store, epoch, at(9), (10, 8, 10)).await;
    let third = collect_some(&store, epoch, at(9), (10, 8, 10)).await;

    assert_eq!((taken(&first), first.more), (vec![(1..=20).collect()], true));
    assert_eq!((taken(&second), second.more), (vec![(50..55).collect()], true));
    assert_eq!((taken(&third), third.more), (vec![(60..65).collect()], false));
}

async fn retries_take_no_more_than_their_share(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    for n in 0..6 {
        let batch = letter("a", n + 1, 1, n);
        put(&store, std::slice::from_ref(&batch)).await;
        let state = if n < 3 { LetterState::Reconcile } else { LetterState::Waiting };
        let_go(&store, &batch, state, u32::from(n >= 3), 100 + n).await;
    }
    let fresh_ones: Vec<_> = (0..4).map(|n| letter("a", 11 + n, 1, 110 + n)).collect();
    put(&store, &fresh_ones).await;
    let epoch = Uuid::now_v7();

    let none = collect_some(&store, epoch, at(200), (2, 100, 0)).await;
    let some = collect_some(&store, epoch, at(200), (4, 100, 2)).await;
    let rest = collect_some(&store, epoch, at(200), (100, 100, 100)).await;

    assert_eq!((taken(&none).concat(), none.more), (vec![11, 12], true));
    assert_eq!((taken(&some).concat(), some.more), (vec![1, 2, 13, 14], true));
    assert_eq!((taken(&rest).concat(), rest.more), (vec![3, 4, 5, 6], false));
    assert_eq!(rest.loads[0].letter.state, LetterState::Reconcile);
    assert_eq!(
        (rest.loads[1].letter.state, rest.loads[1].letter.attempts),
        (LetterState::Waiting, 1)
    );
}

async fn due_time_that_no_wait_can_reach_is_due(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    put(&store, &[letter("a", 1, 1, HOUR), letter("a", 2, 1, HOUR + 1), letter("a", 3, 1, 0)])
        .await;

    let collected = collect(&store, Uuid::now_v7(), at(0)).await;

    assert_eq!(taken(&collected), [[2], [3]]);
    assert_eq!((collected.more, collected.next_due), (false, Some(at(HOUR))));
}

async fn taken_letter_is_somebody_elses_no_more(kind: Kind) {
    let (database, store) = fresh(kind).await;
    put(&store, &[letter("a", 1, 3, 0)]).await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());

    let first = collect(&store, one, at(1)).await.loads.remove(0);
    let none = collect(&store, other, at(1)).await;

    assert_eq!((none.loads.len(), none.more), (0, false));
    let id = first.letter.id;
    assert_eq!(store.held(one).await, Ok(vec![(id, 1)]));
    assert_eq!(settle(&store, kept(id, 1, LetterState::Waiting, 1..=3)).await, Settled::Done);
    let second = collect(&store, other, at(10)).await.loads.remove(0);
    assert_eq!((second.letter.id, second.letter.fence), (id, 2));
    assert_eq!(settle(&store, sent(id, 1, 1..=3)).await, Settled::Stale);
    assert_eq!(store.held(one).await, Ok(Vec::new()));
    assert_eq!(store.held(other).await, Ok(vec![(id, 2)]));
    assert_eq!(letters(&database).await, ["1 2 0 1-3"]);
}

async fn order_that_another_letter_has_is_not_loaded(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let (one, two) = (letter("a", 1, 3, 0), letter("a", 4, 2, 1));
    put(&store, &[one, two.clone()]).await;
    database.execute("UPDATE letters SET undecided = '1-5,77' WHERE undecided = '1-3'").await;

    let collected = collect(&store, Uuid::now_v7(), at(9)).await;

    assert_eq!(taken(&collected), [vec![1, 2, 3], vec![4, 5]]);
    assert_eq!(collected.loads[0].letter.undecided, [1, 2, 3]);
}

async fn letter_without_orders_is_nothing_to_carry(kind: Kind) {
    let (database, store) = fresh(kind).await;
    put(&store, &[letter("a", 1, 3, 0), letter("a", 4, 1, 1)]).await;
    database.execute("UPDATE orders SET letter_id = NULL WHERE id < 4").await;

    let collected = collect(&store, Uuid::now_v7(), at(9)).await;

    assert_eq!(taken(&collected), [[4]]);
    assert_eq!(letters(&database).await, ["1 1 0 4"]);
}

async fn dead_and_held_letters_are_left_alone(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let dead = letter("a", 1, 1, 0);
    put(&store, std::slice::from_ref(&dead)).await;
    let_go(&store, &dead, LetterState::Dead, 9, 0).await;
    put(&store, &[mail([2], Some(Uuid::now_v7()))]).await;

    let collected = collect(&store, Uuid::now_v7(), at(HOUR * 9)).await;

    assert_eq!(collected, Collected::default());
}

async fn instances_that_collect_at_once_share_no_letter(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let batches = (0..200).map(|n| letter(&format!("c{}", n % 7), n * 3 + 1, 3, n));
    put(&store, &batches.collect::<Vec<_>>()).await;
    let mut stores = vec![store];
    if kind == Kind::Postgres {
        stores.push(serving(&database, &[]).await);
        stores.push(serving(&database, &[]).await);
    }

    let turn = async |store: &Store| {
        let epoch = Uuid::now_v7();
        let mut mine = Vec::new();
        loop {
            let collected = collect_some(store, epoch, at(999), (5, 1000, 1000)).await;
            mine.extend(collected.loads.iter().map(|load| load.letter.id));
            if !collected.more {
                break;
            }
        }
        assert_eq!(store.held(epoch).await.unwrap().len(), mine.len());
        mine
    };
    let takers = (0..6).map(|n| turn(&stores[n % stores.len()]));
    let takings = join_all(takers).await;

    let mut all = HashSet::new();
    for id in takings.concat() {
        assert!(all.insert(id), "{id} was taken twice");
    }
    assert_eq!(all.len(), 200);
    assert_eq!(
        database.number("SELECT count(*) FROM letters WHERE state = 1 AND fence = 1").await,
        200
    );
}

async fn backlog_counts_by_state(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    assert_eq!(store.backlog().await, Ok(Backlog::default()));
    for (n, state) in
        [(1, LetterState::Dead), (2, LetterState::Reconcile), (3, LetterState::Waiting)]
    {
        let batch = letter("a", n, 1, n);
        put(&store, std::slice::from_ref(&batch)).await;
        let_go(&store, &batch, state, 1, HOUR / 2).await;
    }
    put(&store, &[letter("b", 7, 1, 9), mail([8], Some(Uuid::now_v7()))]).await;

    let expected = Backlog { waiting: 2, held: 1, reconcile: 1, dead: 1, oldest_at: Some(at(2)) };
    assert_eq!(store.backlog().await, Ok(expected));
}

async fn dead_letters_begin_anew(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mut dead = Vec::new();
    for n in 1..=3 {
        let batch = letter("a", n, 1, n);
        put(&store, std::slice::from_ref(&batch)).await;
        let_go(&store, &batch, LetterState::Dead, 25, 0).await;
        dead.push(batch.letters[0].id);
    }
    let waiting = letter("a", 9, 1, HOUR / 2);
    put(&store, std::slice::from_ref(&waiting)).await;

    let asked = [dead[0], dead[2], Uuid::now_v7()];
    let decided = decide(&store, Decision::Requeue, &asked, at(50)).await;
    assert_eq!(decided.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);

    assert_eq!(letters(&database).await, ["0 1 0 1", "3 1 25 2", "0 1 0 3", "0 0 0 9"]);
    let again = collect(&store, Uuid::now_v7(), at(50)).await;
    assert_eq!(taken(&again), [[1], [3]]);
    let fences: Vec<_> = again.loads.iter().map(|load| load.letter.fence).collect();
    assert_eq!(fences, [2, 2]);
}

#[actix_web::test]
async fn many_clients_of_many_letters_are_collected_in_a_moment() {
    let (_database, store) = fresh(Kind::Sqlite).await;
    for client in 0..200 {
        let name = format!("client-{client}");
        let batches = (0..20).map(|n| letter(&name, client * 100 + n + 1, 1, n));
        put(&store, &batches.collect::<Vec<_>>()).await;
    }

    let collected = collect_some(&store, Uuid::now_v7(), at(99), (30, 9999, 5)).await;

    let clients: HashSet<_> =
        collected.loads.iter().map(|load| load.letter.client.clone()).collect();
    assert_eq!((clients.len(), collected.more), (30, true));
}

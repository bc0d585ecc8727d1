//! Recording letters: they go down with their orders, or neither does.

use std::collections::HashSet;

use uuid::Uuid;
use weir::domain::batch::{Batch, Fate};
use weir::domain::letter::{LetterState, Rejection, Settlement, Trouble};
use weir::domain::moment::Moment;
use weir::domain::order::{Fault, Order};
use weir::ports::Failure;
use weir::ports::journal::Journal;
use weir::ports::library::Library;
use weir::ports::post::{Leases, Post};
use weir::store::Store;

use super::mail::{
    at, claim, collect, collect_some, ids, kept, letters, mail, only, sent, settle, submitted,
};
use super::shelf::{
    HOLD, LANE, assert_tallies_are_true, batch, batch_of, fresh, order, order_with, serving,
};
use crate::support::{Database, Kind, on_both};

on_both! {
    held_letters_go_down_with_their_orders,
    waiting_letters_are_there_for_whoever_comes,
    letters_of_many_batches_and_all_sizes_go_down_in_one_call,
    refused_group_leaves_no_letter,
    standing_orders_are_told_and_not_written,
    screening_keeps_letters_of_what_stands,
    parts_are_free_until_the_batch_puts_them_into_letters,
    part_that_was_claimed_meanwhile_leaves_the_batch_unwritten,
    batch_is_read_as_it_stands,
    orders_are_found_by_their_ids,
    letters_survive_the_store,
}

async fn held_letters_go_down_with_their_orders(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let epoch = Uuid::now_v7();
    let mail = mail(1..=60, Some(epoch));

    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();

    assert_eq!(letters(&database).await, ["1 1 0 1-25", "1 1 0 26-50", "1 1 0 51-60"]);
    let found = store.letters_of(&[60, 1, 2, 61]).await.unwrap();
    assert_eq!(found.len(), 2);
    let first = &found[0];
    assert_eq!((first.id, first.batch_id, first.fence), (mail.letters[0].id, mail.id, 1));
    assert_eq!((&first.client, first.state), (&mail.client, LetterState::Held));
    let accepted = mail.accepted_at;
    assert_eq!((first.created_at, first.due_at), (accepted, accepted));
    assert!(first.is_fresh() && first.last_error.is_none());
    let expected: Vec<Order> = mail.orders().cloned().collect();
    assert_eq!(store.orders_by_id(&ids(&expected)).await, Ok(expected));
    let held: HashSet<_> = store.held(epoch).await.unwrap().into_iter().collect();
    assert_eq!(held, mail.letters.iter().map(|letter| (letter.id, 1)).collect());
    assert_tallies_are_true(&database).await;
}

async fn waiting_letters_are_there_for_whoever_comes(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mail = mail([5, 3, 9], None);
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();

    assert_eq!(letters(&database).await, ["0 0 0 5,3,9"]);
    let load = only(&store, Uuid::now_v7(), mail.accepted_at).await;

    assert_eq!((load.letter.id, load.letter.fence), (mail.letters[0].id, 1));
    assert_eq!(
        (load.letter.state, load.letter.trouble),
        (LetterState::Waiting, Trouble::default())
    );
    assert_eq!(load.orders, mail.orders().cloned().collect::<Vec<_>>());
    assert_eq!(letters(&database).await, ["1 1 0 5,3,9"]);
}

async fn letters_of_many_batches_and_all_sizes_go_down_in_one_call(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mut next = 1..;
    let sizes = [1_usize, 26, 100, 700, 1000];
    let group: Vec<Batch> = sizes
        .map(|size| submitted(next.by_ref().take(size).map(order), 3, Some(Uuid::now_v7())))
        .into_iter()
        .chain([batch(next.by_ref().take(4).map(order))])
        .collect();

    store.record(LANE, &group).await.unwrap();

    let count: usize = sizes.iter().map(|size| size.div_ceil(3)).sum();
    assert_eq!(database.number("SELECT count(*) FROM letters").await, count as i64);
    let in_letters = "SELECT count(*) FROM orders WHERE letter_id IS NOT NULL";
    assert_eq!(database.number(in_letters).await, sizes.iter().sum::<usize>() as i64);
    let stray = "SELECT count(*) FROM orders o WHERE letter_id IS NOT NULL AND NOT EXISTS (\
                 SELECT 1 FROM letters l WHERE l.id = o.letter_id)";
    assert_eq!(database.number(stray).await, 0);
    assert_tallies_are_true(&database).await;
}

async fn refused_group_leaves_no_letter(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch([order(2)])]).await.unwrap();

    let group = [mail(10..=12, Some(Uuid::now_v7())), mail([13, 2], None)];
    let refused = store.record(LANE, &group).await;

    assert!(matches!(refused, Err(Failure::Data { .. })), "{refused:?}");
    assert_eq!(letters(&database).await, Vec::<String>::new());
    assert_eq!(store.recorded(&[10, 11, 12, 13]).await, Ok(HashSet::new()));
}

async fn standing_orders_are_told_and_not_written(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch([order(1)])]).await.unwrap();

    let new = mail([2], Some(Uuid::now_v7()));
    let items = vec![Ok(order(1)), new.items[0].clone()];
    let mixed = Batch { items, standing: vec![0], ..new };
    store.record(LANE, std::slice::from_ref(&mixed)).await.unwrap();

    let record = store.batch(mixed.id).await.unwrap().unwrap();
    assert_eq!(record.fates, [Fate::Order(1), Fate::Order(2)]);
    assert_eq!(record.orders, [order(1), mixed.items[1].clone().unwrap()]);
    assert_eq!(letters(&database).await, ["1 1 0 2"]);
    assert_tallies_are_true(&database).await;
}

async fn screening_keeps_letters_of_what_stands(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch([order(2), order(5), order(6)])]).await.unwrap();
    let guilty = submitted((1..=7).map(order), 2, Some(Uuid::now_v7()));

    let items = store.record_screened(LANE, guilty.clone()).await.unwrap();

    // 1-2, 3-4, 5-6 and 7 were asked for; 2, 5 and 6 are taken.
    assert_eq!(letters(&database).await, ["1 1 0 1", "1 1 0 3-4", "1 1 0 7"]);
    let screened = Batch { items, ..guilty };
    let stand = screened.letters_that_stand();
    assert_eq!(
        stand.iter().map(|l| l.undecided.clone()).collect::<Vec<_>>(),
        [vec![1], vec![3, 4], vec![7]]
    );
    let in_letters = "SELECT count(*) FROM orders WHERE letter_id IS NOT NULL";
    assert_eq!(database.number(in_letters).await, 4);
    assert_tallies_are_true(&database).await;
}

async fn parts_are_free_until_the_batch_puts_them_into_letters(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mut mail = submitted((1..=6).map(order), 2, Some(Uuid::now_v7()));

    store.record_part(LANE, &mail, 0..3).await.unwrap();
    let in_letters = "SELECT count(*) FROM orders WHERE letter_id IS NOT NULL";
    assert_eq!(database.number(in_letters).await, 0);
    mail.items[3] = Err(Fault::invalid("", "refused"));
    store.record_part(LANE, &mail, 4..6).await.unwrap();
    store.record_part(LANE, &mail, 6..6).await.unwrap();

    assert_eq!(letters(&database).await, ["1 1 0 1-2", "1 1 0 3", "1 1 0 5-6"]);
    let stands: Vec<Order> = mail.orders().cloned().collect();
    assert_eq!(store.orders_by_id(&[1, 2, 3, 4, 5, 6]).await, Ok(stands));
    assert_tallies_are_true(&database).await;
}

async fn part_that_was_claimed_meanwhile_leaves_the_batch_unwritten(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mail = mail(1..=3, Some(Uuid::now_v7()));
    store.record_part(LANE, &mail, 0..3).await.unwrap();
    store.claim(LANE, &[claim([2], 25, Some(Uuid::now_v7()))]).await.unwrap();

    let late = store.record_part(LANE, &mail, 3..3).await;

    assert!(matches!(late, Err(Failure::Taken { .. })), "{late:?}");
    assert_eq!(letters(&database).await, ["1 1 0 2"]);
    assert_eq!(store.batch(mail.id).await, Ok(None));
    let in_letters = "SELECT count(*) FROM orders WHERE letter_id IS NOT NULL";
    assert_eq!(database.number(in_letters).await, 1);
}

async fn batch_is_read_as_it_stands(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let epoch = Uuid::now_v7();
    let new = mail(1..=4, Some(epoch));
    let fault = Fault::invalid("quantity", "Quantity must be positive");
    let items = [vec![Err(fault)], new.items].concat();
    let batch = Batch { items, ..mail([], None) };
    let batch = Batch { letters: new.letters.clone(), ..batch };
    store.record(LANE, std::slice::from_ref(&batch)).await.unwrap();
    let id = new.letters[0].id;
    let reject = Rejection { order_id: 3, message: "no such portfolio".into() };
    let rest = kept(id, 1, LetterState::Waiting, [2, 4]);
    let decided = Settlement { rejected: vec![reject], sent: vec![(1, 7)], ..rest };
    settle(&store, decided).await;

    let record = store.batch(batch.id).await.unwrap().unwrap();

    assert_eq!((record.id, &record.client), (batch.id, &batch.client));
    assert_eq!((record.route.as_str(), record.accepted_at), (batch.route, batch.accepted_at));
    let fault = Fate::Fault {
        kind: "invalid".to_owned(),
        field: "quantity".to_owned(),
        message: "Quantity must be positive".to_owned(),
    };
    assert_eq!(record.fates, [vec![fault], (1..=4).map(Fate::Order).collect()].concat());
    let trades: Vec<_> =
        record.orders.iter().map(|o| (o.id, o.trade_order_id, o.letter_id)).collect();
    assert_eq!(
        trades,
        [(1, Some(7), None), (2, None, Some(id)), (3, None, None), (4, None, Some(id))]
    );
    assert_eq!(record.errors, [(3, "no such portfolio".to_owned())]);
    assert_eq!(record.letters, store.letters_of(&[2]).await.unwrap());
    assert_eq!((record.letters[0].undecided.as_slice(), record.answer), (&[2, 4][..], None));
    assert_eq!(store.batch(Uuid::now_v7()).await, Ok(None));
}

async fn orders_are_found_by_their_ids(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let hold = order_with(40_000, |terms| terms.status_id = HOLD);
    store.record(LANE, &[batch([order(3), order(1), hold.clone()])]).await.unwrap();
    let asked: Vec<i64> = (1..=40_000).rev().collect();

    assert_eq!(store.orders_by_id(&asked).await, Ok(vec![order(1), order(3), hold]));
    assert_eq!(store.orders_by_id(&[]).await, Ok(Vec::new()));
    assert_eq!(store.orders_by_id(&[2]).await, Ok(Vec::new()));
}

async fn letters_survive_the_store(kind: Kind) {
    let database = Database::fresh(kind).await;
    let first = serving(&database, &[]).await;
    let mails: Vec<_> = [1..=30, 31..=40].map(|ids| mail(ids, None)).to_vec();
    first.record(LANE, &mails).await.unwrap();
    let taken = only_of(&first, 25).await;
    settle(&first, sent(taken, 1, 1..=25)).await;
    first.close().await;
    drop(first);

    let second = serving(&database, &[]).await;

    assert_eq!(letters(&database).await, ["0 0 0 26-30", "0 0 0 31-40"]);
    assert_eq!(store_due(&second).await, vec![26..=30, 31..=40].into_iter().flatten().collect());
}

/// The letter of so many orders, taken.
async fn only_of(store: &Store, orders: usize) -> Uuid {
    let collected = collect_some(store, Uuid::now_v7(), at(5), (1, orders, 0)).await;
    assert_eq!(collected.loads[0].orders.len(), orders);
    collected.loads[0].letter.id
}

async fn store_due(store: &Store) -> HashSet<i64> {
    let now = Moment::from_micros(i64::MAX / 2);
    let collected = collect(store, Uuid::now_v7(), now).await;
    collected.loads.iter().flat_map(|load| ids(&load.orders)).collect()
}

#[actix_web::test]
async fn batch_of_nothing_but_faults_has_no_letters() {
    let fault = Fault::invalid("", "no");
    let batch = Batch { items: vec![Err(fault)], ..mail(1..=3, None) };

    assert_eq!(batch.letters_that_stand(), []);
    assert_eq!(batch_of(Vec::new()).letters_that_stand(), []);
}

//! Claiming: an order is given to one claim, whoever asks, however many ask at once.

use std::collections::HashSet;

use futures_util::future::join_all;
use uuid::Uuid;
use weir::domain::batch::{Claim, Claimed, Claiming, Fate};
use weir::domain::letter::{LetterState, Rejection, Settlement};
use weir::domain::order::Order;
use weir::domain::order::amend::{Amendment, Refusal};
use weir::ports::journal::{Change, Journal};
use weir::ports::library::Library;
use weir::ports::post::{Leases, Post};

use super::mail::{at, claim, collect, letters, mail, sent, settle};
use super::shelf::{
    HOLD, LANE, assert_tallies_are_true, batch, change, draft, fresh, order, order_with, serving,
};
use crate::support::{Kind, on_both};

on_both! {
    claimed_orders_are_in_letters_cut_in_request_order,
    claim_tells_of_every_order_what_became_of_it,
    first_claim_of_a_group_gets_what_two_ask_for,
    letters_wait_when_nobody_holds_them,
    claim_that_wins_nothing_is_a_batch_without_letters,
    order_that_is_named_twice_is_in_its_letter_once,
    letter_ids_that_get_no_order_are_not_written,
    claimed_order_is_neither_amended_nor_removed,
    rejected_order_can_be_claimed_again,
    many_claims_at_once_give_each_order_once,
    thousand_orders_are_claimed_at_once,
}

/// An epoch that holds what is claimed.
fn somebody() -> Option<Uuid> {
    Some(Uuid::now_v7())
}

fn won(claimed: &Claimed) -> Vec<i64> {
    let won = claimed.orders.iter().filter_map(|order| match order {
        Claiming::Won(order) => Some(order.id),
        Claiming::Standing(_) | Claiming::Missing(_) => None,
    });
    won.collect()
}

async fn claimed_orders_are_in_letters_cut_in_request_order(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch((1..=9).map(order))]).await.unwrap();
    let epoch = Uuid::now_v7();
    let mine = claim([9, 2, 3, 7, 1], 2, Some(epoch));

    let claimed = store.claim(LANE, std::slice::from_ref(&mine)).await.unwrap();

    let [claimed] = claimed.as_slice() else { panic!("{claimed:?}") };
    assert_eq!((claimed.batch_id, won(claimed)), (mine.batch_id, vec![9, 2, 3, 7, 1]));
    let cut: Vec<_> =
        claimed.letters.iter().map(|l| (l.id, l.undecided.clone(), l.holder)).collect();
    let cuts = [vec![9, 2], vec![3, 7], vec![1]];
    let expected: Vec<_> =
        mine.letter_ids.iter().zip(cuts).map(|(id, cut)| (*id, cut, Some(epoch))).collect();
    assert_eq!(cut, expected);
    assert_eq!(letters(&database).await, ["1 1 0 9,2", "1 1 0 3,7", "1 1 0 1"]);
    let held: HashSet<_> = store.held(epoch).await.unwrap().into_iter().collect();
    assert_eq!(held, mine.letter_ids.iter().map(|id| (*id, 1)).collect());
    let Claiming::Won(first) = &claimed.orders[0] else { panic!() };
    assert_eq!(*first, Order { letter_id: Some(mine.letter_ids[0]), ..order(9) });
    assert_eq!(store.order(9).await, Ok(Some(first.clone())));
    let record = store.batch(mine.batch_id).await.unwrap().unwrap();
    assert_eq!(record.fates, [9, 2, 3, 7, 1].map(Fate::Order));
    assert_eq!((record.client, record.route.as_str()), (mine.client, mine.route));
    assert_eq!(record.letters.len(), 3);
    assert_eq!((record.letters[0].due_at, record.letters[0].created_at), (at(5), at(5)));
    // A settlement of them works as of any other.
    settle(&store, sent(mine.letter_ids[0], 1, [9, 2])).await;
    assert_tallies_are_true(&database).await;
}

async fn claim_tells_of_every_order_what_became_of_it(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let on_hold = order_with(4, |terms| terms.status_id = HOLD);
    store.record(LANE, &[batch([order(1), order(2), on_hold.clone()])]).await.unwrap();
    let other = mail([3, 5], Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&other)).await.unwrap();
    settle(
        &store,
        Settlement {
            sent: vec![(5, 55)],
            ..super::mail::kept(other.letters[0].id, 1, LetterState::Held, [3])
        },
    )
    .await;

    let mine = claim([99, 5, 4, 3, 2], 25, somebody());
    let claimed = store.claim(LANE, std::slice::from_ref(&mine)).await.unwrap();

    let orders = &claimed[0].orders;
    assert_eq!(orders.len(), 5);
    assert_eq!(orders[0], Claiming::Missing(99));
    let Claiming::Standing(sent) = &orders[1] else { panic!("{orders:?}") };
    assert_eq!((sent.id, sent.trade_order_id, sent.letter_id), (5, Some(55), None));
    assert_eq!(orders[2], Claiming::Standing(on_hold));
    let elsewhere = Order { letter_id: Some(other.letters[0].id), ..order(3) };
    assert_eq!(orders[3], Claiming::Standing(elsewhere));
    let mine_now = Order { letter_id: Some(mine.letter_ids[0]), ..order(2) };
    assert_eq!(orders[4], Claiming::Won(mine_now));
    let fates = store.batch(mine.batch_id).await.unwrap().unwrap().fates;
    let missing = Fate::Fault {
        kind: "not_found".to_owned(),
        field: String::new(),
        message: "Order with ID 99 not found".to_owned(),
    };
    let orders = [5, 4, 3, 2].map(Fate::Order).to_vec();
    assert_eq!(fates, [vec![missing], orders].concat());
}

async fn first_claim_of_a_group_gets_what_two_ask_for(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch((1..=6).map(order))]).await.unwrap();
    let group: Vec<Claim> =
        [vec![4, 5], vec![3, 4, 5, 6], vec![6, 3, 1]].map(|ids| claim(ids, 1, somebody())).to_vec();

    let claimed = store.claim(LANE, &group).await.unwrap();

    let winners: Vec<_> = claimed.iter().map(won).collect();
    assert_eq!(winners, [vec![4, 5], vec![3, 6], vec![1]]);
    for (claim, claimed) in group.iter().zip(&claimed) {
        let holders: HashSet<_> = claimed.letters.iter().map(|letter| letter.holder).collect();
        assert_eq!(holders, HashSet::from([claim.holder]), "each under its own epoch");
    }
    // What another claim got is told as it stands now.
    let taken = Order { letter_id: Some(group[0].letter_ids[0]), ..order(4) };
    assert_eq!(claimed[1].orders[1], Claiming::Standing(taken));
    let letter_ids: Vec<Vec<Uuid>> =
        claimed.iter().map(|c| c.letters.iter().map(|l| l.id).collect()).collect();
    assert_eq!(letter_ids[1], group[1].letter_ids[..2]);
    assert_eq!(database.number("SELECT count(*) FROM letters").await, 5);
    assert_eq!(database.number("SELECT count(*) FROM batches").await, 4);
}

async fn letters_wait_when_nobody_holds_them(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch((1..=3).map(order))]).await.unwrap();

    let claimed = store.claim(LANE, &[claim(1..=3, 25, None)]).await.unwrap();

    assert_eq!(claimed[0].letters[0].holder, None);
    assert_eq!(letters(&database).await, ["0 0 0 1-3"]);
    assert_eq!(collect(&store, Uuid::now_v7(), at(5)).await.loads.len(), 1);
}

async fn claim_that_wins_nothing_is_a_batch_without_letters(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let claims = [claim([1, 2], 25, somebody()), claim([], 25, somebody())];

    let claimed = store.claim(LANE, &claims).await.unwrap();

    assert_eq!(claimed[0].orders, [Claiming::Missing(1), Claiming::Missing(2)]);
    assert_eq!((&claimed[0].letters, &claimed[1].letters), (&vec![], &vec![]));
    assert_eq!(letters(&database).await, Vec::<String>::new());
    assert_eq!(store.batch(claims[1].batch_id).await.unwrap().unwrap().fates, []);
}

async fn order_that_is_named_twice_is_in_its_letter_once(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch([order(7), order(8)])]).await.unwrap();
    let mine = claim([7, 8, 7], 25, somebody());

    let claimed = store.claim(LANE, std::slice::from_ref(&mine)).await.unwrap();

    assert_eq!(won(&claimed[0]), [7, 8]);
    let mine_now = Order { letter_id: Some(mine.letter_ids[0]), ..order(7) };
    assert_eq!(claimed[0].orders[2], Claiming::Standing(mine_now));
    assert_eq!(letters(&database).await, ["1 1 0 7-8"]);
}

async fn letter_ids_that_get_no_order_are_not_written(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch([order(2), order(5)])]).await.unwrap();
    let mine = claim(1..=6, 2, somebody());

    let claimed = store.claim(LANE, std::slice::from_ref(&mine)).await.unwrap();

    assert_eq!(claimed[0].letters.len(), 1);
    assert_eq!(claimed[0].letters[0].id, mine.letter_ids[0]);
    assert_eq!(letters(&database).await, ["1 1 0 2,5"]);
}

async fn claimed_order_is_neither_amended_nor_removed(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    store.record(LANE, &[batch([order(1)])]).await.unwrap();
    store.claim(LANE, &[claim([1], 25, somebody())]).await.unwrap();

    let terms = order_with(1, |terms| terms.status_id = HOLD).terms;
    let amendment = Amendment { id: 1, version: 1, draft: draft(&terms) };
    let amended = change(&store, Change::AmendOrder(amendment)).await;
    let removed = change(&store, Change::RemoveOrder { id: 1, version: 1 }).await;

    assert_eq!(amended, Err(Refusal::InSubmission { id: 1 }.into()));
    assert_eq!(removed, Err(Refusal::InSubmission { id: 1 }.into()));
}

async fn rejected_order_can_be_claimed_again(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mail = mail([1], Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let rejection = Rejection { order_id: 1, message: "no".to_owned() };
    let reject = Settlement { rejected: vec![rejection], ..sent(mail.letters[0].id, 1, []) };
    settle(&store, reject).await;

    let claimed = store.claim(LANE, &[claim([1], 25, somebody())]).await.unwrap();

    assert_eq!(won(&claimed[0]), [1]);
    // What was said of an earlier try says nothing of this one.
    assert_eq!(database.number("SELECT count(*) FROM orders WHERE last_error IS NULL").await, 1);
}

/// Defect 8 of the ancestor.
async fn many_claims_at_once_give_each_order_once(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch((1..=200).map(order))]).await.unwrap();
    let mut stores = vec![store];
    if kind == Kind::Postgres {
        stores.push(serving(&database, &[]).await);
    }
    let claims: Vec<Claim> = (0..16_i64)
        .map(|turn| {
            let ids: Vec<i64> = (0..60).map(|step| (turn * 37 + step * 7) % 200 + 1).collect();
            let ids: Vec<i64> = if turn % 2 == 0 { ids } else { ids.into_iter().rev().collect() };
            claim(ids, 10, somebody())
        })
        .collect();

    let asked = claims.chunks(2).zip(stores.iter().cycle());
    let asked = asked.map(|(claims, store)| store.claim(LANE, claims));
    let answers = join_all(asked).await;

    let mut winners = HashSet::new();
    for claimed in answers.into_iter().flat_map(Result::unwrap) {
        for id in won(&claimed) {
            assert!(winners.insert(id), "{id} was given out twice");
        }
    }
    let asked: HashSet<i64> = claims.iter().flat_map(|claim| claim.order_ids.clone()).collect();
    assert_eq!(winners, asked);
    let in_letters = "SELECT count(*) FROM orders WHERE letter_id IS NOT NULL";
    assert_eq!(database.number(in_letters).await, asked.len() as i64);
}

async fn thousand_orders_are_claimed_at_once(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch((1..=3000).map(order))]).await.unwrap();
    let group: Vec<Claim> =
        [1..=1000, 1001..=2000, 2001..=3000].map(|ids| claim(ids, 25, somebody())).to_vec();

    let claimed = store.claim(LANE, &group).await.unwrap();

    assert!(claimed.iter().all(|claimed| won(claimed).len() == 1000));
    assert_eq!(database.number("SELECT count(*) FROM letters WHERE state = 1").await, 120);
    assert_tallies_are_true(&database).await;
}

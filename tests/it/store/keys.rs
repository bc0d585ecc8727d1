//! Keys: what was asked before is known, once for each client and route, until it ends.

use uuid::Uuid;
use weir::domain::batch::{Answer, Batch, Key, KnownBatch, ScopedKey, Wanted};
use weir::domain::client::ClientId;
use weir::domain::moment::Moment;
use weir::domain::order::Order;
use weir::ports::Failure;
use weir::ports::journal::Journal;
use weir::ports::library::Library;
use weir::ports::post::{Leases, Post};

use super::mail::{at, client, letters, mail, submitted};
use super::shelf::{LANE, assert_tallies_are_true, batch, fresh, order, order_with, serving};
use crate::support::{Kind, on_both};

on_both! {
    key_is_known_in_its_scope_only,
    ended_key_is_free_again,
    second_batch_under_a_key_is_taken,
    second_order_under_a_clients_name_is_taken,
    screening_does_not_hide_that_a_key_is_taken,
    clients_orders_are_known_by_their_names,
    answer_is_kept_once,
    answers_of_a_group_are_each_their_own,
    old_batches_are_pruned_a_few_at_a_time,
    one_of_many_at_once_gets_the_key,
}

const ROUTE: &str = "/api/v1/orders";

fn key(text: &str) -> Key {
    Key { text: text.to_owned(), fingerprint: [7; 32] }
}

fn keyed(text: &str, ids: impl IntoIterator<Item = i64>) -> Batch {
    Batch { key: Some(key(text)), ..batch(ids.into_iter().map(order)) }
}

fn scoped(client_name: &str, route: &'static str, text: &str) -> ScopedKey {
    let client = if client_name.is_empty() { ClientId::default() } else { client(client_name) };
    ScopedKey { client, route, key: key(text) }
}

fn wanted(keys: Vec<ScopedKey>) -> Wanted {
    Wanted { keys, ..Wanted::default() }
}

fn known(batch: &Batch) -> Option<KnownBatch> {
    let fingerprint = batch.key.as_ref()?.fingerprint;
    Some(KnownBatch { id: batch.id, fingerprint, expires_at: batch.expires_at, answer: None })
}

async fn key_is_known_in_its_scope_only(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let (one, two) = (keyed("k", [1]), keyed("it's \"k\"", [2]));
    let nobody = Batch { client: ClientId::default(), ..keyed("k", [3]) };
    store
        .record(LANE, &[one.clone(), two.clone(), nobody.clone(), batch([order(4)])])
        .await
        .unwrap();

    let asked = wanted(vec![
        scoped("desk-8", ROUTE, "k"),
        scoped("desk-7", ROUTE, "it's \"k\""),
        scoped("desk-7", "/api/v1/orders/batch", "k"),
        scoped("desk-7", ROUTE, "k"),
        scoped("", ROUTE, "k"),
        scoped("desk-7", ROUTE, "K"),
        scoped("desk-7", ROUTE, "k"),
    ]);
    let found = store.known(&asked).await.unwrap();

    let (one, two, nobody) = (known(&one), known(&two), known(&nobody));
    assert_eq!(found.keys, [None, two, None, one.clone(), nobody, None, one]);
    assert_eq!(store.known(&Wanted::default()).await, Ok(Default::default()));
}

async fn ended_key_is_free_again(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let first = keyed("k", [1]);
    store.record(LANE, std::slice::from_ref(&first)).await.unwrap();
    let ask = |now: Option<Moment>| Wanted { now, ..wanted(vec![scoped("desk-7", ROUTE, "k")]) };
    let before = Moment::from_micros(first.expires_at.micros() - 1);

    let in_time = store.known(&ask(Some(before))).await.unwrap();
    let whenever = store.known(&ask(None)).await.unwrap();
    let late = store.known(&ask(Some(first.expires_at))).await.unwrap();

    assert_eq!((in_time.keys, whenever.keys), (vec![known(&first)], vec![known(&first)]));
    assert_eq!(late.keys, [None]);
    assert_eq!(
        database.number("SELECT count(*) FROM batches WHERE idempotency_key IS NULL").await,
        1
    );
    let second = keyed("k", [2]);
    store.record(LANE, std::slice::from_ref(&second)).await.unwrap();
    assert_eq!(store.known(&ask(Some(before))).await.unwrap().keys, [known(&second)]);
    assert_eq!(store.batch(first.id).await.unwrap().unwrap().orders, [order(1)]);
}

async fn second_batch_under_a_key_is_taken(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[keyed("k", [1])]).await.unwrap();

    let second = Batch { key: Some(key("k")), ..mail([2], Some(Uuid::now_v7())) };
    let refused = store.record(LANE, &[batch([order(3)]), second]).await;

    assert!(matches!(refused, Err(Failure::Taken { .. })), "{refused:?}");
    assert_eq!(store.orders_by_id(&[1, 2, 3]).await, Ok(vec![order(1)]));
    assert_eq!(letters(&database).await, Vec::<String>::new());
    assert_tallies_are_true(&database).await;
    let elsewhere = Batch { route: "/elsewhere", ..keyed("k", [4]) };
    let others = Batch { client: client("desk-8"), ..keyed("k", [5]) };
    store.record(LANE, &[elsewhere, others]).await.unwrap();
}

fn named(id: i64, name: &str) -> Order {
    order_with(id, |terms| terms.client_order_id = Some(name.to_owned()))
}

async fn second_order_under_a_clients_name_is_taken(kind: Kind) {
    let (database, store) = fresh(kind).await;
    store.record(LANE, &[batch([named(1, "mine"), order(2)])]).await.unwrap();

    let refused = store.record(LANE, &[batch([order(3), named(4, "mine")])]).await;
    let same_id = store.record(LANE, &[batch([named(1, "other")])]).await;

    assert!(matches!(refused, Err(Failure::Taken { .. })), "{refused:?}");
    assert!(matches!(same_id, Err(Failure::Data { .. })), "{same_id:?}");
    let other = Batch { client: client("desk-8"), ..batch([named(5, "mine")]) };
    store.record(LANE, &[other]).await.unwrap();
    assert_eq!(database.number("SELECT count(*) FROM orders").await, 3);
    assert_tallies_are_true(&database).await;
}

async fn screening_does_not_hide_that_a_key_is_taken(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let first = Batch { key: Some(key("k")), ..batch([named(1, "mine")]) };
    store.record(LANE, &[first]).await.unwrap();

    let by_name = store.record_screened(LANE, batch([order(2), named(3, "mine")])).await;
    let by_key = store.record_screened(LANE, keyed("k", [4, 5])).await;

    assert!(matches!(by_name, Err(Failure::Taken { .. })), "{by_name:?}");
    assert!(matches!(by_key, Err(Failure::Taken { .. })), "{by_key:?}");
    assert_eq!(database.number("SELECT count(*) FROM orders").await, 1);
    assert_tallies_are_true(&database).await;
}

async fn clients_orders_are_known_by_their_names(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let mail = submitted([named(1, "a"), named(2, "b'\"")], 25, Some(Uuid::now_v7()));
    let others = Batch { client: client("desk-8"), ..batch([named(3, "a")]) };
    store.record(LANE, &[mail.clone(), others]).await.unwrap();

    let ask =
        [("desk-8", "b"), ("desk-7", "b'\""), ("desk-8", "a"), ("desk-7", "a"), ("desk-7", "A")];
    let client_orders = ask.map(|(owner, name)| (client(owner), name.to_owned())).to_vec();
    let found = store.known(&Wanted { client_orders, ..Wanted::default() }).await.unwrap();

    let mine: Vec<Order> = mail.orders().cloned().collect();
    let [first, second] = mine.as_slice() else { panic!("{mine:?}") };
    let expected = [None, Some(second.clone()), Some(named(3, "a")), Some(first.clone()), None];
    assert_eq!(found.client_orders, expected);
}

fn answer(status: u16, body: &[u8]) -> Answer {
    Answer { status, body: body.to_vec() }
}

async fn answer_is_kept_once(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let one = keyed("k", [1]);
    store.record(LANE, std::slice::from_ref(&one)).await.unwrap();
    let (first, second) = (answer(207, b"{\"a\":\"\xc3\xa9\"}\0\xff"), answer(200, b""));

    let kept = store.freeze(&[(one.id, first.clone())]).await;
    let again = store.freeze(&[(one.id, second.clone())]).await;
    let gone = store.freeze(&[(Uuid::now_v7(), second.clone())]).await;

    assert_eq!((kept, again), (Ok(vec![first.clone()]), Ok(vec![first.clone()])));
    assert_eq!(gone, Ok(vec![second]));
    let known = store.known(&wanted(vec![scoped("desk-7", ROUTE, "k")])).await.unwrap();
    assert_eq!(known.keys[0].clone().unwrap().answer, Some(first.clone()));
    assert_eq!(store.batch(one.id).await.unwrap().unwrap().answer, Some(first));
}

async fn answers_of_a_group_are_each_their_own(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let batches: Vec<_> = (1..=40).map(|id| keyed(&format!("k{id}"), [id])).collect();
    store.record(LANE, &batches).await.unwrap();
    store.freeze(&[(batches[3].id, answer(503, b"before"))]).await.unwrap();

    let mut answers: Vec<_> =
        batches.iter().map(|b| (b.id, answer(200, b.id.as_bytes()))).collect();
    answers.push((batches[0].id, answer(500, b"late")));
    let kept = store.freeze(&answers).await.unwrap();

    let mut expected: Vec<_> = answers.iter().map(|(_, answer)| answer.clone()).collect();
    expected[3] = answer(503, b"before");
    expected[40] = expected[0].clone();
    assert_eq!(kept, expected);
    assert_eq!(store.freeze(&[]).await, Ok(Vec::new()));
}

async fn old_batches_are_pruned_a_few_at_a_time(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let old = (1..=700).map(|id| Batch { expires_at: at(100), ..batch([order(id)]) });
    let old: Vec<_> = old.collect();
    let accepted_at = old[0].accepted_at;
    store.record(LANE, &old).await.unwrap();
    let longer = (701..=705).map(|id| Batch { expires_at: at(200), ..batch([order(id)]) });
    store.record(LANE, &longer.collect::<Vec<_>>()).await.unwrap();
    let before = Moment::from_micros(accepted_at.micros() - 1);

    assert_eq!(store.prune(at(100), before).await, Ok(0), "a key that is over ends no batch");
    assert_eq!(store.prune(at(99), accepted_at).await, Ok(0), "a key still stands");
    assert_eq!(store.prune(at(100), accepted_at).await, Ok(500));
    assert_eq!(store.prune(at(199), accepted_at).await, Ok(200));
    assert_eq!(store.prune(at(199), accepted_at).await, Ok(0));
    assert_eq!(database.number("SELECT count(*) FROM batches").await, 5);
    assert_eq!(database.number("SELECT count(*) FROM orders").await, 705);
}

async fn one_of_many_at_once_gets_the_key(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mut stores = vec![store];
    if kind == Kind::Postgres {
        stores.push(serving(&database, &[]).await);
    }
    let batches: Vec<_> = (1..=8).map(|id| keyed("k", [id])).collect();

    let asked = batches.iter().zip(stores.iter().cycle());
    let asked = asked.map(|(batch, store)| store.record(LANE, std::slice::from_ref(batch)));
    let outcomes = futures_util::future::join_all(asked).await;

    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let taken = |o: &&Result<(), Failure>| matches!(o, Err(Failure::Taken { .. }));
    assert_eq!((won, outcomes.iter().filter(taken).count()), (1, 7), "{outcomes:?}");
    assert_tallies_are_true(&database).await;
}

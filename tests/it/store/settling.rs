//! Settling: what was decided is written once, by the one who holds the letter.

use uuid::Uuid;
use weir::domain::decision::Decision;
use weir::domain::letter::{LetterState, Rejection, Rest, Settled, Settlement, Severed, Trouble};
use weir::domain::order::Order;
use weir::ports::Failure;
use weir::ports::journal::Journal;
use weir::ports::library::Library;
use weir::ports::post::{Leases, Post};

use super::mail::{CHUNK, at, collect, decide, kept, letters, mail, only, sent, settle, submitted};
use super::shelf::{LANE, NEW, assert_tallies_are_true, batch, fresh, order, order_with};
use crate::support::{Kind, on_both};

const SENT: i32 = 2;

on_both! {
    sent_orders_are_sent_and_their_letter_is_gone,
    rejected_orders_are_free_and_say_why,
    what_stays_in_a_letter_stands_as_it_was_settled,
    letter_that_is_held_on_to_keeps_its_holder,
    stale_settlements_write_nothing,
    group_settles_each_of_its_letters_or_none_of_it,
    severed_orders_go_to_a_dead_letter_of_their_own,
    trade_that_another_order_has_is_a_fault_of_the_data,
    two_words_about_one_letter_are_written_in_turn,
    order_that_is_not_in_the_letter_is_left_alone,
    tallies_move_with_what_was_really_sent,
}

/// Defect 22 of the ancestor.
async fn sent_orders_are_sent_and_their_letter_is_gone(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mail = mail(1..=60, Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let settlements = mail.letters.iter().map(|l| sent(l.id, 1, l.undecided.clone()));

    let settled = store.settle(3, &settlements.collect::<Vec<_>>()).await;

    assert_eq!(settled, Ok(vec![Settled::Done; 3]));
    assert_eq!(letters(&database).await, Vec::<String>::new());
    for id in [1, 25, 26, 60] {
        let sent = Order { trade_order_id: Some(id + 1_000_000), version: 2, ..order(id) };
        let mut sent = sent;
        sent.terms.status_id = SENT;
        assert_eq!(store.order(id).await, Ok(Some(sent)));
    }
    assert_tallies_are_true(&database).await;
    assert_eq!(
        database.number("SELECT orders FROM order_tallies WHERE shard = 3 AND status_id = 2").await,
        60
    );
}

async fn rejected_orders_are_free_and_say_why(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mail = mail(1..=3, Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let rejection = Rejection { order_id: 2, message: "it's \"bad\"".to_owned() };
    let settlement =
        Settlement { rejected: vec![rejection], ..sent(mail.letters[0].id, 1, [1, 3]) };

    assert_eq!(settle(&store, settlement).await, Settled::Done);

    assert_eq!(store.order(2).await, Ok(Some(order(2))));
    let errors = "SELECT id || ' ' || last_error FROM orders WHERE last_error IS NOT NULL";
    assert_eq!(database.texts(errors).await, ["2 it's \"bad\""]);
    assert_eq!(letters(&database).await, Vec::<String>::new());
    assert_tallies_are_true(&database).await;
}

async fn what_stays_in_a_letter_stands_as_it_was_settled(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let epoch = Uuid::now_v7();
    let mail = mail(1..=5, Some(epoch));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let trouble = Trouble {
        doubtful: vec![2, 4],
        quiet_at: Some(at(9)),
        absences: 1,
        part_max: Some(2),
        tainted: true,
        kills: 1,
    };
    let rest = Rest::Kept {
        state: LetterState::Reconcile,
        undecided: vec![5, 2, 4],
        attempts: 7,
        due_at: at(30),
        trouble: trouble.clone(),
        last_error: Some("no answer".to_owned()),
    };
    let settlement = Settlement { rest, ..sent(mail.letters[0].id, 1, [1, 3]) };

    assert_eq!(settle(&store, settlement).await, Settled::Done);
    let early = collect(&store, epoch, at(29)).await;
    let load = only(&store, epoch, at(30)).await;

    assert_eq!((early.loads.len(), early.more, early.next_due), (0, false, Some(at(30))));
    let letter = load.letter;
    assert_eq!((letter.state, letter.attempts, letter.fence), (LetterState::Reconcile, 7, 2));
    assert_eq!((letter.trouble, letter.undecided), (trouble, vec![5, 2, 4]));
    assert_eq!(letter.last_error.as_deref(), Some("no answer"));
    assert_eq!((letter.batch_id, letter.created_at), (mail.id, mail.accepted_at));
    let in_letter = |id| Order { letter_id: Some(letter.id), ..order(id) };
    assert_eq!(load.orders, [5, 2, 4].map(in_letter));
}

async fn letter_that_is_held_on_to_keeps_its_holder(kind: Kind) {
    let (_database, store) = fresh(kind).await;
    let epoch = Uuid::now_v7();
    let mail = mail(1..=5, Some(epoch));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let id = mail.letters[0].id;

    let held = settle(&store, kept(id, 1, LetterState::Held, 3..=5)).await;
    let holds = store.held(epoch).await;
    let waiting = settle(&store, kept(id, 1, LetterState::Waiting, 3..=5)).await;
    let again = settle(&store, kept(id, 1, LetterState::Waiting, 3..=5)).await;

    assert_eq!((held, waiting, again), (Settled::Done, Settled::Done, Settled::Stale));
    assert_eq!(holds, Ok(vec![(id, 1)]));
    assert_eq!(store.held(epoch).await, Ok(Vec::new()));
}

async fn stale_settlements_write_nothing(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mail = mail(1..=5, None);
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let id = mail.letters[0].id;

    // Nobody has taken it; then somebody has, under fence 1, and then another one.
    let untaken = settle(&store, sent(id, 0, 1..=5)).await;
    let first = only(&store, Uuid::now_v7(), at(5)).await;
    settle(&store, kept(id, 1, LetterState::Waiting, 1..=5)).await;
    let second = only(&store, Uuid::now_v7(), at(10)).await;
    let reject = Rejection { order_id: 1, message: "no".to_owned() };
    let order_ids = vec![2];
    let (letter_id, reason) = (Uuid::now_v7(), "X: y".to_owned());
    let severed = Severed { letter_id, order_ids, reason, trouble: Trouble::default() };
    let late = Settlement { rejected: vec![reject], severed: Some(severed), ..sent(id, 1, 3..=5) };
    let late = settle(&store, late).await;
    let unknown = settle(&store, sent(Uuid::now_v7(), 1, 1..=5)).await;

    assert_eq!([untaken, late, unknown], [Settled::Stale; 3]);
    assert_eq!((first.letter.fence, second.letter.fence), (1, 2));
    assert_eq!(letters(&database).await, ["1 2 0 1-5"]);
    let untouched = "SELECT count(*) FROM orders WHERE version = 1 AND letter_id IS NOT NULL";
    assert_eq!(database.number(untouched).await, 5);
    assert_tallies_are_true(&database).await;
}

async fn group_settles_each_of_its_letters_or_none_of_it(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mails: Vec<_> =
        [1..=3, 4..=6, 7..=9].map(|ids| mail(ids, Some(Uuid::now_v7()))).into_iter().collect();
    store.record(LANE, &mails).await.unwrap();
    let [one, two, three] = [0, 1, 2].map(|place| mails[place].letters[0].id);

    let group = [sent(three, 1, 7..=9), sent(two, 2, 4..=6), sent(one, 1, 1..=3)];
    let settled = store.settle(LANE, &group).await;

    assert_eq!(settled, Ok(vec![Settled::Done, Settled::Stale, Settled::Done]));
    assert_eq!(letters(&database).await, ["1 1 0 4-6"]);
    assert_eq!(database.number("SELECT count(*) FROM orders WHERE status_id = 2").await, 6);
    assert_eq!(store.settle(LANE, &[]).await, Ok(Vec::new()));
    assert_tallies_are_true(&database).await;
}

async fn severed_orders_go_to_a_dead_letter_of_their_own(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mail = mail(1..=5, Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let severed = Severed {
        letter_id: Uuid::now_v7(),
        order_ids: vec![2, 4],
        reason: "TRADE_ID_CONFLICT: not ours".to_owned(),
        trouble: Trouble { doubtful: vec![2, 4], tainted: true, ..Trouble::default() },
    };
    let settlement =
        Settlement { severed: Some(severed.clone()), ..sent(mail.letters[0].id, 1, [1, 3, 5]) };

    assert_eq!(settle(&store, settlement).await, Settled::Done);

    let dead = store.letters_of(&[1, 2, 3, 4, 5]).await.unwrap();
    let [dead] = dead.as_slice() else { panic!("{dead:?}") };
    assert_eq!(
        (dead.id, dead.state, dead.batch_id),
        (severed.letter_id, LetterState::Dead, mail.id)
    );
    assert_eq!((&dead.undecided, &dead.client), (&vec![2, 4], &mail.client));
    assert_eq!(dead.last_error.as_deref(), Some("TRADE_ID_CONFLICT: not ours"));
    let in_letter = Order { letter_id: Some(dead.id), ..order(4) };
    assert_eq!(store.order(4).await, Ok(Some(in_letter)));
    assert_eq!(letters(&database).await, ["3 0 0 2,4"]);
    assert_eq!(collect(&store, Uuid::now_v7(), at(99)).await.loads, []);
    // Nobody knows whether they are there: an operator's word has them looked up first.
    assert!(decide(&store, Decision::Requeue, &[dead.id], at(50)).await[0].is_ok());
    let load = only(&store, Uuid::now_v7(), at(50)).await;
    assert_eq!(load.letter.state, LetterState::Reconcile);
    assert_eq!((load.letter.trouble.doubtful, load.letter.trouble.tainted), (vec![2, 4], true));
    assert_tallies_are_true(&database).await;
}

async fn trade_that_another_order_has_is_a_fault_of_the_data(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mails: Vec<_> = [1..=2, 3..=4].map(|ids| mail(ids, Some(Uuid::now_v7()))).to_vec();
    store.record(LANE, &mails).await.unwrap();
    let [one, two] = [0, 1].map(|place| mails[place].letters[0].id);
    settle(&store, sent(one, 1, 1..=2)).await;

    let guilty = Settlement { sent: vec![(3, 5), (4, 1_000_001)], ..sent(two, 1, []) };
    let refused = store.settle(LANE, &[guilty]).await;

    assert!(matches!(refused, Err(Failure::Data { .. })), "{refused:?}");
    assert_eq!(letters(&database).await, ["1 1 0 3-4"]);
    assert_tallies_are_true(&database).await;
    assert_eq!(settle(&store, sent(two, 1, 3..=4)).await, Settled::Done);
}

async fn two_words_about_one_letter_are_written_in_turn(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mail = mail(1..=6, Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();
    let id = mail.letters[0].id;
    let first = Settlement { sent: vec![(1, 11)], ..kept(id, 1, LetterState::Held, 2..=6) };

    let group = [first, sent(id, 1, 2..=6), sent(id, 1, 2..=6)];
    let settled = store.settle(LANE, &group).await;

    assert_eq!(settled, Ok(vec![Settled::Done, Settled::Done, Settled::Stale]));
    assert_eq!(letters(&database).await, Vec::<String>::new());
    assert_eq!(database.number("SELECT count(*) FROM orders WHERE version = 2").await, 6);
    assert_tallies_are_true(&database).await;
}

async fn order_that_is_not_in_the_letter_is_left_alone(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mails: Vec<_> = [1..=2, 3..=4].map(|ids| mail(ids, Some(Uuid::now_v7()))).to_vec();
    store.record(LANE, &mails).await.unwrap();
    store.record(LANE, &[batch([order(5)])]).await.unwrap();

    let greedy = sent(mails[0].letters[0].id, 1, [1, 2, 3, 5, 99]);
    assert_eq!(settle(&store, greedy).await, Settled::Done);

    let sent = "SELECT cast(id AS text) FROM orders WHERE status_id = 2 ORDER BY id";
    assert_eq!(database.texts(sent).await, ["1", "2"]);
    assert_eq!(letters(&database).await, ["1 1 0 3-4"]);
    assert_tallies_are_true(&database).await;
}

async fn tallies_move_with_what_was_really_sent(kind: Kind) {
    let (database, store) = fresh(kind).await;
    let mixed = (1..=90).map(|id| {
        order_with(id, |terms| {
            terms.blotter_id = (id % 5) as i32 + 1;
            terms.order_type_id = (id % 3) as i32 + 1;
            terms.status_id = NEW;
        })
    });
    let mail = submitted(mixed, CHUNK, Some(Uuid::now_v7()));
    store.record(LANE, std::slice::from_ref(&mail)).await.unwrap();

    for (shard, letter) in mail.letters.iter().enumerate() {
        let ids = letter.undecided.iter().copied().filter(|id| id % 4 != 0);
        assert_eq!(
            store.settle(shard as u16, &[sent(letter.id, 1, ids)]).await,
            Ok(vec![Settled::Done])
        );
        assert_tallies_are_true(&database).await;
    }
    assert_eq!(
        database.number("SELECT sum(orders) FROM order_tallies WHERE status_id = 2").await,
        68
    );
}

//! The ledger: groups with keys, names and letters in them, and what one guilty part does to
//! the others.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use futures_util::future::join_all;
use tokio::time::sleep;
use uuid::Uuid;
use weir::actors::ledger::{Entry, Freeze, Ledger, Letters, Record, Recorded, Refused, Settle};
use weir::domain::batch::Answer;
use weir::domain::letter::{Rejection, Rest, Settled, Settlement};
use weir::domain::order::{FaultKind, Terms, status};
use weir::ports::Failure;

use crate::house::{disk, key, ledger, new, order_ids, record, session, terms};
use crate::memory::{Memory, Session, Weather};

const EPOCH: Uuid = Uuid::from_u128(7);

struct Disk {
    memory: Arc<Memory>,
    session: Arc<Session>,
    ledger: Addr<Ledger>,
}

impl Disk {
    fn open() -> Self {
        let (memory, session) = disk();
        let ledger = ledger(&session, memory.clock);
        Self { memory, session, ledger }
    }

    /// Puts the only lane to work, so that whatever is sent next goes down as one group.
    async fn busy(&self) {
        let before = self.told("records").len();
        self.session.set_weather(Weather { slow: 1.0, ..Weather::default() });
        self.ledger.do_send(record(vec![Ok(terms("first"))], None));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(self.told("records").len(), before, "the lane is free again");
    }

    async fn record_all(&self, records: Vec<Record>) -> Vec<Entry> {
        let sent = records.into_iter().map(|record| self.ledger.send(record));
        let answers = join_all(sent).await;
        answers.into_iter().map(|answer| answer.unwrap().unwrap()).collect()
    }

    async fn record(&self, record: Record) -> Recorded {
        new(self.ledger.send(record).await.unwrap().unwrap())
    }

    /// What was done on the disk that begins with this word.
    fn told(&self, word: &str) -> Vec<String> {
        let is_it = |line: &String| line.split_once(' ').is_some_and(|it| it.1.starts_with(word));
        self.memory.story().into_iter().filter(is_it).collect()
    }

    fn orders(&self) -> usize {
        self.memory.book().orders.len()
    }
}

fn named(name: &str, portfolio_id: &str) -> Terms {
    Terms { client_order_id: Some(name.to_owned()), ..terms(portfolio_id) }
}

#[actix::test]
async fn of_equal_keys_in_a_group_the_first_is_new_and_the_others_know_it() {
    let disk = Disk::open();
    disk.busy().await;

    let equal = |portfolio| record(vec![Ok(terms(portfolio))], key("k"));
    let entries = disk.record_all(vec![equal("a"), equal("a"), equal("b")]).await;

    let first = new(entries[0].clone());
    for entry in &entries[1..] {
        let Entry::Known(known) = entry else { panic!("{entry:?}") };
        assert_eq!((known.id, known.fingerprint), (first.batch_id, [7; 32]));
    }
    assert_eq!(disk.orders(), 2);
}

#[actix::test]
async fn keys_are_their_clients_and_their_routes() {
    let disk = Disk::open();
    disk.busy().await;

    let mine = record(vec![Ok(terms("a"))], key("k"));
    let elsewhere = Record { route: "/orders", ..record(vec![Ok(terms("a"))], key("k")) };
    let anothers = Record {
        client: crate::house::client_id("another"),
        ..record(vec![Ok(terms("a"))], key("k"))
    };
    let entries = disk.record_all(vec![mine, elsewhere, anothers]).await;

    assert!(entries.iter().all(|entry| matches!(entry, Entry::New(_))), "{entries:?}");
    assert_eq!(disk.told("records").len(), 2, "one commit for all: {:?}", disk.memory.story());
}

#[actix::test]
async fn a_name_that_comes_twice_in_a_batch_is_one_order() {
    let disk = Disk::open();

    let items = vec![Ok(named("own", "a")), Ok(named("own", "a")), Ok(named("own", "b"))];
    let recorded = disk.record(record(items, None)).await;

    let [Ok(first), Ok(second), Err(third)] = &recorded.items[..] else { panic!("{recorded:?}") };
    assert_eq!((first, &recorded.standing[..]), (second, &[1][..]));
    assert_eq!((third.kind, third.field), (FaultKind::Duplicate, "clientOrderId"));
    assert_eq!(disk.orders(), 1);
}

#[actix::test]
async fn a_name_that_comes_twice_in_a_group_is_one_order() {
    let disk = Disk::open();
    disk.busy().await;

    let letters = Some(Letters { epoch: EPOCH, chunk: 10, held_max: 10 });
    let batch = |others: &str, portfolio: &str| Record {
        letters,
        ..record(vec![Ok(named("own", portfolio)), Ok(terms(others))], None)
    };
    let entries = disk.record_all(vec![batch("x", "a"), batch("y", "a"), batch("z", "b")]).await;

    let [first, second, third] = [0, 1, 2].map(|place: usize| new(entries[place].clone()));
    let order = first.items[0].clone().unwrap();
    let again = second.items[0].clone().unwrap();
    assert_eq!((again.id, &second.standing[..]), (order.id, &[0][..]));
    assert_eq!(third.items[0].clone().unwrap_err().kind, FaultKind::Duplicate);
    let own: Vec<i64> = second.items[1..].iter().flatten().map(|order| order.id).collect();
    assert_eq!(second.letters[0].undecided, own, "only what is new is in its letter");
    assert_eq!(disk.orders(), 1 + 4);
}

#[actix::test]
async fn a_key_that_another_instance_takes_between_look_and_insert_is_known() {
    let disk = Disk::open();
    let elsewhere = ledger(&session(&disk.memory), disk.memory.clock);
    disk.session.set_weather(Weather { slow: 1.0, ..Weather::default() });

    let items = || vec![Ok(named("own", "a")), Ok(terms("b"))];
    let ours = disk.ledger.send(record(items(), key("k")));
    let theirs = async {
        while disk.told("looks for 1 keys").is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        new(elsewhere.send(record(items(), key("k"))).await.unwrap().unwrap())
    };
    let (ours, theirs) = tokio::join!(ours, theirs);

    let Entry::Known(known) = ours.unwrap().unwrap() else { panic!("recorded twice") };
    assert_eq!(known.id, theirs.batch_id);
    assert_eq!(disk.told("records").len(), 2, "ours was tried, and refused by the index");
    assert_eq!(disk.orders(), 2);
}

#[actix::test]
async fn a_name_that_another_instance_takes_between_look_and_insert_stands() {
    let disk = Disk::open();
    let elsewhere = ledger(&session(&disk.memory), disk.memory.clock);
    disk.session.set_weather(Weather { slow: 1.0, ..Weather::default() });

    let ours = disk.ledger.send(record(vec![Ok(named("own", "a")), Ok(terms("b"))], None));
    let theirs = async {
        while disk.told("looks for").is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        new(elsewhere.send(record(vec![Ok(named("own", "a"))], None)).await.unwrap().unwrap())
    };
    let (ours, theirs) = tokio::join!(ours, theirs);

    let ours = new(ours.unwrap().unwrap());
    let ids = (order_ids(ours.items.iter().flatten()), order_ids(theirs.items.iter().flatten()));
    assert_eq!((ids.0[0], &ours.standing[..]), (ids.1[0], &[0][..]));
    assert_eq!(disk.orders(), 2);
}

/// One letter with one order for each settlement of a group.
async fn letters(disk: &Disk, count: usize) -> Vec<(Uuid, i64)> {
    let letters = Some(Letters { epoch: EPOCH, chunk: 1, held_max: count });
    let items = (0..count).map(|_| Ok(terms("a"))).collect();
    let recorded = disk.record(Record { letters, ..record(items, None) }).await;
    recorded.letters.iter().map(|letter| (letter.id, letter.undecided[0])).collect()
}

fn sent((letter_id, order_id): (Uuid, i64), trade_id: i64) -> Settle {
    let sent = vec![(order_id, trade_id)];
    let (rejected, severed, rest) = (Vec::new(), None, Rest::Closed);
    Settle(Settlement { letter_id, fence: 1, sent, rejected, severed, rest })
}

#[actix::test]
async fn a_guilty_settlement_fails_alone() {
    let disk = Disk::open();
    let letters = letters(&disk, 6).await;
    disk.ledger.send(sent(letters[0], 100)).await.unwrap().unwrap();
    disk.session.set_weather(Weather { slow: 1.0, ..Weather::default() });
    disk.ledger.do_send(record(vec![Ok(terms("first"))], None));

    // The trade of the first order is said to be that of the fourth one, too.
    let trades = [101, 102, 100, 104, 105];
    let group = letters[1..].iter().zip(trades);
    let answers = join_all(group.map(|(letter, trade)| disk.ledger.send(sent(*letter, trade))));

    for (answer, trade) in answers.await.into_iter().zip(trades) {
        let answer = answer.unwrap();
        match trade {
            100 => {
                let guilty = matches!(answer, Err(Refused::Failed(Failure::Data { .. })));
                assert!(guilty, "{answer:?}");
            }
            _ => assert_eq!(answer, Ok(Settled::Done)),
        }
    }
    let book = disk.memory.book();
    let is_sent = |(_, id): &(Uuid, i64)| book.is_status(&book.orders[id].order, status::SENT);
    let sent: Vec<bool> = letters.iter().map(is_sent).collect();
    assert_eq!(sent, [true, true, true, false, true, true]);
    assert_eq!(book.letters.keys().collect::<Vec<_>>(), [&letters[3].0]);
}

#[actix::test]
async fn a_settlement_under_another_fence_writes_nothing() {
    let disk = Disk::open();
    let letters = letters(&disk, 2).await;
    let Settle(stale) = sent(letters[0], 100);
    let rejected = vec![Rejection { order_id: letters[1].1, message: "no".to_owned() }];
    let Settle(good) = sent(letters[1], 101);
    let group = [
        Settle(Settlement { fence: 2, ..stale }),
        Settle(Settlement { sent: Vec::new(), rejected, ..good }),
    ];

    let answers = join_all(group.map(|settle| disk.ledger.send(settle))).await;

    let answers: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().unwrap()).collect();
    assert_eq!(answers, [Settled::Stale, Settled::Done]);
    let book = disk.memory.book();
    assert_eq!(book.orders[&letters[0].1].order.letter_id, Some(letters[0].0));
    let rejected = &book.orders[&letters[1].1];
    assert_eq!((rejected.order.letter_id, rejected.error.as_deref()), (None, Some("no")));
}

#[actix::test]
async fn the_first_answer_of_a_batch_is_the_one_that_is_kept() {
    let disk = Disk::open();
    let batch_id = disk.record(record(vec![Ok(terms("a"))], key("k"))).await.batch_id;
    disk.busy().await;
    let answer = |status, body: &str| Answer { status, body: body.into() };
    let freeze = |answer| disk.ledger.send(Freeze { batch_id, answer });

    let kept = join_all([freeze(answer(200, "one")), freeze(answer(202, "two"))]).await;
    let late = freeze(answer(207, "three")).await;

    for kept in kept.into_iter().chain([late]) {
        assert_eq!(kept.unwrap(), Ok(answer(200, "one")));
    }
    let entry = disk.ledger.send(record(vec![Ok(terms("a"))], key("k"))).await.unwrap().unwrap();
    let Entry::Known(known) = entry else { panic!("{entry:?}") };
    assert_eq!(known.answer, Some(answer(200, "one")), "a repetition finds it");
}

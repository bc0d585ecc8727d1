//! The supervisor: what it takes in, what it lets out and when, and what it says of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use resilience::breaker::Command;
use tokio::time::{Instant, sleep, timeout};
use weir::actors::batch_supervisor::{
    Accepted, AcceptedItem, AskHeld, AskRoom, AskTimes, Drain, LettersDue, OrderFate, Room,
    Submission, SubmitBatch, SubmitOrders,
};
use weir::actors::ledger::{Gather, Refused};
use weir::actors::observe::Observe;
use weir::domain::caller::Caller;
use weir::domain::letter::LetterState;
use weir::domain::line::WORKERS;
use weir::domain::order::{FaultKind, Terms};
use weir::ports::post::Collect;

use crate::desk::Manner;
use crate::house::{
    House, ROUTE, Shape, accepted, client_id, ids, is_about, key, new, order_ids, record,
};
use crate::memory::Weather;

const SECOND: Duration = Duration::from_secs(1);

fn claim(client: &str, order_ids: &[i64]) -> SubmitOrders {
    let (client, order_ids) = (client_id(client), order_ids.to_vec());
    let caller = Caller::of(&client, None);
    SubmitOrders { client, caller, route: ROUTE, key: None, order_ids }
}

/// Defects 3, 33 of the ancestor.
#[actix::test]
async fn fifteen_calls_are_out_at_most_also_while_workers_die() {
    let house = House::open(Shape { chunk: 2, bulk_max: 2, ..Shape::default() }).await;
    let mut deadly: Vec<i64> = (1..400).step_by(7).collect();
    house.desk.follow(move |orders| {
        let before = deadly.len();
        deadly.retain(|id| !orders.contains(id));
        if deadly.len() < before { Manner::Kills } else { Manner::Takes }
    });

    let clients = ["a", "b", "c", "d"].into_iter().cycle().take(200);
    let asked = clients.map(|client| house.supervisor.send(house.batch(client, 2)));
    for submission in join_all(asked).await {
        accepted(submission.unwrap().unwrap());
    }
    house.until("all are sent", || house.all_sent()).await;

    assert_eq!(house.desk.most(), WORKERS);
    assert_eq!((house.desk.trades(), house.desk.twice()), (400, vec![]));
    let snapshot = house.supervisor.send(Observe).await.unwrap();
    assert!(snapshot.counters["workers_died"] > 40, "{snapshot:?}");
}

#[actix::test]
async fn a_third_of_the_children_carry_retries_while_first_attempts_wait() {
    let shape = Shape { bulk_max: 1, meets: false, sweep_every: 3600 * SECOND, ..Shape::default() };
    let house = House::open(shape).await;
    let retries = house.write_letters(30, 1, None).await;
    for letter in &retries.letters {
        house.memory.book().letters.get_mut(&letter.id).unwrap().letter.attempts = 1;
    }
    house.write_letters(40, 1, None).await;
    let epoch = house.epoch().unwrap();
    let collect = Collect { epoch, letters_max: 100, orders_max: 1000, retries_max: 100 };
    let collected = house.ledger.send(Gather(collect)).await.unwrap().unwrap();
    let loads = collected.loads;
    assert_eq!(loads.len(), 70);

    let due = LettersDue { loads, epoch, look: 0, more: false };
    house.supervisor.send(due).await.unwrap();
    house.until("all are sent", || house.all_sent()).await;

    let retry_ids = order_ids(retries.items.iter().flatten());
    let waves: Vec<usize> = house
        .desk
        .calls()
        .chunk_by(|first, second| first.at == second.at)
        .map(|wave| wave.iter().filter(|call| retry_ids.contains(&call.orders[0])).count())
        .collect();
    assert_eq!(waves, [5, 5, 5, 5, 10], "retries of each fifteen calls");
}

#[actix::test]
async fn behind_an_open_breaker_callers_hear_queued_at_once_and_nothing_is_called() {
    let house = House::open(Shape::default()).await;
    house.operate(Command::ForceOpen).await;

    let before = Instant::now();
    let accepted = house.submit(house.batch("a", 3)).await;
    accepted.progress.settled().await;

    assert_eq!(Instant::now(), before, "somebody waited");
    let fates = accepted.progress.fates();
    assert_eq!(fates.len(), 3);
    assert!(fates.values().all(|fate| matches!(fate, OrderFate::Queued { .. })), "{fates:?}");

    sleep(3600 * SECOND).await;
    assert_eq!(house.desk.calls().len(), 0);
    let held = house.supervisor.send(AskHeld).await.unwrap();
    assert_eq!(held.len(), 1, "the line waits in memory");

    house.operate(Command::Reset).await;
    sleep(2 * SECOND).await;
    assert_eq!(house.desk.calls().len(), 1);
    assert!(house.all_sent());
    let sent = |fate: &OrderFate| matches!(fate, OrderFate::Sent { .. });
    assert!(accepted.progress.fates().values().all(sent));
}

#[actix::test]
async fn a_caller_that_hangs_up_changes_nothing() {
    let house = House::open(Shape::default()).await;
    house.session.set_weather(Weather { slow: 1.0, ..Weather::default() });

    let asked = house.supervisor.send(house.batch("a", 3));
    assert!(timeout(Duration::ZERO, asked).await.is_err(), "it was answered before it hung up");
    house.until("it is recorded", || house.memory.book().orders.len() == 3).await;
    house.session.set_weather(Weather::default());

    house.until("all are sent", || house.all_sent()).await;
    assert_eq!(house.desk.called(), [1, 2, 3]);
}

#[actix::test]
async fn of_requests_with_one_key_one_is_new_and_the_others_share_its_progress() {
    let house = House::open(Shape::default()).await;
    let batch = || SubmitBatch { key: key("k"), ..house.batch("a", 2) };

    let answers = join_all((0..4).map(|_| house.supervisor.send(batch()))).await;

    let mut answers = answers.into_iter().map(|answer| answer.unwrap().unwrap());
    let first = accepted(answers.next().unwrap());
    for answer in answers {
        let Submission::Known(known, progress) = answer else { panic!("{answer:?}") };
        assert_eq!(known.id, first.batch_id);
        assert!(Arc::ptr_eq(&progress.unwrap(), &first.progress));
    }
    first.progress.settled().await;
    assert_eq!(house.desk.called(), ids(&first));

    let late = house.supervisor.send(batch()).await.unwrap().unwrap();
    let Submission::Known(known, progress) = late else { panic!("{late:?}") };
    assert_eq!((known.id, progress.is_none()), (first.batch_id, true), "it is over");
}

#[actix::test]
async fn a_claim_joins_what_is_on_its_way_already() {
    let house = House::open(Shape::default()).await;
    let items = (0..4).map(|_| Ok(house.terms())).collect();
    new(house.ledger.send(record(items, None)).await.unwrap().unwrap());
    let submit = |order_ids: &[i64]| house.supervisor.send(claim("a", order_ids));

    let answers = join_all([submit(&[1, 2, 3]), submit(&[2, 3, 4])]).await;

    for (answer, wanted) in answers.into_iter().zip([[1, 2, 3], [2, 3, 4]]) {
        let accepted = accepted(answer.unwrap().unwrap());
        accepted.progress.settled().await;
        assert_eq!(ids(&accepted), wanted);
        for (id, fate) in accepted.progress.fates() {
            let trade_order_id = house.desk.trade_of(id).unwrap();
            assert_eq!(fate, OrderFate::Sent { trade_order_id }, "order {id}");
        }
    }
    let mut called = house.desk.called();
    called.sort_unstable();
    assert_eq!(called, [1, 2, 3, 4], "each once");
}

#[actix::test]
async fn an_order_that_stands_and_is_named_twice_is_sent_once() {
    let house = House::open(Shape::default()).await;
    let own = Ok(Terms { client_order_id: Some("own".to_owned()), ..house.terms() });
    new(house.ledger.send(record(vec![own.clone()], None)).await.unwrap().unwrap());

    let items = vec![own.clone(), Ok(house.terms()), own];
    let accepted = house.submit(SubmitBatch { items, ..house.batch("client", 0) }).await;
    accepted.progress.settled().await;

    let named = accepted.items.iter().map(|item| match item {
        AcceptedItem::Order { id, .. } => *id,
        AcceptedItem::Sent { .. } | AcceptedItem::Fault(_) => panic!("{item:?}"),
    });
    let named: Vec<i64> = named.collect();
    assert_eq!((named[0], named[2]), (1, 1));
    let sent = |fate: &OrderFate| matches!(fate, OrderFate::Sent { .. });
    assert!(accepted.progress.fates().values().all(sent), "{:?}", accepted.progress.fates());
    let mut called = house.desk.called();
    called.sort_unstable();
    assert_eq!(called, ids(&accepted), "each once");
}

/// A batch that is recorded, and whose claim of an order that stood before meets this weather.
async fn stands_without_its_claim(weather: Weather) -> (House, Accepted) {
    let house = House::open(Shape::default()).await;
    let own = Terms { client_order_id: Some("own".to_owned()), ..house.terms() };
    new(house.ledger.send(record(vec![Ok(own.clone())], None)).await.unwrap().unwrap());
    house.session.set_weather(Weather { slow: 1.0, ..Weather::default() });

    let items = vec![Ok(own), Ok(house.terms())];
    let batch = SubmitBatch { items, key: key("k"), ..house.batch("client", 0) };
    let worse = async {
        house.until("the batch is recorded", || house.memory.book().orders.len() == 2).await;
        house.session.set_weather(weather);
    };
    let (accepted, ()) = tokio::join!(house.submit(batch), worse);
    house.session.set_weather(Weather::default());
    (house, accepted)
}

#[actix::test]
async fn a_batch_that_stands_is_accepted_although_its_claim_failed() {
    let outage = Weather { outage: 1.0, ..Weather::default() };
    let (house, accepted) = stands_without_its_claim(outage).await;

    let [AcceptedItem::Fault(fault), AcceptedItem::Order { id, .. }] = &accepted.items[..] else {
        panic!("{accepted:?}");
    };
    assert_eq!(fault.kind, FaultKind::TooSlow, "{fault:?}");
    accepted.progress.settled().await;
    assert_eq!(house.desk.called(), [*id], "what was recorded goes on its way");
}

#[actix::test]
async fn a_claim_of_unknown_outcome_is_told_as_unknown() {
    let losing = Weather { losing: 1.0, ..Weather::default() };
    let (_house, accepted) = stands_without_its_claim(losing).await;

    let AcceptedItem::Fault(fault) = &accepted.items[0] else { panic!("{accepted:?}") };
    assert_eq!(fault.kind, FaultKind::Unknown, "{fault:?}");
}

#[actix::test]
async fn a_batch_that_joins_counts_its_own_orders_only() {
    let house = House::open(Shape::default()).await;
    house.submit(house.batch("a", 3)).await;
    let items = vec![Ok(house.terms())];
    new(house.ledger.send(record(items, None)).await.unwrap().unwrap());
    let order_ids = vec![3, 4];
    let claim = claim("a", &order_ids);

    let claim = accepted(house.supervisor.send(claim).await.unwrap().unwrap());
    claim.progress.settled().await;
    sleep(SECOND).await;

    let end = house.supervisor.send(AskTimes(claim.batch_id)).await.unwrap().unwrap();
    assert_eq!((end.orders, end.sent, end.queued, end.failed), (2, 2, 0, 0));
}

#[actix::test]
async fn a_batch_without_a_letter_is_not_under_way() {
    let house = House::open(Shape::default()).await;
    house.submit(house.batch("a", 2)).await.progress.settled().await;

    for _ in 0..3 {
        let order_ids = vec![1, 2, 77];
        let claim = claim("a", &order_ids);
        let again = accepted(house.supervisor.send(claim).await.unwrap().unwrap());
        let [sent, _, missing] = &again.items[..] else { panic!("{again:?}") };
        assert!(matches!(sent, AcceptedItem::Sent { .. }), "{sent:?}");
        assert!(matches!(missing, AcceptedItem::Fault(_)), "{missing:?}");
    }

    let snapshot = house.supervisor.send(Observe).await.unwrap();
    assert_eq!(snapshot.counters["batches_under_way"], 0, "they would stay for ever");
}

#[actix::test]
async fn draining_lets_the_line_go_as_it_came_and_waits_for_the_calls() {
    let shape = Shape { chunk: 3, bulk_max: 4, ..Shape::default() };
    let house = House::open(shape).await;
    house.desk.take(5 * SECOND);
    let accepted = house.submit(house.batch("a", 60)).await;
    house.until("fifteen calls are out", || house.desk.most() == WORKERS).await;
    let out = house.desk.called();

    let began = house.desk.calls()[0].at;
    house.supervisor.send(Drain { within: 60 * SECOND }).await.unwrap();

    assert!(is_about(began.elapsed(), 5 * SECOND), "it answers with the last call");
    assert_eq!(house.desk.called(), out, "nothing goes out after it");
    assert!(out.iter().all(|id| house.is_sent(*id)));
    let waiting = house.letters_in(LetterState::Waiting);
    assert_eq!(waiting.iter().map(|letter| letter.undecided.len()).sum::<usize>(), 15);
    for letter in waiting {
        assert_eq!((letter.attempts, letter.fence), (0, 1), "{letter:?}");
        assert!(house.memory.book().letters[&letter.id].holder.is_none());
    }
    let fates = accepted.progress.fates();
    let queued = fates.values().filter(|fate| matches!(fate, OrderFate::Queued { .. }));
    assert_eq!(queued.count(), 15);

    let refused = house.supervisor.send(house.batch("a", 1)).await.unwrap();
    assert!(matches!(refused, Err(Refused::Stopping)), "{refused:?}");
}

#[actix::test]
async fn draining_waits_no_longer_than_it_may() {
    let house = House::open(Shape::default()).await;
    house.desk.take(45 * SECOND);
    house.submit(house.batch("a", 1)).await;

    let began = Instant::now();
    house.supervisor.send(Drain { within: 10 * SECOND }).await.unwrap();

    assert!(is_about(began.elapsed(), 10 * SECOND));
}

#[actix::test]
async fn first_attempts_of_a_client_begin_in_the_order_of_acceptance() {
    let house = House::open(Shape { chunk: 1, bulk_max: 1, ..Shape::default() }).await;
    let mut accepted = Vec::new();
    for _ in 0..60 {
        accepted.extend(ids(&house.submit(house.batch("a", 2)).await));
        sleep(Duration::from_millis(100)).await;
    }
    house.until("all are sent", || house.all_sent()).await;

    assert!(accepted.is_sorted());
    assert_eq!(house.desk.called(), accepted);
    let collected = house.supervisor.send(Observe).await.unwrap().counters["letters_collected"];
    assert!(collected > 20, "the room never ran out: {collected}");
}

#[actix::test]
async fn an_order_that_kills_three_workers_is_dead_and_its_neighbours_are_sent() {
    let house = House::open(Shape::default()).await;
    house.desk.follow(|orders| if orders.contains(&2) { Manner::Kills } else { Manner::Takes });

    let accepted = house.submit(house.batch("a", 3)).await;
    let dead = || house.letters_in(LetterState::Dead);
    house.until("a letter is dead", || !dead().is_empty() && house.is_sent(3)).await;

    let [letter] = &dead()[..] else { panic!("{:?}", dead()) };
    assert_eq!((&letter.undecided[..], letter.batch_id), (&[2][..], accepted.batch_id));
    let reason = letter.last_error.as_deref().unwrap_or_default();
    assert!(reason.starts_with("WORKER_KILLED: 3 workers"), "{reason}");
    assert!(house.is_sent(1) && house.is_sent(3) && !house.is_sent(2));
    assert_eq!(house.memory.book().letters.len(), 1, "nothing else is left");
    assert_eq!(house.desk.called().iter().filter(|id| **id == 2).count(), 3);
    assert!(house.desk.twice().is_empty());
}

#[actix::test]
async fn there_is_no_room_while_the_breaker_is_open() {
    let house = House::open(Shape::default()).await;

    house.operate(Command::ForceOpen).await;
    let room = house.supervisor.send(AskRoom).await.unwrap();
    assert_eq!(room, Room { look: room.look, ..Room::default() });

    house.operate(Command::Reset).await;
    let room = house.supervisor.send(AskRoom).await.unwrap();
    assert_eq!((room.orders, room.letters, room.retries), (3000, 60, 15));
}

#[actix::test]
async fn it_tells_of_each_child_and_its_load() {
    let house = House::open(Shape { chunk: 4, bulk_max: 4, ..Shape::default() }).await;
    house.submit(house.batch("a", 7)).await;
    sleep(SECOND / 4).await;

    let snapshot = house.supervisor.send(Observe).await.unwrap();

    assert_eq!((snapshot.name, snapshot.state), ("batch_supervisor", "working"));
    assert_eq!((snapshot.counters["children_busy"], snapshot.counters["orders_reserved"]), (2, 7));
    let held = house.letters_in(LetterState::Held);
    let parts: Vec<_> =
        snapshot.parts.iter().map(|part| (part.name.as_str(), part.orders)).collect();
    assert_eq!(parts, [("worker-1", 4), ("worker-2", 3)]);
    for (part, letter) in snapshot.parts.iter().zip(&held) {
        assert_eq!((part.state, part.done, part.restarts), ("carrying", 0, 0));
        assert!(is_about(part.busy_for.unwrap(), SECOND / 4));
        assert_eq!(part.letters, [letter.id]);
    }

    sleep(SECOND).await;
    let snapshot = house.supervisor.send(Observe).await.unwrap();
    assert_eq!((snapshot.state, snapshot.counters["orders_reserved"]), ("idle", 0));
    assert!(snapshot.parts.iter().all(|part| part.state == "idle" && part.done == 1));
}

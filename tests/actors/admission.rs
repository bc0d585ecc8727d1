//! Who comes in when more comes than can be done, asked through the supervisor.

use std::time::Duration;

use resilience::breaker::Command;
use tokio::time::sleep;
use weir::actors::batch_supervisor::{ObserveLine, OrderFate, SubmitBatch};
use weir::actors::ledger::Refused;
use weir::actors::observe::Observe;
use weir::domain::admission::Limits;
use weir::domain::letter::LetterState;
use weir::domain::width;

use crate::desk::{Manner, unknown};
use crate::house::{House, Shape, accepted, key};

const SECOND: Duration = Duration::from_secs(1);

/// Ten orders a second are believed; a line of ten seconds is useful.
const LIMITS: Limits = Limits {
    line_max: Duration::from_secs(10),
    drain_max: Duration::from_secs(100),
    ledger_max: Duration::from_secs(5),
    letters_max: 1_000,
    pace_at_first: 10.0,
};

/// A house whose trade service takes its time.
async fn slow_house() -> House {
    let house = House::open(Shape { limits: LIMITS, ..Shape::default() }).await;
    house.desk.take(3600 * SECOND);
    house
}

async fn ask(house: &House, batch: SubmitBatch) -> Result<(), Duration> {
    match house.supervisor.send(batch).await.unwrap() {
        Ok(submission) => {
            accepted(submission);
            Ok(())
        }
        Err(Refused::Busy { retry_after }) => Err(retry_after),
        Err(refused) => panic!("{refused:?}"),
    }
}

/// Sends batches of ten until one is turned away: how many came in, and the wait.
async fn until_turned_away(house: &House, client: &str) -> (usize, Duration) {
    for count in 0..200 {
        if let Err(wait) = ask(house, house.batch(client, 10)).await {
            return (count, wait);
        }
    }
    panic!("nobody is ever turned away");
}

async fn declined(house: &House) -> u64 {
    house.supervisor.send(Observe).await.unwrap().counters["declined"]
}

#[actix::test]
async fn a_line_that_is_long_enough_turns_away_who_brought_a_share_and_nobody_else() {
    let house = slow_house().await;

    let (batches, wait) = until_turned_away(&house, "heavy").await;

    // A hundred orders are ten seconds, and what was saved up comes on top.
    assert!((11..=13).contains(&batches), "{batches} batches of ten");
    assert!((11 * SECOND..14 * SECOND).contains(&wait), "{wait:?}");
    assert_eq!(ask(&house, house.batch("light", 1)).await, Ok(()));
    assert_eq!(declined(&house).await, 1);
    assert_eq!(house.memory.book().orders.len(), batches * 10 + 1, "nothing else is stored");
}

#[actix::test]
async fn a_share_grows_again_while_its_client_waits() {
    let house = slow_house().await;
    until_turned_away(&house, "heavy").await;

    sleep(3 * SECOND).await;

    assert_eq!(ask(&house, house.batch("heavy", 1)).await, Ok(()));
}

#[actix::test]
async fn who_asks_again_for_what_came_in_is_never_turned_away() {
    let house = slow_house().await;
    let first = || SubmitBatch { key: key("k"), ..house.batch("heavy", 10) };
    let batch = first();
    accepted(house.supervisor.send(batch).await.unwrap().unwrap());
    until_turned_away(&house, "heavy").await;

    let again = house.supervisor.send(first()).await.unwrap();
    let other = SubmitBatch { key: key("other"), ..house.batch("heavy", 10) };
    let other = house.supervisor.send(other).await.unwrap();

    assert!(again.is_ok(), "{again:?}");
    assert!(matches!(other, Err(Refused::Busy { .. })), "{other:?}");
}

#[actix::test]
async fn when_the_line_is_short_again_all_come_in() {
    let house = slow_house().await;
    house.desk.take(SECOND);
    until_turned_away(&house, "heavy").await;
    house.until("all are sent", || house.all_sent()).await;

    for _ in 0..10 {
        assert_eq!(ask(&house, house.batch("heavy", 10)).await, Ok(()));
    }
}

#[actix::test]
async fn a_breaker_that_is_open_turns_nobody_away_until_much_is_put_by() {
    let house = slow_house().await;
    house.operate(Command::ForceOpen).await;

    let (batches, _) = until_turned_away(&house, "heavy").await;

    assert!((100..=103).contains(&batches), "{batches}: a hundred seconds of work and a share");
}

#[actix::test]
async fn letters_that_others_left_count_when_they_were_counted() {
    let house = House::open(Shape { limits: LIMITS, ..Shape::default() }).await;
    house.desk.take(3600 * SECOND);
    house.operate(Command::ForceOpen).await;
    for _ in 0..10 {
        house.write_letters(101, 1, None).await;
    }
    assert_eq!(ask(&house, house.batch("a", 1)).await, Ok(()), "nobody knows of them yet");

    // Every third sweep counts.
    sleep(16 * SECOND).await;

    assert!(house.letters_in(LetterState::Waiting).len() > 1_000);
    assert!(ask(&house, house.batch("a", 1)).await.is_err(), "more letters than may stand");
}

#[actix::test]
async fn fewer_children_call_a_trade_service_that_fails_and_all_when_it_recovers() {
    let shape = Shape { chunk: 1, bulk_max: 1, adapts: true, ..Shape::default() };
    let house = House::open(shape).await;
    let in_use = async || house.supervisor.send(Observe).await.unwrap().counters["children_in_use"];
    assert_eq!(in_use().await, 15);

    house.operate(Command::Disable).await;
    house.desk.follow(|_| Manner::Says(unknown()));
    for _ in 0..8 {
        house.submit(house.batch("a", 1)).await;
        sleep(2 * SECOND).await;
    }
    assert_eq!(in_use().await, width::LEAST as u64);

    house.desk.follow(|_| Manner::Takes);
    for _ in 0..40 {
        house.submit(house.batch("a", 30)).await;
        sleep(5 * SECOND).await;
    }
    house.until("all are sent", || house.all_sent()).await;
    assert_eq!(in_use().await, 15);
}

#[actix::test]
async fn when_many_wait_already_the_next_hears_at_once_that_it_will_take_long() {
    let limits = Limits { line_max: 3600 * SECOND, ..LIMITS };
    let shape = Shape { chunk: 1, bulk_max: 1, limits, ..Shape::default() };
    let house = House::open(shape).await;
    house.desk.take(3600 * SECOND);

    let mut kept = Vec::new();
    for _ in 0..90 {
        kept.push(house.submit(house.batch("a", 10)).await);
    }

    let queued = |fate: &OrderFate| matches!(fate, OrderFate::Queued { .. });
    let first = kept.first().unwrap().progress.fates();
    assert!(!first.values().any(queued), "the first waits: {first:?}");
    let last = kept.last().unwrap().progress.fates();
    assert!(last.values().all(queued), "the last does not: {last:?}");
}

#[actix::test]
async fn the_line_is_told_by_client_the_largest_first() {
    let limits = Limits { line_max: 3600 * SECOND, ..LIMITS };
    let shape = Shape { chunk: 10, bulk_max: 10, limits, ..Shape::default() };
    let house = House::open(shape).await;
    house.desk.take(3600 * SECOND);
    house.submit(house.batch("first", 150)).await;
    for (client, orders) in [("small", 5), ("large", 25)] {
        house.submit(house.batch(client, orders)).await;
    }
    sleep(SECOND / 4).await;

    let line = house.supervisor.send(ObserveLine).await.unwrap();

    assert_eq!((line.children_busy, line.children_in_use), (15, 15));
    assert_eq!((line.loads, line.orders), (4, 30));
    let clients = line.clients.iter().map(|it| (it.client.as_str(), it.loads, it.orders));
    assert_eq!(clients.collect::<Vec<_>>(), [("large", 3, 25), ("small", 1, 5)]);
}

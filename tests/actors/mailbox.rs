//! The mailbox: its lease, and the letters that it brings, takes back and lets go of.

use std::time::Duration;

use resilience::breaker::Command;
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use weir::actors::batch_supervisor::Wake;
use weir::actors::batch_supervisor::{AskHeld, OrderFate};
use weir::actors::observe::{Observe, Snapshot};
use weir::actors::retry_mailbox::Leave;
use weir::domain::letter::LetterState;
use weir::ports::post::Leases;

use crate::house::{House, INSTANCE, QUIET_AFTER, Shape, is_about};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

async fn observe(house: &House) -> Snapshot {
    house.mailbox.send(Observe).await.unwrap()
}

/// Somebody else starts under our name: our epoch has ended, as the database sees it.
async fn end_our_epoch(house: &House) {
    house.session.enter(Uuid::now_v7(), INSTANCE).await.unwrap();
}

#[actix::test]
async fn it_has_a_lease_as_soon_as_the_database_serves() {
    let house = House::open(Shape { serves: false, ..Shape::default() }).await;
    sleep(60 * SECOND).await;
    assert_eq!((house.epoch(), observe(&house).await.state), (None, "without lease"));

    let before = Instant::now();
    house.gauge.serve();
    house.until("there is a lease", || house.epoch().is_some()).await;

    assert!(before.elapsed() < SECOND, "{:?}", before.elapsed());
    assert_eq!(observe(&house).await.state, "holding");
}

#[actix::test]
async fn its_lease_is_renewed_before_it_ends() {
    let house = House::open(Shape::default()).await;
    let epoch = house.epoch().unwrap();

    for _ in 0..600 {
        sleep(SECOND).await;
        assert_eq!(house.epoch(), Some(epoch));
    }

    let renewals = observe(&house).await.counters["renewals"];
    assert!((119..=121).contains(&renewals), "one in five seconds: {renewals}");
    assert!(house.session.renew(epoch).await.unwrap(), "the database says so, too");
}

#[actix::test]
async fn a_lease_that_has_ended_takes_the_line_along_and_another_one_begins() {
    let house = House::open(Shape::default()).await;
    house.operate(Command::ForceOpen).await;
    let accepted = house.submit(house.batch("a", 3)).await;
    assert_eq!(house.supervisor.send(AskHeld).await.unwrap().len(), 1);
    let epoch = house.epoch().unwrap();

    end_our_epoch(&house).await;
    let is_another = || house.epoch().is_some_and(|now| now != epoch);
    house.until("another epoch begins", is_another).await;

    assert_eq!(house.supervisor.send(AskHeld).await.unwrap().len(), 0, "the line is empty");
    assert_eq!(observe(&house).await.counters["leases_lost"], 1);
    for fate in accepted.progress.fates().into_values() {
        let OrderFate::Queued { reason } = fate else { panic!("{fate:?}") };
        assert!(reason.contains("lease"), "{reason}");
    }

    house.operate(Command::Reset).await;
    house.until("all are sent", || house.all_sent()).await;
    assert_eq!(house.desk.called(), [1, 2, 3], "once");
}

#[actix::test]
async fn a_letter_is_brought_when_it_becomes_due_without_a_sweep() {
    let house = House::open(Shape { sweep_every: HOUR, ..Shape::default() }).await;
    let recorded = house.write_letters(3, 1, None).await;
    for (letter, seconds) in recorded.letters.iter().zip([30, 150, 0]) {
        let due_at = house.now().plus(seconds * SECOND);
        house.memory.book().letters.get_mut(&letter.id).unwrap().letter.due_at = due_at;
    }

    let began = Instant::now();
    house.mailbox.send(Wake).await.unwrap();
    house.until("all are sent", || house.all_sent()).await;

    let calls = house.desk.calls();
    let orders: Vec<_> = calls.iter().map(|call| call.orders.clone()).collect();
    assert_eq!(orders, [[3], [1], [2]]);
    for (call, seconds) in calls.iter().zip([0, 30, 150]) {
        assert!(is_about(call.at - began, seconds * SECOND), "{:?}", call.at - began);
    }
}

#[actix::test]
async fn letters_of_an_ended_epoch_are_taken_back_looked_up_and_sent() {
    let house = House::open(Shape::default()).await;
    let another = Uuid::from_u128(1);
    house.session.enter(another, "elsewhere").await.unwrap();
    let recorded = house.write_letters(2, 10, Some(another)).await;
    let letter_id = recorded.letters[0].id;
    sleep(10 * SECOND).await;
    let letter = house.letter(letter_id).unwrap();
    assert_eq!((letter.state, letter.fence), (LetterState::Held, 1), "its lease is good");

    house.session.leave(another).await.unwrap();
    let began = Instant::now();
    let taken = || house.letter(letter_id).is_some_and(|letter| letter.attempts == 1);
    house.until("it is taken back", taken).await;
    assert!(began.elapsed() <= 6 * SECOND, "the next sweep finds it");
    let trouble = house.letter(letter_id).unwrap().trouble;
    assert_eq!((trouble.doubtful, trouble.tainted), (vec![1, 2], true));

    house.until("all are sent", || house.all_sent()).await;
    assert_eq!(house.desk.called(), [1, 2]);
    let first_call = house.desk.calls()[0].at;
    assert!(first_call - began >= QUIET_AFTER, "its call could still have arrived");
    assert_eq!(observe(&house).await.counters["taken_back"], 1);
}

#[actix::test]
async fn a_lease_that_runs_out_is_an_end_as_well() {
    let house = House::open(Shape::default()).await;
    let another = Uuid::from_u128(1);
    house.session.enter(another, "elsewhere").await.unwrap();
    house.write_letters(2, 10, Some(another)).await;

    let began = Instant::now();
    house.until("it is taken back", || house.letters_in(LetterState::Held).is_empty()).await;

    assert!((15 * SECOND..21 * SECOND).contains(&began.elapsed()), "{:?}", began.elapsed());
}

#[actix::test]
async fn a_stray_is_let_go_after_two_looks() {
    let house = House::open(Shape::default()).await;
    house.write_letters(2, 10, house.epoch()).await;

    // Every third sweep looks: after 15 seconds it is suspect, after 30 it is one.
    sleep(29 * SECOND).await;
    assert_eq!(observe(&house).await.counters["strays"], 0);
    let held = house.letters_in(LetterState::Held);
    assert_eq!(held.iter().map(|letter| letter.fence).collect::<Vec<_>>(), [1]);

    sleep(2 * SECOND).await;
    assert_eq!(observe(&house).await.counters["strays"], 1);
    assert!(house.desk.calls().is_empty(), "it is looked up first");
    house.until("all are sent", || house.all_sent()).await;
    assert_eq!(house.desk.called(), [1, 2], "once");
}

#[actix::test]
async fn what_the_supervisor_holds_is_no_stray() {
    let house = House::open(Shape::default()).await;
    house.operate(Command::ForceOpen).await;
    house.submit(house.batch("a", 2)).await;

    sleep(120 * SECOND).await;

    assert_eq!(observe(&house).await.counters["strays"], 0);
    let held = house.letters_in(LetterState::Held);
    assert_eq!(held.iter().map(|letter| letter.fence).collect::<Vec<_>>(), [1]);
}

#[actix::test]
async fn leaving_ends_the_lease_for_everybody() {
    let house = House::open(Shape::default()).await;
    let epoch = house.epoch().unwrap();

    house.mailbox.send(Leave).await.unwrap();

    assert!(!house.session.renew(epoch).await.unwrap(), "the database knows");
    sleep(60 * SECOND).await;
    assert_eq!((house.epoch(), observe(&house).await.state), (None, "leaving"));
}

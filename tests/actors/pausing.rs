//! What operators have paused is not sent, stays in its order, and takes nobody else's room.

use std::time::Duration;

use resilience::breaker::Command;
use tokio::time::{Instant, sleep, timeout};
use weir::actors::batch_supervisor::{Accepted, AskHeld, AskRoom, OrderFate, Room};
use weir::actors::retry_mailbox::FollowPauses;
use weir::domain::letter::LetterState;
use weir::domain::moment::Moment;
use weir::domain::pause::{Pause, Paused};

use crate::house::{House, Shape, ids};

const SECOND: Duration = Duration::from_secs(1);

fn client(name: &str) -> Paused {
    Paused::of("client", name).unwrap()
}

fn post(house: &House, paused: &[Paused]) {
    let since = Moment::from_micros(0);
    let pause = |paused: &Paused| Pause {
        paused: paused.clone(),
        since,
        operator: "ann".to_owned(),
        reason: "a drill".to_owned(),
    };
    house.memory.book().pauses = paused.iter().map(pause).collect();
}

/// From now on this is paused, and nothing else.
async fn pause(house: &House, paused: &[Paused]) {
    post(house, paused);
    house.mailbox.send(FollowPauses).await.unwrap();
}

/// All orders of a batch hear at once that an operator keeps them from being sent.
#[track_caller]
fn assert_put_off(accepted: &Accepted) {
    let fates = accepted.progress.fates();
    for fate in fates.values() {
        let OrderFate::Queued { reason } = fate else { panic!("{fate:?}") };
        assert!(reason.contains("an operator has paused"), "{reason}");
    }
    assert!(!fates.is_empty());
}

#[actix::test]
async fn while_the_destination_is_paused_nothing_is_called_and_callers_hear_it_at_once() {
    let house = House::open(Shape::default()).await;
    pause(&house, &[Paused::Destination]).await;
    let before = Instant::now();

    let accepted = house.submit(house.batch("a", 3)).await;
    timeout(SECOND, accepted.progress.settled()).await.unwrap();

    assert!(before.elapsed() < SECOND);
    assert_put_off(&accepted);
    let room = house.supervisor.send(AskRoom).await.unwrap();
    assert_eq!(room, Room { look: room.look, ..Room::default() });
    sleep(600 * SECOND).await;
    assert!(house.desk.called().is_empty());
    pause(&house, &[]).await;
    house.until("all are sent", || house.all_sent()).await;
}

#[actix::test]
async fn what_a_paused_client_sends_waits_in_the_database_and_others_pass() {
    let house = House::open(Shape::default()).await;
    pause(&house, &[client("a")]).await;

    let put_off = house.submit(house.batch("a", 3)).await;
    let passes = house.submit(house.batch("b", 3)).await;
    house.until("the other is sent", || ids(&passes).iter().all(|id| house.is_sent(*id))).await;

    assert_put_off(&put_off);
    sleep(600 * SECOND).await;
    assert!(ids(&put_off).iter().all(|id| !house.is_sent(*id)));
    assert_eq!(house.letters_in(LetterState::Waiting).len(), 1);
    assert_eq!(house.supervisor.send(AskHeld).await.unwrap().len(), 0, "it takes no room");
    pause(&house, &[]).await;
    house.until("all are sent", || house.all_sent()).await;
}

#[actix::test]
async fn loads_that_wait_when_their_client_is_paused_go_back_as_they_came() {
    let house = House::open(Shape::default()).await;
    house.operate(Command::ForceOpen).await;
    let accepted = house.submit(house.batch("a", 3)).await;
    assert_eq!(house.supervisor.send(AskHeld).await.unwrap().len(), 1);

    pause(&house, &[client("a")]).await;
    house.until("it is let go of", || house.letters_in(LetterState::Waiting).len() == 1).await;

    assert_put_off(&accepted);
    let letter = house.letters_in(LetterState::Waiting).remove(0);
    assert_eq!((letter.attempts, letter.is_fresh()), (0, true));
    assert_eq!(letter.due_at, letter.created_at, "its place is kept");
    house.operate(Command::Reset).await;
    sleep(60 * SECOND).await;
    assert!(house.desk.called().is_empty());
    pause(&house, &[]).await;
    house.until("all are sent", || house.all_sent()).await;
}

#[actix::test]
async fn after_a_pause_a_client_s_orders_leave_in_the_order_of_acceptance() {
    let house = House::open(Shape { bulk_max: 1, ..Shape::default() }).await;
    pause(&house, &[client("a")]).await;
    for _ in 0..20 {
        house.submit(house.batch("a", 1)).await;
    }
    sleep(60 * SECOND).await;

    pause(&house, &[]).await;
    for _ in 0..20 {
        house.submit(house.batch("a", 1)).await;
    }
    house.until("all are sent", || house.all_sent()).await;

    let called = house.desk.called();
    assert!(called.is_sorted(), "{called:?}");
}

#[actix::test]
async fn what_another_instance_paused_is_followed_within_a_sweep() {
    let house = House::open(Shape::default()).await;
    post(&house, &[Paused::Destination]);
    sleep(6 * SECOND).await;

    let accepted = house.submit(house.batch("a", 1)).await;

    assert_put_off(&accepted);
    post(&house, &[]);
    house.until("all are sent", || house.all_sent()).await;
}

#[actix::test]
async fn after_a_start_nothing_is_sent_until_it_is_known_what_is_paused() {
    let house = House::open(Shape { serves: false, ..Shape::default() }).await;
    house.memory.book().hides_pauses = true;
    house.write_letters(3, 3, None).await;
    house.gauge.serve();
    house.until("there is a lease", || house.epoch().is_some()).await;

    let accepted = house.submit(house.batch("a", 1)).await;
    sleep(60 * SECOND).await;
    assert!(house.desk.called().is_empty());
    post(&house, &[Paused::Destination]);
    house.memory.book().hides_pauses = false;
    sleep(60 * SECOND).await;

    assert!(house.desk.called().is_empty());
    assert_put_off(&accepted);
    pause(&house, &[]).await;
    house.until("all are sent", || house.all_sent()).await;
}

//! Those who are told of changes cannot hurt the breaker.

use super::fake::Stop;
use super::*;

#[actix::test]
async fn subscribers_hear_every_change_in_order_and_the_present_state_at_once() {
    let house = House::open(PLAIN);
    house.operate(Command::ForceOpen).await;
    let (ear, heard) = Ear::hear(Duration::ZERO, 16);

    let now = house.room.send(Subscribe(ear.recipient())).await.unwrap();
    house.operate(Command::Reset).await;
    house.fail(3).await;
    settle().await;

    assert_eq!(now.state, StateName::ForcedOpen);
    assert_eq!(*heard.lock().unwrap(), ["forced_open>closed", "closed>open"]);
}

#[actix::test]
async fn a_subscriber_with_a_full_mailbox_is_told_the_newest_change_later() {
    let house = House::open(PLAIN);
    let (deaf, late) = Ear::hear(seconds(30), 1);
    let (ear, heard) = Ear::hear(Duration::ZERO, 16);
    for who in [deaf.recipient(), ear.recipient()] {
        house.room.send(Subscribe(who)).await.unwrap();
    }
    settle().await;

    for _ in 0..10 {
        house.operate(Command::ForceOpen).await;
        house.operate(Command::Reset).await;
    }
    settle().await;
    assert_eq!(heard.lock().unwrap().len(), 20, "the other one hears everything");
    assert!(late.lock().unwrap().is_empty());
    tokio::time::sleep(seconds(31)).await;

    let late = late.lock().unwrap().clone();
    assert!(late.len() < 10, "{late:?}");
    assert_eq!(late.last().unwrap(), "forced_open>closed");
    let seen = house.observe().await;
    assert_eq!(seen.events_skipped + u64::try_from(late.len()).unwrap(), 20);
}

#[actix::test]
async fn a_subscriber_that_is_gone_is_forgotten() {
    let house = House::open(PLAIN);
    let (gone, _) = Ear::hear(Duration::ZERO, 16);
    let (ear, heard) = Ear::hear(Duration::ZERO, 16);
    for who in [gone.clone().recipient(), ear.recipient()] {
        house.room.send(Subscribe(who)).await.unwrap();
    }
    gone.send(Stop).await.unwrap();
    settle().await;
    assert!(!gone.connected());

    house.operate(Command::ForceOpen).await;
    house.operate(Command::Reset).await;
    settle().await;

    assert_eq!(heard.lock().unwrap().len(), 2);
    assert_eq!(house.observe().await.events_skipped, 0);
}

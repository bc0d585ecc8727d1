//! A breaker that ends: it begins again closed, or is not missed.

use actix::Supervisor;

use super::fake::{Die, Stop};
use super::*;

fn supervised() -> House {
    tokio::time::pause();
    let meter = Arc::new(Tally::default());
    let (room, view) = CircuitBreaker::new(&setup(PLAIN), Arc::new(SystemClock), meter.clone());
    let room = Supervisor::start(|_| room);
    let handle = BreakerHandle::new(view.clone(), room.clone().recipient());
    House { room, view, handle, meter }
}

#[actix::test]
async fn a_restart_begins_closed_whatever_was_before() {
    for command in [None, Some(Command::ForceOpen), Some(Command::Disable)] {
        let house = supervised();
        house.fail(3).await;
        assert_eq!(house.state().await, StateName::Open);
        if let Some(command) = command {
            house.operate(command).await;
        }

        house.room.send(Stop).await.unwrap();
        settle().await;

        assert_eq!(house.state().await, StateName::Closed);
        let events = house.observe().await.events;
        assert_eq!(events.last().unwrap().change.reason.label(), "restarted");
        tokio::time::resume();
    }
}

#[actix::test]
async fn a_restarted_breaker_hears_trips_and_times_as_before() {
    let house = supervised();
    let old = house.handle.permit().await.unwrap();
    house.fail(3).await;
    assert_eq!(house.state().await, StateName::Open);
    house.room.send(Stop).await.unwrap();
    settle().await;

    house.fail(2).await;
    old.failed(FailureKind::TimedOut, QUICK);
    assert_eq!(house.state().await, StateName::Closed, "a permit of the old days");
    house.fail(1).await;
    settle().await;
    assert_eq!(house.view.state(), StateName::Open);
    tokio::time::sleep(seconds(15)).await;
    settle().await;
    assert_eq!(house.view.state(), StateName::HalfOpen);
    for _ in 0..3 {
        house.handle.permit().await.unwrap().succeeded(QUICK);
    }
    assert_eq!(house.state().await, StateName::Closed);
}

#[actix::test]
async fn a_subscriber_that_could_not_hear_is_told_after_a_restart_too() {
    let house = supervised();
    let (ear, heard) = Ear::hear(seconds(30), 1);
    house.room.send(Subscribe(ear.recipient())).await.unwrap();
    for _ in 0..5 {
        house.operate(Command::ForceOpen).await;
    }

    house.room.send(Stop).await.unwrap();
    tokio::time::sleep(seconds(31)).await;

    assert_eq!(heard.lock().unwrap().last().unwrap(), "forced_open>closed");
}

#[actix::test]
async fn a_breaker_that_died_permits_unseen_after_what_remains_of_its_opening() {
    let house = House::open(PLAIN);
    let out = house.handle.permit().await.unwrap();
    house.fail(3).await;
    assert_eq!(house.state().await, StateName::Open);

    assert!(house.room.send(Die).await.is_err());
    settle().await;

    assert_eq!(house.handle.permit().await.unwrap_err().why, "open");
    out.succeeded(QUICK);
    tokio::time::sleep(seconds(15)).await;
    settle().await;
    for _ in 0..500 {
        house.handle.permit().await.unwrap().failed(FailureKind::TimedOut, QUICK);
    }
}

#[actix::test]
async fn a_breaker_that_died_closed_permits_and_one_that_was_forced_open_refuses() {
    let house = House::open(PLAIN);
    assert!(house.room.send(Die).await.is_err());
    settle().await;
    for _ in 0..500 {
        house.handle.permit().await.unwrap().failed(FailureKind::TimedOut, QUICK);
    }

    tokio::time::resume();
    let house = House::open(PLAIN);
    house.operate(Command::ForceOpen).await;
    assert!(house.room.send(Die).await.is_err());
    tokio::time::sleep(seconds(3_600)).await;
    assert_eq!(house.handle.permit().await.unwrap_err().why, "forced_open");
}

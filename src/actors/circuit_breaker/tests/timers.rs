//! Openings end and silent rounds are decided by themselves; old timers change nothing.

use super::*;

#[actix::test]
async fn an_opening_ends_by_its_timer_although_nobody_asks() {
    let house = House::open(PLAIN);
    let (ear, heard) = Ear::hear(Duration::ZERO, 16);
    house.room.send(Subscribe(ear.recipient())).await.unwrap();
    house.fail(3).await;

    tokio::time::sleep(Duration::from_millis(14_900)).await;
    assert!(house.is_refusing());
    tokio::time::sleep(Duration::from_millis(200)).await;

    assert_eq!(*heard.lock().unwrap(), ["closed>open", "open>half_open"]);
    assert_eq!(house.view.state(), StateName::HalfOpen);
    assert!(!house.is_refusing());
}

#[actix::test]
async fn a_probe_that_is_not_heard_of_opens_the_breaker_after_its_patience() {
    let house = House::open(PLAIN);
    house.make_half_open().await;
    // Nobody comes for an hour: no verdict, and nothing to decide.
    tokio::time::sleep(seconds(3_600)).await;
    assert_eq!(house.view.state(), StateName::HalfOpen);
    let hangs = house.handle.permit().await.unwrap();

    tokio::time::sleep(seconds(59)).await;
    assert_eq!(house.view.state(), StateName::HalfOpen);
    tokio::time::sleep(seconds(2)).await;

    assert_eq!(house.view.state(), StateName::Open);
    let events = house.observe().await.events;
    assert_eq!(events.last().unwrap().change.reason.label(), "probes_silent");
    hangs.succeeded(seconds(61));
    assert_eq!(house.state().await, StateName::Open);
}

#[actix::test]
async fn a_probe_that_is_heard_of_late_moves_the_timer() {
    let house = House::open(PLAIN);
    house.make_half_open().await;
    let [first, _second] =
        [house.handle.permit().await.unwrap(), house.handle.permit().await.unwrap()];
    tokio::time::sleep(seconds(50)).await;
    first.succeeded(seconds(50));

    tokio::time::sleep(seconds(50)).await;
    assert_eq!(house.view.state(), StateName::HalfOpen);
    tokio::time::sleep(seconds(11)).await;
    assert_eq!(house.view.state(), StateName::Open);
}

#[actix::test]
async fn the_timer_of_an_opening_does_nothing_after_a_reset() {
    let house = House::open(PLAIN);
    house.fail(3).await;
    assert_eq!(house.state().await, StateName::Open);
    tokio::time::sleep(seconds(10)).await;
    house.operate(Command::Reset).await;
    house.fail(3).await;
    assert_eq!(house.state().await, StateName::Open);

    // The first opening would have ended now; the second has ten seconds to go.
    tokio::time::sleep(seconds(6)).await;
    assert_eq!(house.state().await, StateName::Open);
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(house.state().await, StateName::HalfOpen);
}

#[actix::test]
async fn no_timer_ends_what_an_operator_ordered() {
    for command in
        [Command::ForceOpen, Command::ForceClosed, Command::Disable, Command::MetricsOnly]
    {
        let house = House::open(PLAIN);
        house.fail(3).await;
        assert_eq!(house.state().await, StateName::Open);

        let event = house.operate(command).await;

        tokio::time::sleep(seconds(86_400)).await;
        assert_eq!(house.state().await, event.change.to);
        tokio::time::resume();
    }
}

//! What a breaker tells of itself.

use super::*;
use crate::actors::observe::Observe;

#[actix::test]
async fn the_snapshot_tells_state_counters_and_the_last_accusation() {
    let house = House::open(PLAIN);
    let fresh = house.room.send(Observe).await.unwrap();
    assert_eq!((fresh.name, fresh.state), ("trade_breaker", "closed"));
    assert_eq!((fresh.last_error, fresh.counters["trips"]), (None, 0));

    house.handle.permit().await.unwrap().succeeded(QUICK);
    house.fail(3).await;
    settle().await;
    assert!(house.handle.permit().await.is_err());
    assert!(house.ask().await.is_err());

    let open = house.room.send(Observe).await.unwrap();
    assert_eq!((open.state, open.last_error.as_deref()), ("open", Some("3 calls in a row failed")));
    let counted = ["succeeded", "failed", "refused", "trips", "permits_out"];
    assert_eq!(counted.map(|name| open.counters[name]), [1, 3, 2, 1, 0]);
}

#[actix::test]
async fn the_last_hundred_changes_are_remembered_oldest_first() {
    let house = House::open(PLAIN);
    for _ in 0..75 {
        house.operate(Command::ForceOpen).await;
        house.operate(Command::Reset).await;
    }

    let events = house.observe().await.events;

    assert_eq!(events.len(), 100);
    let generations: Vec<_> = events.iter().map(|event| event.change.generation).collect();
    assert_eq!(generations, (52..=151).collect::<Vec<_>>());
}

#[actix::test]
async fn the_meter_is_told_of_states_transitions_refusals_outcomes_and_permits() {
    let house = House::open(PLAIN);
    settle().await;
    assert_eq!(house.meter.of("trade is closed"), 1);
    let held = house.handle.permit().await.unwrap();
    house.make_half_open().await;
    for _ in 0..3 {
        house.handle.permit().await.unwrap().succeeded(QUICK);
    }
    assert_eq!(house.state().await, StateName::Closed);
    drop(held);
    settle().await;

    let told = [
        ("closed open consecutive_failures 0s", 1),
        ("open half_open cooled_down 15s", 1),
        ("half_open closed probes_succeeded 0s", 1),
        ("trade is open", 1),
        ("trade is half_open", 1),
        ("trade is closed", 2),
        ("ended timed_out", 3),
        ("ended succeeded", 3),
        ("ended returned", 1),
    ];
    for (words, times) in told {
        assert_eq!(house.meter.of(words), times, "{words}");
    }
    assert!(house.meter.of("permits") >= 1);
}

#[actix::test]
async fn the_moment_of_the_last_change_is_told() {
    let house = House::open(PLAIN);
    let started = house.observe().await.since;
    house.operate(Command::ForceOpen).await;
    let forced = house.observe().await.since;
    house.operate(Command::ForceOpen).await;

    assert!(forced >= started);
    assert_eq!(house.observe().await.since, forced, "it was forced open already");
}

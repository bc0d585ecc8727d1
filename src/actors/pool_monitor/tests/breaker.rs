//! What the monitor tells the breaker of the pool, and how it follows it.

use resilience::breaker::{Command, Reason};

use super::*;
use crate::actors::circuit_breaker::{ObserveBreaker, Operate};

impl House {
    async fn breaker_state(&self) -> StateName {
        self.breaker.send(ObserveBreaker).await.unwrap().picture.state
    }
}

#[actix::test]
async fn without_a_database_the_pool_is_not_judged() {
    let house = House::new(PACE);
    for starting in [true, false] {
        {
            let mut panel = house.gauge.panel();
            (panel.starting, panel.away) = (starting, true);
            (panel.sample, panel.timeouts_in_a_row) = (used(100), 9);
        }

        ticks(5).await;

        assert_eq!(house.breaker_state().await, StateName::Closed);
    }
}

#[actix::test]
async fn the_breaker_hears_each_sample_and_opens_at_the_third_high_one() {
    let house = House::new(PACE);
    house.gauge.panel().sample = used(75);
    ticks(2).await;
    assert_eq!(house.breaker_state().await, StateName::Closed);

    ticks(1).await;

    let seen = house.breaker.send(ObserveBreaker).await.unwrap();
    assert_eq!(seen.picture.state, StateName::Open);
    let reason = Reason::Utilisation { samples: 3, ratio: 0.75 };
    assert_eq!(seen.events[0].change.reason, reason);
}

#[actix::test]
async fn the_breaker_hears_of_waits_that_ran_out() {
    let house = House::new(PACE);
    house.gauge.panel().timeouts_in_a_row = 2;
    ticks(1).await;
    assert_eq!(house.breaker_state().await, StateName::Closed);

    house.gauge.panel().timeouts_in_a_row = 3;
    ticks(1).await;

    assert_eq!(house.breaker_state().await, StateName::Open);
}

#[actix::test]
async fn the_pool_is_measured_each_second_while_its_breaker_is_not_closed() {
    let house = House::new(PACE);
    let operate = async |command| {
        house.breaker.send(Operate { command, reason: "drill".to_owned() }).await.unwrap();
    };
    operate(Command::ForceOpen).await;
    sleep(Duration::from_millis(10_500)).await;
    assert_eq!(house.counter("samples").await, 10);

    operate(Command::ForceClosed).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(house.counter("samples").await, 11, "another change is no reason to begin anew");

    operate(Command::Reset).await;
    sleep(Duration::from_millis(10_500)).await;
    assert_eq!(house.counter("samples").await, 13);
    assert_eq!(house.counter("samples_untold").await, 0);
}

#[actix::test]
async fn quick_looks_are_kept_for_ten_minutes_too() {
    let house = House::new(PACE);
    let command = Command::ForceOpen;
    house.breaker.send(Operate { command, reason: "drill".to_owned() }).await.unwrap();

    sleep(Duration::from_millis(700_500)).await;

    assert_eq!(house.picture().await.history.len(), 600);
}

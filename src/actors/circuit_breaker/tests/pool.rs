//! The breaker of the connection pool: fed by samples, probed by one.

use super::*;
use crate::domain::pool::PoolSample;

fn pool() -> House {
    let config = Config { opening: PLAIN.opening, ..Config::pool() };
    House::with(&Setup { protects: Protected::Pool, ..setup(config) })
}

fn sampled(active: u32, acquire_timeouts_in_a_row: u32) -> PoolSampled {
    let sample = PoolSample { active, total: active, max: 60, ..PoolSample::default() };
    PoolSampled { sample, acquire_timeouts_in_a_row }
}

/// Defects 31 and 52: utilisation counts over the maximum and three times in a row, nobody is
/// refused before, and one probe closes the house or opens it.
#[actix::test]
async fn three_high_samples_open_and_one_probe_decides() {
    let house = pool();
    for active in [45, 60, 44, 45, 60] {
        house.room.send(sampled(active, 0)).await.unwrap();
        assert!(!house.is_refusing());
    }
    house.room.send(sampled(46, 0)).await.unwrap();
    assert!(house.is_refusing());
    assert_eq!(house.meter.of("closed open utilisation 0s"), 1);
    tokio::time::sleep(seconds(15)).await;
    settle().await;

    let probe = house.handle.permit().await.unwrap();
    assert!(house.is_refusing());
    probe.failed(FailureKind::Exhausted, seconds(5));
    assert_eq!(house.state().await, StateName::Open);
    tokio::time::sleep(seconds(15)).await;
    settle().await;
    house.handle.permit().await.unwrap().succeeded(QUICK);

    assert_eq!(house.state().await, StateName::Closed);
}

/// Defect 53: real timeouts trip, by number and not by text.
#[actix::test]
async fn three_timeouts_in_a_row_open() {
    let house = pool();
    house.room.send(sampled(1, 2)).await.unwrap();
    assert_eq!(house.state().await, StateName::Closed);

    house.room.send(sampled(1, 3)).await.unwrap();

    assert_eq!(house.state().await, StateName::Open);
}

#[actix::test]
async fn while_it_is_closed_a_permit_costs_nothing_and_teaches_nothing() {
    let house = pool();
    let mut permits = Vec::new();
    for _ in 0..10_000 {
        permits.push(house.handle.permit().await.unwrap());
    }
    assert_eq!(house.view.permits_out(), 0);

    permits.into_iter().for_each(|permit| permit.failed(FailureKind::Exhausted, seconds(5)));

    assert_eq!(house.state().await, StateName::Closed);
    assert_eq!(house.meter.of("ended exhausted"), 0);
}

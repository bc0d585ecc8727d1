//! Exactly so many probes, however many ask at once and from wherever.

use actix::Arbiter;
use tokio::sync::mpsc::unbounded_channel;

use super::fake::HandClock;
use super::*;

#[actix::test]
async fn a_hundred_askers_at_once_are_three_probes_and_ninety_seven_refusals() {
    let house = House::open(PLAIN);
    house.make_half_open().await;

    let asking: Vec<_> = (0..100)
        .map(|_| {
            let handle = house.handle.clone();
            actix::spawn(async move { handle.permit().await })
        })
        .collect();
    let mut probes = Vec::new();
    for asked in asking {
        match asked.await.unwrap() {
            Ok(permit) => probes.push(permit),
            Err(refusal) => assert_eq!((refusal.wait, refusal.why), (seconds(1), "half_open")),
        }
    }

    assert_eq!(probes.len(), 3);
    assert_eq!(house.meter.of("refused half_open"), 97);
    probes.into_iter().for_each(|probe| probe.succeeded(QUICK));
    assert_eq!(house.state().await, StateName::Closed);
}

/// Four threads ask the breaker of a fifth at the moment when its opening is over.
#[actix::test]
async fn askers_on_many_threads_do_not_exceed_the_probes() {
    let clock = Arc::new(HandClock::new());
    let (room, view) = CircuitBreaker::new(&setup(PLAIN), clock.clone(), Arc::new(()));
    let own = Arbiter::new();
    let room = CircuitBreaker::start_in_arbiter(&own.handle(), move |_| room);
    let handle = BreakerHandle::new(view, room.clone().recipient());
    let threads: Vec<_> = (0..4).map(|_| Arbiter::new()).collect();

    for _ in 0..20 {
        for _ in 0..3 {
            handle.permit().await.unwrap().failed(FailureKind::TimedOut, QUICK);
        }
        assert_eq!(room.send(ObserveBreaker).await.unwrap().picture.state, StateName::Open);
        clock.pass(seconds(15));
        let (tell, mut told) = unbounded_channel();
        for thread in &threads {
            for _ in 0..25 {
                let (handle, tell) = (handle.clone(), tell.clone());
                thread.spawn(async move { tell.send(handle.permit().await).unwrap() });
            }
        }
        drop(tell);
        let mut probes = Vec::new();
        while let Some(answer) = told.recv().await {
            probes.extend(answer.ok());
        }
        assert_eq!(probes.len(), 3);
        probes.into_iter().for_each(|probe| probe.succeeded(QUICK));
        assert_eq!(room.send(ObserveBreaker).await.unwrap().picture.state, StateName::Closed);
    }
    let stopped = threads.iter().chain([&own]).all(Arbiter::stop);
    assert!(stopped);
}

#[actix::test]
async fn a_failed_probe_opens_again_and_the_others_no_longer_count() {
    let house = House::open(PLAIN);
    house.make_half_open().await;
    let mut probes = Vec::new();
    for _ in 0..3 {
        probes.push(house.handle.permit().await.unwrap());
    }
    probes.pop().unwrap().failed(FailureKind::Faulty, QUICK);
    assert_eq!(house.state().await, StateName::Open);

    probes.into_iter().for_each(|probe| probe.succeeded(QUICK));

    assert_eq!(house.state().await, StateName::Open);
    assert_eq!(house.observe().await.picture.totals.stale, 2);
}

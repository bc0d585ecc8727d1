//! A permit is a lease: it reports once, and comes back whatever becomes of its holder.

use super::*;

#[actix::test]
async fn a_closed_breaker_permits_without_a_message_and_hears_what_became_of_it() {
    let house = House::open(PLAIN);
    let permits = [house.handle.permit().await.unwrap(), house.ask().await.unwrap()];
    assert_eq!(house.view.permits_out(), 2);

    let [first, second] = permits;
    first.succeeded(QUICK);
    second.ignored();

    let seen = house.observe().await;
    assert_eq!((seen.picture.totals.succeeded, seen.picture.totals.ignored), (1, 1));
    assert_eq!((seen.permits_out, house.view.permits_out()), (0, 0));
}

#[actix::test]
async fn a_report_is_heard_before_the_next_question() {
    let house = House::open(PLAIN);
    for _ in 0..3 {
        house.ask().await.unwrap().failed(FailureKind::Unreachable, QUICK);
    }

    let refusal = house.ask().await.unwrap_err();

    assert_eq!((refusal.wait, refusal.why), (seconds(15), "open"));
    assert_eq!(refusal.breaker, Protected::Trade);
    assert_eq!(
        refusal.to_string(),
        "the trade breaker lets no call through (open); not before 15s have passed"
    );
}

#[actix::test]
async fn reports_are_heard_without_anybody_asking() {
    let house = House::open(PLAIN);
    house.fail(3).await;
    settle().await;

    assert_eq!(house.view.state(), StateName::Open);
    assert!(house.is_refusing());
    tokio::time::sleep(seconds(5) - Duration::from_millis(1)).await;
    let refusal = house.handle.permit().await.unwrap_err();
    assert!(refusal.wait <= seconds(10) && refusal.wait > seconds(9), "{refusal:?}");
}

#[actix::test]
async fn a_dropped_permit_of_a_probe_lets_another_one_through() {
    let house = House::open(PLAIN);
    house.make_half_open().await;
    let mut probes = Vec::new();
    for _ in 0..3 {
        probes.push(house.handle.permit().await.unwrap());
    }
    assert!(house.is_refusing());
    assert_eq!(house.handle.permit().await.unwrap_err().wait, seconds(1));

    drop(probes.pop());
    settle().await;

    assert!(!house.is_refusing());
    let _again = house.handle.permit().await.unwrap();
    assert_eq!(house.observe().await.picture.totals.returned, 1);
}

#[actix::test]
async fn the_permit_of_a_task_that_panics_or_is_aborted_comes_back() {
    let house = House::open(PLAIN);
    house.make_half_open().await;
    let handle = house.handle.clone();
    let panics = actix::spawn(async move {
        let _permit = handle.permit().await.unwrap();
        panic!("planned");
    });
    let handle = house.handle.clone();
    let hangs = actix::spawn(async move {
        let _permit = handle.permit().await.unwrap();
        std::future::pending::<()>().await;
    });
    assert!(panics.await.is_err());
    settle().await;
    assert_eq!(house.observe().await.picture.probes_out, 1);

    hangs.abort();
    settle().await;

    let seen = house.observe().await;
    assert_eq!((seen.picture.probes_out, seen.picture.totals.returned), (0, 2));
    assert_eq!(seen.picture.state, StateName::HalfOpen);
}

#[actix::test]
async fn an_asker_that_leaves_before_the_answer_leaves_no_permit_behind() {
    let house = House::open(PLAIN);
    house.make_half_open().await;
    for _ in 0..10 {
        drop(house.room.send(AskPermit));
    }
    let request = house.room.send(AskPermit);
    let asks = actix::spawn(async move { drop(request.await) });
    asks.abort();
    settle().await;

    let seen = house.observe().await;

    assert_eq!((seen.picture.probes_out, seen.permits_out), (0, 0));
    assert_eq!(seen.picture.probes_left, 3);
}

#[actix::test]
async fn an_outcome_of_an_earlier_state_changes_nothing() {
    let house = House::open(PLAIN);
    let late = [house.handle.permit().await.unwrap(), house.handle.permit().await.unwrap()];
    house.make_half_open().await;
    let probe = house.handle.permit().await.unwrap();

    for permit in late {
        permit.failed(FailureKind::TimedOut, seconds(15));
    }

    let seen = house.observe().await;
    assert_eq!((seen.picture.state, seen.picture.probes_out), (StateName::HalfOpen, 1));
    assert_eq!(seen.picture.totals.stale, 2);
    drop(probe);
}

#[actix::test]
async fn only_so_many_permits_are_out_and_no_outcome_is_lost() {
    let house = House::with(&Setup { permits_max: 5, ..setup(PLAIN) });
    let mut permits = Vec::new();
    for _ in 0..5 {
        permits.push(house.handle.permit().await.unwrap());
    }

    for refusal in [house.handle.permit().await, house.ask().await] {
        let refusal = refusal.unwrap_err();
        assert_eq!((refusal.wait, refusal.why), (seconds(1), "busy"));
    }
    assert_eq!(house.meter.of("refused busy"), 2);

    permits.drain(..).for_each(|permit| permit.succeeded(QUICK));
    let seen = house.observe().await;
    assert_eq!((seen.picture.totals.succeeded, seen.permits_out), (5, 0));
    drop(house.handle.permit().await.unwrap());
}

#[actix::test]
async fn a_pause_that_the_other_side_asks_for_is_kept_and_probed_by_one() {
    let house = House::open(PLAIN);
    let kind = FailureKind::Throttled { retry_after: Some(seconds(40)) };
    house.handle.permit().await.unwrap().failed(kind, QUICK);
    settle().await;
    assert!(house.handle.permit().await.unwrap_err().wait > seconds(39));
    tokio::time::sleep(seconds(40)).await;
    settle().await;

    let probe = house.handle.permit().await.unwrap();
    assert_eq!(house.handle.permit().await.unwrap_err().why, "half_open");
    probe.succeeded(QUICK);

    assert_eq!(house.state().await, StateName::Closed);
}

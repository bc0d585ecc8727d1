//! What an operator orders is in effect before the answer.

use super::*;

#[actix::test]
async fn a_command_is_in_effect_when_it_is_answered() {
    let house = House::open(PLAIN);
    for (command, refuses) in [
        (Command::ForceOpen, true),
        (Command::ForceClosed, false),
        (Command::ForceOpen, true),
        (Command::Disable, false),
        (Command::ForceOpen, true),
        (Command::MetricsOnly, false),
        (Command::ForceOpen, true),
        (Command::Reset, false),
    ] {
        let event = house.operate(command).await;

        // Read on the caller's side, without another message.
        assert_eq!(house.view.state(), event.change.to);
        assert_eq!(house.is_refusing(), refuses, "{command:?}");
        assert_eq!(house.handle.permit().await.is_err(), refuses, "{command:?}");
        assert_eq!(event.note.as_deref(), Some("drill"));
        assert_eq!(event.change.reason.label(), "operator");
    }
}

#[actix::test]
async fn a_forced_open_breaker_says_how_long_to_wait_and_why() {
    let house = House::open(PLAIN);
    house.operate(Command::ForceOpen).await;

    let refusal = house.handle.permit().await.unwrap_err();

    assert_eq!((refusal.wait, refusal.why), (seconds(15), "forced_open"));
    assert_eq!(house.view.refuse(SystemClock.instant()), Some(refusal));
    assert_eq!(house.meter.of("refused forced_open"), 2);
    assert_eq!(house.observe().await.picture.totals.refused, 2);
}

#[actix::test]
async fn forced_closed_disabled_and_metrics_only_do_not_open() {
    for command in [Command::ForceClosed, Command::Disable, Command::MetricsOnly] {
        let house = House::open(PLAIN);
        let state = house.operate(command).await.change.to;

        house.fail(50).await;

        assert_eq!(house.state().await, state);
        assert!(!house.is_refusing());
        tokio::time::resume();
    }
}

#[actix::test]
async fn metrics_only_tells_when_it_would_have_opened() {
    let house = House::open(PLAIN);
    house.operate(Command::MetricsOnly).await;

    house.fail(7).await;

    let seen = house.observe().await;
    assert_eq!(seen.picture.totals.would_trip, 2);
    let told: Vec<_> = seen.events.iter().map(|event| event.change.reason.label()).collect();
    assert_eq!(told, ["operator", "consecutive_failures", "consecutive_failures"]);
    assert!(seen.events.iter().all(|event| event.change.to == StateName::MetricsOnly));
}

#[actix::test]
async fn permits_given_before_a_reset_are_worth_nothing_after_it() {
    let house = House::open(PLAIN);
    let mut old = Vec::new();
    for _ in 0..3 {
        old.push(house.handle.permit().await.unwrap());
    }
    house.operate(Command::Reset).await;

    old.into_iter().for_each(|permit| permit.failed(FailureKind::TimedOut, QUICK));

    assert_eq!(house.state().await, StateName::Closed);
    assert_eq!(house.observe().await.picture.failures_in_a_row, 0);
}

//! The courier on paused time, before a service that answers by script.

use bytes::Bytes;
use futures_util::future::join_all;
use prometheus::Registry;
use serde_json::json;

use super::*;
use crate::metrics::Metrics;
use crate::rules::class::{Heard, Told};
use crate::rules::key::Key;
use crate::script::{Script, batch, hung_up, status};
use crate::wire::{Decimal, Order};

struct Bench {
    script: Rc<Script>,
    courier: Courier,
    teller: Teller,
}

impl Bench {
    fn new(answers: impl IntoIterator<Item = Heard>) -> Self {
        Self::with(&Settings::default(), answers)
    }

    fn with(settings: &Settings, answers: impl IntoIterator<Item = Heard>) -> Self {
        let script = Rc::new(Script::default());
        script.answers.borrow_mut().extend(answers);
        let teller = Teller::new(Metrics::new(&Registry::new()).unwrap());
        let rules = settings.check().unwrap();
        let courier = Courier::new(script.clone(), settings, rules, teller.clone());
        Self { script, courier, teller }
    }

    fn calls(&self) -> usize {
        self.script.sent.borrow().len()
    }

    /// Between the first call and the second, and so on.
    fn gaps(&self) -> Vec<Duration> {
        let sent = self.script.sent.borrow();
        sent.windows(2).map(|pair| pair[1].0.duration_since(pair[0].0)).collect()
    }

    fn parcels(&self) -> Vec<Parcel> {
        self.script.sent.borrow().iter().map(|(_, parcel)| parcel.clone()).collect()
    }
}

/// One attempt, and no more.
fn impatient() -> Settings {
    let mut settings = Settings::default();
    settings.retry.attempts = 1;
    settings
}

fn parcel(key: &str, count: u32) -> Parcel {
    let orders = (1..=count).map(|n| Order::new("p", "s", 1, Decimal::from(n))).collect();
    Parcel::pack(Key::Given(key.to_owned()), orders).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_failed_is_repeated_after_a_backoff_with_the_same_bytes() {
    let bench = Bench::new([Heard::TimedOut]);

    let delivery = bench.courier.deliver(parcel("k", 25)).await;

    assert_eq!((delivery.done.len(), delivery.left), (25, None));
    assert_eq!(bench.parcels(), [parcel("k", 25), parcel("k", 25)]);
    let gap = bench.gaps()[0];
    assert!((Duration::from_millis(500)..=Duration::from_secs(1)).contains(&gap), "{gap:?}");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_free_is_taken_at_once() {
    let bench = Bench::new([]);
    // Between two ticks of the timer.
    tokio::time::advance(Duration::from_micros(500)).await;
    let asked = clock::instant();

    bench.courier.deliver(parcel("k", 1)).await;

    assert_eq!(bench.script.sent.borrow()[0].0, asked);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_waited_for_as_long_as_it_asks() {
    let asked = Told { status: 503, retry_after: Some(Duration::from_secs(7)), ..Told::default() };
    let bench = Bench::new([status(503), Heard::Answer(asked)]);

    let delivery = bench.courier.deliver(parcel("k", 1)).await;

    assert_eq!(delivery.done.len(), 1);
    assert_eq!(bench.gaps().iter().map(Duration::as_secs).collect::<Vec<_>>(), [15, 7]);
}

#[tokio::test(start_paused = true)]
async fn after_three_attempts_the_parcel_is_left_as_it_was_sent() {
    let bench = Bench::new([status(500), status(500), hung_up()]);
    let mut events = bench.teller.listen();

    let left = bench.courier.deliver(parcel("k", 2)).await.left.unwrap();

    assert_eq!((bench.calls(), left.attempts), (3, 3));
    assert_eq!((left.reason, left.parcel), (QueueReason::Connection, parcel("k", 2)));
    let mut failures = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Failed { error_type, .. } = event {
            failures.push(error_type.label());
        }
    }
    assert_eq!(failures, ["server", "server", "connection", "exhausted"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_for_every_order_and_not_repeated() {
    let body = json!({"code": "VALIDATION_ERROR", "message": "too many", "timestamp": "t",
        "requestId": "r"});
    let told = Told {
        status: 400,
        code: Some("VALIDATION_ERROR".to_owned()),
        retry_after: None,
        body: body.to_string().into(),
    };
    let bench = Bench::new([Heard::Answer(told)]);

    let delivery = bench.courier.deliver(parcel("k", 2)).await;

    assert_eq!((bench.calls(), delivery.done.len(), delivery.left), (1, 0, None));
    assert_eq!(delivery.rejected.len(), 2);
    assert_eq!(delivery.rejected[1].message, "the service answered 400 too many");
    assert_eq!(delivery.rejected[1].code, "VALIDATION_ERROR");
}

#[tokio::test(start_paused = true)]
async fn only_what_was_not_taken_is_sent_again_and_under_a_new_key() {
    let codes = [None, Some("DATABASE_TIMEOUT"), Some("INVALID_FIELD_VALUE"), None];
    let bench = Bench::new([batch(&codes)]);

    let delivery = bench.courier.deliver(parcel("k", 4)).await;

    let [first, second] = bench.parcels().try_into().unwrap();
    assert_eq!(second.orders, [first.orders[1].clone()]);
    assert_ne!(second.key, first.key);
    let mut done: Vec<_> = delivery.done.iter().map(|item| item.client_order_id.clone()).collect();
    done.sort();
    let named = |place: usize| Some(first.orders[place].client_order_id.clone()?.into());
    assert_eq!(done, [named(0), named(1), named(3)]);
    assert_eq!(delivery.rejected.len(), 1);
    assert_eq!(delivery.left, None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_can_read_is_asked_for_again_under_the_same_key() {
    let garbage = Told { status: 200, body: Bytes::from("<html>"), ..Told::default() };
    let bench = Bench::new([Heard::Answer(garbage), batch(&[None])]);

    let delivery = bench.courier.deliver(parcel("k", 2)).await;

    assert_eq!(delivery.done.len(), 2);
    assert_eq!(bench.parcels(), vec![parcel("k", 2); 3]);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_of_our_own_leaves_parcels_without_a_call_and_then_probes() {
    let bench = Bench::with(&impatient(), (0..5).map(|_| hung_up()));
    for _ in 0..5 {
        bench.courier.deliver(parcel("k", 1)).await;
    }

    let refused = bench.courier.deliver(parcel("k", 1)).await.left.unwrap();

    assert_eq!((bench.calls(), refused.reason), (5, QueueReason::BreakerOpen));
    assert_eq!(refused.attempts, 0, "a call that was not made is no attempt");
    assert!(refused.wait >= Duration::from_secs(14), "{:?}", refused.wait);

    sleep(Duration::from_secs(19)).await;

    assert_eq!(bench.courier.deliver(parcel("k", 1)).await.done.len(), 1);
}

/// So many calls are made of ten submissions that are tried once and hear the same.
async fn calls_of_ten_that_hear(heard: &Heard) -> usize {
    let bench = Bench::with(&impatient(), vec![heard.clone(); 10]);
    for _ in 0..10 {
        bench.courier.deliver(parcel("k", 1)).await;
    }
    bench.calls()
}

#[tokio::test(start_paused = true)]
async fn silence_and_every_failure_that_may_pass_opens_our_own_breaker() {
    let silent = [Heard::TimedOut, hung_up(), Heard::NotConnected("refused".to_owned())];
    let failed = [408, 425, 429, 500, 502, 503].map(status);
    for heard in silent.iter().chain(&failed) {
        assert_eq!(calls_of_ten_that_hear(heard).await, 5, "{heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_refuses_is_well() {
    for heard in [400, 404, 413, 422].map(status) {
        assert_eq!(calls_of_ten_that_hear(&heard).await, 10, "{heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_silence_waits_for_a_connection() {
    for heard in [Heard::TimedOut, hung_up()] {
        let bench = Bench::new(vec![heard; 3]);
        let left = bench.courier.deliver(parcel("k", 1)).await.left.unwrap();

        assert_eq!((bench.calls(), left.reason), (3, QueueReason::Connection));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_of_our_own_that_is_used_up_says_nothing_about_the_service() {
    let bench = Bench::with(&impatient(), (0..9).map(|_| Heard::NoLease));

    for _ in 0..9 {
        let left = bench.courier.deliver(parcel("k", 1)).await.left.unwrap();
        assert_eq!(left.reason, QueueReason::Connection);
    }

    assert_eq!(bench.calls(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_caller_went_away_is_given_back() {
    let bench = Bench::with(&impatient(), (0..5).map(|_| hung_up()));
    for _ in 0..5 {
        bench.courier.deliver(parcel("k", 1)).await;
    }
    sleep(Duration::from_secs(19)).await;
    bench.script.takes.set(Duration::from_secs(10));
    let probe = bench.courier.deliver(parcel("k", 1));
    assert!(tokio::time::timeout(Duration::from_secs(1), probe).await.is_err());

    let next = bench.courier.deliver(parcel("k", 1)).await;

    assert_eq!(next.done.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn in_a_storm_only_a_tenth_of_the_calls_is_repeated() {
    let mut settings = Settings::default();
    settings.breaker.consecutive_failures = Some(100_000);
    settings.breaker.rates = None;
    let bench = Bench::with(&settings, (0..1000).map(|_| status(500)));

    let parcels = (0..200).map(|_| bench.courier.deliver(parcel("k", 1)));
    join_all(parcels).await;

    let retries = bench.calls() - 200;
    assert!((20..=30).contains(&retries), "{retries}");
}

#[tokio::test(start_paused = true)]
async fn calls_go_at_the_rate_and_the_rate_follows_the_utilisation() {
    let bench = Bench::new([]);
    let spaced = |calls: usize| join_all((0..calls).map(|_| bench.courier.deliver(parcel("k", 1))));

    spaced(11).await;
    let at_first: Duration = bench.gaps().iter().sum();
    bench.script.utilisation.set(0.80);
    bench.courier.look().await;
    bench.courier.adjust_rate();
    bench.script.sent.borrow_mut().clear();
    spaced(11).await;
    let when_busy: Duration = bench.gaps().iter().sum();

    assert_eq!(at_first.as_millis(), 1000);
    assert_eq!(when_busy.as_millis(), 2000);
    assert!(!bench.courier.condition().is_healthy());
}

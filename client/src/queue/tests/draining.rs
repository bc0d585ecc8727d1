//! What a round of the queue does with each submission, before a service that answers by script.

use std::rc::Rc;

use prometheus::Registry;

use super::*;
use crate::courier::Courier;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::rules::class::{Heard, Told};
use crate::script::{Script, batch, hung_up, status};
use crate::settings::Settings;
use crate::teller::Teller;

struct Bench {
    drainer: Drainer,
    script: Rc<Script>,
    _disk: Disk,
}

impl Bench {
    async fn new(answers: impl IntoIterator<Item = Heard>) -> Self {
        let mut settings = Settings::default();
        settings.rate.start = 1000.0;
        settings.rate.most = 1000.0;
        // What failed is due again in the next round.
        settings.retry.backoff.base = Duration::ZERO;
        let disk = Disk::new();
        let store: Rc<dyn Store> = Rc::new(disk.open().await);
        let script = Rc::new(Script::default());
        script.answers.borrow_mut().extend(answers);
        let teller = Teller::new(Metrics::new(&Registry::new()).unwrap());
        let rules = settings.check().unwrap();
        let courier = Rc::new(Courier::new(script.clone(), &settings, rules, teller.clone()));
        let drainer = Drainer {
            courier,
            memory: Memory { store: store.clone(), kept: settings.answers_kept },
            store,
            teller,
            settings: settings.queue,
            lease: LEASE,
        };
        Self { drainer, script, _disk: disk }
    }

    async fn put(&self, key: &str, count: u32) {
        self.drainer.store.put(&parcel(key, count), &waiting(clock::utc())).await.unwrap();
    }

    async fn entries(&self) -> Vec<Entry> {
        self.drainer.store.list().await.unwrap()
    }

    fn calls(&self) -> usize {
        self.script.sent.borrow().len()
    }
}

#[tokio::test]
async fn what_is_brought_is_gone_and_its_answer_remembered() {
    let bench = Bench::new([]).await;
    bench.put("k", 25).await;

    let round = bench.drainer.drain().await.unwrap();

    assert_eq!(round, Round { processed: 1, tried: 1, remaining: 0 });
    assert_eq!(bench.script.sent.borrow()[0].1, parcel("k", 25));
    let remembered = bench.drainer.memory.recall(&parcel("k", 25)).await.unwrap().unwrap();
    assert_eq!(remembered.len(), 25);
    assert!(bench.drainer.memory.recall(&parcel("k", 24)).await.is_err(), "other orders");
}

#[tokio::test]
async fn ten_are_brought_at_a_time() {
    let bench = Bench::new([]).await;
    for number in 0..12 {
        bench.put(&format!("k{number}"), 1).await;
    }

    let round = bench.drainer.drain().await.unwrap();

    assert_eq!(round, Round { processed: 10, tried: 10, remaining: 2 });
}

#[tokio::test]
async fn what_fails_is_tried_once_a_round_and_five_times_in_all() {
    let bench = Bench::new((0..4).map(|_| status(500)).chain([hung_up()])).await;
    bench.put("k", 1).await;

    for round in 1..=5 {
        bench.drainer.drain().await.unwrap();
        assert_eq!(bench.calls(), round);
    }
    bench.drainer.drain().await.unwrap();

    let entry = &bench.entries().await[0];
    assert_eq!((bench.calls(), entry.state), (5, EntryState::Failed));
    assert_eq!(entry.waiting.attempts, 5);
    assert_eq!(entry.waiting.failure.as_ref().unwrap().message, "reset");
    assert_eq!(entry.waiting.reason, "connection", "why it was queued is kept");
}

#[tokio::test]
async fn an_open_breaker_costs_no_attempt() {
    let bench = Bench::new((0..5).map(|_| hung_up())).await;
    for _ in 0..5 {
        bench.drainer.courier.try_once(parcel("other", 1)).await;
    }
    bench.put("k", 1).await;
    bench.put("l", 1).await;

    let round = bench.drainer.drain().await.unwrap();

    assert_eq!(round, Round { processed: 0, tried: 0, remaining: 2 });
    assert!(bench.entries().await.iter().all(|entry| entry.waiting.attempts == 0));
    assert_eq!(bench.calls(), 5);
}

#[tokio::test]
async fn nothing_is_taken_while_the_service_is_not_well() {
    let bench = Bench::new([]).await;
    bench.put("k", 1).await;
    bench.script.utilisation.set(0.80);
    bench.drainer.courier.look().await;

    let round = bench.drainer.drain().await.unwrap();

    assert_eq!(round, Round { processed: 0, tried: 0, remaining: 1 });
    assert_eq!(bench.entries().await[0].state, EntryState::Waiting);
}

#[tokio::test]
async fn what_the_service_rejects_is_kept_for_people_and_the_rest_goes_on() {
    let codes = [None, Some("INVALID_FIELD_VALUE"), Some("DATABASE_TIMEOUT")];
    let bench = Bench::new([batch(&codes)]).await;
    bench.put("k", 3).await;

    bench.drainer.drain().await.unwrap();

    let entries = bench.entries().await;
    let states: Vec<_> = entries.iter().map(|entry| (entry.state, entry.order_count)).collect();
    assert_eq!(states, [(EntryState::Failed, 1), (EntryState::Waiting, 1)]);
    let why = &entries[0].waiting.failure.as_ref().unwrap().message;
    assert_eq!(why, "INVALID_FIELD_VALUE m");
    bench.drainer.drain().await.unwrap();
    let orders = parcel("k", 3).orders;
    assert_eq!(bench.script.sent.borrow()[1].1.orders, [orders[2].clone()]);
}

#[tokio::test]
async fn a_batch_that_is_refused_is_not_tried_again() {
    let refused = Told { status: 400, ..Told::default() };
    let bench = Bench::new([Heard::Answer(refused)]).await;
    bench.put("k", 3).await;

    bench.drainer.drain().await.unwrap();
    bench.drainer.drain().await.unwrap();

    assert_eq!(bench.calls(), 1);
    let entry = &bench.entries().await[0];
    assert_eq!((entry.state, entry.order_count), (EntryState::Failed, 3));
}

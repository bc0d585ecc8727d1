//! What happens to orders while the service, or the client, is away.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use weir_client::{Error, Outcome, QueueReason, SqliteStore, Store};

use crate::service::{Answer, Call, Service, client, orders, quick, submitted, wait_for};

/// How often the service took each order, by its name. A key that came again is the same call.
fn taken(calls: &[Call]) -> BTreeMap<String, usize> {
    let by_key: BTreeMap<_, _> = calls.iter().map(|call| (&call.key, call)).collect();
    let orders = by_key.values().flat_map(|call| call.body.as_array().unwrap());
    orders.fold(BTreeMap::new(), |mut taken, order| {
        *taken.entry(order["clientOrderId"].as_str().unwrap().to_owned()).or_default() += 1;
        taken
    })
}

#[actix_web::test]
async fn what_was_queued_in_an_outage_is_brought_when_the_service_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let first = Service::start([]);
    let (url, at) = (first.url.clone(), first.url.trim_start_matches("http://").to_owned());
    first.stop().await;
    let mut settings = quick(&url, folder.path());
    settings.health_every = Duration::from_millis(50);
    settings.queue.every = Duration::from_millis(50);
    let client = client(settings).await;
    for _ in 0..4 {
        let outcome = client.submit(orders(25)).await.unwrap();
        assert_eq!(outcome, Outcome::Queued { count: 25, reason: QueueReason::Unhealthy });
    }

    let second = Service::listen(&at, []);

    wait_for("end of the queue", async || second.calls().len() >= 4).await;
    let taken = taken(&second.calls());
    assert_eq!(taken.len(), 100);
    assert!(taken.values().all(|times| *times == 1), "{taken:?}");
}

#[actix_web::test]
async fn the_next_process_brings_what_the_dead_one_had_queued_and_had_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue");
    let away = client(quick("http://127.0.0.1:1", folder.path())).await;
    for _ in 0..2 {
        away.submit(orders(3)).await.unwrap();
    }
    drop(away);
    // One was taken by somebody who then died: its lease has ended.
    let store = SqliteStore::open(&path, 10).await.unwrap();
    let entries = store.list().await.unwrap();
    let now = entries[1].waiting.due_at;
    assert!(store.take(Duration::ZERO, now).await.unwrap().is_some());
    let service = Service::start([]);

    let client = client(quick(&service.url, folder.path())).await;
    let round = client.drain().await.unwrap();

    assert_eq!((round.processed, round.remaining), (2, 0));
    let keys: Vec<_> = service.calls().into_iter().map(|call| call.key).collect();
    assert_eq!(keys, entries.iter().map(|entry| entry.key.clone()).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_key_that_succeeded_is_answered_without_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start([]);
    let first = client(quick(&service.url, folder.path())).await;
    let answer = first.submit_with_key("k", orders(25)).await.unwrap();
    drop(first);

    let second = client(quick(&service.url, folder.path())).await;
    let again = second.submit_with_key("k", orders(25)).await.unwrap();

    assert_eq!((submitted(&answer), &again), (25, &answer));
    assert_eq!(service.calls().len(), 1);
    let other = second.submit_with_key("k", orders(24)).await.unwrap_err();
    assert!(matches!(other, Error::KeyReused { .. }), "{other}");
}

#[actix_web::test]
async fn a_key_that_failed_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let refused = json!({"code": "VALIDATION_ERROR", "message": "m"});
    let service = Service::start([Answer::Status(400, &[], refused)]);
    let client = client(quick(&service.url, folder.path())).await;

    let first = client.submit_with_key("k", orders(1)).await.unwrap();
    let second = client.submit_with_key("k", orders(1)).await.unwrap();

    assert!(matches!(first, Outcome::Rejected { .. }), "{first:?}");
    assert_eq!(submitted(&second), 1);
}

#[actix_web::test]
async fn a_full_queue_gives_the_orders_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = quick("http://127.0.0.1:1", folder.path());
    settings.queue.most = 1;
    let client = client(settings).await;
    client.submit(orders(1)).await.unwrap();

    let error = client.submit(orders(3)).await.unwrap_err();

    let Error::NotKept { orders, source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.to_string(), "the queue is full: it holds 1 submissions");
    assert_eq!(orders.len(), 3);
    assert!(orders.iter().all(|order| order.client_order_id.is_some()));
}

#[actix_web::test]
async fn an_order_is_ordered_when_it_is_submitted_and_not_when_it_is_brought() {
    let folder = tempfile::tempdir().unwrap();
    let away = client(quick("http://127.0.0.1:1", folder.path())).await;
    away.submit(orders(1)).await.unwrap();
    let queued_at = {
        let store = SqliteStore::open(&folder.path().join("queue"), 10).await.unwrap();
        store.list().await.unwrap()[0].waiting.queued_at
    };
    drop(away);
    let service = Service::start([]);

    client(quick(&service.url, folder.path())).await.drain().await.unwrap();

    let ordered = service.calls()[0].body[0]["orderTimestamp"].as_str().unwrap().to_owned();
    let ordered: chrono::DateTime<chrono::Utc> = ordered.parse().unwrap();
    assert!(ordered <= queued_at, "{ordered} {queued_at}");
}

//! Single calls: what is sent, and what every kind of failure on the way leads to.

use std::time::Duration;

use serde_json::json;
use weir_client::{Outcome, QueueReason};

use crate::service::{Answer, Service, client, orders, quick, submitted};

#[actix_web::test]
async fn a_batch_carries_key_client_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start([]);
    let mut settings = quick(&service.url, folder.path());
    settings.client_id = Some("desk7".to_owned());

    let outcome = client(settings).await.submit_with_key("k-1", orders(25)).await.unwrap();

    assert_eq!(submitted(&outcome), 25);
    let call = &service.calls()[0];
    assert_eq!((call.key.as_str(), call.client_id.as_deref()), ("k-1", Some("desk7")));
    let names: std::collections::HashSet<_> = call
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["clientOrderId"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 25);
}

#[actix_web::test]
async fn timeout_then_success_is_one_submission() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start([Answer::Silence(Duration::from_secs(30))]);
    let mut settings = quick(&service.url, folder.path());
    settings.connection.read_timeout = Duration::from_millis(300);

    let outcome = client(settings).await.submit(orders(2)).await.unwrap();

    assert_eq!(submitted(&outcome), 2);
    let [first, second] = service.calls().try_into().unwrap();
    assert_eq!((first.key, first.body), (second.key, second.body));
}

#[actix_web::test]
async fn an_answer_that_breaks_off_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start([Answer::HalfABody]);

    let outcome = client(quick(&service.url, folder.path())).await.submit(orders(2)).await.unwrap();

    assert_eq!(submitted(&outcome), 2);
    assert_eq!(service.calls().len(), 2);
}

#[actix_web::test]
async fn a_problem_is_read_with_its_code_and_its_wait() {
    let folder = tempfile::tempdir().unwrap();
    let problem = json!({"code": "SERVICE_OVERLOADED", "message": "System temporarily overloaded",
        "timestamp": "t", "requestId": "r", "retryAfter": 0});
    let service = Service::start([Answer::Status(503, &[("Retry-After", "0")], problem)]);
    let client = client(quick(&service.url, folder.path())).await;
    let mut events = client.events();

    let outcome = client.submit(orders(2)).await.unwrap();

    assert_eq!(submitted(&outcome), 2);
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(format!("{event:?}"));
    }
    assert!(told.iter().any(|event| event.starts_with("BreakerRejected")), "{told:#?}");
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let headers = &[("Location", "/elsewhere")];
    let service = Service::start([Answer::Status(307, headers, json!({}))]);

    let outcome = client(quick(&service.url, folder.path())).await.submit(orders(1)).await.unwrap();

    let Outcome::Rejected { orders } = outcome else { panic!("{outcome:?}") };
    assert_eq!(orders[0].message, "the service answered 307");
}

#[actix_web::test]
async fn a_service_that_went_away_is_a_connection_that_cannot_be_made() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start([]);
    let client = client(quick(&service.url, folder.path())).await;
    service.stop().await;

    let outcome = client.submit(orders(3)).await.unwrap();

    assert_eq!(outcome, Outcome::Queued { count: 3, reason: QueueReason::Connection });
}

#[actix_web::test]
async fn a_service_that_is_used_up_or_away_is_not_called() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start([]);
    service.be_used(0.75);
    let full = client(quick(&service.url, folder.path())).await;
    let away = client(quick("http://127.0.0.1:1", folder.path())).await;

    for client in [full, away] {
        let outcome = client.submit(orders(1)).await.unwrap();
        assert_eq!(outcome, Outcome::Queued { count: 1, reason: QueueReason::Unhealthy });
    }
    assert!(service.calls().is_empty());
}

#[actix_web::test]
async fn no_more_calls_are_under_way_than_there_are_connections() {
    let folder = tempfile::tempdir().unwrap();
    let silence = || Answer::Silence(Duration::from_secs(30));
    let service = Service::start([silence(), silence()]);
    let mut settings = quick(&service.url, folder.path());
    settings.connection.max_connections_per_route = 2;
    settings.connection.connection_request_timeout = Duration::from_millis(100);
    settings.connection.read_timeout = Duration::from_secs(5);
    settings.retry.attempts = 1;
    let client = client(settings).await;

    let calls = (0..3).map(|_| client.submit(orders(1)));
    let (first, ..) = futures_util::future::select_all(calls.map(Box::pin)).await;

    let queued = Outcome::Queued { count: 1, reason: QueueReason::Connection };
    assert_eq!(first.unwrap(), queued);
    assert_eq!(service.calls().len(), 2);
}

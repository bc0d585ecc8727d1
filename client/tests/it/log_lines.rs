//! The lines of log: the guide's six events and two more, each with its level and its fields, and
//! nothing of an order.

use std::cell::RefCell;
use std::time::Duration;

use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;
use weir_client::wire::{Decimal, Order};
use weir_client::{OrderClient, Settings};

use crate::service::{Answer, Service, client, quick, success, wait_for};

const PORTFOLIO: &str = "a-portfolio-of-nobodys-business";
const SECURITY: &str = "a-security-of-nobodys-business";

thread_local! {
    /// A client lives on the thread of its test: each test hears its own.
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Ear;

impl Log for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("weir_client")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            HEARD.with_borrow_mut(|heard| heard.push(line(record)));
        }
    }

    fn flush(&self) {}
}

/// The line and its fields. How long something took is in none.
fn line(record: &Record<'_>) -> String {
    let mut fields = Fields::default();
    record.key_values().visit(&mut fields).unwrap();
    let mut text = format!("{} {} |{}", record.level(), record.args(), fields.text);
    for took in fields.times {
        text = text.replace(&format!(" {took} ms"), " ? ms");
    }
    text
}

#[derive(Default)]
struct Fields {
    text: String,
    times: Vec<String>,
}

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let value = value.to_string();
        if key.as_str().ends_with("_ms") {
            value.parse::<u64>().expect("a whole number");
            self.text += &format!(" {key}=?");
            self.times.push(value);
        } else {
            self.text += &format!(" {key}={value}");
        }
        Ok(())
    }
}

fn listen() {
    // Another test of this process may have set it.
    let _ = log::set_logger(&Ear);
    log::set_max_level(LevelFilter::Trace);
}

/// What was heard since the last time.
fn heard() -> Vec<String> {
    HEARD.take()
}

/// No event comes unasked.
fn quiet(url: &str, folder: &std::path::Path) -> Settings {
    let mut settings = quick(url, folder);
    settings.retry.attempts = 2;
    settings.health_every = Duration::from_hours(1);
    settings.queue.every = Duration::from_hours(1);
    settings
}

async fn submit(client: &OrderClient, key: &str) {
    let order = || Order::new(PORTFOLIO, SECURITY, 1, Decimal::from(5));
    client.submit_with_key(key, vec![order(), order()]).await.unwrap();
}

fn problem(code: &str, message: &str) -> serde_json::Value {
    json!({"code": code, "message": message, "timestamp": "t", "requestId": "r",
        "order": {"portfolioId": PORTFOLIO, "securityId": SECURITY}})
}

#[actix_web::test]
async fn every_event_has_its_line_with_its_level_and_its_fields_and_no_order() {
    listen();
    let folder = tempfile::tempdir().unwrap();
    let overloaded = problem("SERVICE_OVERLOADED", "temporarily overloaded");
    let mut unclear = success(2);
    unclear["results"] = PORTFOLIO.into();
    let service = Service::start([
        Answer::Status(503, &[("Retry-After", "0")], overloaded),
        Answer::Status(200, &[], success(2)),
        Answer::Status(500, &[], json!([PORTFOLIO])),
        Answer::Status(200, &[], unclear),
        Answer::Status(400, &[], problem("VALIDATION_ERROR", "no")),
    ]);
    let client = client(quiet(&service.url, folder.path())).await;
    let opened = heard();
    let mut stories = Vec::new();

    for key in ["first", "second", "third"] {
        submit(&client, key).await;
        stories.push(heard());
    }
    // It is due after a backoff.
    wait_for("the queue to be drained", async || client.drain().await.unwrap().processed > 0).await;
    let drained = heard();

    assert_eq!(opened.len(), 1, "{opened:?}");
    assert!(opened[0].starts_with("DEBUG the service is "), "{opened:?}");
    assert!(opened[0].ends_with(" | utilisation=0 rate=1000"), "{opened:?}");
    let expected = [
        "INFO submitting order batch first | batch_id=first order_count=2",
        "WARN order batch first rejected by a circuit breaker | batch_id=first order_count=2 \
         action=queued",
        "ERROR order batch first failed (breaker): the service answered 503 temporarily overloaded \
         | batch_id=first error_type=breaker message=the service answered 503 temporarily \
         overloaded",
        "INFO retrying order batch first: attempt 2/2 | batch_id=first attempt=2 attempts_max=2 \
         wait_ms=?",
        "INFO submitting order batch first | batch_id=first order_count=2",
        "INFO order batch first submitted in ? ms | batch_id=first order_count=2 duration_ms=?",
    ];
    assert_eq!(stories[0], expected);
    let unclear = "the answer is unclear: it is not about a batch";
    let expected = [
        "INFO submitting order batch second | batch_id=second order_count=2".to_owned(),
        "ERROR order batch second failed (server): the service answered 500 | batch_id=second \
         error_type=server message=the service answered 500"
            .to_owned(),
        "INFO retrying order batch second: attempt 2/2 | batch_id=second attempt=2 attempts_max=2 \
         wait_ms=?"
            .to_owned(),
        "INFO submitting order batch second | batch_id=second order_count=2".to_owned(),
        format!(
            "ERROR order batch second failed (server): {unclear} | batch_id=second \
             error_type=server message={unclear}"
        ),
        format!(
            "ERROR order batch second failed (exhausted): {unclear} | batch_id=second \
             error_type=exhausted message={unclear}"
        ),
        "INFO order batch second queued: retries_exhausted | batch_id=second order_count=2 \
         reason=retries_exhausted"
            .to_owned(),
    ];
    assert_eq!(stories[1], expected);
    let expected = [
        "INFO submitting order batch third | batch_id=third order_count=2",
        "ERROR order batch third failed (validation): the service answered 400 no | batch_id=third \
         error_type=validation message=the service answered 400 no",
    ];
    assert_eq!(stories[2], expected);
    let expected = [
        "INFO submitting order batch second | batch_id=second order_count=2",
        "INFO order batch second submitted in ? ms | batch_id=second order_count=2 duration_ms=?",
        "INFO processed 1 queued batches | processed=1 remaining=0",
    ];
    assert_eq!(drained, expected);
}

//! The rule file names what the client shows: an alert on a name that is gone never fires.

use std::collections::BTreeSet;

use prometheus::{Registry, TextEncoder};
use weir_client::OrderClient;

use crate::service::{Service, quick};

const RULES: &str = include_str!("../../../deploy/prometheus/client-alerts.yml");
/// What in an expression is no name of a metric.
const LANGUAGE: [&str; 4] = ["sum", "without", "rate", "error_type"];

#[actix_web::test]
async fn every_metric_of_the_alerts_is_one_that_the_client_shows() {
    let shown = metrics().await;
    let names: BTreeSet<&str> =
        shown.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();

    let named: BTreeSet<&str> =
        expressions().flat_map(words).filter(|word| !LANGUAGE.contains(word)).collect();

    assert!(named.contains("order_queue_depth"), "{named:?}");
    assert!(named.contains("order_submission_attempts_total"), "{named:?}");
    assert!(named.is_subset(&names), "{named:?} are not all among {names:?}");
}

#[actix_web::test]
async fn every_label_of_the_alerts_has_a_value_that_the_client_shows() {
    let shown = metrics().await;

    for (label, value) in expressions().flat_map(selectors) {
        let pair = format!("{label}=\"{value}\"");
        assert!(shown.contains(&pair), "{pair} is not in\n{shown}");
    }
    assert_eq!(expressions().flat_map(selectors).count(), 1);
}

#[test]
fn every_alert_waits_and_says_how_bad_it_is_and_what_to_do() {
    for alert in RULES.split("- alert: ").skip(1) {
        for part in ["expr: ", "for: ", "severity: ", "summary: ", "description: ", "runbook: "] {
            assert_eq!(alert.matches(part).count(), 1, "{part}of {alert}");
        }
    }
    assert_eq!(RULES.matches("- alert: ").count(), 2);
}

/// What a scrape of a new client shows.
async fn metrics() -> String {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start([]);
    let registry = Registry::new();
    let settings = quick(&service.url, folder.path());
    let client = OrderClient::builder("").settings(settings).registry(registry.clone());
    let _client = client.open().await.unwrap();
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
}

fn expressions() -> impl Iterator<Item = &'static str> {
    RULES.lines().filter_map(|line| line.trim().strip_prefix("expr: "))
}

/// The words of an expression, without what is quoted and how long a range is.
fn words(expression: &str) -> impl Iterator<Item = &str> {
    let unquoted = expression.split('"').step_by(2);
    let outside = unquoted.flat_map(|part| part.split('[').map(after_range));
    let words = outside.flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.filter(|word| word.starts_with(char::is_alphabetic))
}

fn after_range(part: &str) -> &str {
    part.split_once(']').map_or(part, |(_, rest)| rest)
}

/// Labels, and what they are compared with.
fn selectors(expression: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts: Vec<&str> = expression.split('"').collect();
    let pairs: Vec<_> = parts
        .chunks_exact(2)
        .map(|pair| {
            let label = pair[0].rsplit(['{', ',']).next().unwrap();
            (label.trim_end_matches(['!', '=', '~']).trim(), pair[1])
        })
        .collect();
    pairs.into_iter()
}

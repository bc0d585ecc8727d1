//! A client brings more than its quota: it is told when to come back, and nobody else is.

use super::{BATCH, ids, orders};
use crate::support::{Answer, Kind, Weir, on_both};

on_both! {
    who_brings_more_than_its_quota_is_told_to_come_back_and_others_come_in,
}

async fn who_brings_more_than_its_quota_is_told_to_come_back_and_others_come_in(kind: Kind) {
    let plan = Weir::on(kind).set("quota.orders_per_second", 1).set("quota.burst", 1000);
    let weir = plan.set("quota.headers", "on").start().await;

    let first = post(&weir, "heavy", "first", 1000).await.expect(202);
    // A hundred orders need a hundred seconds.
    let refused = post(&weir, "heavy", "second", 100).await;
    let light = post(&weir, "light", "light", 1000).await;
    let again = post(&weir, "heavy", "first", 1000).await;

    assert_eq!(ids(&first).len(), 1000);
    assert_eq!(first.header("ratelimit-policy"), Some("\"orders\";q=1000;w=1000"));
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert_eq!(refused.body["code"], "QUOTA_EXCEEDED");
    let wait = refused.body["retryAfter"].as_u64();
    assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), wait.map(|wait| wait.to_string()).as_deref());
    assert!(refused.header("ratelimit").is_some_and(|it| it.starts_with("\"orders\";r=")));
    assert_eq!(ids(&light.expect(202)).len(), 1000);
    assert_eq!(again.expect(202).text, first.text, "what came in is answered as before");
    assert_eq!(weir.database.number("SELECT count(*) FROM orders").await, 2000);
    let metrics = weir.admin_get("/metrics").await.expect(200).text;
    assert!(metrics.contains("admission_refused_total{reason=\"quota\"} 1\n"), "{metrics}");
    let told = "a client brings more than its quota: it is told to come later";
    assert_eq!(weir.logged(told).len(), 1);
}

/// Orders under a key of their own, answered when they are stored.
async fn post(weir: &Weir, client: &str, portfolio: &str, count: usize) -> Answer {
    let request = weir.request("POST", BATCH).header("X-Client-Id", client);
    let request = request.header("Idempotency-Key", portfolio).header("Prefer", "respond-async");
    request.json(&orders(portfolio, count)).send().await
}

//! Numbers, times and texts come back exactly as they are, from every route that shows an order.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::desk::Desk;
use super::orders::{order, order_with, with, without};
use crate::support::{Kind, on_both};

on_both! {
    decimals_are_plain_json_numbers_with_their_exact_digits,
    times_are_normalised_to_utc_and_kept_to_the_microsecond,
    ids_of_parties_are_trimmed_and_may_be_integers,
}

/// (68, 73) The raw text is compared: a float on the way would show.
async fn decimals_are_plain_json_numbers_with_their_exact_digits(kind: Kind) {
    let desk = Desk::open(kind).await;
    let table = [
        ("0.1", "0.1"),
        ("1e2", "100"),
        ("1E-8", "0.00000001"),
        ("0.00000001", "0.00000001"),
        ("9999999999.99999999", "9999999999.99999999"),
        ("100.00000000", "100"),
        ("90071992.54740993", "90071992.54740993"),
        ("1234567890.00000001", "1234567890.00000001"),
        ("12.5e-1", "1.25"),
        ("5.0", "5"),
        ("\"0.30\"", "0.3"),
    ];
    let rest = without(without(order(), "quantity"), "limitPrice").to_string();
    let write = |text: &str| format!("{{\"quantity\":{text},\"limitPrice\":{text},{}", &rest[1..]);
    for (text, plain) in table {
        let shown = [format!("\"quantity\":{plain},"), format!("\"limitPrice\":{plain},")];
        let is_exact = |body: &str| shown.iter().all(|member| body.contains(member));

        let created = desk.write("POST", "/api/v1/orders", &format!("[{}]", write(text))).await;
        let created = created.expect(200);
        let id = created.body["orders"][0]["orderId"].as_i64().unwrap();
        let path = format!("/api/v1/order/{id}");
        let read = desk.get(&path).await.expect(200);
        let listed = desk.get("/api/v1/orders?sort=-id&limit=1").await.expect(200);
        // Away from the value and back, so that the PUT has something to write.
        let other = json!({"quantity": 3, "limitPrice": 4});
        desk.put(&path, &order_with(other)).await.expect(200);
        let back = with(serde_json::from_str(&write("1")).unwrap(), json!({"version": 2}));
        let back = without(without(back, "quantity"), "limitPrice").to_string();
        let back = format!("{{\"quantity\":{text},\"limitPrice\":{text},{}", &back[1..]);
        let changed = desk.write("PUT", &path, &back).await.expect(200);

        for body in [&created.text, &read.text, &listed.text, &changed.text] {
            assert!(is_exact(body), "{text}: {body}");
        }
    }
}

/// A missing time is now; an offset is taken away; digits below the microsecond are cut.
async fn times_are_normalised_to_utc_and_kept_to_the_microsecond(kind: Kind) {
    let desk = Desk::open(kind).await;
    let table = [
        ("2026-01-05T14:30:00.181Z", "2026-01-05T14:30:00.181Z"),
        ("2026-01-05T16:30:00.181+02:00", "2026-01-05T14:30:00.181Z"),
        ("2026-01-05T01:30:00-05:30", "2026-01-05T07:00:00Z"),
        ("2026-01-05T14:30:00.123456Z", "2026-01-05T14:30:00.123456Z"),
        ("2026-01-05T14:30:00.123456789Z", "2026-01-05T14:30:00.123456Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ];
    for (text, utc) in table {
        let id = desk.create(order_with(json!({"orderTimestamp": text}))).await;
        let path = format!("/api/v1/order/{id}");
        let read = desk.get(&path).await.expect(200);
        let listed = desk.get("/api/v1/orders?sort=-id&limit=1").await.expect(200);
        let found = desk.get(&format!("/api/v1/orders?orderTimestamp={text}&sort=-id")).await;
        let changed = order_with(json!({"orderTimestamp": text, "quantity": 2}));
        let changed = desk.put(&path, &changed).await.expect(200);

        let shown = [&read.body, &listed.body["content"][0], &changed.body];
        for order in shown {
            assert_eq!(order["orderTimestamp"], utc, "{text}");
        }
        assert_eq!(found.expect(200).body["content"][0]["id"], id, "{text}");
    }
    for missing in [without(order(), "orderTimestamp"), order_with(json!({"orderTimestamp": null}))]
    {
        let before = DateTime::<Utc>::from(std::time::SystemTime::now());
        let id = desk.create(missing.clone()).await;
        let after = DateTime::<Utc>::from(std::time::SystemTime::now());
        let read = desk.get(&format!("/api/v1/order/{id}")).await.expect(200).body;

        let time = read["orderTimestamp"].as_str().unwrap().to_owned();
        let time = DateTime::parse_from_rfc3339(&time).unwrap().to_utc();
        assert!((after - before).num_seconds() < 20, "the machine stood still");
        let slack = chrono::TimeDelta::milliseconds(5);
        assert!(before - slack <= time && time <= after + slack, "{before} {time} {after}");
        // Of a change, a missing time leaves what the order has.
        let kept = desk.put(&format!("/api/v1/order/{id}"), &missing).await.expect(200);
        assert_eq!(kept.body["orderTimestamp"], read["orderTimestamp"]);
    }
}

/// (72) No padding on the way out; integers are taken for text.
async fn ids_of_parties_are_trimmed_and_may_be_integers(kind: Kind) {
    let desk = Desk::open(kind).await;
    let table = [
        (json!("P1"), "P1"),
        (json!("  P2                      "), "P2"),
        (json!(17), "17"),
        (json!(-9_007_199_254_740_993_i64), "-9007199254740993"),
        (json!("ÄÖÜ€ 漢字"), "ÄÖÜ€ 漢字"),
        (json!("€".repeat(24)), &"€".repeat(24)),
        (json!("'; DROP TABLE orders; --"), "'; DROP TABLE orders; --"),
        (json!("%_\\\"{},"), "%_\\\"{},"),
    ];
    for (given, kept) in table {
        let order = order_with(json!({"portfolioId": given, "securityId": given}));

        let created = desk.post("/api/v1/orders", &json!([order])).await.expect(200);

        let id = created.body["orders"][0]["orderId"].as_i64().unwrap();
        let path = format!("/api/v1/order/{id}");
        let read = desk.get(&path).await.expect(200);
        let listed = desk.get("/api/v1/orders?sort=-id&limit=1").await.expect(200);
        let changed = desk.put(&path, &with(order, json!({"quantity": 1}))).await.expect(200);
        let first = &created.body["orders"][0]["order"];
        for body in [first, &read.body, &listed.body["content"][0], &changed.body] {
            assert_eq!(body["portfolio"], json!({"portfolioId": kept, "name": null}));
            assert_eq!(body["security"], json!({"securityId": kept, "ticker": null}));
        }
    }
}

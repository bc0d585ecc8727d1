//! Consoles that are open: they see the house, and hold nothing up.

use std::time::Duration;

use serde_json::json;

use crate::support::{Kind, Raw, Weir, wait_for};

const DEADLINE: Duration = Duration::from_secs(20);

#[actix_web::test]
async fn an_open_console_sees_the_house_and_does_not_hold_up_its_end() {
    // Whoever waited for the stream's own end would wait longer than a test does.
    let mut weir = Weir::on(Kind::Sqlite).set("server.drain_within", "10m").start().await;
    let mut console = Raw::connect(weir.admin.trim_start_matches("http://")).await;
    console.write("GET /admin/events HTTP/1.1\r\nHost: weir\r\n\r\n").await.unwrap();

    let heard = console.read_until("\"verdict\":\"WELL\"", DEADLINE).await;
    let status = weir.admin_get("/admin/status").await.expect(200).body;

    assert!(heard.contains("text/event-stream") && heard.contains("event: status\n"), "{heard}");
    assert_eq!((&status["readiness"], &status["reasons"]), (&json!("UP"), &json!([])));
    assert!(status["epoch"].is_string(), "{status}");
    assert_eq!(weir.terminate().await.code(), Some(0));
    let heard = console.read_until_closed(DEADLINE).await;
    assert!(heard.ends_with("0\r\n\r\n"), "the stream was cut off: {heard}");
}

#[actix_web::test]
async fn the_status_counts_what_is_sent() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let order = json!({"blotterId": 1, "statusId": 1, "orderTypeId": 1, "quantity": 5.5,
        "portfolioId": "68a1b2c3d4e5f60718293a4b", "securityId": "68ffeeddccbbaa9988776655",
        "orderTimestamp": "2026-01-05T14:30:00.181Z"});
    weir.post("/api/v1/orders/batch", &json!(vec![order; 30])).await.expect(200);

    let status = wait_for("the rates to show it", DEADLINE, async || {
        let status = weir.admin_get("/admin/status").await.expect(200).body;
        let sent = status["rates"]["sentPerSecond"].as_f64().unwrap() > 0.0;
        (sent && status["latency"]["p50Ms"].is_u64()).then_some(status.clone()).ok_or(status)
    })
    .await;

    let rate = |name: &str| status["rates"][name].as_f64().unwrap();
    assert!(rate("acceptedPerSecond") > 0.0, "{status}");
    assert_eq!((rate("rejectedPerSecond"), rate("queuedPerSecond")), (0.0, 0.0), "{status}");
    assert_eq!(status["line"], json!({"loads": 0, "orders": 0, "byClient": []}));
}

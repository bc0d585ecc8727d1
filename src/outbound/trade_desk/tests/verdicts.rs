//! What each status and each body means, without a socket.

use awc::http::StatusCode;
use awc::http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use proptest::prelude::*;

use super::super::telling::{Body, Told, plain};
use super::super::verdict::{finding, placing};
use super::super::{header, wire};
use super::*;

const FIVE: Option<Duration> = Some(Duration::from_secs(5));

fn told(status: u16, body: &str) -> Told {
    let bytes = body.as_bytes().to_vec().into();
    Told {
        status: StatusCode::from_u16(status).unwrap(),
        wait: None,
        body: Body::Whole { bytes, is_measured: true },
    }
}

/// The word, and `over` where there is one.
fn word(placing: &Placing) -> (&'static str, Option<bool>) {
    let over = match placing {
        Placing::Unknown { over, .. } => Some(*over),
        Placing::Placed(_)
        | Placing::Refused { .. }
        | Placing::NotSent { .. }
        | Placing::Deferred { .. } => None,
    };
    (placing.label(), over)
}

#[test]
fn every_status_has_its_meaning() {
    let table = [
        (400, ("refused", None)),
        (401, ("deferred", None)),
        (403, ("deferred", None)),
        (404, ("deferred", None)),
        (405, ("deferred", None)),
        (408, ("unknown", Some(false))),
        (409, ("refused", None)),
        (410, ("deferred", None)),
        (413, ("refused", None)),
        (415, ("deferred", None)),
        (422, ("refused", None)),
        (429, ("deferred", None)),
        (300, ("unknown", Some(true))),
        (302, ("unknown", Some(true))),
        (500, ("unknown", Some(true))),
        (501, ("unknown", Some(false))),
        (502, ("unknown", Some(false))),
        (503, ("unknown", Some(false))),
        (504, ("unknown", Some(false))),
        (599, ("unknown", Some(false))),
        (700, ("unknown", Some(true))),
    ];
    for (status, meaning) in table {
        assert_eq!(word(&placing(&told(status, "{}"))), meaning, "{status}");
    }
}

#[test]
fn who_says_when_to_come_again_took_nothing_that_may_still_arrive() {
    let closed = Told { wait: FIVE, ..told(503, "") };
    assert_eq!(word(&placing(&closed)), ("unknown", Some(true)));
}

/// Defect 83 of the ancestor.
#[test]
fn no_status_but_a_success_places_and_none_at_all_is_absent() {
    let one = r#"{"results":[{"tradeOrder":{"id":1,"orderId":7,"portfolioId":"P","securityId":"S",
        "orderType":"BUY","quantity":1}}]}"#;
    for status in 100..=999 {
        let is_success = (200..=299).contains(&status);
        assert_eq!(placing(&told(status, one)).label() == "placed", is_success, "{status}");
        let is_absent = finding(7, &told(status, "[]")) == Finding::Absent;
        assert_eq!(is_absent, is_success, "{status}");
    }
}

#[test]
fn a_success_is_believed_about_the_trades_that_it_names() {
    let trade = r#"{"id":31,"orderId":7,"portfolioId":"P   ","securityId":12,"orderType":"BUY",
        "quantity":"5.50","limitPrice":1e2,"submitted":false,"blotter":null}"#;
    let table = [
        (format!(r#"{{"results":[{{"tradeOrder":{trade}}},{{"tradeOrder":null}},{{}}]}}"#), 1),
        (r#"{"status":"SUCCESS","message":"","results":[]}"#.to_owned(), 0),
    ];
    for (body, count) in table {
        let Placing::Placed(trades) = placing(&told(200, &body)) else { panic!("{body}") };
        assert_eq!(trades.len(), count);
        if let [trade] = &trades[..] {
            let amount = |text: &str| Amount::parse(text).unwrap();
            assert_eq!((trade.id, trade.order_id, &*trade.security_id), (31, 7, "12"));
            assert_eq!((trade.quantity, trade.limit_price), (amount("5.5"), Some(amount("100"))));
        }
    }
}

#[test]
fn a_success_that_cannot_be_read_or_says_that_it_failed_is_unknown() {
    let unreadable = r#"{"results":[{"tradeOrder":{"id":1,"orderId":7,"portfolioId":"P",
        "securityId":"S","orderType":"BUY","quantity":"many"}}]}"#;
    let bodies = [
        "",
        "null",
        "[]",
        "OK",
        "{}",
        r#"{"results":{}}"#,
        r#"{"status":"FAILURE","results":[]}"#,
        r#"{"status":"failure"}"#,
        r#"{"results":[{"tradeOrder":{"id":1,"orderId":7}}]}"#,
        unreadable,
    ];
    for body in bodies {
        assert_eq!(word(&placing(&told(201, body))), ("unknown", Some(true)), "{body}");
    }
}

#[test]
fn a_body_of_no_known_length_that_ends_in_the_middle_may_have_been_cut() {
    for (body, over) in [(r#"{"status":"SUCC"#, false), ("", false), ("<html>", true)] {
        let mut told = told(201, body);
        told.body = Body::Whole { bytes: body.as_bytes().to_vec().into(), is_measured: false };
        assert_eq!(word(&placing(&told)), ("unknown", Some(over)), "{body}");
    }
}

#[test]
fn the_blamed_index_is_read_where_it_stands() {
    let table = [
        ("Validation failed for trade order at index 12: no", Some(12)),
        ("at index 0", Some(0)),
        ("at index x", None),
        ("at index ", None),
        ("at index 99999999999999999999999", None),
        ("no index", None),
    ];
    for (message, expected) in table {
        let body = serde_json::json!({ "message": message }).to_string();
        let Placing::Refused { reason, index } = placing(&told(400, &body)) else { panic!() };
        assert_eq!((index, &*reason), (expected, message.trim()), "{message}");
    }
}

#[test]
fn reasons_are_short_lines_and_show_no_page() {
    let page = format!("<html>{}</html>", "s3cret ".repeat(1000));
    let long = format!(r#"{{"message":"a\r\n\u0000b\u001b[31m{}"}}"#, "x".repeat(1000));
    for status in [200, 400, 404, 429, 500, 503] {
        for body in [&page, &long] {
            let reason = match placing(&told(status, body)) {
                Placing::Placed(trades) => panic!("{trades:?}"),
                Placing::Refused { reason, .. }
                | Placing::NotSent { reason, .. }
                | Placing::Deferred { reason, .. }
                | Placing::Unknown { reason, .. } => reason,
            };
            assert!(reason.chars().count() <= 300 && !reason.is_empty(), "{reason}");
            assert!(!reason.contains(char::is_control) && !reason.contains("s3cret"), "{reason}");
        }
    }
    assert_eq!(plain(&"x".repeat(300)), "x".repeat(300));
    assert!(plain(&"x".repeat(301)).ends_with("x…"));
}

#[test]
fn a_throttled_call_waits_a_second_at_least_if_nobody_says_how_long() {
    let second = Some(Duration::from_secs(1));
    let mut asked = told(429, "{}");
    asked.wait = FIVE;

    assert!(matches!(placing(&asked), Placing::Deferred { wait, .. } if wait == FIVE));
    assert!(matches!(finding(7, &asked), Finding::Unclear { wait, .. } if wait == FIVE));
    let silent = told(429, "{}");
    assert!(matches!(placing(&silent), Placing::Deferred { wait, .. } if wait == second));
    assert!(matches!(finding(7, &silent), Finding::Unclear { wait, .. } if wait == second));
    assert!(matches!(placing(&told(404, "")), Placing::Deferred { wait: None, .. }));
}

#[test]
fn the_time_to_wait_is_a_number_or_a_date() {
    let date = "Mon, 05 Jan 2026 14:30:00 GMT";
    let later = "Mon, 05 Jan 2026 14:30:05 GMT";
    let table = [
        ("5", None, FIVE),
        (" 5 ", None, FIVE),
        ("0", None, Some(Duration::ZERO)),
        ("86400", None, Some(Duration::from_mins(5))),
        (later, Some(date), FIVE),
        (date, Some(later), Some(Duration::ZERO)),
        (later, None, None),
        ("soon", Some(date), None),
        ("-1", None, None),
        ("1.5", None, None),
        ("99999999999999999999999", None, None),
    ];
    for (retry_after, date, wait) in table {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        assert_eq!(header::wait(&headers), wait, "{retry_after}");
    }
    assert_eq!(header::wait(&HeaderMap::new()), None);
}

#[test]
fn a_look_up_finds_the_order_that_it_asked_for_or_nothing_at_all() {
    let trade = |order_id: i64| {
        serde_json::json!({"id": 31, "orderId": order_id, "portfolioId": "P", "securityId": "S",
            "orderType": "BUY", "quantity": 1, "limitPrice": null})
    };
    let list = |ids: &[i64]| {
        let trades: Vec<_> = ids.iter().map(|id| trade(*id)).collect();
        finding(7, &told(200, &serde_json::Value::from(trades).to_string()))
    };

    assert!(matches!(list(&[6, 7]), Finding::Found(found) if found.order_id == 7));
    assert_eq!(list(&[]), Finding::Absent);
    // Whoever does not understand the question has not said that there is none.
    assert!(matches!(list(&[6]), Finding::Unclear { .. }));
    for body in ["{}", "null", "", r#"{"content":[]}"#] {
        assert!(matches!(finding(7, &told(200, body)), Finding::Unclear { .. }), "{body}");
    }
}

proptest! {
    #[test]
    fn numbers_go_out_as_they_come_in(
        quantity in 1_i64..=999_999_999_999_999_999,
        price in proptest::option::of(1_i64..=999_999_999_999_999_999),
    ) {
        let mut order = order(7);
        order.terms.quantity = Amount::from_scaled(quantity);
        order.terms.limit_price = price.map(Amount::from_scaled);
        let references = references();
        let call = Call { orders: &[&order], references: &references, trace: TRACE };

        let sent = wire::bulk(&call, &[]).unwrap();

        // As the trade service would tell it again: the same members, and an id.
        let sent = String::from_utf8(sent).unwrap();
        let (_, rest) = sent.split_once('[').unwrap();
        let (order_out, _) = rest.rsplit_once(']').unwrap();
        let told = format!(r#"{{"results":[{{"tradeOrder":{{"id":1,{}}}]}}"#, &order_out[1..]);
        let read = wire::placed(told.as_bytes());
        let Ok(wire::Placed::Trades(trades)) = read else { panic!("{told}") };
        prop_assert!(trades[0].is_of(&order, &references), "{told}");
    }
}

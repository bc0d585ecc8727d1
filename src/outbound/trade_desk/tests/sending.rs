//! What leaves the house: to the byte.

use super::server::{Server, Then, answer};
use super::*;

const NOTHING: &str = r#"{"status":"SUCCESS","results":[]}"#;

async fn sent(desk: &HttpDesk, server: &Server, orders: &[Order]) -> (String, String) {
    place(desk, orders).await;
    let request = server.heard().pop().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn header(head: &str, name: &str) -> Option<String> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(each, _)| each.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_owned())
}

/// Defects 23, 82 of the ancestor.
#[actix_web::test]
async fn a_bulk_is_sent_exactly() {
    let server = Server::saying(answer("201 Created", "", NOTHING), Then::Stay).await;
    let mut both = orders([7, 8]);
    both[1].terms = Terms {
        blotter_id: 5,
        order_type_id: 2,
        portfolio_id: "a\"b".to_owned(),
        quantity: Amount::parse("9999999999.99999999").unwrap(),
        limit_price: Some(Amount::parse("0.10").unwrap()),
        ordered_at: Moment::parse("2026-01-05T14:30:00Z").unwrap(),
        ..order(8).terms
    };

    let (head, body) = sent(&desk(&server.base), &server, &both).await;

    assert_eq!(
        body,
        concat!(
            r#"{"tradeOrders":["#,
            r#"{"orderId":7,"portfolioId":"P1","orderType":"BUY","securityId":"S1","#,
            r#""quantity":5.5,"limitPrice":null,"tradeTimestamp":"2026-01-05T14:30:00.181Z","#,
            r#""blotterId":1},"#,
            r#"{"orderId":8,"portfolioId":"a\"b","orderType":"SELL","securityId":"S1","#,
            r#""quantity":9999999999.99999999,"limitPrice":0.1,"#,
            r#""tradeTimestamp":"2026-01-05T14:30:00Z"}"#,
            r#"],"orderCount":2}"#,
        )
    );
    assert!(head.starts_with("POST /api/v1/tradeOrders/bulk HTTP/1.1\r\n"), "{head}");
    let table = [
        ("content-type", "application/json"),
        ("user-agent", concat!("weir/", env!("CARGO_PKG_VERSION"))),
        ("host", server.base.trim_start_matches("http://")),
    ];
    for (name, value) in table {
        assert_eq!(header(&head, name).as_deref(), Some(value), "{name}");
    }
}

#[actix_web::test]
async fn only_blotters_that_the_trade_service_knows_are_told() {
    let server = Server::saying(answer("201 Created", "", NOTHING), Then::Stay).await;

    for (listed, told) in [("1,2,3,4", true), ("2", false), ("", false)] {
        let settings = trade_settings(&[("trade.blotters", listed)]);
        let desk = desk_with(&server.base, &settings);
        let (_, body) = sent(&desk, &server, &orders([7])).await;
        assert_eq!(body.contains("blotterId"), told, "{listed}: {body}");
    }
}

#[actix_web::test]
async fn a_path_in_the_address_is_kept_before_ours() {
    let server = Server::saying(answer("200 OK", "", "[]"), Then::Stay).await;
    let desk = desk(&format!("{}/gate", server.base));

    place(&desk, &orders([7])).await;
    assert_eq!(look_up(&desk, 7).await, Finding::Absent);

    let heard = server.heard();
    assert!(heard[0].starts_with("POST /gate/api/v1/tradeOrders/bulk "), "{heard:?}");
    assert!(heard[1].starts_with("GET /gate/api/v1/tradeOrders?order_id=7&limit=2 "), "{heard:?}");
}

#[actix_web::test]
async fn a_key_names_the_orders_and_nothing_else() {
    let server = Server::saying(answer("500 Oops", "", "{}"), Then::Stay).await;
    let key = async |desk: &HttpDesk, ids: &[i64]| {
        let (head, _) = sent(desk, &server, &orders(ids.iter().copied())).await;
        header(&head, "idempotency-key").unwrap()
    };

    let first = key(&desk(&server.base), &[7, 8, 300]).await;
    let again = key(&desk(&server.base), &[300, 7, 8]).await;

    // Written down, because it must outlive the process and the version.
    assert_eq!(first, "weir-4be02231062a0137ec9997fed8e9ed32");
    assert_eq!(again, first);
    for other in [&[7, 8][..], &[7, 8, 301], &[78, 300]] {
        assert_ne!(key(&desk(&server.base), other).await, first, "{other:?}");
    }
}

#[actix_web::test]
async fn a_call_is_a_new_span_of_its_trace() {
    let server = Server::saying(answer("500 Oops", "", "{}"), Then::Stay).await;
    let desk = desk(&server.base);
    let mut spans = Vec::new();

    for _ in 0..2 {
        let (head, _) = sent(&desk, &server, &orders([7])).await;
        let traceparent = header(&head, "traceparent").unwrap();
        let parts: Vec<_> = traceparent.split('-').collect();
        assert_eq!([parts[0], parts[1], parts[3]], ["00", &TRACE.simple().to_string(), "01"]);
        assert!(parts[2].len() == 16 && parts[2].bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(parts[2], "0000000000000000");
        spans.push(parts[2].to_owned());
    }

    assert_ne!(spans[0], spans[1]);
}

#[actix_web::test]
async fn an_order_whose_type_is_not_known_is_not_sent() {
    let server = Server::saying(answer("201 Created", "", NOTHING), Then::Stay).await;
    let mut both = orders([7, 8]);
    both[1].terms.order_type_id = 99;

    let placing = place(&desk(&server.base), &both).await;

    assert!(matches!(placing, Placing::NotSent { reason, .. } if reason.contains("order type 99")));
    assert!(server.heard().is_empty());
}

#[actix_web::test]
async fn calls_are_counted_by_their_outcome() {
    let server = Server::saying(answer("200 OK", "", "[]"), Then::Stay).await;
    let meter = Arc::new(Meter::default());
    let settings = trade_settings(&[]);
    let desk = HttpDesk::new(&server.base, &settings, Arc::new(SystemClock), meter.clone());

    place(&desk, &orders([7, 8])).await;
    look_up(&desk, 7).await;

    assert_eq!(*meter.0.lock().unwrap(), ["place 2 unknown", "look_up absent"]);
}

//! Clients that no library would be: slow, half open, too large, malformed.

use std::time::Duration;

use serde_json::json;

use crate::support::{Kind, Raw, Weir, on_both, wait_for};

on_both! {
    strange_json_is_a_fault_of_its_sender_and_never_ours,
    strange_queries_are_faults_of_their_senders,
}

const ANSWER: Duration = Duration::from_secs(20);
const DRIP: Duration = Duration::from_millis(50);
const HEALTH: &str = "GET /actuator/health/liveness HTTP/1.1\r\nHost: weir\r\n\r\n";

/// The head of a POST of orders with these headers about its length.
fn head(headers: &str) -> String {
    format!(
        "POST /api/v1/orders HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\n\
         {headers}\r\n\r\n"
    )
}

/// Writes a byte at a time until the server says something or closes.
async fn drip(client: &mut Raw, text: &str) {
    for byte in text.bytes().cycle() {
        if client.write([byte]).await.is_err() || !client.hears_nothing_for(DRIP).await {
            return;
        }
    }
}

/// The service is as it was before.
async fn serves(weir: &Weir) {
    weir.get("/api/v1/orders").await.expect(200);
    let order = json!([{
        "blotterId": 1, "statusId": 1, "orderTypeId": 1,
        "portfolioId": "p", "securityId": "s", "quantity": 1,
    }]);
    weir.post("/api/v1/orders", &order).await.expect(200);
}

#[actix_web::test]
async fn slow_body_is_cut_off_with_408() {
    let weir = Weir::on(Kind::Sqlite).set("server.body_within", "600ms").start().await;
    let mut client = weir.connect().await;

    client.write(head("Content-Length: 100000")).await.unwrap();
    tokio::time::timeout(ANSWER, drip(&mut client, " ")).await.expect("cut off in time");
    let answer = client.read_answer(ANSWER).await;

    assert_eq!(answer.status, 408, "{}", answer.body);
    assert!(answer.body.contains("REQUEST_TIMEOUT"), "{}", answer.body);
    client.read_until_closed(ANSWER).await;
    serves(&weir).await;
}

#[actix_web::test]
async fn body_that_never_begins_is_cut_off_with_408() {
    let weir = Weir::on(Kind::Sqlite).set("server.body_within", "600ms").start().await;

    for length in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let mut client = weir.connect().await;
        client.write(head(length)).await.unwrap();
        assert_eq!(client.read_answer(ANSWER).await.status, 408, "{length}");
        client.read_until_closed(ANSWER).await;
    }
    serves(&weir).await;
}

#[actix_web::test]
async fn body_that_nobody_reads_and_that_never_ends_keeps_no_connection() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let heads = [
        ("POST /nowhere", 404),
        ("PATCH /api/v1/orders", 405),
        ("GET /actuator/health/liveness", 200),
        ("DELETE /api/v1/order/7?version=1", 404),
    ];

    for (line, status) in heads {
        let mut client = weir.connect().await;
        let head = format!("{line} HTTP/1.1\r\nHost: weir\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.write(head).await.unwrap();
        assert_eq!(client.read_answer(ANSWER).await.status, status, "{line}");
        tokio::time::timeout(ANSWER, drip_chunks(&mut client)).await.expect("cut off in time");
    }
    serves(&weir).await;
}

/// Writes one small chunk after the other until the server closes.
async fn drip_chunks(client: &mut Raw) {
    while client.write("1\r\n \r\n").await.is_ok() && client.hears_nothing_for(DRIP).await {}
}

#[actix_web::test]
async fn chunked_bodies_that_end_well_leave_the_connection_to_the_next_request() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let mut client = weir.connect().await;

    for status in [207, 207] {
        let body = "6\r\n[null]\r\n0\r\n\r\n";
        client.write(format!("{}{body}", head("Transfer-Encoding: chunked"))).await.unwrap();
        assert_eq!(client.read_answer(ANSWER).await.status, status);
    }
    client.write(HEALTH).await.unwrap();
    assert_eq!(client.read_answer(ANSWER).await.status, 200);
}

#[actix_web::test]
async fn slow_head_is_cut_off() {
    let weir = Weir::on(Kind::Sqlite).set("server.header_within", "600ms").start().await;
    let mut silent = weir.connect().await;
    let mut half = weir.connect().await;
    let mut slow = weir.connect().await;

    half.write("GET /health HTTP/1.1\r\nHost: we").await.unwrap();
    slow.write("GET /health HTTP/1.1\r\nX-Slow: ").await.unwrap();
    tokio::time::timeout(ANSWER, drip(&mut slow, "z")).await.expect("cut off in time");

    for client in [&mut silent, &mut half, &mut slow] {
        let said = client.read_until_closed(ANSWER).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
    serves(&weir).await;
}

#[actix_web::test]
async fn body_that_is_announced_too_large_is_refused_before_it_comes() {
    let weir = Weir::on(Kind::Sqlite).set("server.body_max", 4096).start().await;
    let mut client = weir.connect().await;

    client.write(head("Content-Length: 4097")).await.unwrap();
    let answer = client.read_answer(ANSWER).await;

    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(answer.body.contains("PAYLOAD_TOO_LARGE"), "{}", answer.body);
    serves(&weir).await;
}

#[actix_web::test]
async fn body_that_grows_too_large_in_chunks_is_refused() {
    let weir = Weir::on(Kind::Sqlite).set("server.body_max", 4096).start().await;
    let mut client = weir.connect().await;
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));

    client.write(head("Transfer-Encoding: chunked")).await.unwrap();
    for _ in 0..8 {
        // The answer may come, and the connection end, before all is written.
        if client.write(&chunk).await.is_err() {
            break;
        }
    }
    let answer = client.read_answer(ANSWER).await;

    assert_eq!(answer.status, 413, "{}", answer.body);
    serves(&weir).await;
}

#[actix_web::test]
async fn body_that_is_torn_off_stores_nothing() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let mut client = weir.connect().await;

    client.write(head("Content-Length: 1000")).await.unwrap();
    client.write(r#"[{"blotterId": 1, "statusId": 1"#).await.unwrap();
    client.end_writing().await;
    client.read_until_closed(ANSWER).await;
    drop(client);

    serves(&weir).await;
    assert_eq!(weir.database.number("SELECT count(*) FROM orders").await, 1);
}

#[actix_web::test]
async fn thousand_half_open_connections_leave_others_their_service() {
    let weir = Weir::on(Kind::Sqlite).set("server.header_within", "1m").start().await;
    let mut half_open = Vec::new();
    for _ in 0..1000 {
        let mut client = weir.connect().await;
        client.write("POST /api/v1/orders HTTP/1.1\r\nHost:").await.unwrap();
        half_open.push(client);
    }

    for _ in 0..20 {
        serves(&weir).await;
    }

    drop(half_open);
    serves(&weir).await;
    assert!(weir.logs().len() < 20, "no line per connection: {:#?}", weir.logs());
}

#[actix_web::test]
async fn garbage_after_a_request_is_400_and_the_end_of_the_connection() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let garbage: [&[u8]; 6] = [
        b"\x00\xff\xfe garbage\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nNo colon here\r\n\r\n",
        b"POST /api/v1/orders HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/orders HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    ];

    for bytes in garbage {
        let mut client = weir.connect().await;
        client.write(HEALTH).await.unwrap();
        client.write(bytes).await.unwrap();
        let first = client.read_answer(ANSWER).await;
        let second = client.read_answer(ANSWER).await;

        let shown = String::from_utf8_lossy(bytes);
        assert_eq!((first.status, second.status), (200, 400), "{shown}");
        client.read_until_closed(ANSWER).await;
    }
    serves(&weir).await;
}

#[actix_web::test]
async fn huge_head_is_refused() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let piece = "z".repeat(64 * 1024);
    let mut client = weir.connect().await;

    client.write("GET /health HTTP/1.1\r\nX-Huge: ").await.unwrap();
    for _ in 0..64 {
        if client.write(&piece).await.is_err() {
            break;
        }
    }
    let said = client.read_until_closed(ANSWER).await;

    assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    serves(&weir).await;
}

#[actix_web::test]
async fn deep_json_is_refused() {
    let weir = Weir::on(Kind::Sqlite).start().await;
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let known = format!(r#"[{{"portfolioId": {open}{close}}}]"#);
    let unknown = format!(r#"[{{"unknown": {open}{close}}}]"#);

    for body in [open.clone(), format!("{open}{close}"), known] {
        let answer = weir.post_raw("/api/v1/orders", "application/json", body).await.expect(400);
        assert_eq!(answer.body["code"], "INVALID_REQUEST_FORMAT", "{}", answer.text);
    }
    // Nobody looks into what is unknown: the order fails for what it lacks.
    weir.post_raw("/api/v1/orders", "application/json", unknown).await.expect(207);
    serves(&weir).await;
}

/// One order with this member beside or in place of sound ones.
fn order_with(member: &str) -> Vec<u8> {
    let sound = [
        r#""blotterId":1"#,
        r#""statusId":1"#,
        r#""orderTypeId":1"#,
        r#""portfolioId":"p""#,
        r#""securityId":"s""#,
        r#""quantity":1"#,
    ];
    let name = member.split(':').next().unwrap();
    let kept = sound.iter().filter(|it| !it.starts_with(name)).copied();
    let members: Vec<_> = kept.chain([member]).collect();
    format!("[{{{}}}]", members.join(",")).into_bytes()
}

async fn strange_json_is_a_fault_of_its_sender_and_never_ours(kind: Kind) {
    let weir = Weir::on(kind).start().await;
    let mut bodies: Vec<Vec<u8>> = [
        r#""portfolioId":"a\u0000b""#,
        r#""securityId":"\u0000""#,
        r#""portfolioId":"\ud800""#,
        r#""portfolioId":"\udc00\ud800""#,
        r#""quantity":1,"quantity":2"#,
        r#""quantity":NaN"#,
        r#""quantity":1e999999999"#,
        r#""quantity":1e-999999999"#,
        r#""quantity":-0.0"#,
        r#""quantity":0x10"#,
        r#""quantity":"1;drop table orders""#,
        r#""limitPrice":99999999999999999999999999"#,
        r#""blotterId":9223372036854775807"#,
        r#""blotterId":-2147483649"#,
        r#""statusId":4294967297"#,
        r#""orderTypeId":9223372036854775808"#,
        r#""tradeOrderId":1"#,
        r#""orderTimestamp":"9999-99-99T99:99:99Z""#,
        r#""orderTimestamp":"+292277026596-12-04T15:30:08Z""#,
        r#""orderTimestamp":"-9999-01-01T00:00:00Z""#,
    ]
    .map(order_with)
    .into();
    bodies.extend([
        b"[{\"portfolioId\":\"\xff\xfe\"}]".to_vec(),
        b"[{\"portfolioId\":\"\xed\xa0\x80\"}]".to_vec(),
        b"[{\"portfolioId\":\"a\x00b\"}]".to_vec(),
        b"\x00".to_vec(),
        b"\xef\xbb\xbf[]".to_vec(),
        b"[] \x00".to_vec(),
        b"\"[]\"".to_vec(),
    ]);

    for body in bodies {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = weir.post_raw("/api/v1/orders", "application/json", body).await;
        let is_refused = match answer.status {
            400 => answer.body["code"].is_string(),
            207 => answer.body["failed"] == 1 && answer.body["orders"][0]["errorCode"].is_string(),
            _ => false,
        };
        assert!(is_refused, "{shown}: {} {}", answer.status, answer.text);
    }
    for name in [r#""\u0000""#, r#""a\u0000b""#, r#""\ud800""#, "[]", r#""""#] {
        let blotter = format!(r#"{{"name": {name}}}"#);
        weir.post_raw("/api/v1/blotters", "application/json", blotter).await.expect(400);
    }
    assert_eq!(weir.database.number("SELECT count(*) FROM orders").await, 0);
    serves(&weir).await;
}

async fn strange_queries_are_faults_of_their_senders(kind: Kind) {
    let weir = Weir::on(kind).start().await;

    for query in [
        "blotter.name=%00",
        "status.abbreviation=%ff%fe",
        "orderType.abbreviation='%20or%201=1--",
        "sort=id;drop%20table%20orders",
        "limit=99999999999999999999",
        "offset=18446744073709551615",
        "offset=9223372036854775807&limit=1000",
        "offset=-1",
        "orderTimestamp=%00",
        "%00=%00",
        "limit=%",
        "=",
    ] {
        let answer = weir.get(&format!("/api/v1/orders?{query}")).await;
        assert!([200, 400].contains(&answer.status), "{query}: {} {}", answer.status, answer.text);
    }
    for id in ["99999999999999999999", "-1", "0", "%00", "1e3", "9223372036854775807"] {
        for path in ["/api/v1/order", "/api/v1/blotter"] {
            let answer = weir.get(&format!("{path}/{id}")).await;
            assert!([400, 404].contains(&answer.status), "{id}: {} {}", answer.status, answer.text);
        }
        let answer = weir.delete(&format!("/api/v1/order/{id}?version=99999999999999999999")).await;
        assert!([400, 404].contains(&answer.status), "{id}: {} {}", answer.status, answer.text);
    }
    wait_for("service as before", ANSWER, async || {
        serves(&weir).await;
        true
    })
    .await;
}

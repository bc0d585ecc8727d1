//! What only a real connection shows: what ends it, and what does not.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::server::{self, Connections};
use super::house::House;
use super::orders::order;
use crate::ports::gauge::DatabaseState;

pub(super) const CONNECTIONS: Connections = Connections {
    workers: 1,
    connections_max: 10,
    keep_alive: Duration::from_secs(5),
    head_within: Duration::from_millis(300),
    leave_within: Duration::from_millis(300),
    stop_within: Duration::from_secs(1),
};

async fn connect(house: &House) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = server::public(listener, house.doors.clone(), CONNECTIONS).unwrap();
    actix::spawn(server);
    TcpStream::connect(address).await.unwrap()
}

/// Everything until the server ends the connection.
async fn hear_the_end(connection: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let reading = connection.read_to_end(&mut heard);
    let read = tokio::time::timeout(Duration::from_secs(10), reading).await;
    // What was sent too late is answered with a reset; what was heard before it counts.
    drop(read.expect("the connection ends"));
    String::from_utf8(heard).unwrap()
}

/// One answer whose body ends with `end`.
async fn hear_until(connection: &mut TcpStream, end: &str) -> String {
    let mut heard = String::new();
    while !heard.ends_with(end) {
        let mut bytes = [0; 4096];
        let reading = connection.read(&mut bytes);
        let count = tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
        assert!(count > 0, "the connection ended after {heard}");
        heard.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    heard
}

fn post(length: usize, body: &str) -> String {
    format!(
        "POST /api/v1/orders HTTP/1.1\r\nHost: weir\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

#[actix::test]
async fn a_connection_carries_one_request_after_the_other() {
    let house = House::new();
    let mut connection = connect(&house).await;
    let body = json!([order()]).to_string();

    for _ in 0..3 {
        connection.write_all(post(body.len(), &body).as_bytes()).await.unwrap();
        let heard = hear_until(&mut connection, "}]}").await;
        assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
    }
    connection.write_all(post(1, "{").as_bytes()).await.unwrap();
    let heard = hear_until(&mut connection, "}").await;
    assert!(heard.starts_with("HTTP/1.1 400") && !heard.contains("connection: close"), "{heard}");

    assert_eq!(house.state().orders.len(), 3);
}

#[actix::test]
async fn head_has_no_body() {
    let house = House::new();
    let mut connection = connect(&house).await;

    let request = "HEAD /health HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n";
    connection.write_all(request.as_bytes()).await.unwrap();
    let heard = hear_the_end(&mut connection).await;

    assert!(heard.starts_with("HTTP/1.1 200") && heard.ends_with("\r\n\r\n"), "{heard}");
}

#[actix::test]
async fn a_slow_body_ends_the_connection() {
    let house = House::new();
    let mut connection = connect(&house).await;

    connection.write_all(post(100, "[{").as_bytes()).await.unwrap();
    let heard = hear_the_end(&mut connection).await;

    assert!(heard.starts_with("HTTP/1.1 408") && heard.contains("REQUEST_TIMEOUT"), "{heard}");
    assert!(heard.contains("connection: close"), "{heard}");
}

#[actix::test]
async fn an_announced_flood_is_refused_unread() {
    let house = House::new();
    let mut connection = connect(&house).await;

    connection.write_all(post(1_000_000_000, "").as_bytes()).await.unwrap();
    let heard = hear_the_end(&mut connection).await;

    assert!(heard.starts_with("HTTP/1.1 413") && heard.contains("PAYLOAD_TOO_LARGE"), "{heard}");
}

#[actix::test]
async fn a_closed_house_does_not_read() {
    let house = House::new();
    house.state().database = DatabaseState::Starting;
    let mut connection = connect(&house).await;

    connection.write_all(post(1000, "").as_bytes()).await.unwrap();
    let heard = hear_the_end(&mut connection).await;

    assert!(heard.starts_with("HTTP/1.1 503") && heard.contains("DATABASE_UNAVAILABLE"), "{heard}");
}

#[actix::test]
async fn a_slow_head_is_not_waited_for() {
    let house = House::new();
    let mut connection = connect(&house).await;

    connection.write_all(b"GET /health HTTP/1.1\r\nHost:").await.unwrap();
    let heard = hear_the_end(&mut connection).await;

    assert!(heard.starts_with("HTTP/1.1 408"), "{heard}");
}

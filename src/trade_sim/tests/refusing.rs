//! Down: the listener goes and comes back.

use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::super::Faults;
use super::house::{DEADLINE, Ending, Running, hear, hear_answer, send};

/// One request to a listener, and what was heard.
async fn ask(address: std::net::SocketAddr, line: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let (heard, ending) = hear(&mut stream, DEADLINE).await;
    assert_eq!(ending, Ending::Closed, "{heard}");
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}

async fn is_refused(sim: &Running) -> bool {
    match TcpStream::connect(sim.address).await {
        Ok(_) => false,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
    }
}

#[actix_web::test]
async fn connections_are_refused_from_the_answer_on_and_taken_again_from_the_next() {
    let sim = Running::start();
    let mut old = sim.send(&[1]).await;
    assert!(hear_answer(&mut old).await.starts_with("HTTP/1.1 201"));

    let (status, _) = ask(sim.control, "PUT /sim/faults", r#"{"down": {}}"#).await;

    assert_eq!(status, 200);
    assert!(is_refused(&sim).await);
    // What is left of the old connection is soon closed; until then its calls are reset.
    send(&mut old, &[2]).await;
    let (heard, ending) = hear(&mut old, DEADLINE).await;
    assert!(heard.is_empty() && ending != Ending::Silence);
    assert_eq!(sim.sim.totals().placed, 1);

    assert_eq!(ask(sim.control, "DELETE /sim/faults", "").await.0, 200);
    let mut new = sim.send(&[2]).await;
    assert!(hear_answer(&mut new).await.starts_with("HTTP/1.1 201"));
    assert_eq!(ask(sim.control, "GET /sim/book/2", "").await.1["placed"], 1);
    sim.stop().await;
}

#[actix_web::test]
async fn the_trade_listener_itself_can_be_told_to_go_for_a_time() {
    let sim = Running::start();
    let down = r#"{"down": {"toMs": 400}}"#;

    assert_eq!(ask(sim.address, "PUT /sim/faults", down).await.0, 200);

    assert!(is_refused(&sim).await);
    let back = async {
        while is_refused(&sim).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(DEADLINE, back).await.unwrap();
    let mut stream = sim.send(&[1]).await;
    assert!(hear_answer(&mut stream).await.starts_with("HTTP/1.1 201"));
    sim.stop().await;
}

#[actix_web::test]
async fn a_simulator_that_is_down_can_be_stopped_and_set_from_inside() {
    let sim = Running::start();
    // A call that hangs does not keep the door open.
    sim.script(r#"[{"kind": "hang_after"}]"#);
    let _hanging = sim.send(&[1]).await;
    sim.until(|sim| sim.count(1).placed == 1).await;

    sim.faults(r#"{"down": {}}"#);
    sim.sim.settle().await.unwrap();
    assert!(is_refused(&sim).await);
    sim.sim.set_faults(Faults::default()).unwrap();
    sim.sim.settle().await.unwrap();
    assert!(!is_refused(&sim).await);
    sim.faults(r#"{"down": {}}"#);
    sim.sim.settle().await.unwrap();

    sim.stop().await;
}

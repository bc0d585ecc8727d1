//! The helpers that need no Weir, tested for themselves: a harness that lies hides every fault.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::{Database, Kind, Raw, on_both, wait_for};

on_both! {
    looks_read_what_statements_wrote,
}

async fn looks_read_what_statements_wrote(kind: Kind) {
    let database = Database::fresh(kind).await;

    database.execute("CREATE TABLE marks (id int, name text)").await;
    let written = database.execute("INSERT INTO marks VALUES (1, 'one'), (2, 'two')").await;

    assert_eq!(written, 2);
    assert_eq!(database.number("SELECT sum(id) FROM marks").await, 3);
    assert_eq!(database.text("SELECT name FROM marks WHERE id = 2").await.as_deref(), Some("two"));
    assert_eq!(database.text("SELECT name FROM marks WHERE id = 3").await, None);
    assert_eq!(database.texts("SELECT name FROM marks ORDER BY id").await, ["one", "two"]);
}

#[actix_web::test]
#[should_panic(expected = "last seen: only 3")]
async fn wait_past_its_deadline_tells_what_it_saw_last() {
    let mut looks = 0;

    let look = async || -> Result<(), String> {
        looks = 3.min(looks + 1);
        Err(format!("only {looks}"))
    };

    wait_for("more looks", Duration::from_millis(300), look).await;
}

#[actix_web::test]
async fn raw_client_reads_one_answer_at_a_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut client = Raw::connect(&address).await;
    let (mut server, _) = listener.accept().await.unwrap();

    let silent = client.hears_nothing_for(Duration::from_millis(50)).await;
    let first = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 4\r\n\r\nslow";
    server.write_all(format!("{first}HTTP/1.1 200 OK\r\n\r\nto the end").as_bytes()).await.unwrap();
    drop(server);

    let one = client.read_answer(Duration::from_secs(5)).await;
    let two = client.read_answer(Duration::from_secs(5)).await;
    assert!(silent);
    assert_eq!((one.status, one.body.as_str()), (408, "slow"));
    assert_eq!((two.status, two.body.as_str()), (200, "to the end"));
}
